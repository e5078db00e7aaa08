/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rpc/judge_dns.h"
#include "rpc/rpc_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct judge_dns_request request;
	static struct judge_dns_answer answer;
	struct span payload;
	struct bld out;

	if (!rpc_fuzz_begin(data, size, &payload, &out))
		return 0;
	if (judge_dns_request_decode(data[0], payload, &request, NULL) == 0)
		judge_dns_request_encode(&out, &request);
	else if (judge_dns_answer_decode(data[0], payload, &answer,
	    NULL) == 0)
		judge_dns_answer_encode(&out, &answer);
	else
		payload = SPAN_NONE;
	rpc_fuzz_end(&out, payload);
	return 0;
}
