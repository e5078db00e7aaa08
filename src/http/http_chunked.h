/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_HTTP_HTTP_CHUNKED_H
#define SIGNET_HTTP_HTTP_CHUNKED_H

/*
 * http_chunked: takes the chunked transfer coding (RFC 9112 section 7.1) off
 * a body, in place and as it comes. Chunk extensions and trailer fields are
 * dropped; together with the chunk sizes they may take HTTP_CHUNKED_EXTRA.
 */

#include "base/span.h"

#define HTTP_CHUNKED_EXTRA 16384 /* bytes beside the body itself */

struct http_chunked {
	enum {
		CHUNKED_SIZE,      /* at the first digit of a size */
		CHUNKED_DIGITS,    /* behind the first */
		CHUNKED_EXTENSION, /* behind the size, up to CR */
		CHUNKED_SIZE_LF,
		CHUNKED_DATA,
		CHUNKED_DATA_CR,
		CHUNKED_DATA_LF,
		CHUNKED_TRAILER,   /* at the start of a trailer line */
		CHUNKED_FIELD,     /* in one, up to CR */
		CHUNKED_FIELD_LF,
		CHUNKED_END_LF
	} state;
	size_t left;  /* bytes of this chunk to come */
	size_t extra; /* bytes that were not body so far */
};

/* Decodes the bytes at data[*at..*len): body bytes move down to data[*at], at
 * moves behind them, and *len becomes what is left: body so far, then bytes
 * behind the body's end. 1: the body ended, at *at. 0: it goes on, and *len
 * is *at. -1: it is not chunked, or has too much beside the body.
 * Before the first call *state is zeroed. */
int http_chunked_decode(struct http_chunked *state, uint8_t *data, size_t *at,
    size_t *len);

#endif
