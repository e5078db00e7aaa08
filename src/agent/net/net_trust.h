/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_NET_NET_TRUST_H
#define SIGNET_AGENT_NET_NET_TRUST_H

/*
 * net_trust: whom net trusts for TLS: the certificates of a PEM text in
 * memory, looked through for the one issuer that a handshake asks for. The
 * system's bundle is read before the sandbox and never parsed as a whole: of
 * its hundreds of certificates a run needs one.
 */

#include <openssl/ssl.h>

#include "base/bld.h"
#include "base/err.h"

#define NET_TRUST_SYSTEM_MAX (4 * 1024 * 1024) /* bytes */

/* Reads the system's bundle: $SSL_CERT_FILE, or where distributions keep it.
 * None at all is no error: then only CAs that come with their own are
 * trusted. */
void net_trust_read_system(struct bld *out);

/* Makes the context trust what is in pem, which must stay as long as it. */
int net_trust_use(SSL_CTX *ssl, const struct span *pem);

#endif
