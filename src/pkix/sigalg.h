/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PKIX_SIGALG_H
#define SIGNET_PKIX_SIGALG_H

/*
 * sigalg: the signature algorithms of certificates and requests: one const
 * table of the encodings that Baseline Requirements 7.1.3.2 allows, without
 * SHA-1 and without RSASSA-PSS.
 */

#include <openssl/evp.h>

#include "base/bld.h"
#include "base/err.h"

struct sigalg {
	struct span der;   /* its AlgorithmIdentifier */
	int key_type;      /* EVP_PKEY_EC or EVP_PKEY_RSA */
	const char *curve; /* that certificates must sign with it, or NULL */
	const char *md;
};

/* NULL if unknown. */
const struct sigalg *sigalg_from_der(struct span algorithm);

/* What a certificate's signature by this key must use (BR 7.1.3.2.2), or
 * NULL. RSA keys sign with SHA-256. */
const struct sigalg *sigalg_of_key(EVP_PKEY *key);

/* What sigalg_sign signs with: made once for many signatures, which halves the
 * cost beside the signature itself. The caller frees with EVP_PKEY_CTX_free;
 * key stays the caller's. NULL if the key cannot sign so. */
EVP_PKEY_CTX *sigalg_signer(const struct sigalg *alg, EVP_PKEY *key);

/* Appends the signature's octets, without any wrapping. */
int sigalg_sign(const struct sigalg *alg, EVP_PKEY_CTX *signer,
    struct span data, struct bld *out, struct err *err);

/* By the key of verifier, which key_lend (pkix/key.h) gives. */
bool sigalg_verify(const struct sigalg *alg, EVP_PKEY_CTX *verifier,
    struct span data, struct span signature);

#endif
