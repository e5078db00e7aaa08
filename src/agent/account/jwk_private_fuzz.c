/* SPDX-License-Identifier: Apache-2.0 */
/* A key that is taken must be one that can sign. */
#include <stdlib.h>

#include "agent/account/jwk_private.h"
#include "base/bld.h"
#include "jose/jwa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span part = SPAN_LIT("signed");
	EVP_PKEY *key;
	struct jwk jwk;
	struct bld out;

	if (jwk_private_parse(span_of(data, size), &key, NULL) < 0)
		return 0;
	bld_init(&out, 1024);
	if (jwk_from_key(key, &jwk, NULL) == 0) {
		if (jwa_sign(&out, &jwk, &part, 1, NULL) == 0 &&
		    jwa_verify(&jwk, &part, 1, bld_view(&out)) < 0)
			abort();
		jwk_done(&jwk);
	}
	EVP_PKEY_free(key);
	bld_free(&out);
	return 0;
}
