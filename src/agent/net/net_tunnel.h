/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_NET_NET_TUNNEL_H
#define SIGNET_AGENT_NET_NET_TUNNEL_H

/*
 * net_tunnel: between TLS and a proxy's socket: asks the proxy for a connection
 * to the CA (CONNECT of RFC 9110 9.3.6, or SOCKS 5 of RFC 1928) before the first
 * byte of TLS passes. A BIO of OpenSSL, so that whoever drives TLS need not know
 * of it: what TLS writes before the proxy has answered is held.
 */

#include <openssl/ssl.h>

#include "agent/net/net_proxy.h"
#include "base/bld.h"

#define NET_TUNNEL_HEAD_MAX 8192  /* bytes of a proxy's answer */
#define NET_TUNNEL_HELD_MAX 16384 /* bytes that TLS says first */

enum net_tunnel_state {
	NET_TUNNEL_NEW, /* nothing is said */
	NET_TUNNEL_CONNECT,
	NET_TUNNEL_METHOD,
	NET_TUNNEL_USER,
	NET_TUNNEL_REPLY,
	NET_TUNNEL_OPEN
};

struct net_tunnel {
	const struct net_proxy *proxy;
	const struct net_origin *to;
	enum net_tunnel_state state;
	struct bld held;
	size_t len;
	uint8_t in[NET_TUNNEL_HEAD_MAX];
	char why[128]; /* it failed; else empty */
};

/* proxy and to must stay as long as it. */
void net_tunnel_init(struct net_tunnel *tunnel, const struct net_proxy *proxy,
    const struct net_origin *to);
void net_tunnel_done(struct net_tunnel *tunnel);

/* Puts it between ssl and its socket, once; before the handshake. */
void net_tunnel_insert(struct net_tunnel *tunnel, SSL *ssl);

/* RFC 7617: what follows "Proxy-Authorization: ", in arena. */
const char *net_tunnel_basic(const struct net_proxy *proxy,
    struct arena *arena);

#endif
