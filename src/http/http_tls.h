/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_HTTP_HTTP_TLS_H
#define SIGNET_HTTP_HTTP_TLS_H

/*
 * http_tls: the TLS settings of our HTTPS servers: TLS 1.2 with ephemeral
 * keys and AEAD only, or TLS 1.3; X25519, P-256 or P-384; "http/1.1" by ALPN.
 */

#include <openssl/ssl.h>

#include "base/err.h"
#include "base/span.h"

#define HTTP_TLS_PEM_MAX 65536 /* bytes of a certificate or key file: for who
                                  reads it */

/* chain is PEM, leaf first; key is PEM without passphrase and must be the
 * leaf's. The caller frees with SSL_CTX_free. -ERR_CONFIG. */
int http_tls_new(struct span chain, struct span key, SSL_CTX **ret,
    struct err *err);

#endif
