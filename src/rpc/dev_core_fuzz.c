/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/dev_core.h"
#include "rpc/rpc_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct dev_core_request request;
	struct dev_core_answer answer;
	struct span payload;
	struct bld out;

	if (!rpc_fuzz_begin(data, size, &payload, &out))
		return 0;
	if (dev_core_request_decode(data[0], payload, &request, NULL) == 0)
		dev_core_request_encode(&out, &request);
	else if (dev_core_answer_decode(data[0], payload, &answer, NULL) == 0)
		dev_core_answer_encode(&out, &answer);
	else
		payload = SPAN_NONE;
	rpc_fuzz_end(&out, payload);
	return 0;
}
