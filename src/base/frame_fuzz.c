/* SPDX-License-Identifier: Apache-2.0 */
/* However a stream is cut into pieces, the same frames come out, and each is
 * exactly the bytes that were there. The first byte chooses the cuts. */
#include "base/frame.h"

#include <stdlib.h>

#include "base/bld.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
put_again(void *ctx, const struct frame *frame, struct err *err)
{
	uint8_t head[FRAME_HEAD_SIZE];
	struct bld *out = ctx;

	(void)err;
	frame_head(head, frame->payload.len, frame->type, frame->id);
	bld_bytes(out, head, sizeof(head));
	bld_span(out, frame->payload);
	return 0;
}

static int
feed_in_pieces(struct span in, size_t piece, struct bld *out)
{
	struct frame_parser parser = { 0 };
	int r = 0;

	while (in.len > 0 && r == 0) {
		size_t n = in.len < piece ? in.len : piece;

		r = frame_feed(&parser, span_of(in.data, n), put_again, out,
		    NULL);
		in = span_from(in, n);
	}
	frame_parser_done(&parser);
	return r;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bld whole, cut;
	struct span in;
	int r;

	if (size == 0)
		return 0;
	bld_init(&whole, size);
	bld_init(&cut, size);
	in = span_of(data + 1, size - 1);
	r = feed_in_pieces(in, SIZE_MAX, &whole);
	if (r != feed_in_pieces(in, 1 + data[0] % 64, &cut) ||
	    !span_equal(bld_view(&whole), bld_view(&cut)) ||
	    !span_equal(bld_view(&whole), span_of(in.data, whole.len)))
		abort();
	bld_free(&whole);
	bld_free(&cut);
	return 0;
}
