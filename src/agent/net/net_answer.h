/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_NET_NET_ANSWER_H
#define SIGNET_AGENT_NET_NET_ANSWER_H

/*
 * net_answer: reads one answer of HTTP/1.1 or 1.0 (RFC 9112) from all bytes that
 * have come so far. Pure: whoever has more bytes asks again from the first.
 *
 * Stricter than RFC 9112 wants of clients: no folded lines, no NUL or CR in
 * values, no blanks before a colon, no coding but chunked, no two
 * lengths that differ. Where an answer has both a length and chunks, it is read
 * by its chunks (6.3) and its connection not used again.
 */

#include "client/client_types.h"

#define NET_ANSWER_HEAD_MAX 65536 /* bytes of all heads, 1xx included, and of
                                     trailers */
#define NET_ANSWER_CHUNK_MAX 256  /* bytes of the line before a chunk */

struct net_answer {
	struct client_response response; /* spans in the bytes; a body of
	                                    chunks is in the arena */
	size_t len;                      /* of all of it */
	bool keep;                       /* the connection is good for more */
};

/* ended: no more bytes will come. head: it answers HEAD. 1 if it is whole, 0 if
 * bytes are missing; -ERR_TOO_LARGE if it has, or will have, more than
 * NET_ANSWER_HEAD_MAX or a body of more than body_max; -ERR_MALFORMED. */
int net_answer_parse(struct span bytes, bool ended, bool head, size_t body_max,
    struct arena *arena, struct net_answer *ret);

#endif
