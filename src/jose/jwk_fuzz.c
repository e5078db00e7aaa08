/* SPDX-License-Identifier: Apache-2.0 */
/* A key that is taken, from JSON or from DER, is written and taken again with
 * the same thumbprint. */
#include <assert.h>
#include <openssl/x509.h>

#include "base/json.h"
#include "jose/jwk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(struct jwk *jwk)
{
	struct err err = ERR_INIT;
	unsigned char *spki = NULL;
	struct jwk again;
	struct bld text;
	json_t *json;
	int len;

	bld_init(&text, 8192);
	assert(jwk_put(&text, jwk, &err) == 0);
	assert(json_parse_object(bld_view(&text), "it", &json, &err) == 0);
	/* A JWK's exponent is bounded, an SPKI's is not. */
	if (jwk_parse(json, &again, &err) == 0) {
		assert(memcmp(again.thumbprint, jwk->thumbprint,
		    JWK_THUMBPRINT_SIZE) == 0);
		jwk_done(&again);
	} else {
		assert(jwk->alg == JWK_RS256);
	}
	len = i2d_PUBKEY(jwk->pkey, &spki);
	assert(len > 0);
	assert(jwk_from_spki(span_of(spki, (size_t)len), &again, &err) == 0);
	assert(memcmp(again.thumbprint, jwk->thumbprint,
	    JWK_THUMBPRINT_SIZE) == 0);
	jwk_done(&again);
	OPENSSL_free(spki);
	json_decref(json);
	bld_free(&text);
	jwk_done(jwk);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	struct err err = ERR_INIT;
	json_t *json;
	struct jwk jwk;

	if (jwk_from_spki(in, &jwk, &err) == 0)
		check(&jwk);
	if (json_parse_object(in, "the key", &json, &err) != 0)
		return 0;
	if (jwk_parse(json, &jwk, &err) == 0)
		check(&jwk);
	else
		assert(jwk.pkey == NULL && err.rule != NULL);
	json_decref(json);
	return 0;
}
