/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PKIX_KEY_H
#define SIGNET_PKIX_KEY_H

/*
 * key: which public keys are good enough, for accounts and certificates, and
 * reading and writing of private keys.
 *
 * Checked (Baseline Requirements 6.1.1.3, 6.1.5, 6.1.6): RSA 2048, 3072 or
 * 4096 bits, odd exponent of 65537 or more, no small prime factor, no ROCA
 * fingerprint, no close primes (Fermat, 100 rounds); EC points of P-256,
 * P-384 and P-521 that lie on their curve (SP 800-56A 5.6.2.3); Ed25519.
 */

#include <openssl/evp.h>

#include "base/bld.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/span.h"

enum key_use {
	KEY_USE_ACCOUNT,     /* any of the above */
	KEY_USE_CERTIFICATE, /* no Ed25519: BR 6.1.5 */
};

/* -ERR_BAD_PUBLIC_KEY with the rule and the remedy. */
int key_check(EVP_PKEY *key, enum key_use use, struct err *err);

#define KEY_SPKI_MAX 1200 /* bytes: RSA 4096 with any exponent */

/* SubjectPublicKeyInfo DER, allocated in arena. */
int key_to_spki(EVP_PKEY *key, struct arena *arena, struct span *ret,
    struct err *err);
/* Exact DER, nothing after it. The caller frees with EVP_PKEY_free. */
int key_from_spki(struct span spki, EVP_PKEY **ret, struct err *err);

/* The same for one verification (pkix/sigalg.h), lent until the next loan:
 * for keys that are seen once. To make and free an EC key costs a fifth of what
 * verifying with it does, to give one that is there another point a
 * twentieth. */
int key_lend(struct span spki, EVP_PKEY_CTX **ret, struct err *err);

/* Public keys of their numbers: an uncompressed point of a curve by its name
 * ("P-256"), an RSA modulus of up to KEY_RSA_MAX bytes and its exponent. NULL
 * if there is no such key. */
EVP_PKEY *key_from_point(const char *curve, struct span point);
EVP_PKEY *key_from_rsa(struct span n, struct span e);

/* A new P-256 key. */
int key_generate(EVP_PKEY **ret, struct err *err);

/* PKCS#8 PEM without passphrase, from and to text: for
 * out give one of bld_init_secret. */
int key_from_pem(struct span pem, EVP_PKEY **ret, struct err *err);
int key_to_pem(EVP_PKEY *key, struct bld *out, struct err *err);

#endif
