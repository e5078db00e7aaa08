/* SPDX-License-Identifier: Apache-2.0 */
#include "base/frame.h"

#include "base/cur.h"
#include "base/mem.h"

#define KEEP_MAX 65536 /* bytes of memory kept between unfinished frames */

struct sink {
	int (*handler)(void *ctx, const struct frame *frame, struct err *err);
	void *ctx;
};

void
frame_parser_done(struct frame_parser *parser)
{
	if (parser->secret && parser->data != NULL)
		mem_wipe(parser->data, parser->cap);
	free(parser->data);
	*parser = (struct frame_parser){ .secret = parser->secret };
}

void
frame_head(uint8_t out[FRAME_HEAD_SIZE], size_t payload_len, uint16_t type,
    uint64_t id)
{
	for (int i = 0; i < 4; i++)
		out[i] = (uint8_t)(payload_len >> (24 - 8 * i));
	out[4] = (uint8_t)(type >> 8);
	out[5] = (uint8_t)type;
	for (int i = 0; i < 8; i++)
		out[6 + i] = (uint8_t)(id >> (56 - 8 * i));
}

/* The size of the frame that begins here, from its first four bytes. */
static int
frame_size(struct span in, size_t *ret, struct err *err)
{
	struct cur cur = CUR_OF(in);
	size_t len = cur_u32(&cur);

	if (len > FRAME_PAYLOAD_MAX)
		return err_set(err, ERR_FRAME, NULL,
		    "a frame of %zu bytes is over the limit of %d", len,
		    FRAME_PAYLOAD_MAX);
	*ret = FRAME_HEAD_SIZE + len;
	return 0;
}

static int
deliver(struct span whole, const struct sink *sink, struct err *err)
{
	struct cur cur = CUR_OF(whole);
	struct frame frame;

	cur_u32(&cur);
	frame.type = cur_u16(&cur);
	frame.id = cur_u64(&cur);
	frame.payload = cur.rest;
	return sink->handler(sink->ctx, &frame, err);
}

static void
keep(struct frame_parser *parser, struct span part, size_t room)
{
	if (parser->cap < room) {
		parser->data = mem_grow(parser->data, parser->len, parser->cap,
		    room, parser->secret);
		parser->cap = room;
	}
	memcpy(parser->data + parser->len, part.data, part.len);
	parser->len += part.len;
}

/* Adds to the unfinished frame, first until its head is whole, then until its
 * payload is. Gives how many bytes of in it took, or an error. */
static int
feed_kept(struct frame_parser *parser, struct span in,
    const struct sink *sink, size_t *ret_taken, struct err *err)
{
	size_t size = FRAME_HEAD_SIZE, take;
	int r = 0;

	if (parser->len >= FRAME_HEAD_SIZE)
		r = frame_size(span_of(parser->data, parser->len), &size, err);
	if (r < 0)
		return r;
	take = size - parser->len < in.len ? size - parser->len : in.len;
	keep(parser, span_of(in.data, take), size);
	*ret_taken = take;
	if (parser->len == FRAME_HEAD_SIZE)
		r = frame_size(span_of(parser->data, parser->len), &size, err);
	if (r < 0 || parser->len < size)
		return r;
	r = deliver(span_of(parser->data, size), sink, err);
	parser->len = 0;
	if (parser->secret || parser->cap > KEEP_MAX)
		frame_parser_done(parser);
	return r;
}

/* Delivers the first frame where it lies, or keeps what there is of it. */
static int
feed_fresh(struct frame_parser *parser, struct span in,
    const struct sink *sink, size_t *ret_taken, struct err *err)
{
	size_t size = FRAME_HEAD_SIZE;
	int r;

	if (in.len >= FRAME_HEAD_SIZE) {
		r = frame_size(in, &size, err);
		if (r < 0)
			return r;
	}
	if (in.len < size) {
		keep(parser, in, size);
		*ret_taken = in.len;
		return 0;
	}
	*ret_taken = size;
	return deliver(span_of(in.data, size), sink, err);
}

int
frame_feed(struct frame_parser *parser, struct span in,
    int (*handler)(void *ctx, const struct frame *frame, struct err *err),
    void *ctx, struct err *err)
{
	struct sink sink = { handler, ctx };

	while (in.len > 0) {
		size_t taken = 0;
		int r;

		r = parser->len > 0 ?
		    feed_kept(parser, in, &sink, &taken, err) :
		    feed_fresh(parser, in, &sink, &taken, err);
		if (r < 0)
			return r;
		in = span_from(in, taken);
	}
	return 0;
}
