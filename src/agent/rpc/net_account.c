/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rpc/net_account.h"

#include "agent/rpc/client_code.h"

void
net_account_sign_encode(struct bld *out, const struct net_account_sign *sign)
{
	bld_i64(out, sign->account);
	client_code_put_sign(out, &sign->sign);
}

int
net_account_sign_decode(uint16_t type, struct span payload,
    struct net_account_sign *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct net_account_sign){ .account = cur_i64(&cur) };
	client_code_get_sign(&cur, &ret->sign);
	if (type != NET_ACCOUNT_SIGN || cur_end(&cur) < 0 ||
	    ret->sign.type == CLIENT_SIGN_CERTIFICATE)
		return err_set(err, ERR_FRAME, NULL,
		    "a question to account (type %u) is not of its form",
		    type);
	return 0;
}

void
net_account_answer_encode(struct bld *out,
    const struct net_account_answer *answer)
{
	bld_span32(out, answer->text);
}

int
net_account_answer_decode(uint16_t type, struct span payload,
    struct net_account_answer *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct net_account_answer){
		.type = (enum net_account_type)type,
		.text = cur_span32(&cur),
	};
	if ((type != NET_ACCOUNT_SIGNED && type != NET_ACCOUNT_REFUSED) ||
	    cur_end(&cur) < 0 || ret->text.len > JWS_BODY_MAX)
		return err_set(err, ERR_FRAME, NULL,
		    "account's answer (type %u) is not of its form", type);
	return 0;
}
