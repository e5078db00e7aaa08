/* SPDX-License-Identifier: Apache-2.0 */
/* A SubjectPublicKeyInfo that parses is written back to the same bytes, and
 * OpenSSL reads the same key from it. */
#include <openssl/x509.h>
#include <stdlib.h>

#include "pkix/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size), out;
	struct arena arena = { 0 };
	const uint8_t *at = data;
	EVP_PKEY *key, *judge;

	if (key_from_spki(in, &key, NULL) == 0) {
		judge = d2i_PUBKEY(NULL, &at, (long)size);
		if (judge == NULL || at != data + size ||
		    EVP_PKEY_eq(judge, key) != 1)
			abort();
		if (key_check(key, KEY_USE_ACCOUNT, NULL) == 0 &&
		    (key_to_spki(key, &arena, &out, NULL) < 0 ||
		    !span_equal(in, out)))
			abort();
		EVP_PKEY_free(judge);
		EVP_PKEY_free(key);
	}
	arena_free(&arena);
	return 0;
}
