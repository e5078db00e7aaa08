/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_HTTP_HTTP_SERVER_H
#define SIGNET_HTTP_HTTP_SERVER_H

/*
 * http_server: HTTP/1.1 over TLS 1.2 and 1.3 on our loop.
 *
 * Each request is handed over whole, at the end of the turn that read it, with
 * an exchange number, and answered by that number, in the call or any time
 * later. An exchange whose client went away is dead: answering it does nothing.
 *
 * Behind it are evhttp and bufferevent_openssl: HTTP is not ours to parse
 * (docs/decisions/0003). What a client may cost is bounded here: bytes of a
 * head and of a body, bytes of all requests from their first to their answer,
 * connections, and the time of each phase, counted from its start and not from
 * the last byte. When memory is short, the request that holds most of it goes.
 * When connections_max is reached, new ones wait in the kernel, and one goes
 * to make room: that was idle longest, or has taken more than a tenth of its
 * phase's time.
 *
 * A body over body_max is refused through ops->refused, so that the logic
 * says it in its own words. What evhttp itself cannot parse, and bodies over
 * 8 MiB, it answers with a short page of its own.
 *
 * Life: http_server_new, http_server_listen, then http_server_stop and, when
 * that is done, http_server_free.
 */

#include <openssl/ssl.h>

#include "base/loop.h"
#include "http/http_message.h"

#define HTTP_SERVER_LISTEN_MAX 16   /* listening sockets */
#define HTTP_SERVER_REPORT_MS 60000 /* between two reports of one thing */

struct http_server_limits {
	size_t body_max;         /* bytes of one body */
	size_t buffers_max;      /* bytes of all requests that come or wait
	                            for their answer */
	size_t connections_max;
	int64_t handshake_ms;    /* TLS handshake */
	int64_t request_ms;      /* from a request's first byte to its last */
	int64_t idle_ms;         /* between requests */
	int64_t answer_ms;       /* the logic's time to answer */
	int64_t send_ms;         /* the client's time to take the answer */
	int64_t stop_ms;         /* for the rest of a request, at the end */
};

#define HTTP_SERVER_STOP_MS 500 /* stop_ms, unless it is set */

/* body_max of 128 KiB, buffers_max of 32 MiB, 1024 connections, and times
 * that suit clients on slow lines. */
void http_server_limits_init(struct http_server_limits *limits);

struct http_server_ops {
	/* One request. Answer with http_server_respond. */
	void (*request)(void *ctx, const struct http_request *request,
	    uint64_t exchange);
	/* The server refuses a request with this status: answer it at once or
	 * later. The connection closes behind the answer. */
	void (*refused)(void *ctx, int status, const char *why,
	    uint64_t exchange);
	/* The client of an exchange not yet answered is gone. May be NULL. */
	void (*gone)(void *ctx, uint64_t exchange);
	/* New clients cannot be accepted (errno: too many descriptors), and
	 * wait; said at most once in HTTP_SERVER_REPORT_MS. May be NULL. */
	void (*exhausted)(void *ctx, int error);
};

struct http_server;

/* tls gets another reference. ops and ctx stay the caller's. */
struct http_server *http_server_new(struct loop *loop, SSL_CTX *tls,
    const struct http_server_limits *limits, const struct http_server_ops *ops,
    void *ctx);

/* NULL is fine. Connections are cut. */
void http_server_free(struct http_server *server);

/* Takes over fd, a listening stream socket. */
int http_server_listen(struct http_server *server, int fd, struct err *err);

/* For connections from now on; older ones go on with what they have. */
void http_server_set_tls(struct http_server *server, SSL_CTX *tls);
void http_server_set_limits(struct http_server *server,
    const struct http_server_limits *limits);

/* Answers an exchange. False when it was answered before or is dead. */
bool http_server_respond(struct http_server *server, uint64_t exchange,
    const struct http_response *response);

/* Accepts no more, closes idle connections, lets requests that have begun
 * end, if they do so soon (stop_ms), and answers leave, closing behind each,
 * and then calls done once. */
void http_server_stop(struct http_server *server, void (*done)(void *ctx),
    void *ctx);

#endif
