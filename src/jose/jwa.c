/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/jwa.h"

#include <openssl/ec.h>

#include "base/mem.h"

#define JWA_COORDINATE_MAX 66  /* bytes of r and of s: P-521 */
#define JWA_SIGNATURE_MAX 512  /* bytes: RSA of 4096 bits */
#define JWA_DER_MAX 160        /* bytes of an ECDSA signature in DER */
#define JWA_INPUT_MAX 262144   /* bytes that EdDSA signs at once */

/* Bytes of r and of s; 0 where signatures are used as they are. */
static size_t
coordinate_size(enum jwk_alg alg)
{
	switch (alg) {
	case JWK_ES256:
		return 32;
	case JWK_ES384:
		return 48;
	case JWK_ES512:
		return 66;
	case JWK_RS256:
	case JWK_EDDSA:
		break;
	}
	return 0;
}

/* X.690 8.3: the fewest bytes, the first of them below 0x80. */
static uint8_t *
put_integer(uint8_t *at, const uint8_t *number, size_t size)
{
	size_t zero;

	while (size > 1 && number[0] == 0) {
		number++;
		size--;
	}
	zero = number[0] >> 7;
	*at++ = 0x02;
	*at++ = (uint8_t)(zero + size);
	if (zero > 0)
		*at++ = 0;
	memcpy(at, number, size);
	return at + size;
}

/* r and s, each of the curve's size, to the DER that OpenSSL takes: RFC 3279
 * 2.2.3. By hand, as by its objects it takes 13 allocations. Empty if they are
 * not of that size. */
static struct span
der_of_ecdsa(struct span signature, size_t size, uint8_t der[JWA_DER_MAX])
{
	uint8_t *body = der + 3, *end = body, *at = body;
	size_t len;

	if (signature.len != 2 * size)
		return SPAN_NONE;
	end = put_integer(end, signature.data, size);
	end = put_integer(end, signature.data + size, size);
	len = (size_t)(end - body);
	*--at = (uint8_t)len;
	if (len > 0x7f)
		*--at = 0x81;
	*--at = 0x30;
	return span_of(at, (size_t)(end - at));
}

/* The mirror of der_of_ecdsa: appends r and s. */
static bool
put_ecdsa(struct bld *out, struct span der, size_t size)
{
	uint8_t raw[2 * JWA_COORDINATE_MAX];
	const unsigned char *at = der.data;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
	bool ok;

	ok = sig != NULL &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, (int)size) ==
	    (int)size &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + size, (int)size) ==
	    (int)size;
	if (ok)
		bld_bytes(out, raw, 2 * size);
	ECDSA_SIG_free(sig);
	return ok;
}

static bool
digest_parts(enum jwk_alg alg, const struct span *parts, size_t num_parts,
    uint8_t out[EVP_MAX_MD_SIZE], unsigned *ret_len)
{
	/* Kept, with what it has allocated, for the next message. */
	static EVP_MD_CTX *ctx;
	bool ok;

	if (ctx == NULL)
		ctx = EVP_MD_CTX_new();
	ok = ctx != NULL && EVP_DigestInit_ex2(ctx, jwk_digest(alg), NULL) == 1;
	for (size_t i = 0; ok && i < num_parts; i++)
		ok = EVP_DigestUpdate(ctx, parts[i].data, parts[i].len) == 1;
	return ok && EVP_DigestFinal_ex(ctx, out, ret_len) == 1;
}

/* For EdDSA, which takes its input at once. */
static bool
join_parts(const struct span *parts, size_t num_parts, struct bld *out)
{
	bld_init(out, JWA_INPUT_MAX);
	for (size_t i = 0; i < num_parts; i++)
		bld_span(out, parts[i]);
	return bld_end(out) == 0;
}

static bool
verify_eddsa(const struct jwk *key, const struct span *parts,
    size_t num_parts, struct span signature)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct bld input;
	bool ok = join_parts(parts, num_parts, &input);

	ok = ok && ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key->pkey) == 1 &&
	    EVP_DigestVerify(ctx, signature.data, signature.len, input.data,
	    input.len) == 1;
	EVP_MD_CTX_free(ctx);
	bld_free(&input);
	return ok;
}

static bool
verify_digest(const struct jwk *key, const struct span *parts,
    size_t num_parts, struct span signature)
{
	uint8_t digest[EVP_MAX_MD_SIZE], der[JWA_DER_MAX];
	size_t size = coordinate_size(key->alg);
	unsigned len;

	if (size > 0)
		signature = der_of_ecdsa(signature, size, der);
	return signature.len > 0 &&
	    digest_parts(key->alg, parts, num_parts, digest, &len) &&
	    EVP_PKEY_verify(key->verifier, signature.data, signature.len,
	    digest, len) == 1;
}

int
jwa_verify(const struct jwk *key, const struct span *parts, size_t num_parts,
    struct span signature)
{
	bool ok;

	if (key->alg == JWK_EDDSA)
		ok = verify_eddsa(key, parts, num_parts, signature);
	else
		ok = verify_digest(key, parts, num_parts, signature);
	return ok ? 0 : -(int)ERR_MALFORMED;
}

int
jwa_sign(struct bld *out, const struct jwk *key, const struct span *parts,
    size_t num_parts, struct err *err)
{
	uint8_t signature[JWA_SIGNATURE_MAX];
	size_t len = sizeof(signature), size = coordinate_size(key->alg);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct bld input;
	bool ok = join_parts(parts, num_parts, &input);

	ok = ok && ctx != NULL && EVP_DigestSignInit(ctx, NULL,
	    jwk_digest(key->alg), NULL, key->pkey) == 1 &&
	    EVP_DigestSign(ctx, signature, &len, input.data, input.len) == 1;
	EVP_MD_CTX_free(ctx);
	bld_free(&input);
	if (ok && size > 0)
		ok = put_ecdsa(out, span_of(signature, len), size);
	else if (ok)
		bld_bytes(out, signature, len);
	return ok ? bld_end(out) : err_set(err, ERR_INTERNAL, NULL,
	    "cannot sign with this key");
}
