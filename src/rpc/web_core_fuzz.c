/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "rpc/rpc_fuzz.h"
#include "rpc/web_core.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct web_core_request request;
	static struct web_core_answer answer;
	struct arena arena = { 0 };
	struct err err = ERR_INIT;
	struct span payload;
	struct bld out;

	if (!rpc_fuzz_begin(data, size, &payload, &out))
		return 0;
	if (web_core_request_decode(data[0], payload, &arena, &request,
	    &err) == 0) {
		web_core_request_encode(&out, &request);
	} else if (web_core_answer_decode(data[0], payload, &arena, &answer,
	    &err) == 0) {
		web_core_answer_encode(&out, &answer);
	} else {
		assert(err.kind == ERR_FRAME);
		payload = SPAN_NONE;
	}
	rpc_fuzz_end(&out, payload);
	arena_free(&arena);
	return 0;
}
