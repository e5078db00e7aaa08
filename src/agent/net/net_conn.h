/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_NET_NET_CONN_H
#define SIGNET_AGENT_NET_NET_CONN_H

/*
 * net_conn: one connection to one address, a bufferevent of libevent: perhaps
 * through a proxy, and with a CA that proves its name.
 */

#include <event2/bufferevent.h>
#include <openssl/ssl.h>

#include "agent/net/net_tunnel.h"
#include "base/list.h"
#include "base/loop.h"

enum net_conn_end {
	NET_CONN_OPEN,
	NET_CONN_CLOSED, /* by the other side, as it should */
	NET_CONN_BROKEN
};

struct net_conn {
	struct list_node of_http;
	struct net_origin origin;
	struct bufferevent *bev;
	SSL *ssl;                  /* NULL without TLS; bev's */
	struct net_tunnel *tunnel; /* NULL: TLS goes straight to the socket */
	struct event *later;       /* says that dialling failed at once */
	bool proxied;
	bool ready;                /* the next byte is HTTP's */
	bool used;                 /* has had an answer */
	enum net_conn_end end;
	int error;                 /* errno at its end, or 0 */
	void (*cb)(void *arg);     /* NULL: nobody asks */
	void *arg;
};

struct net_conn_setup {
	struct loop *loop;
	SSL_CTX *tls;
	const struct net_origin *origin;
	const struct net_proxy *proxy; /* NULL: none; must stay */
	const char *address;           /* of the host that is dialled */
};

struct net_conn *net_conn_new(const struct net_conn_setup *setup);
void net_conn_free(struct net_conn *conn);

/* cb is called whenever bytes have come, and at the end, never before this
 * returns; NULL: nobody is. What comes then ends the connection. */
void net_conn_ask(struct net_conn *conn, void (*cb)(void *arg), void *arg);

/* The socket is connected, or was. */
bool net_conn_dialled(const struct net_conn *conn);

/* Why it ended: ERR_TLS where the other side does not prove who it is, else
 * ERR_CONNECTION. */
void net_conn_why(const struct net_conn *conn, struct err *err);

#endif
