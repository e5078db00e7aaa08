/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rpc/judge_account.h"

#include <openssl/sha.h>

#include "agent/rpc/rpc_names.h"

void
judge_account_hash(const struct ident_list *names,
    uint8_t hash[ACCOUNT_HASH_SIZE])
{
	struct ident_list sorted = *names;
	struct bld text;

	ident_list_sort(&sorted);
	bld_init(&text, IDENT_LIST_MAX * (IDENT_DNS_MAX + 3) + 2);
	rpc_names_encode(&text, &sorted);
	SHA256(text.data, text.len, hash);
	bld_free(&text);
}

/* 0 is for "none". */
static enum jwk_alg
decode_alg(struct cur *cur)
{
	return (enum jwk_alg)cur_enum(cur, 0, JWK_RS256);
}

static void
encode_open(struct bld *out, const struct judge_account_request *request)
{
	bld_u8(out, (uint8_t)request->alg);
	bld_span16(out, request->kid);
	bld_u16(out, (uint16_t)request->num_origins);
	for (size_t i = 0; i < request->num_origins; i++)
		bld_span16(out, request->origins[i]);
}

static void
decode_open(struct cur *cur, struct judge_account_request *ret)
{
	ret->alg = decode_alg(cur);
	ret->kid = cur_text(cur, ACCOUNT_URL_MAX);
	ret->num_origins = cur_count(cur, ACCOUNT_ORIGINS_MAX);
	for (size_t i = 0; i < ret->num_origins; i++)
		ret->origins[i] = cur_text(cur, ACCOUNT_ORIGIN_MAX);
}

void
judge_account_request_encode(struct bld *out,
    const struct judge_account_request *request)
{
	bld_i64(out, request->id);
	switch (request->type) {
	case JUDGE_ACCOUNT_OPEN:
		encode_open(out, request);
		break;
	case JUDGE_ACCOUNT_EAB:
		bld_span16(out, request->kid);
		bld_span16(out, request->hmac);
		bld_u16(out, request->hmac_bits);
		break;
	case JUDGE_ACCOUNT_ROLL:
		bld_u8(out, (uint8_t)request->alg);
		break;
	case JUDGE_ACCOUNT_IMPORT:
		bld_u32(out, request->import);
		break;
	case JUDGE_ACCOUNT_SEND:
		bld_bytes(out, request->hash, ACCOUNT_HASH_SIZE);
		bld_bytes(out, request->names, ACCOUNT_HASH_SIZE);
		break;
	case JUDGE_ACCOUNT_CHANGE:
	case JUDGE_ACCOUNT_USE_NEXT:
	case JUDGE_ACCOUNT_COMMIT:
	case JUDGE_ACCOUNT_ABANDON:
	case JUDGE_ACCOUNT_REMOVE:
		break;
	case JUDGE_ACCOUNT_OPENED:
	case JUDGE_ACCOUNT_DONE:
	case JUDGE_ACCOUNT_REFUSED:
		out->failed = true; /* answers */
		break;
	}
}

static void
decode_eab(struct cur *cur, struct judge_account_request *ret)
{
	ret->kid = cur_text(cur, ACCOUNT_KID_MAX);
	ret->hmac = cur_text(cur, ACCOUNT_HMAC_MAX);
	ret->hmac_bits = cur_u16(cur);
	if (ret->kid.len == 0 || ret->hmac.len == 0 ||
	    (ret->hmac_bits != 256 && ret->hmac_bits != 384 &&
	    ret->hmac_bits != 512))
		cur->failed = true;
}

int
judge_account_request_decode(uint16_t type, struct span payload,
    struct judge_account_request *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct judge_account_request){
		.type = (enum judge_account_type)type };
	ret->id = cur_i64(&cur);
	switch (ret->type) {
	case JUDGE_ACCOUNT_OPEN:
		decode_open(&cur, ret);
		break;
	case JUDGE_ACCOUNT_EAB:
		decode_eab(&cur, ret);
		break;
	case JUDGE_ACCOUNT_ROLL:
		ret->alg = decode_alg(&cur);
		break;
	case JUDGE_ACCOUNT_IMPORT:
		ret->import = cur_u32(&cur);
		break;
	case JUDGE_ACCOUNT_SEND:
		cur_copy(&cur, ret->hash, ACCOUNT_HASH_SIZE);
		cur_copy(&cur, ret->names, ACCOUNT_HASH_SIZE);
		break;
	case JUDGE_ACCOUNT_CHANGE:
	case JUDGE_ACCOUNT_USE_NEXT:
	case JUDGE_ACCOUNT_COMMIT:
	case JUDGE_ACCOUNT_ABANDON:
	case JUDGE_ACCOUNT_REMOVE:
		break;
	case JUDGE_ACCOUNT_OPENED:
	case JUDGE_ACCOUNT_DONE:
	case JUDGE_ACCOUNT_REFUSED:
	default:
		cur.failed = true;
		break;
	}
	if (cur_end(&cur) < 0 || ret->id < 1)
		return err_set(err, ERR_FRAME, NULL, "judge's request to "
		    "account (type %u) is not of its form", type);
	return 0;
}

void
judge_account_answer_encode(struct bld *out,
    const struct judge_account_answer *answer)
{
	if (answer->type == JUDGE_ACCOUNT_OPENED) {
		bld_u8(out, (uint8_t)answer->opened.alg);
		bld_u8(out, answer->opened.created);
		bld_u8(out, answer->opened.next);
		bld_bytes(out, answer->opened.thumbprint, JWK_THUMBPRINT_SIZE);
		bld_bytes(out, answer->opened.next_thumbprint,
		    JWK_THUMBPRINT_SIZE);
	} else if (answer->type == JUDGE_ACCOUNT_REFUSED) {
		rpc_err_encode(out, &answer->err);
	} else if (answer->type != JUDGE_ACCOUNT_DONE) {
		out->failed = true;
	}
}

int
judge_account_answer_decode(uint16_t type, struct span payload,
    struct judge_account_answer *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct judge_account_answer){
		.type = (enum judge_account_type)type };
	if (ret->type == JUDGE_ACCOUNT_OPENED) {
		ret->opened.alg = decode_alg(&cur);
		ret->opened.created = cur_bool(&cur);
		ret->opened.next = cur_bool(&cur);
		cur_copy(&cur, ret->opened.thumbprint, JWK_THUMBPRINT_SIZE);
		cur_copy(&cur, ret->opened.next_thumbprint,
		    JWK_THUMBPRINT_SIZE);
	} else if (ret->type == JUDGE_ACCOUNT_REFUSED) {
		rpc_err_decode(&cur, &ret->err);
	} else if (ret->type != JUDGE_ACCOUNT_DONE) {
		cur.failed = true;
	}
	if (cur_end(&cur) < 0)
		return err_set(err, ERR_FRAME, NULL, "account's answer (type "
		    "%u) is not of its form", type);
	return 0;
}
