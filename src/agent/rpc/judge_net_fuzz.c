/* SPDX-License-Identifier: Apache-2.0 */
/* The types are judge's, net's and (from 200) account's. */
#include "agent/rpc/judge_net.h"
#include "agent/rpc/net_account.h"
#include "rpc/rpc_fuzz.h"

#define ACCOUNT_TYPES 200

static bool
try_account(uint16_t type, struct span payload, struct bld *out)
{
	struct net_account_sign sign;
	struct net_account_answer answer;

	type = type == ACCOUNT_TYPES ? NET_ACCOUNT_SIGN : NET_ACCOUNT_SIGNED;
	if (net_account_sign_decode(type, payload, &sign, NULL) == 0)
		net_account_sign_encode(out, &sign);
	else if (net_account_answer_decode(type, payload, &answer, NULL) == 0)
		net_account_answer_encode(out, &answer);
	else
		return false;
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct judge_net_ask ask;
	static struct judge_net_tell tell;
	struct arena arena = { 0 };
	struct span payload;
	struct bld out;
	bool decoded = true;

	if (!rpc_fuzz_begin(data, size, &payload, &out))
		return 0;
	if (data[0] >= ACCOUNT_TYPES)
		decoded = try_account(data[0], payload, &out);
	else if (judge_net_ask_decode(data[0], payload, &ask, NULL) == 0)
		judge_net_ask_encode(&out, &ask);
	else if (judge_net_tell_decode(data[0], payload, &arena, &tell,
	    NULL) == 0)
		judge_net_tell_encode(&out, &tell);
	else
		decoded = false;
	rpc_fuzz_end(&out, decoded ? payload : SPAN_NONE);
	arena_free(&arena);
	return 0;
}
