/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_ACCOUNT_JWK_PRIVATE_H
#define SIGNET_AGENT_ACCOUNT_JWK_PRIVATE_H

/*
 * jwk_private: an account key that another program keeps as a JSON Web Key
 * with its private members (RFC 7518 6.2.2, 6.3.2): certbot does. EC P-256,
 * P-384 and P-521, and RSA with two primes.
 */

#include <openssl/evp.h>

#include "base/err.h"
#include "base/span.h"

/* -ERR_CONFIG. The caller frees with EVP_PKEY_free. */
int jwk_private_parse(struct span text, EVP_PKEY **ret, struct err *err);

#endif
