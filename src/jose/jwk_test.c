/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/json.h"
#include "base/text.h"
#include "jose/jwk.h"
#include "jose/jwk_fixture.h"

#define OUT_MAX 4096

#define X256 "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y256 "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define EC256 "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 \
	"\",\"y\":\"" Y256 "\""
#define ED "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

/* Keys as jwk_put writes them, with the thumbprints of RFC 7638 section 3.1
 * and RFC 8037 appendix A.3. */
static const struct {
	const char *jwk;
	enum jwk_alg alg;
	const char *thumbprint;
} canonical[] = {
	{
	    "{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"0vx7agoebGcQSuuPiL"
	    "JXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxu"
	    "hDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5"
	    "n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMic"
	    "AtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNL"
	    "yrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw"
	    "0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw\"}",
	    JWK_RS256, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" },
	{ "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"" ED "\"}",
	    JWK_EDDSA, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" },
	{ "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" X256 "\",\"y\":\"" Y256
	    "\"}", JWK_ES256, "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U" },
};

static int
parse(const char *text, struct jwk *ret, struct err *err)
{
	cleanup_json json_t *json = NULL;

	if (json_parse_object(span_str(text), "the key", &json, err) != 0)
		fail_msg("%s: %s", text, err->text);
	return jwk_parse(json, ret, err);
}

static void
expect_thumbprint(const struct jwk *jwk, const char *want)
{
	struct bld out;

	bld_init(&out, OUT_MAX);
	text_base64url(&out, span_of(jwk->thumbprint, JWK_THUMBPRINT_SIZE));
	assert_int_equal(out.len, strlen(want));
	assert_memory_equal(out.data, want, out.len);
	bld_free(&out);
}

static void
test_canonical(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++) {
		struct err err = ERR_INIT;
		struct jwk jwk;
		struct bld out;

		assert_int_equal(parse(canonical[i].jwk, &jwk, &err), 0);
		assert_int_equal(jwk.alg, canonical[i].alg);
		expect_thumbprint(&jwk, canonical[i].thumbprint);
		bld_init(&out, OUT_MAX);
		assert_int_equal(jwk_put(&out, &jwk, &err), 0);
		assert_int_equal(out.len, strlen(canonical[i].jwk));
		assert_memory_equal(out.data, canonical[i].jwk, out.len);
		bld_free(&out);
		jwk_done(&jwk);
		jwk_done(&jwk);
	}
}

static void
test_accepted(void **state)
{
	static const char *const rows[] = {
		"{" EC256 ",\"alg\":\"ES256\"}",
		"{" EC256 ",\"use\":\"sig\",\"kid\":\"1\"}",
		"{" EC256 ",\"key_ops\":[\"sign\",\"verify\"]}",
		"{" EC256 ",\"ext\":true,\"unknown\":{}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;
		struct jwk jwk;

		if (parse(rows[i], &jwk, &err) != 0)
			fail_msg("%s: %s", rows[i], err.text);
		jwk_done(&jwk);
	}
}

static const struct {
	const char *jwk;
	enum err_kind kind;
	const char *words;
} refused[] = {
	/* not of the form */
	{ "{}", ERR_MALFORMED, "\"kty\" is missing" },
	{ "{\"kty\":1}", ERR_MALFORMED, "not a string" },
	{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 "\"}",
	    ERR_MALFORMED, "\"y\" is missing" },
	{ "{\"kty\":\"EC\",\"crv\":[],\"x\":\"" X256 "\"}", ERR_MALFORMED,
	    "not a string" },
	{ "{\"kty\":\"RSA\",\"e\":\"AQAB\"}", ERR_MALFORMED,
	    "\"n\" is missing" },
	/* private and symmetric */
	{ "{" EC256 ",\"d\":\"AA\"}", ERR_BAD_PUBLIC_KEY, "private" },
	{ "{\"kty\":\"oct\",\"k\":\"AA\"}", ERR_BAD_PUBLIC_KEY, "private" },
	{ "{\"kty\":\"RSA\",\"p\":null}", ERR_BAD_PUBLIC_KEY, "private" },
	/* other types, curves and uses */
	{ "{\"kty\":\"oct\"}", ERR_BAD_PUBLIC_KEY, "not supported" },
	{ "{\"kty\":\"ec\",\"crv\":\"P-256\"}", ERR_BAD_PUBLIC_KEY,
	    "not supported" },
	{ "{\"kty\":\"EC\",\"crv\":\"secp256k1\"}", ERR_BAD_PUBLIC_KEY,
	    "not supported" },
	{ "{\"kty\":\"EC\"}", ERR_BAD_PUBLIC_KEY, "not supported" },
	{ "{\"kty\":\"OKP\",\"crv\":\"Ed448\"}", ERR_BAD_PUBLIC_KEY,
	    "not supported" },
	{ "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" ED "\"}",
	    ERR_BAD_PUBLIC_KEY, "not supported" },
	{ "{" EC256 ",\"alg\":\"ES384\"}", ERR_BAD_PUBLIC_KEY, "ES256" },
	{ "{" EC256 ",\"alg\":\"HS256\"}", ERR_BAD_PUBLIC_KEY, "ES256" },
	{ "{" EC256 ",\"use\":\"enc\"}", ERR_BAD_PUBLIC_KEY, "verifying" },
	{ "{" EC256 ",\"key_ops\":[\"sign\"]}", ERR_BAD_PUBLIC_KEY,
	    "verifying" },
	/* points: off the curve, short, long, at infinity, out of the field */
	{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 "\",\"y\":\"" X256
	    "\"}", ERR_BAD_PUBLIC_KEY, "no point" },
	{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\""
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":\""
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
	    ERR_BAD_PUBLIC_KEY, "no point" },
	{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\""
	    "__________________________________________8\",\"y\":\"" Y256
	    "\"}", ERR_BAD_PUBLIC_KEY, "no point" },
	{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"" Y256
	    "\"}", ERR_BAD_PUBLIC_KEY, "exactly 32" },
	{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"\",\"y\":\"\"}",
	    ERR_BAD_PUBLIC_KEY, "exactly 32" },
	{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA" X256 "\",\"y\":\""
	    Y256 "\"}", ERR_BAD_PUBLIC_KEY, "base64url" },
	{ "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" X256 "\",\"y\":\"" Y256
	    "\"}", ERR_BAD_PUBLIC_KEY, "exactly 48" },
	{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X256 "=\",\"y\":\""
	    Y256 "\"}", ERR_BAD_PUBLIC_KEY, "base64url" },
	{ "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AAAA\"}",
	    ERR_BAD_PUBLIC_KEY, "32 bytes" },
	/* RSA numbers: zero, leading zeros, even, 1, great */
	{ "{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"AQAB\"}", ERR_BAD_PUBLIC_KEY,
	    "empty" },
	{ "{\"kty\":\"RSA\",\"n\":\"AA\",\"e\":\"AQAB\"}", ERR_BAD_PUBLIC_KEY,
	    "zero" },
	{ "{\"kty\":\"RSA\",\"n\":\"" X256 "\",\"e\":\"AAEAAQ\"}",
	    ERR_BAD_PUBLIC_KEY, "zero" },
	{ "{\"kty\":\"RSA\",\"n\":\"" X256 "\",\"e\":\"AQ\"}",
	    ERR_BAD_PUBLIC_KEY, "greater than 1" },
	{ "{\"kty\":\"RSA\",\"n\":\"" X256 "\",\"e\":\"AQAA\"}",
	    ERR_BAD_PUBLIC_KEY, "odd" },
	{ "{\"kty\":\"RSA\",\"n\":\"AQAA\",\"e\":\"AQAB\"}",
	    ERR_BAD_PUBLIC_KEY, "odd" },
	{ "{\"kty\":\"RSA\",\"n\":\"" X256 "\",\"e\":\"" X256 "\"}",
	    ERR_BAD_PUBLIC_KEY, "at most 8" },
};

static void
test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct err err = ERR_INIT;
		struct jwk jwk;

		if (parse(refused[i].jwk, &jwk, &err) !=
		    -(int)refused[i].kind ||
		    strstr(err.text, refused[i].words) == NULL ||
		    err.rule == NULL)
			fail_msg("%s: %s: %s", refused[i].jwk,
			    err_kind_name(err.kind), err.text);
		assert_null(jwk.pkey);
	}
}

#define ONES(first) { (first), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, \
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, \
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, \
	0xff, 0x7f }

/* With a point of small order for a key, anybody can sign. */
static void
test_small_order(void **state)
{
	static const uint8_t points[][32] = {
		{ 0 }, { 1 },
		{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3,
		    0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac,
		    0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88,
		    0x6d, 0x53, 0xfc, 0x05 },
		{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c,
		    0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53,
		    0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77,
		    0x92, 0xac, 0x03, 0x7a },
		ONES(0xec), ONES(0xed), ONES(0xee),
	};
	struct jwk jwk;

	(void)state;
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		struct err err = ERR_INIT;
		uint8_t spki[44] = "\x30\x2a\x30\x05\x06\x03\x2b\x65"
		    "\x70\x03\x21";

		memcpy(spki + 12, points[i], 32);
		for (int sign = 0; sign < 2; sign++) {
			spki[43] = (uint8_t)(spki[43] ^ (sign << 7));
			assert_int_equal(jwk_from_spki(span_of(spki,
			    sizeof(spki)), &jwk, &err), -ERR_BAD_PUBLIC_KEY);
			assert_non_null(strstr(err.text, "anybody"));
		}
	}
}

/* One key has one SubjectPublicKeyInfo: what is compared as bytes elsewhere
 * cannot be written otherwise. */
static void
test_rsa_not_der(void **state)
{
	EVP_PKEY *pkey = EVP_RSA_gen(2048);
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);
	uint8_t ber[512] = { 0x30, 0x83, 0x00 };
	struct jwk jwk;

	(void)state;
	assert_true(len > 256 && len < 500 && der[1] == 0x82);
	memcpy(ber + 3, der + 2, (size_t)len - 2);
	assert_int_equal(jwk_from_spki(span_of(der, (size_t)len), &jwk, NULL),
	    0);
	jwk_done(&jwk);
	assert_int_equal(jwk_from_spki(span_of(ber, (size_t)len + 1), &jwk,
	    NULL), -ERR_BAD_PUBLIC_KEY);
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
}

/* One bit more than JWK_RSA_MODULUS_MAX. */
static void
test_rsa_too_large(void **state)
{
	uint8_t n[JWK_RSA_MODULUS_MAX + 1];
	struct err err = ERR_INIT;
	struct jwk jwk;
	struct bld text;

	(void)state;
	memset(n, 0xff, sizeof(n));
	for (size_t len = sizeof(n) - 1; len <= sizeof(n); len++) {
		bld_init(&text, OUT_MAX);
		bld_str(&text, "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"");
		text_base64url(&text, span_of(n, len));
		bld_str(&text, "\"}");
		bld_u8(&text, 0);
		assert_int_equal(parse((const char *)text.data, &jwk, &err),
		    len == JWK_RSA_MODULUS_MAX ? 0 : -ERR_BAD_PUBLIC_KEY);
		jwk_done(&jwk);
		bld_free(&text);
	}
}

/* What verifying costs is bounded however a key comes: here as DER. */
static void
test_rsa_long_exponent(void **state)
{
	EVP_PKEY *good = EVP_RSA_gen(2048);
	struct err err = ERR_INIT;
	BIGNUM *n = NULL;

	(void)state;
	EVP_PKEY_get_bn_param(good, OSSL_PKEY_PARAM_RSA_N, &n);
	for (int bits = 8 * JWK_RSA_EXPONENT_MAX;
	    bits <= 8 * JWK_RSA_EXPONENT_MAX + 1; bits++) {
		OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA",
		    NULL);
		unsigned char *spki = NULL;
		BIGNUM *e = BN_new();
		EVP_PKEY *pkey = NULL;
		OSSL_PARAM *params;
		struct jwk jwk;
		int len;

		assert_int_equal(BN_set_bit(e, bits - 1), 1);
		assert_int_equal(BN_set_bit(e, 0), 1);
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n);
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e);
		params = OSSL_PARAM_BLD_to_param(builder);
		assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
		assert_int_equal(EVP_PKEY_fromdata(ctx, &pkey,
		    EVP_PKEY_PUBLIC_KEY, params), 1);
		len = i2d_PUBKEY(pkey, &spki);
		assert_int_equal(jwk_from_spki(span_of(spki, (size_t)len),
		    &jwk, &err), bits > 8 * JWK_RSA_EXPONENT_MAX ?
		    -ERR_BAD_PUBLIC_KEY : 0);
		jwk_done(&jwk);
		OPENSSL_free(spki);
		EVP_PKEY_free(pkey);
		EVP_PKEY_CTX_free(ctx);
		OSSL_PARAM_free(params);
		OSSL_PARAM_BLD_free(builder);
		BN_free(e);
	}
	BN_free(n);
	EVP_PKEY_free(good);
}

/* Key, SPKI, JWK and thumbprint are one key in all forms. */
static void
test_spki(void **state)
{
	(void)state;
	for (int alg = JWK_ES256; alg <= JWK_EDDSA; alg++) {
		EVP_PKEY *pkey = jwk_fixture_key((enum jwk_alg)alg);
		struct err err = ERR_INIT;
		unsigned char *spki = NULL;
		int len = i2d_PUBKEY(pkey, &spki);
		struct jwk own, from_spki, from_json;
		struct bld text;

		assert_int_equal(jwk_from_key(pkey, &own, &err), 0);
		assert_int_equal(own.alg, alg);
		assert_int_equal(jwk_from_spki(span_of(spki, (size_t)len),
		    &from_spki, &err), 0);
		bld_init(&text, OUT_MAX);
		assert_int_equal(jwk_put(&text, &from_spki, &err), 0);
		bld_u8(&text, 0);
		assert_int_equal(parse((const char *)text.data, &from_json,
		    &err), 0);
		assert_int_equal(from_json.alg, alg);
		assert_memory_equal(own.thumbprint, from_json.thumbprint,
		    JWK_THUMBPRINT_SIZE);
		assert_memory_equal(own.thumbprint, from_spki.thumbprint,
		    JWK_THUMBPRINT_SIZE);
		assert_int_equal(EVP_PKEY_eq(from_json.pkey, pkey), 1);
		/* one byte less, one more */
		jwk_done(&from_spki);
		assert_int_equal(jwk_from_spki(span_of(spki, (size_t)len - 1),
		    &from_spki, &err), -ERR_BAD_PUBLIC_KEY);
		spki = OPENSSL_realloc(spki, (size_t)len + 1);
		spki[len] = 0;
		assert_int_equal(jwk_from_spki(span_of(spki, (size_t)len + 1),
		    &from_spki, &err), -ERR_BAD_PUBLIC_KEY);
		bld_free(&text);
		jwk_done(&own);
		jwk_done(&from_json);
		OPENSSL_free(spki);
		EVP_PKEY_free(pkey);
	}
}

static void
test_spki_refused(void **state)
{
	static const char *const curves[] = { "secp256k1", "P-224", NULL };
	struct err err = ERR_INIT;
	struct jwk jwk;

	(void)state;
	for (size_t i = 0; curves[i] != NULL; i++) {
		EVP_PKEY *pkey = EVP_EC_gen(curves[i]);

		assert_int_equal(jwk_from_key(pkey, &jwk, &err),
		    -ERR_BAD_PUBLIC_KEY);
		EVP_PKEY_free(pkey);
	}
	assert_int_equal(jwk_from_spki(SPAN_NONE, &jwk, &err),
	    -ERR_BAD_PUBLIC_KEY);
	assert_int_equal(jwk_from_spki(SPAN_LIT("\x30\x00"), &jwk, &err),
	    -ERR_BAD_PUBLIC_KEY);
}

static void
test_names(void **state)
{
	(void)state;
	for (int alg = JWK_ES256; alg <= JWK_EDDSA; alg++)
		assert_int_equal(jwk_alg_from_name(span_str(
		    jwk_alg_name((enum jwk_alg)alg))), alg);
	assert_int_equal(jwk_alg_from_name(SPAN_LIT("none")), 0);
	assert_int_equal(jwk_alg_from_name(SPAN_LIT("HS256")), 0);
	assert_int_equal(jwk_alg_from_name(SPAN_LIT("es256")), 0);
	assert_int_equal(jwk_alg_from_name(SPAN_NONE), 0);
	assert_string_equal(jwk_alg_name(0), "unknown");
}

/* RFC 8555 section 8.1. */
static void
test_key_authorization(void **state)
{
	static const uint8_t thumbprint[JWK_THUMBPRINT_SIZE] = { 0xff };
	const char *want = "tok._wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	struct bld out;

	(void)state;
	bld_init(&out, OUT_MAX);
	jwk_key_authorization(&out, SPAN_LIT("tok"), thumbprint);
	assert_int_equal(out.len, strlen(want));
	assert_memory_equal(out.data, want, out.len);
	bld_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canonical),
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_small_order),
		cmocka_unit_test(test_rsa_not_der),
		cmocka_unit_test(test_rsa_too_large),
		cmocka_unit_test(test_rsa_long_exponent),
		cmocka_unit_test(test_spki),
		cmocka_unit_test(test_spki_refused),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_key_authorization),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
