/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/core_validator.h"
#include "rpc/rpc_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct validate_request request;
	struct validate_answer answer;
	struct span payload;
	struct bld out;

	if (!rpc_fuzz_begin(data, size, &payload, &out))
		return 0;
	if (validate_request_decode(data[0], payload, &request, NULL) == 0)
		validate_request_encode(&out, &request);
	else if (validate_answer_decode(data[0], payload, &arena, &answer,
	    NULL) == 0)
		validate_answer_encode(&out, &answer);
	else
		payload = SPAN_NONE;
	rpc_fuzz_end(&out, payload);
	arena_free(&arena);
	return 0;
}
