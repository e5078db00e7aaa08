/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_LISTENER_TLS_ANSWER_H
#define SIGNET_AGENT_LISTENER_TLS_ANSWER_H

/*
 * tls_answer: the certificates that answer tls-alpn-01 (RFC 8737 3): self-
 * signed by a key that lives in this process only, with the name and the
 * acmeIdentifier extension. Addresses are asked for by their reverse names
 * (RFC 8738 6).
 */

#include <openssl/ssl.h>

#include "agent/rpc/judge_listener.h"
#include "base/env.h"

#define TLS_ANSWER_LIFE_S 604800  /* of a certificate */
#define TLS_ANSWER_NAME_SIZE 256  /* bytes, with the final NUL */

struct tls_answer;

/* Makes the key, and lets OpenSSL read its files: before the sandbox. */
int tls_answer_new(const struct env *env, struct tls_answer **ret,
    struct err *err);
void tls_answer_free(struct tls_answer *tls);

int tls_answer_set(struct tls_answer *tls, const struct ident *ident,
    const uint8_t digest[CLIENT_TLS_ALPN_SIZE], struct err *err);
void tls_answer_drop(struct tls_answer *tls, const struct ident *ident);

/* For a connection that asks for this name, in lower case; the caller's. NULL
 * if nothing is set for it. */
SSL *tls_answer_ssl(const struct tls_answer *tls, const char *name);

#endif
