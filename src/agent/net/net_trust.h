/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_NET_NET_TRUST_H
#define SIGNET_AGENT_NET_NET_TRUST_H

/*
 * net_trust: whom net trusts for TLS: the certificates of a PEM text in
 * memory. They are decoded when the first handshake asks for an issuer, but
 * only the issuer is parsed: of the hundreds in a system's bundle a run needs
 * one, and libcurl would parse all of them for each CA.
 */

#include <openssl/ssl.h>

#include "base/bld.h"
#include "base/err.h"
#include "base/mem.h"

#define NET_TRUST_SYSTEM_MAX (4 * 1024 * 1024) /* bytes */
#define NET_TRUST_MAX 2048 /* certificates; those behind are not trusted */

struct net_trust { /* zeroed is valid: nobody is trusted */
	struct span pem;      /* must stay */
	bool decoded;
	struct arena arena;
	size_t count;
	struct net_trust_root *roots;
};

void net_trust_init(struct net_trust *trust, struct span pem);
void net_trust_done(struct net_trust *trust);

/* Reads the system's bundle: $SSL_CERT_FILE, or where distributions keep it.
 * None at all is no error: then only CAs that come with their own are
 * trusted. */
void net_trust_read_system(struct bld *out);

/* Makes the context trust what is in trust, which must stay as long as it. */
int net_trust_use(SSL_CTX *ssl, struct net_trust *trust);

#endif
