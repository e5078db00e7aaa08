/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_chunked.h"

#define CHUNK_MAX ((size_t)1 << 40) /* bytes of one chunk */

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A byte of a chunk's size line behind its first digit. */
static int
step_size(struct http_chunked *state, uint8_t c)
{
	int digit = hex_value(c);

	if (digit >= 0) {
		state->left = state->left << 4 | (size_t)digit;
		state->state = CHUNKED_DIGITS;
		return state->left > CHUNK_MAX ? -1 : 0;
	}
	if (state->state == CHUNKED_SIZE)
		return -1;
	if (c == '\r')
		state->state = CHUNKED_SIZE_LF;
	else if (c == ';' || c == ' ' || c == '\t')
		state->state = CHUNKED_EXTENSION;
	else
		return -1;
	return 0;
}

/* Text that is dropped: ends in CR, and LF stands only behind one. */
static int
step_text(struct http_chunked *state, uint8_t c)
{
	if (c == '\n')
		return -1;
	if (c == '\r')
		state->state = state->state == CHUNKED_EXTENSION ?
		    CHUNKED_SIZE_LF : CHUNKED_FIELD_LF;
	return 0;
}

static int
expect(struct http_chunked *state, uint8_t c, uint8_t want, int next)
{
	state->state = next;
	return c == want ? 0 : -1;
}

/* One byte that is not body. 1 when it is the last one of all. */
static int
step(struct http_chunked *state, uint8_t c)
{
	switch (state->state) {
	case CHUNKED_SIZE:
	case CHUNKED_DIGITS:
		return step_size(state, c);
	case CHUNKED_EXTENSION:
	case CHUNKED_FIELD:
		return step_text(state, c);
	case CHUNKED_SIZE_LF:
		return expect(state, c, '\n', state->left > 0 ?
		    CHUNKED_DATA : CHUNKED_TRAILER);
	case CHUNKED_DATA_CR:
		return expect(state, c, '\r', CHUNKED_DATA_LF);
	case CHUNKED_DATA_LF:
		return expect(state, c, '\n', CHUNKED_SIZE);
	case CHUNKED_TRAILER:
		state->state = c == '\r' ? CHUNKED_END_LF : CHUNKED_FIELD;
		return c == '\n' ? -1 : 0;
	case CHUNKED_FIELD_LF:
		return expect(state, c, '\n', CHUNKED_TRAILER);
	case CHUNKED_END_LF:
		return c == '\n' ? 1 : -1;
	case CHUNKED_DATA:
	default:
		return -1;
	}
}

int
http_chunked_decode(struct http_chunked *state, uint8_t *data, size_t *at,
    size_t *len)
{
	size_t from = *at;
	int r = 0;

	while (r == 0 && from < *len) {
		if (state->state == CHUNKED_DATA) {
			size_t n = *len - from;

			if (n > state->left)
				n = state->left;
			memmove(data + *at, data + from, n);
			*at += n;
			from += n;
			state->left -= n;
			if (state->left == 0)
				state->state = CHUNKED_DATA_CR;
		} else {
			r = step(state, data[from++]);
			if (++state->extra > HTTP_CHUNKED_EXTRA)
				r = -1;
		}
	}
	memmove(data + *at, data + from, *len - from);
	*len -= from - *at;
	return r;
}
