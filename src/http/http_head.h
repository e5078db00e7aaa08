/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_HTTP_HTTP_HEAD_H
#define SIGNET_HTTP_HTTP_HEAD_H

/*
 * http_head: the head of an HTTP/1.1 request (RFC 9112), parsed in place and
 * at once when all of it is there. Only the strict form is taken: whatever
 * two parsers could read differently is refused (bare LF, white space before
 * a colon, folded lines, two lengths, unknown transfer codings), so that
 * nothing between client and server can disagree about where a request ends.
 */

#include "http/http_message.h"

#define HTTP_HEAD_MAX 16384  /* bytes from the request line to the empty one */
#define HTTP_HEAD_FIELDS 100 /* header fields */
#define HTTP_HOST_MAX 261    /* bytes: a DNS name, brackets, colon, port */

struct http_head {
	struct http_request request; /* without body and peer */
	size_t size;                 /* bytes of the head itself */
	bool chunked;                /* the body is: RFC 9112 7.1 */
	size_t content_length;       /* otherwise */
	bool keep_alive;             /* the client does not ask to close */
	bool expect_continue;        /* RFC 9110 10.1.1 */
};

/* How far a head was looked through before, so that one that comes byte by
 * byte costs no more than one that comes at once. Zero at first. */
struct http_head_scan {
	size_t seen;
};

/* 1: *ret is filled and borrows from in. 0: more bytes are needed. Otherwise
 * the HTTP status to refuse with, negative, and *why says what is wrong. */
int http_head_parse(struct span in, struct http_head_scan *scan,
    struct http_head *ret, const char **why);

#endif
