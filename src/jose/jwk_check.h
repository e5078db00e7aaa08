/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_JOSE_JWK_CHECK_H
#define SIGNET_JOSE_JWK_CHECK_H

/*
 * jwk_check: what is wrong with keys that OpenSSL takes.
 */

#include <stdbool.h>
#include <stdint.h>

#define JWK_ED25519_SIZE 32   /* bytes, RFC 8032 5.1.5 */

/* Whether an Ed25519 key is a point of small order: signatures for it can be
 * made without knowing any secret. Neither RFC 8032 nor OpenSSL refuses it. */
bool jwk_check_small_order(const uint8_t x[JWK_ED25519_SIZE]);
#endif
