/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_JOSE_JWK_FIXTURE_H
#define SIGNET_JOSE_JWK_FIXTURE_H

/* jwk_fixture: for the tests of this folder. */

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "jose/jwk.h"

/* A new key of that kind, with its private half. */
static inline EVP_PKEY *
jwk_fixture_key(enum jwk_alg alg)
{
	switch (alg) {
	case JWK_ES256:
		return EVP_EC_gen("P-256");
	case JWK_ES384:
		return EVP_EC_gen("P-384");
	case JWK_ES512:
		return EVP_EC_gen("P-521");
	case JWK_RS256:
		return EVP_RSA_gen(2048);
	case JWK_EDDSA:
		break;
	}
	return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
}

#endif
