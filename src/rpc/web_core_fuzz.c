/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as any message: the first byte is the type. What is decoded is
 * encoded to the same bytes. */
#include <assert.h>

#include "rpc/web_core.h"

#define OUT_MAX (1 << 22)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct web_core_request request;
	static struct web_core_answer answer;
	struct arena arena = { .used = 0 };
	struct err err = ERR_INIT;
	struct span payload;
	struct bld out;

	if (size == 0)
		return 0;
	payload = span_of(data + 1, size - 1);
	bld_init(&out, OUT_MAX);
	if (web_core_request_decode(data[0], payload, &arena, &request,
	    &err) == 0) {
		web_core_request_encode(&out, &request);
		assert(span_equal(bld_view(&out), payload));
	}
	bld_reset(&out);
	if (web_core_answer_decode(data[0], payload, &arena, &answer,
	    &err) == 0) {
		web_core_answer_encode(&out, &answer);
		assert(span_equal(bld_view(&out), payload));
	} else {
		assert(err.kind == ERR_FRAME);
	}
	bld_free(&out);
	arena_free(&arena);
	return 0;
}
