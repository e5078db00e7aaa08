/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte says how it is asked. What is whole is so with its last byte,
 * not before, and within its bound. */
#include <stdlib.h>

#include "agent/net/net_answer.h"

#define BODY_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };
	struct net_answer whole, again;
	struct span in;
	bool head;

	if (size == 0)
		return 0;
	head = (data[0] & 1) != 0;
	in = span_of(data + 1, size - 1);
	(void)net_answer_parse(in, true, head, BODY_MAX, &arena, &again);
	if (net_answer_parse(in, false, head, BODY_MAX, &arena, &whole) == 1) {
		if (whole.len > in.len || whole.response.body.len > BODY_MAX ||
		    net_answer_parse(span_of(in.data, whole.len), false, head,
		    BODY_MAX, &arena, &again) != 1 || again.len != whole.len ||
		    net_answer_parse(span_of(in.data, whole.len - 1), false,
		    head, BODY_MAX, &arena, &again) != 0)
			abort();
	}
	arena_free(&arena);
	return 0;
}
