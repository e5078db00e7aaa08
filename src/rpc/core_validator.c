/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/core_validator.h"

void
validate_request_encode(struct bld *out,
    const struct validate_request *request)
{
	ident_encode(out, &request->ident);
	bld_u8(out, request->wildcard);
	bld_u8(out, (uint8_t)request->method);
	bld_bytes(out, request->token, sizeof(request->token));
	bld_bytes(out, request->thumbprint, sizeof(request->thumbprint));
	bld_u64(out, (uint64_t)request->account_id);
}

int
validate_request_decode(uint16_t type, struct span payload,
    struct validate_request *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);
	*ret = (struct validate_request){ 0 };
	ident_decode(&cur, &ret->ident);
	ret->wildcard = cur_bool(&cur);
	ret->method = (enum challenge_type)cur_enum(&cur, CHALLENGE_HTTP_01,
	    CHALLENGE_TYPE_COUNT - 1);
	cur_copy(&cur, ret->token, sizeof(ret->token));
	cur_copy(&cur, ret->thumbprint, sizeof(ret->thumbprint));
	ret->account_id = (int64_t)cur_u64(&cur);
	if (cur_end(&cur) < 0 || type != CORE_VALIDATOR_VALIDATE)
		return err_set(err, ERR_FRAME, NULL,
		    "a validate request (type %u) is not of its form", type);
	return 0;
}

void
validate_answer_encode(struct bld *out, const struct validate_answer *answer)
{
	switch (answer->type) {
	case CORE_VALIDATOR_ATTESTED:
		attestation_encode(out, &answer->attestation);
		break;
	case CORE_VALIDATOR_FAILED:
		problem_encode(out, &answer->problem);
		break;
	case CORE_VALIDATOR_VALIDATE:
		out->failed = true; /* a question */
		break;
	}
}

int
validate_answer_decode(uint16_t type, struct span payload,
    struct arena *arena, struct validate_answer *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct validate_answer){
		.type = (enum core_validator_type)type
	};
	switch (ret->type) {
	case CORE_VALIDATOR_ATTESTED:
		attestation_decode(&cur, &ret->attestation);
		break;
	case CORE_VALIDATOR_FAILED:
		problem_decode(&cur, arena, &ret->problem);
		break;
	case CORE_VALIDATOR_VALIDATE:
	default:
		cur.failed = true;
		break;
	}
	if (cur_end(&cur) < 0)
		return err_set(err, ERR_FRAME, NULL,
		    "a validator's answer (type %u) is not of its form", type);
	return 0;
}
