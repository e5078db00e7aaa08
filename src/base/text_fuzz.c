/* SPDX-License-Identifier: Apache-2.0 */
/* What a strict decoder takes, its encoder writes again; the first byte says
 * which. */
#include <assert.h>

#include "base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_base64url(struct span in, struct bld *bytes, struct bld *text)
{
	if (text_unbase64url(bytes, in) == 0) {
		text_base64url(text, bld_view(bytes));
		assert(span_equal(bld_view(text), in));
	}
	bld_reset(text);
	text_base64url(text, in);
	bld_reset(bytes);
	assert(text_unbase64url(bytes, bld_view(text)) == 0);
	assert(span_equal(bld_view(bytes), in));
}

static void
check_hex(struct span in, struct bld *bytes, struct bld *text)
{
	if (text_unhex(bytes, in) == 0) {
		text_hex(text, bld_view(bytes));
		assert(text->len == in.len);
	}
}

static void
check_uint(struct span in, struct bld *text)
{
	uint64_t v;

	if (text_uint(in, INT64_MAX, &v) == 0) {
		text_decimal(text, (int64_t)v);
		assert(span_equal(bld_view(text), in));
	}
}

static void
check_time(struct span in)
{
	char text[TEXT_TIME_SIZE];
	int64_t ms, again;

	/* An offset can lead out of the years that can be written. */
	if (text_untime(in, &ms) != 0 || ms < INT64_C(-62167219200000) ||
	    ms > INT64_C(253402300799999))
		return;
	text_time(text, ms);
	assert(text_untime(span_str(text), &again) == 0);
	assert(again <= ms && again > ms - 1000);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bld bytes, text;
	struct span in;

	if (size == 0)
		return 0;
	in = span_of(data + 1, size - 1);
	bld_init(&bytes, 1 << 22);
	bld_init(&text, 1 << 23);
	switch (data[0] % 4) {
	case 0:
		check_base64url(in, &bytes, &text);
		break;
	case 1:
		check_hex(in, &bytes, &text);
		break;
	case 2:
		check_uint(in, &text);
		break;
	case 3:
		check_time(in);
		break;
	}
	bld_free(&bytes);
	bld_free(&text);
	return 0;
}
