/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_FRAME_H
#define SIGNET_BASE_FRAME_H

/*
 * frame: the form of messages on a link (base/link.h): u32 length of the
 * payload, u16 type, u64 id, payload; integers big-endian. The parser takes
 * the stream in pieces of any size and keeps only an unfinished frame.
 */

#include "base/err.h"
#include "base/span.h"

#define FRAME_HEAD_SIZE 14                 /* bytes */
#define FRAME_PAYLOAD_MAX (1024 * 1024)    /* bytes */

struct frame {
	uint16_t type;
	uint64_t id;
	struct span payload; /* lives until the handler returns */
};

struct frame_parser {
	uint8_t *data; /* the unfinished frame */
	size_t len;
	size_t cap;
	bool secret; /* wiped wherever it was */
};

/* A zeroed parser is valid. */
void frame_parser_done(struct frame_parser *parser);

/* Gives handler every frame that is complete with in. A handler's error ends
 * the parsing and is handed on; a frame that is too long is -ERR_FRAME. After
 * an error the parser is of no more use. */
int frame_feed(struct frame_parser *parser, struct span in,
    int (*handler)(void *ctx, const struct frame *frame, struct err *err),
    void *ctx, struct err *err);

/* The head before a payload of that length. */
void frame_head(uint8_t out[FRAME_HEAD_SIZE], size_t payload_len,
    uint16_t type, uint64_t id);

#endif
