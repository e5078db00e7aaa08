/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rpc/net_account.h"
#include "rpc/rpc_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct net_account_sign sign;
	struct net_account_answer answer;
	struct span payload;
	struct bld out;

	if (!rpc_fuzz_begin(data, size, &payload, &out))
		return 0;
	if (net_account_sign_decode(data[0], payload, &sign, NULL) == 0)
		net_account_sign_encode(&out, &sign);
	else if (net_account_answer_decode(data[0], payload, &answer,
	    NULL) == 0)
		net_account_answer_encode(&out, &answer);
	else
		payload = SPAN_NONE;
	rpc_fuzz_end(&out, payload);
	return 0;
}
