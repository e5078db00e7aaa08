/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PKIX_KEY_RSA_H
#define SIGNET_PKIX_KEY_RSA_H

/*
 * key_rsa: the checks of key.h that only RSA keys need: size and exponent (BR
 * 6.1.5, 6.1.6), small factors (SP 800-89 5.3.3), the fingerprint of ROCA
 * (CVE-2017-15361) and close primes (BR 6.1.1.3).
 */

#include <openssl/evp.h>

#include "base/err.h"

#define KEY_RSA_MAX 512 /* bytes of a modulus: 4096 bits */

int key_rsa_check(EVP_PKEY *key, struct err *err);

#endif
