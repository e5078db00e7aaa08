/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_JOSE_JWA_H
#define SIGNET_JOSE_JWA_H

/*
 * jwa: the signature algorithms of struct jwk over bytes: ES256, ES384, ES512
 * (RFC 7518 section 3.4: r and s of exactly the curve's size), RS256 (section
 * 3.3) and EdDSA with Ed25519 (RFC 8037 section 3.1).
 *
 * What is signed comes in parts that are taken as if they stood in a row, so
 * that nobody copies a signing input together.
 */

#include "jose/jwk.h"

/* 0, or -ERR_MALFORMED when signature is not by key over the parts; never
 * more is told. */
int jwa_verify(const struct jwk *key, const struct span *parts,
    size_t num_parts, struct span signature);

/* Appends the signature's bytes. key must have its private half. */
int jwa_sign(struct bld *out, const struct jwk *key, const struct span *parts,
    size_t num_parts, struct err *err);

#endif
