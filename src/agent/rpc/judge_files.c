/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rpc/judge_files.h"

#include "agent/rpc/rpc_names.h"

/* Which certificate it is about, of a site that files knows. */
static void
encode_which(struct bld *out, const struct site *site)
{
	bld_span16(out, site->name);
	bld_u8(out, (uint8_t)site->key_type);
	bld_u8(out, site->second);
}

static void
decode_which(struct cur *cur, struct site *ret)
{
	ret->name = cur_text(cur, SITE_NAME_MAX);
	ret->key_type = (enum site_key_type)cur_enum(cur, SITE_KEY_EC256,
	    SITE_KEY_RSA4096);
	ret->second = cur_bool(cur);
	if (!cur->failed && site_name_check(ret->name, NULL) < 0)
		cur->failed = true;
}

void
judge_files_request_encode(struct bld *out,
    const struct judge_files_request *request)
{
	if (request->type == JUDGE_FILES_SITE) {
		site_encode(out, &request->site);
		return;
	}
	encode_which(out, &request->site);
	if (request->type == JUDGE_FILES_PUBLISH) {
		bld_span32(out, request->chain);
		bld_u8(out, request->no_key);
		bld_u8(out, request->must_staple);
		bld_u8(out, request->profile);
		bld_bytes(out, request->spki_hash, FILES_HASH_SIZE);
		rpc_names_encode(out, &request->names);
		bld_span16(out, request->ocsp);
	} else if (request->type == JUDGE_FILES_OCSP_ASK) {
		bld_span32(out, request->chain);
	} else if (request->type == JUDGE_FILES_OCSP) {
		bld_span16(out, request->ocsp);
	} else if (request->type != JUDGE_FILES_REMOVE) {
		out->failed = true; /* an answer */
	}
}

int
judge_files_request_decode(uint16_t type, struct span payload,
    struct judge_files_request *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct judge_files_request){
		.type = (enum judge_files_type)type };
	if (ret->type == JUDGE_FILES_SITE)
		site_decode(&cur, &ret->site);
	else
		decode_which(&cur, &ret->site);
	if (ret->type == JUDGE_FILES_PUBLISH) {
		ret->chain = cur_span32(&cur);
		ret->no_key = cur_bool(&cur);
		ret->must_staple = cur_bool(&cur);
		ret->profile = cur_bool(&cur);
		cur_copy(&cur, ret->spki_hash, FILES_HASH_SIZE);
		rpc_names_decode(&cur, &ret->names);
		ret->ocsp = cur_text(&cur, FILES_OCSP_MAX);
	} else if (ret->type == JUDGE_FILES_OCSP_ASK) {
		ret->chain = cur_span32(&cur);
	} else if (ret->type == JUDGE_FILES_OCSP) {
		ret->ocsp = cur_text(&cur, FILES_OCSP_MAX);
	} else if (ret->type != JUDGE_FILES_SITE &&
	    ret->type != JUDGE_FILES_REMOVE) {
		cur.failed = true;
	}
	if (cur_end(&cur) < 0 || ret->chain.len > FILES_CHAIN_MAX)
		return err_set(err, ERR_FRAME, NULL, "judge's request to "
		    "files (type %u) is not of its form", type);
	return 0;
}

static void
encode_live(struct bld *out, const struct files_live *live)
{
	bld_u8(out, live->exists);
	bld_span16(out, live->path);
	if (!live->exists)
		return;
	bld_u8(out, (uint8_t)live->key_type);
	bld_i64(out, live->not_before_s);
	bld_i64(out, live->not_after_s);
	bld_bytes(out, live->spki_hash, FILES_HASH_SIZE);
	bld_bytes(out, live->leaf_hash, FILES_HASH_SIZE);
	bld_span16(out, live->serial);
	bld_span16(out, live->authority_key_id);
	bld_span16(out, live->issuer);
	bld_span16(out, live->ocsp_url);
	bld_u8(out, live->must_staple);
	rpc_names_encode(out, &live->names);
}

static void
decode_live(struct cur *cur, struct files_live *ret)
{
	ret->exists = cur_bool(cur);
	ret->path = cur_text(cur, 2 * SITE_PATH_MAX);
	if (!ret->exists)
		return;
	ret->key_type = (enum site_key_type)cur_enum(cur, 0,
	    SITE_KEY_RSA4096);
	ret->not_before_s = cur_i64(cur);
	ret->not_after_s = cur_i64(cur);
	cur_copy(cur, ret->spki_hash, FILES_HASH_SIZE);
	cur_copy(cur, ret->leaf_hash, FILES_HASH_SIZE);
	ret->serial = cur_text(cur, FILES_SERIAL_MAX);
	ret->authority_key_id = cur_text(cur, FILES_KEY_ID_MAX);
	ret->issuer = cur_text(cur, FILES_TEXT_MAX);
	ret->ocsp_url = cur_text(cur, FILES_URL_MAX);
	ret->must_staple = cur_bool(cur);
	rpc_names_decode(cur, &ret->names);
}

static void
encode_ocsp(struct bld *out, const struct files_ocsp *ocsp)
{
	bld_u8(out, (uint8_t)ocsp->status);
	bld_i64(out, ocsp->this_s);
	bld_i64(out, ocsp->next_s);
	bld_i64(out, ocsp->revoked_s);
	bld_u8(out, (uint8_t)ocsp->reason);
}

static void
decode_ocsp(struct cur *cur, struct files_ocsp *ret)
{
	ret->status = (enum files_ocsp_status)cur_enum(cur, FILES_OCSP_NONE,
	    FILES_OCSP_UNKNOWN);
	ret->this_s = cur_i64(cur);
	ret->next_s = cur_i64(cur);
	ret->revoked_s = cur_i64(cur);
	ret->reason = (int8_t)cur_u8(cur);
}

void
judge_files_answer_encode(struct bld *out,
    const struct judge_files_answer *answer)
{
	switch (answer->type) {
	case JUDGE_FILES_SITE_IS:
		bld_u8(out, answer->recovered);
		encode_live(out, &answer->live);
		rpc_err_encode(out, &answer->err);
		break;
	case JUDGE_FILES_PUBLISHED:
		encode_live(out, &answer->live);
		encode_ocsp(out, &answer->ocsp);
		rpc_err_encode(out, &answer->err);
		break;
	case JUDGE_FILES_OCSP_IS:
		bld_span16(out, answer->url);
		bld_span16(out, answer->request);
		bld_u8(out, answer->must_staple);
		break;
	case JUDGE_FILES_OCSP_SAYS:
		encode_ocsp(out, &answer->ocsp);
		break;
	case JUDGE_FILES_REFUSED:
		rpc_err_encode(out, &answer->err);
		break;
	case JUDGE_FILES_DONE:
		break;
	case JUDGE_FILES_SITE:
	case JUDGE_FILES_PUBLISH:
	case JUDGE_FILES_REMOVE:
	case JUDGE_FILES_OCSP_ASK:
	case JUDGE_FILES_OCSP:
		out->failed = true; /* questions */
		break;
	}
}

int
judge_files_answer_decode(uint16_t type, struct span payload,
    struct judge_files_answer *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct judge_files_answer){
		.type = (enum judge_files_type)type };
	switch (ret->type) {
	case JUDGE_FILES_SITE_IS:
		ret->recovered = cur_bool(&cur);
		decode_live(&cur, &ret->live);
		rpc_err_decode(&cur, &ret->err);
		break;
	case JUDGE_FILES_PUBLISHED:
		decode_live(&cur, &ret->live);
		decode_ocsp(&cur, &ret->ocsp);
		rpc_err_decode(&cur, &ret->err);
		break;
	case JUDGE_FILES_REFUSED:
		rpc_err_decode(&cur, &ret->err);
		break;
	case JUDGE_FILES_OCSP_IS:
		ret->url = cur_text(&cur, FILES_URL_MAX);
		ret->request = cur_text(&cur, FILES_OCSP_REQUEST_MAX);
		ret->must_staple = cur_bool(&cur);
		break;
	case JUDGE_FILES_OCSP_SAYS:
		decode_ocsp(&cur, &ret->ocsp);
		break;
	case JUDGE_FILES_DONE:
		break;
	case JUDGE_FILES_SITE:
	case JUDGE_FILES_PUBLISH:
	case JUDGE_FILES_REMOVE:
	case JUDGE_FILES_OCSP_ASK:
	case JUDGE_FILES_OCSP:
	default:
		cur.failed = true;
		break;
	}
	if (cur_end(&cur) < 0)
		return err_set(err, ERR_FRAME, NULL, "files' answer (type %u) "
		    "is not of its form", type);
	return 0;
}
