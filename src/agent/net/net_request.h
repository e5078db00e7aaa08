/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_NET_NET_REQUEST_H
#define SIGNET_AGENT_NET_NET_REQUEST_H

/*
 * net_request: one request on one connection: what the client asks, in HTTP/1.1,
 * and what comes, within bounds, as the client wants it.
 */

#include "agent/net/net_conn.h"
#include "client/client_types.h"

#define NET_REQUEST_OVERHEAD 8 /* bytes that come for one of a body in chunks,
                                  at most */

/* What is asked. */
struct net_question {
	enum client_http_method method;
	struct net_origin origin;
	const char *target;       /* path and query */
	const char *url;
	const char *accept;
	const char *content_type;
	struct span body;
	size_t body_max;
};

struct net_request {
	struct client_response response; /* err: why there is none */
	struct arena arena;              /* of response */
	struct net_conn *conn;           /* NULL: nothing is asked */
	const struct net_question *question;
	bool reused;                     /* conn had answered another before */
	bool begun;                      /* bytes of an answer came */
	bool keep;                       /* conn is good for another */
	void (*done)(void *arg);
	void *arg;
};

/* Copies what is borrowed into arena. -ERR_MALFORMED for a URL that is none. */
int net_question_make(const struct client_request *from, struct arena *arena,
    struct net_question *ret);

/* A zeroed *ret takes it up: question, which must stay, goes to conn, which has
 * none. proxy is that of a request without TLS, whom all of the URL is told;
 * else NULL. done is called once, never before this returns, unless conn goes
 * before. */
void net_request_send(struct net_request *ret,
    const struct net_question *question, struct net_conn *conn,
    const struct net_proxy *proxy, void (*done)(void *arg), void *arg);
/* Leaves it zeroed. Its connection stays. */
void net_request_done(struct net_request *request);

#endif
