/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_JOSE_JWK_H
#define SIGNET_JOSE_JWK_H

/*
 * jwk: a public JSON Web Key (RFC 7517, RFC 7518 section 6, RFC 8037) with its
 * thumbprint (RFC 7638) and the one signature algorithm that Signet takes
 * from it: EC P-256 -> ES256, P-384 -> ES384, P-521 -> ES512, RSA -> RS256,
 * OKP Ed25519 -> EdDSA. Private members ("d" and so on) are refused.
 *
 * The parsed key is kept so that nothing decodes a key twice on the hot path.
 * Whether a key is strong enough is for pkix/key.h and the caller.
 */

#include <jansson.h>
#include <openssl/evp.h>

#include "base/bld.h"
#include "base/err.h"
#include "base/span.h"

#define JWK_THUMBPRINT_SIZE 32 /* bytes: SHA-256 */

enum jwk_alg { JWK_ES256 = 1, JWK_ES384, JWK_ES512, JWK_RS256, JWK_EDDSA };

#define JWK_RSA_MODULUS_MAX 512 /* bytes: 4096 bits */
#define JWK_RSA_EXPONENT_MAX 8  /* bytes: what verifying costs is bounded */

struct jwk {
	EVP_PKEY *pkey;
	EVP_PKEY_CTX *verifier; /* ready to verify; NULL for Ed25519 */
	enum jwk_alg alg;
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE];
};

/* From the "jwk" member of a protected header. -ERR_BAD_PUBLIC_KEY,
 * -ERR_MALFORMED. On success jwk_done frees. */
int jwk_parse(const json_t *obj, struct jwk *ret, struct err *err);

/* From SubjectPublicKeyInfo DER, as core and the signer carry account keys. */
int jwk_from_spki(struct span spki, struct jwk *ret, struct err *err);

/* Of a key of our own, with its private half for jws_sign: for the agent, the
 * load generator, the simulator and tests. Takes its own reference. */
int jwk_from_key(EVP_PKEY *pkey, struct jwk *ret, struct err *err);

void jwk_done(struct jwk *jwk);

/* "ES256" and so on; never NULL. */
const char *jwk_alg_name(enum jwk_alg alg);
/* 0 for a name that is none of ours ("none", "HS256", ...). */
enum jwk_alg jwk_alg_from_name(struct span name);

/* The hash of what alg signs, fetched once; NULL for EdDSA. */
const EVP_MD *jwk_digest(enum jwk_alg alg);

/* Appends the public key as a JSON object with the members that RFC 7638
 * section 3.2 requires, in its order: the bytes that the thumbprint hashes. */
int jwk_put(struct bld *out, const struct jwk *jwk, struct err *err);

/* RFC 8555 section 8.1: token "." base64url(thumbprint). */
void jwk_key_authorization(struct bld *out, struct span token,
    const uint8_t thumbprint[JWK_THUMBPRINT_SIZE]);

#endif
