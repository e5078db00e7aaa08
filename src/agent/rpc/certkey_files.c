/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rpc/certkey_files.h"

void
certkey_files_request_encode(struct bld *out,
    const struct certkey_files_request *request)
{
	bld_span16(out, request->site);
	bld_u8(out, (uint8_t)request->key_type);
	bld_u8(out, request->any);
	bld_bytes(out, request->spki_hash, CERTKEY_FILES_HASH_SIZE);
}

int
certkey_files_request_decode(uint16_t type, struct span payload,
    struct certkey_files_request *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct certkey_files_request){
		.type = (enum certkey_files_type)type };
	ret->site = cur_text(&cur, SITE_NAME_MAX);
	ret->key_type = (enum site_key_type)cur_enum(&cur, SITE_KEY_EC256,
	    SITE_KEY_RSA4096);
	ret->any = cur_bool(&cur);
	cur_copy(&cur, ret->spki_hash, CERTKEY_FILES_HASH_SIZE);
	if (cur_end(&cur) < 0 || ret->type < CERTKEY_FILES_PENDING ||
	    ret->type > CERTKEY_FILES_PUBLISHED ||
	    site_name_check(ret->site, NULL) < 0)
		return err_set(err, ERR_FRAME, NULL, "a request between "
		    "certkey and files (type %u) is not of its form", type);
	return 0;
}

void
certkey_files_answer_encode(struct bld *out,
    const struct certkey_files_answer *answer)
{
	if (answer->type == CERTKEY_FILES_KEY)
		bld_span16(out, answer->pem);
	else if (answer->type == CERTKEY_FILES_REFUSED)
		rpc_err_encode(out, &answer->err);
	else if (answer->type != CERTKEY_FILES_DONE)
		out->failed = true;
}

int
certkey_files_answer_decode(uint16_t type, struct span payload,
    struct certkey_files_answer *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct certkey_files_answer){
		.type = (enum certkey_files_type)type };
	if (ret->type == CERTKEY_FILES_KEY)
		ret->pem = cur_text(&cur, CERTKEY_FILES_PEM_MAX);
	else if (ret->type == CERTKEY_FILES_REFUSED)
		rpc_err_decode(&cur, &ret->err);
	else if (ret->type != CERTKEY_FILES_DONE)
		cur.failed = true;
	if (cur_end(&cur) < 0)
		return err_set(err, ERR_FRAME, NULL, "an answer between "
		    "certkey and files (type %u) is not of its form", type);
	return 0;
}
