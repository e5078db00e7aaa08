/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rpc/judge_dns.h"

void
judge_dns_request_encode(struct bld *out,
    const struct judge_dns_request *request)
{
	bld_span16(out, request->name);
	bld_span16(out, request->value);
	bld_span16(out, request->key);
	bld_span16(out, request->server);
	bld_span16(out, request->resolver);
	bld_u16(out, request->port);
	bld_u32(out, request->wait_s);
	bld_u16(out, request->interval_s);
	bld_span16(out, request->account_url);
	bld_u8(out, request->wildcard);
	bld_u16(out, (uint16_t)request->num_issuers);
	for (size_t i = 0; i < request->num_issuers; i++)
		bld_span16(out, request->issuers[i]);
}

int
judge_dns_request_decode(uint16_t type, struct span payload,
    struct judge_dns_request *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct judge_dns_request){ 0 };
	ret->type = (enum judge_dns_type)type;
	ret->name = cur_text(&cur, JUDGE_DNS_NAME_MAX);
	ret->value = cur_text(&cur, JUDGE_DNS_VALUE_MAX);
	ret->key = cur_text(&cur, JUDGE_DNS_KEY_MAX);
	ret->server = cur_text(&cur, JUDGE_DNS_ADDRESS_MAX);
	ret->resolver = cur_text(&cur, JUDGE_DNS_ADDRESS_MAX);
	ret->port = cur_u16(&cur);
	ret->wait_s = cur_u32(&cur);
	ret->interval_s = cur_u16(&cur);
	ret->account_url = cur_text(&cur, JUDGE_DNS_URL_MAX);
	ret->wildcard = cur_bool(&cur);
	ret->num_issuers = cur_count(&cur, JUDGE_DNS_ISSUERS_MAX);
	for (size_t i = 0; i < ret->num_issuers; i++)
		ret->issuers[i] = cur_text(&cur, JUDGE_DNS_NAME_MAX);
	if (cur_end(&cur) < 0 || type < JUDGE_DNS_ADD ||
	    type > JUDGE_DNS_PERSIST || ret->wait_s > JUDGE_DNS_WAIT_MAX_S)
		return err_set(err, ERR_FRAME, NULL,
		    "a question to dns (type %u) is not of its form", type);
	return 0;
}

void
judge_dns_answer_encode(struct bld *out, const struct judge_dns_answer *answer)
{
	bld_span16(out, answer->name);
	bld_i64(out, answer->persist_until_s);
	rpc_err_encode(out, &answer->err);
}

/* Hooks are called with it, some of which are shell scripts. */
static bool
is_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') &&
		    c != '-' && c != '_' && c != '.' && c != '*')
			return false;
	}
	return true;
}

int
judge_dns_answer_decode(uint16_t type, struct span payload,
    struct judge_dns_answer *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct judge_dns_answer){ 0 };
	ret->type = (enum judge_dns_type)type;
	ret->name = cur_text(&cur, JUDGE_DNS_NAME_MAX);
	ret->persist_until_s = cur_i64(&cur);
	rpc_err_decode(&cur, &ret->err);
	if (cur_end(&cur) < 0 || type < JUDGE_DNS_DONE ||
	    type > JUDGE_DNS_REFUSED || !is_name(ret->name) ||
	    ret->persist_until_s < 0 ||
	    ret->persist_until_s > JUDGE_DNS_UNTIL_MAX_S ||
	    (type == JUDGE_DNS_REFUSED) != (ret->err.kind != ERR_NONE))
		return err_set(err, ERR_FRAME, NULL,
		    "an answer of dns (type %u) is not of its form", type);
	return 0;
}
