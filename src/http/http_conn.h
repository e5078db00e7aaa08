/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_HTTP_HTTP_CONN_H
#define SIGNET_HTTP_HTTP_CONN_H

/*
 * http_conn: one connection of an http_server, and what connections share.
 * Only http_server.c and http_conn.c include this.
 *
 * A connection is always in one phase, each with its own time limit:
 *
 *   HANDSHAKE -> IDLE -> REQUEST -> ANSWER -> SEND -> IDLE
 *                                              \-> DISCARD -> freed
 *
 * SEND is skipped when the socket takes the answer at once. DISCARD reads and
 * drops what the client still sends behind a refusal, as closing at once would
 * reset the connection and lose the answer.
 */

#include <arpa/inet.h>
#include <event2/event_struct.h>
#include <sys/queue.h>

#include "base/bld.h"
#include "http/http_chunked.h"
#include "http/http_head.h"
#include "http/http_server.h"

#define HTTP_CONN_BUFFER 16384     /* bytes: a TLS record's most */
#define HTTP_CONN_DISCARD (8U << 20) /* bytes dropped behind a refusal */
#define HTTP_CONN_SLOTS_MAX (1U << 20)

enum http_phase {
	PHASE_HANDSHAKE, PHASE_IDLE, PHASE_REQUEST, PHASE_ANSWER, PHASE_SEND,
	PHASE_DISCARD, PHASE_COUNT
};

struct http_buffer {
	uint8_t *data;
	size_t len;
	size_t cap;
};

struct http_conn {
	TAILQ_ENTRY(http_conn) of_server;
	TAILQ_ENTRY(http_conn) of_idle;
	struct http_server *server;
	SSL *ssl;
	int fd;
	enum http_phase phase;
	uint32_t slot;
	uint64_t exchange;      /* 0 when none is open */
	struct event readable;
	struct event writable;
	struct event timer;
	struct http_buffer in;
	struct http_head_scan scan;
	struct http_head head;  /* valid when has_head */
	struct http_chunked chunked;
	size_t body_end;        /* offset in in: of the decoded body's end */
	struct http_buffer out; /* what the socket did not take yet */
	size_t out_at;
	size_t discarded;
	bool has_head;
	bool head_method;       /* the answer has no body */
	bool close;             /* behind the answer */
	bool linger;            /* the client may still be sending */
	bool may_read;          /* the socket or TLS may hold bytes */
	bool running;           /* http_conn_run is on the stack */
	bool dead;
	char peer[INET6_ADDRSTRLEN];
};

struct http_listener {
	int fd;
	struct event readable;
	struct http_server *server;
};

struct http_slot {
	struct http_conn *conn;
	uint32_t next_free;
};

TAILQ_HEAD(http_conn_list, http_conn);

struct http_server {
	struct loop *loop;
	SSL_CTX *tls;
	struct http_server_limits limits;
	const struct timeval *timeouts[PHASE_COUNT];
	const struct http_server_ops *ops;
	void *ctx;
	struct http_listener listeners[HTTP_SERVER_LISTEN_MAX];
	size_t num_listeners;
	bool accepting;
	struct event *pause;        /* runs while descriptors are short */
	struct http_conn_list all;
	struct http_conn_list idle; /* idle longest first */
	size_t count;
	struct http_slot *slots;
	uint32_t num_slots;
	uint32_t free_slot;
	uint64_t generation;
	size_t buffered;            /* bytes of all in and out buffers */
	struct http_buffer spare;   /* for the next connection that reads */
	struct bld scratch;         /* the answer being built */
	int64_t date_s;
	char date[40];
	bool stopping;
	void (*done)(void *ctx);
	void *done_ctx;
};

/* Takes over fd. */
void http_conn_start(struct http_server *server, int fd,
    const struct sockaddr *peer);
/* Cuts it, at once or, if it is running, when that ends. */
void http_conn_close(struct http_conn *conn);
/* Sends what server->scratch holds as the answer, and goes on. */
void http_conn_answer(struct http_conn *conn);

/* http_server.c: bookkeeping of connections. */
void http_server_enter(struct http_server *server, struct http_conn *conn);
void http_server_leave(struct http_server *server, struct http_conn *conn);

#endif
