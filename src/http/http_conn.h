/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_HTTP_HTTP_CONN_H
#define SIGNET_HTTP_HTTP_CONN_H

/*
 * http_conn: what an http_server counts and times of each of its connections,
 * beside what evhttp does with them. Only http_server.c and http_conn.c
 * include this.
 *
 * A connection's record hangs on its SSL object and goes with it: that is the
 * one thing of ours that evhttp frees in every case, also before a first
 * request.
 */

#include <event2/bufferevent.h>
#include <event2/event_struct.h>
#include <event2/http.h>
#include <sys/queue.h>

#include "base/bld.h"
#include "http/http_server.h"

#define HTTP_CONN_RETRY_MS 1000 /* until we accept again, after a failure */
#define HTTP_CONN_SWEEP_MS 1000 /* between looks at the time limits */
#define HTTP_CONN_LATE 10       /* of a phase's time: when places are short,
                                   who has taken this part gives way */
#define HTTP_CONN_MAX 16384     /* connections of one server, at most */

struct http_conn {
	TAILQ_ENTRY(http_conn) of_server;
	struct http_server *server;      /* NULL when it is freed before */
	SSL *ssl;
	struct bufferevent *bev;         /* evhttp's */
	struct evhttp_request *request;  /* to be answered, or NULL */
	uint64_t exchange;               /* its number; 0 when answered */
	int64_t since_ms;                /* accepted, asked or last answered */
	int64_t first_byte_ms;           /* of the request under way, or 0 */
	size_t received;                 /* bytes of the request under way */
	size_t held;                     /* of the one that is to be answered */
	struct event pause;              /* see http_conn_pause_over */
	struct loop_flush again;         /* looks at what OpenSSL holds */
	struct loop_flush whole;         /* handles the request */
	uint32_t slot;                   /* in server->slots */
	bool cut;
	bool refused;                    /* closes behind its answer */
	bool watched;                    /* evhttp tells us when it closes */
};

TAILQ_HEAD(http_conns, http_conn);

struct http_server {
	struct loop *loop;
	struct env env;
	const struct http_server_ops *ops;
	void *ctx;
	struct http_server_limits limits;
	SSL_CTX *tls;
	struct evhttp *evhttp;
	struct evhttp_bound_socket *listeners[HTTP_SERVER_LISTEN_MAX];
	size_t num_listeners;
	struct http_conns conns;
	struct http_conn **slots;        /* HTTP_CONN_MAX, NULL where free */
	size_t count;
	size_t received;                 /* of all requests, and held */
	uint64_t exchanges;              /* counted up for each request */
	struct env_timer *retry;         /* runs until we accept again */
	int64_t reported_at;             /* that we cannot accept, or 0 */
	struct http_server *next;        /* of this process */
	struct env_timer *sweep;         /* runs while there are connections */
	struct bld head;                 /* header fields of an answer */
	int64_t date_at;                 /* second that date says */
	char date[40];
	bool accepting;
	bool stopping;
	void (*done)(void *ctx);
	void *done_ctx;
};

/* Makes the bufferevent of a connection that evhttp is about to take, and its
 * record. NULL when TLS or a slot cannot be had: evhttp then goes on without
 * TLS, and http_conn_of gives NULL for its connection. */
struct bufferevent *http_conn_new(struct http_server *server);

/* The record of an evhttp connection, NULL if it has none. */
struct http_conn *http_conn_of(struct evhttp_connection *evcon);

/* A request is whole: its bytes are held until it is answered, or its client is
 * gone, for so long the logic has a copy of them. */
void http_conn_received(struct http_conn *conn);
void http_conn_answered(struct http_conn *conn);

/* Reads on in the next turn if OpenSSL holds bytes: it reads ahead, and for
 * those the kernel will not wake anybody. */
void http_conn_read_on(struct http_conn *conn);

/* evhttp stops reading when it has a request, and we begin again at once. That
 * is nothing new to the kernel, but libevent tells it all the same unless
 * another event waits for the socket meanwhile. One does since the request's
 * first byte; this ends it. */
void http_conn_pause_over(struct http_conn *conn);

/* Whether its client waits for nothing: neither a request of it nor an answer
 * is under way. */
bool http_conn_is_idle(const struct http_conn *conn);

/* Cuts the client off; the record goes when evhttp notices. */
void http_conn_cut(struct http_conn *conn);

/* Has failures of a listener handled; the server must have its evhttp. */
void http_conn_listener(struct http_server *server,
    struct evhttp_bound_socket *bound);

/* No listener's failure finds the server any more. */
void http_conn_forget(struct http_server *server);

/* Takes new connections, or leaves them to wait in the kernel. */
void http_conn_accepting(struct http_server *server, bool on);

#endif
