/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_NET_NET_PROXY_H
#define SIGNET_AGENT_NET_NET_PROXY_H

/*
 * net_proxy: where a request goes: the host of its URL, and a proxy before it,
 * in the forms that other programs take from the environment: https_proxy and
 * no_proxy. URLs are parsed by libevent.
 */

#include "base/err.h"
#include "base/mem.h"

#define NET_HOST_MAX 255       /* bytes */
#define NET_PROXY_SECRET_MAX 255 /* bytes of a user's name or a password:
                                  RFC 1929 2 */

/* Whom TLS and HTTP speak with. */
struct net_origin {
	bool tls;
	char host[NET_HOST_MAX + 1]; /* IPv6 without brackets */
	uint16_t port;
};

/* A URL of http or https. The path with the query, "/" at least, goes to
 * *ret_target, in arena. -ERR_MALFORMED for all else. */
int net_origin_parse(struct span url, struct arena *arena,
    struct net_origin *ret, const char **ret_target);
bool net_origin_equal(const struct net_origin *a, const struct net_origin *b);

/* "host:port", IPv6 in brackets; without the port if it is the scheme's own and
 * always is false. In arena. */
const char *net_origin_text(const struct net_origin *origin, bool always,
    struct arena *arena);

struct net_proxy {
	bool socks; /* SOCKS 5, else HTTP */
	char host[NET_HOST_MAX + 1];
	uint16_t port;
	char user[NET_PROXY_SECRET_MAX + 1]; /* empty: none */
	char password[NET_PROXY_SECRET_MAX + 1];
};

/* "http://USER:PASSWORD@HOST:PORT", "socks5://..." or "socks5h://...", which
 * are one here: names are the proxy's to look up. Without a scheme it is http,
 * without a port 1080. -ERR_CONFIG for other kinds. */
int net_proxy_parse(struct span url, struct net_proxy *ret, struct err *err);

/* Whether no_proxy's list has the host: names (and all below them), addresses,
 * address/prefix, or "*". */
bool net_proxy_skips(struct span list, const char *host);

#endif
