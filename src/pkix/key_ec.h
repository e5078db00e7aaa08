/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PKIX_KEY_EC_H
#define SIGNET_PKIX_KEY_EC_H

/*
 * key_ec: private keys on P-256 and P-384 as everybody writes them: PKCS#8 (RFC
 * 5208) around RFC 5915 with the public key and without the curve. OpenSSL
 * 3.0's decoder takes 500 us for one, every time.
 */

#include <openssl/evp.h>

#include "base/bld.h"

#define KEY_EC_DER_MAX 192 /* bytes */

/* Not 0 if it is any other key, or any other form: ask OpenSSL. Nor for halves
 * of two keys, which OpenSSL takes: ask key_ec_is_pair, too. */
int key_ec_from_der(struct span der, EVP_PKEY **ret);
/* The same. For out give one of bld_init_secret. */
int key_ec_to_der(EVP_PKEY *key, struct bld *out);

/* Whether the public half of a private EC key, of any named curve, is that of
 * its private half (SP 800-56A 5.6.2.1.4). A file has both, and OpenSSL
 * believes it. */
bool key_ec_is_pair(EVP_PKEY *key);

#endif
