/* SPDX-License-Identifier: Apache-2.0 */
/* The same answer, however the bytes are cut; and an answer within bounds. */
#include <assert.h>

#include "agent/listener/client_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is answered to bytes that come step at a time. */
static enum client_hello_state
feed(struct client_hello *hello, const uint8_t *data, size_t size, size_t step)
{
	enum client_hello_state state = CLIENT_HELLO_MORE;
	size_t at = 0;

	while (state == CLIENT_HELLO_MORE && at < size) {
		size_t n = size - at < step ? size - at : step;

		state = client_hello_feed(hello, span_of(data + at, n));
		at += n;
	}
	return state;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct client_hello whole = { 0 }, bytewise = { 0 };
	enum client_hello_state first, second;

	if (size > CLIENT_HELLO_RAW_MAX)
		return 0;
	first = feed(&whole, data, size, size);
	second = feed(&bytewise, data, size, 1);
	assert(first == second);
	assert(whole.acme == bytewise.acme);
	assert(strcmp(whole.name, bytewise.name) == 0);
	assert(!whole.acme || first == CLIENT_HELLO_KNOWN);
	client_hello_done(&whole);
	client_hello_done(&bytewise);
	return 0;
}
