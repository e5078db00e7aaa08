/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rpc/judge_certkey.h"

#include "agent/rpc/rpc_names.h"
#include "pkix/csr.h"

#define JWS_MAX (2 * CERTKEY_CERTIFICATE_MAX) /* bytes: base64url of both */

static void
encode_revoke(struct bld *out, const struct judge_certkey_request *request)
{
	bld_bytes(out, request->spki_hash, CERTKEY_HASH_SIZE);
	bld_span16(out, request->url);
	bld_span16(out, request->nonce);
	bld_span32(out, request->certificate);
	bld_u32(out, (uint32_t)request->reason);
}

void
judge_certkey_request_encode(struct bld *out,
    const struct judge_certkey_request *request)
{
	bld_span16(out, request->site);
	bld_u8(out, (uint8_t)request->key_type);
	switch (request->type) {
	case JUDGE_CERTKEY_REQUEST:
		bld_u8(out, (uint8_t)request->policy);
		bld_u8(out, request->must_staple);
		bld_span16(out, request->common_name);
		rpc_names_encode(out, &request->names);
		break;
	case JUDGE_CERTKEY_REVOKE:
		encode_revoke(out, request);
		break;
	case JUDGE_CERTKEY_CSR:
	case JUDGE_CERTKEY_JWS:
	case JUDGE_CERTKEY_REFUSED:
		out->failed = true; /* answers */
		break;
	}
}

static void
decode_request(struct cur *cur, struct judge_certkey_request *ret)
{
	bool found;

	ret->policy = (enum certkey_policy)cur_enum(cur, CERTKEY_NEW,
	    CERTKEY_FRESH);
	ret->must_staple = cur_bool(cur);
	ret->common_name = cur_text(cur, IDENT_DNS_MAX);
	rpc_names_decode(cur, &ret->names);
	found = ret->common_name.len == 0;
	for (size_t i = 0; !found && i < ret->names.count; i++)
		found = span_equal(ret->names.items[i].value,
		    ret->common_name);
	if (!found || ret->names.count == 0)
		cur->failed = true;
}

static void
decode_revoke(struct cur *cur, struct judge_certkey_request *ret)
{
	cur_copy(cur, ret->spki_hash, CERTKEY_HASH_SIZE);
	ret->url = cur_text(cur, CERTKEY_URL_MAX);
	ret->nonce = cur_text(cur, CERTKEY_NONCE_MAX);
	ret->certificate = cur_span32(cur);
	ret->reason = (int32_t)cur_u32(cur);
	if (ret->certificate.len > CERTKEY_CERTIFICATE_MAX ||
	    ret->reason < -1 || ret->reason > 10)
		cur->failed = true;
}

int
judge_certkey_request_decode(uint16_t type, struct span payload,
    struct judge_certkey_request *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct judge_certkey_request){
		.type = (enum judge_certkey_type)type };
	ret->site = cur_text(&cur, SITE_NAME_MAX);
	ret->key_type = (enum site_key_type)cur_enum(&cur, SITE_KEY_EC256,
	    SITE_KEY_RSA4096);
	switch (ret->type) {
	case JUDGE_CERTKEY_REQUEST:
		decode_request(&cur, ret);
		break;
	case JUDGE_CERTKEY_REVOKE:
		decode_revoke(&cur, ret);
		break;
	case JUDGE_CERTKEY_CSR:
	case JUDGE_CERTKEY_JWS:
	case JUDGE_CERTKEY_REFUSED:
	default:
		cur.failed = true;
		break;
	}
	if (cur_end(&cur) < 0 || site_name_check(ret->site, NULL) < 0)
		return err_set(err, ERR_FRAME, NULL, "judge's request to "
		    "certkey (type %u) is not of its form", type);
	return 0;
}

void
judge_certkey_answer_encode(struct bld *out,
    const struct judge_certkey_answer *answer)
{
	switch (answer->type) {
	case JUDGE_CERTKEY_CSR:
		bld_span32(out, answer->csr);
		bld_bytes(out, answer->spki_hash, CERTKEY_HASH_SIZE);
		bld_u8(out, answer->reused);
		break;
	case JUDGE_CERTKEY_JWS:
		bld_span32(out, answer->jws);
		break;
	case JUDGE_CERTKEY_REFUSED:
		rpc_err_encode(out, &answer->err);
		break;
	case JUDGE_CERTKEY_REQUEST:
	case JUDGE_CERTKEY_REVOKE:
		out->failed = true; /* questions */
		break;
	}
}

int
judge_certkey_answer_decode(uint16_t type, struct span payload,
    struct judge_certkey_answer *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct judge_certkey_answer){
		.type = (enum judge_certkey_type)type };
	switch (ret->type) {
	case JUDGE_CERTKEY_CSR:
		ret->csr = cur_span32(&cur);
		cur_copy(&cur, ret->spki_hash, CERTKEY_HASH_SIZE);
		ret->reused = cur_bool(&cur);
		break;
	case JUDGE_CERTKEY_JWS:
		ret->jws = cur_span32(&cur);
		break;
	case JUDGE_CERTKEY_REFUSED:
		rpc_err_decode(&cur, &ret->err);
		break;
	case JUDGE_CERTKEY_REQUEST:
	case JUDGE_CERTKEY_REVOKE:
	default:
		cur.failed = true;
		break;
	}
	if (cur_end(&cur) < 0 || ret->csr.len > CSR_DER_MAX ||
	    ret->jws.len > JWS_MAX)
		return err_set(err, ERR_FRAME, NULL, "certkey's answer (type "
		    "%u) is not of its form", type);
	return 0;
}
