/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_NET_NET_HTTP_H
#define SIGNET_AGENT_NET_NET_HTTP_H

/*
 * net_http: requests to one CA, over connections that are kept for the run.
 * TLS is always verified; no redirect is followed, no cookie kept, no
 * compression asked for. Libcurl does HTTP; names are net_names', trust is
 * net_trust's.
 *
 * A struct net_http holds what needs system calls that the sandbox forbids, so
 * all are made before it.
 */

#include "agent/net/net_names.h"
#include "agent/net/net_trust.h"
#include "base/loop.h"
#include "client/client_types.h"

#define NET_HTTP_CONNECT_MS 20000  /* to connect, with TLS */
#define NET_HTTP_REQUEST_MS 90000  /* for a request, all in all: some CAs
                                      hold finalize until they have issued */
#define NET_HTTP_HEADERS_MAX 65536 /* bytes of all headers of an answer */
#define NET_HTTP_CONNECTIONS_MAX 4 /* at a time */

struct net_http_setup {
	struct net_trust *trust; /* outlives it */
	struct span proxy;      /* URL of a proxy; empty: none; copied */
	struct span direct;     /* hosts that are reached without it, as curl's
	                           NOPROXY takes them; copied */
};

struct net_http;

struct net_http *net_http_new(struct loop *loop, struct net_names *names);
void net_http_free(struct net_http *http);

/* Before the first request. */
void net_http_setup(struct net_http *http, const struct net_http_setup *setup);

/* cb is called once, never before this returns, unless it is cancelled. */
void net_http_start(struct net_http *http, uint64_t id,
    const struct client_request *from,
    void (*cb)(void *arg, uint64_t id, const struct client_response *response),
    void *arg);
void net_http_cancel(struct net_http *http, uint64_t id);

#endif
