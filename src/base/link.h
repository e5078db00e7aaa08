/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_LINK_H
#define SIGNET_BASE_LINK_H

/*
 * link: framed messages between two of our processes over a socketpair.
 *
 * A frame is u32 length of the payload, u16 type, u64 id, payload. Types and
 * payloads are those of the conversation's header in src/rpc; the id pairs an
 * answer with its question and is chosen by the asker. Frames are gathered
 * and sent at the end of the loop's turn.
 *
 * A frame that is longer than LINK_PAYLOAD_MAX, or whose handler returns an
 * error (a payload that is not of its form, a type the receiver does not
 * take), closes the link: a sibling that talks nonsense is not one.
 */

#include "base/err.h"
#include "base/frame.h"
#include "base/loop.h"
#include "base/span.h"

#define LINK_PAYLOAD_MAX FRAME_PAYLOAD_MAX      /* bytes */
#define LINK_BACKLOG_MAX (64 * 1024 * 1024)     /* bytes queued; a peer that
                                                   lags so far is given up */

struct link_ops {
	/* One frame. payload lives until it returns. An error (negative)
	 * closes the link. */
	int (*frame)(void *ctx, uint16_t type, uint64_t id,
	    struct span payload, struct err *err);
	/* The peer is gone or the link was closed for err (kind ERR_NONE for
	 * a plain end). The link is freed when it returns. */
	void (*closed)(void *ctx, const struct err *err);
};

struct link;

/* Takes over fd, a connected stream socket, which is never waited for whether
 * it is non-blocking or not. ops stays the caller's. */
struct link *link_new(struct loop *loop, int fd, const struct link_ops *ops,
    void *ctx);

/* Secrets pass here: what was sent or delivered is wiped from all memory of
 * the link, and of the loop, as soon as it is. */
void link_wipes(struct link *link);

/* Closes without calling closed; frames not yet sent are sent if the socket
 * takes them at once. NULL is fine. */
void link_free(struct link *link);

/* Queues one frame. payload is copied. Longer than LINK_PAYLOAD_MAX is a bug
 * of the sender and aborts. */
void link_send(struct link *link, uint16_t type, uint64_t id,
    struct span payload);

/* Bytes queued and not yet taken by the socket: for back-pressure. */
size_t link_backlog(const struct link *link);

#endif
