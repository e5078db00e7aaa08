/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rpc/judge_probe.h"
#include "rpc/rpc_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct judge_probe_check check;
	static struct probe_finding finding;
	struct span payload;
	struct bld out;

	if (!rpc_fuzz_begin(data, size, &payload, &out))
		return 0;
	if (judge_probe_check_decode(data[0], payload, &check, NULL) == 0)
		judge_probe_check_encode(&out, &check);
	else if (judge_probe_finding_decode(payload, &finding, NULL) == 0)
		judge_probe_finding_encode(&out, &finding);
	else
		payload = SPAN_NONE;
	rpc_fuzz_end(&out, payload);
	return 0;
}
