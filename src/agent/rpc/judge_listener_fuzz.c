/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte is the frame's type; what decodes must encode to the same
 * bytes. */
#include <stdlib.h>

#include "agent/rpc/judge_listener.h"

#define FRAME_MAX (1024 * 1024)

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
	static struct judge_listener_request request;
	static struct judge_listener_answer answer;
	struct span payload;
	struct bld out;

	if (size == 0 || size > FRAME_MAX)
		return 0;
	payload = span_of(data + 1, size - 1);
	bld_init(&out, FRAME_MAX);
	if (data[0] < 100) {
		if (judge_listener_request_decode(data[0], payload, &request,
		    NULL) == 0) {
			judge_listener_request_encode(&out, &request);
			check_same(&out, payload);
		}
	} else if (judge_listener_answer_decode(data[0], payload, &answer,
	    NULL) == 0) {
		judge_listener_answer_encode(&out, &answer);
		check_same(&out, payload);
	}
	bld_free(&out);
	return 0;
}
