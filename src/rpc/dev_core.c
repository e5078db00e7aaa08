/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/dev_core.h"

void
dev_core_request_encode(struct bld *out,
    const struct dev_core_request *request)
{
	bld_span16(out, request->serial);
}

int
dev_core_request_decode(uint16_t type, struct span payload,
    struct dev_core_request *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	ret->serial = cur_span16(&cur);
	if (type != DEV_CORE_CERTIFICATE_BY_SERIAL || cur_end(&cur) < 0 ||
	    ret->serial.len > DEV_CORE_SERIAL_MAX)
		return err_set(err, ERR_FRAME, NULL,
		    "a question of dev (type %u) is not of its form", type);
	return 0;
}

void
dev_core_answer_encode(struct bld *out, const struct dev_core_answer *answer)
{
	if (answer->type != DEV_CORE_CERTIFICATE)
		return;
	bld_u8(out, (uint8_t)answer->status);
	bld_u64(out, (uint64_t)answer->revoked_at);
	bld_u32(out, answer->reason);
	bld_span32(out, answer->der);
}

int
dev_core_answer_decode(uint16_t type, struct span payload,
    struct dev_core_answer *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct dev_core_answer){ .type = (enum dev_core_type)type };
	if ((type == DEV_CORE_NONE || type == DEV_CORE_BUSY) &&
	    payload.len == 0)
		return 0;
	ret->status = (enum dev_core_status)cur_enum(&cur, DEV_CORE_VALID,
	    DEV_CORE_REVOKED);
	ret->revoked_at = (int64_t)cur_u64(&cur);
	ret->reason = cur_u32(&cur);
	ret->der = cur_span32(&cur);
	if (type != DEV_CORE_CERTIFICATE || cur_end(&cur) < 0)
		return err_set(err, ERR_FRAME, NULL,
		    "an answer to dev (type %u) is not of its form", type);
	return 0;
}
