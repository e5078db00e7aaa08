/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the frame's type; what decodes must encode to the
 * same bytes. */
#include <stdlib.h>

#include "rpc/core_validator.h"

static void
check_same(struct bld *out, struct span payload)
{
	if (bld_end(out) < 0 || !span_equal(bld_view(out), payload))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span payload = size == 0 ? SPAN_NONE :
	    span_of(data + 1, size - 1);
	struct validate_request request;
	struct validate_answer answer;
	struct arena arena = { 0 };
	struct bld out;

	if (size == 0)
		return 0;
	bld_init(&out, 1024 * 1024);
	if (validate_request_decode(data[0], payload, &request, NULL) == 0) {
		validate_request_encode(&out, &request);
		check_same(&out, payload);
	} else if (validate_answer_decode(data[0], payload, &arena, &answer,
	    NULL) == 0) {
		validate_answer_encode(&out, &answer);
		check_same(&out, payload);
	}
	bld_free(&out);
	arena_free(&arena);
	return 0;
}
