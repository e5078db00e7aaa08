/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "base/json.h"
#include "base/text.h"
#include "jose/jwa.h"
#include "jose/jwk_fixture.h"
#include "jose/jws.h"

#define OUT_MAX (2 * 1024 * 1024)

static const struct {
	const char *source;
	const char *jwk;
	const char *protected_b64;
	const char *payload_b64;
	const char *signature;
} examples[] = {
	{ "RFC 7515 A.2",
	    "{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd"
	    "_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm"
	    "4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9"
	    "wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UT"
	    "o7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5I"
	    "hlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAc"
	    "DTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"}",
	    "eyJhbGciOiJSUzI1NiJ9",
	    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly"
	    "9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
	    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj"
	    "5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZ"
	    "cAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPv"
	    "kSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-e"
	    "OkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6Lb"
	    "gGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw" },
	{ "RFC 7515 A.3",
	    "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vu"
	    "b9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":\"x_FEzRu9m36HLN_tue65"
	    "9LNpXW6pCyStikYjKIWI5a0\"}",
	    "eyJhbGciOiJFUzI1NiJ9",
	    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly"
	    "9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
	    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa"
	    "8ISlSApmWQxfKTUJqPP3-Kg6NU1Q" },
	{ "RFC 7515 A.4",
	    "{\"kty\":\"EC\",\"crv\":\"P-521\",\"x\":\"AekpBQ8ST8a8VcfV"
	    "OTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9ts"
	    "z4qUxcWceqwQGk\",\"y\":\"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyy"
	    "BXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2\"}",
	    "eyJhbGciOiJFUzUxMiJ9",
	    "UGF5bG9hZA",
	    "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWRO"
	    "c-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3"
	    "xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_"
	    "Jn" },
	{ "RFC 8037 A.4",
	    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS"
	    "_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
	    "eyJhbGciOiJFZERTQSJ9",
	    "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
	    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iy"
	    "lGjg5BhVsPt9g7sVvpAr_MuM0KAg" },
};

static struct jwk
jwk_of(const char *text)
{
	cleanup_json json_t *json = NULL;
	struct err err = ERR_INIT;
	struct jwk jwk = { 0 };

	if (json_parse_object(span_str(text), "the key", &json, &err) != 0 ||
	    jwk_parse(json, &jwk, &err) != 0)
		fail_msg("%s", err.text);
	return jwk;
}

static struct bld
decoded(const char *text)
{
	struct bld out;

	bld_init(&out, OUT_MAX);
	assert_int_equal(text_unbase64url(&out, span_str(text)), 0);
	return out;
}

/* A signature with each bit of its first and last byte changed, cut and
 * lengthened. */
static void
expect_only(struct bld *signature, struct span header, struct span payload,
    const struct jwk *jwk)
{
	size_t at[] = { 0, signature->len / 2, signature->len - 1 };
	struct err err = ERR_INIT;

	for (size_t i = 0; i < 3; i++) {
		for (int bit = 0; bit < 8; bit++) {
			signature->data[at[i]] ^= (uint8_t)(1 << bit);
			assert_int_equal(jws_verify_parts(header, payload,
			    bld_view(signature), jwk, &err), -ERR_MALFORMED);
			signature->data[at[i]] ^= (uint8_t)(1 << bit);
		}
	}
	assert_int_equal(jws_verify_parts(header, payload,
	    span_of(signature->data, signature->len - 1), jwk, &err),
	    -ERR_MALFORMED);
	assert_int_equal(jws_verify_parts(header, payload, SPAN_NONE, jwk,
	    &err), -ERR_MALFORMED);
	bld_u8(signature, 0);
	assert_int_equal(jws_verify_parts(header, payload,
	    bld_view(signature), jwk, &err), -ERR_MALFORMED);
	assert_string_equal(err.rule, "RFC 8555 6.2");
	signature->len--;
}

static void
test_examples(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		struct span header = span_str(examples[i].protected_b64);
		struct span payload = span_str(examples[i].payload_b64);
		struct jwk jwk = jwk_of(examples[i].jwk);
		struct bld signature = decoded(examples[i].signature);
		struct err err = ERR_INIT;

		if (jws_verify_parts(header, payload, bld_view(&signature),
		    &jwk, &err) != 0)
			fail_msg("%s: %s", examples[i].source, err.text);
		expect_only(&signature, header, payload, &jwk);
		assert_int_equal(jws_verify_parts(payload, header,
		    bld_view(&signature), &jwk, &err), -ERR_MALFORMED);
		bld_free(&signature);
		jwk_done(&jwk);
	}
}

/* r and s that begin with zero bytes, which DER leaves out: one signature in
 * 128 has one. */
static void
test_short_numbers(void **state)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	unsigned found = 0;
	struct err err = ERR_INIT;
	struct jwk jwk;

	(void)state;
	assert_int_equal(jwk_from_key(pkey, &jwk, &err), 0);
	for (unsigned i = 0; i < 20000 && found < 3; i++) {
		struct span parts[] = {
			SPAN_LIT("a"), SPAN_LIT("."), SPAN_LIT("b")
		};
		struct bld signature;

		bld_init(&signature, OUT_MAX);
		assert_int_equal(jwa_sign(&signature, &jwk, parts, 3, &err), 0);
		assert_int_equal(signature.len, 64);
		if (signature.data[0] == 0 || signature.data[32] == 0) {
			found++;
			assert_int_equal(jws_verify_parts(parts[0], parts[2],
			    bld_view(&signature), &jwk, &err), 0);
		}
		bld_free(&signature);
	}
	assert_int_equal(found, 3);
	jwk_done(&jwk);
	EVP_PKEY_free(pkey);
}

/* A DER signature is none in JWS, RFC 7518 section 3.4. */
static void
test_der_refused(void **state)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t signature[128];
	size_t len = sizeof(signature);
	struct err err = ERR_INIT;
	struct jwk jwk;

	(void)state;
	assert_int_equal(jwk_from_key(pkey, &jwk, &err), 0);
	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL,
	    pkey), 1);
	assert_int_equal(EVP_DigestSign(ctx, signature, &len,
	    (const uint8_t *)"a.b", 3), 1);
	assert_int_equal(jws_verify_parts(SPAN_LIT("a"), SPAN_LIT("b"),
	    span_of(signature, len), &jwk, &err), -ERR_MALFORMED);
	jwk_done(&jwk);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
}

static void
put_header(struct bld *out, const struct jwk *jwk, bool with_jwk)
{
	struct err err = ERR_INIT;

	bld_fmt(out, "{\"alg\":\"%s\",\"nonce\":\"n-_1\","
	    "\"url\":\"https://ca/acme/order/1\",", jwk_alg_name(jwk->alg));
	if (with_jwk) {
		bld_str(out, "\"jwk\":");
		assert_int_equal(jwk_put(out, jwk, &err), 0);
	} else {
		bld_str(out, "\"kid\":\"https://ca/acme/account/1\"");
	}
	bld_u8(out, '}');
}

/* Signs, parses, verifies; then the same with another key, and with another
 * algorithm's. */
static void
round_trip(enum jwk_alg alg, bool with_jwk)
{
	EVP_PKEY *pkey = jwk_fixture_key(alg), *other = jwk_fixture_key(alg);
	struct arena arena = { .used = 0 };
	struct err err = ERR_INIT;
	struct jwk jwk, wrong;
	struct bld header, body;
	struct jws jws;

	assert_int_equal(jwk_from_key(pkey, &jwk, &err), 0);
	assert_int_equal(jwk_from_key(other, &wrong, &err), 0);
	bld_init(&header, OUT_MAX);
	bld_init(&body, OUT_MAX);
	put_header(&header, &jwk, with_jwk);
	assert_int_equal(jws_sign(&body, bld_view(&header),
	    SPAN_LIT("{\"a\":1}"), &jwk, &err), 0);
	if (jws_parse(bld_view(&body), &arena, &jws, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(jws.header.alg, alg);
	assert_true(span_equal_str(jws.header.nonce, "n-_1"));
	assert_true(span_equal_str(jws.header.url, "https://ca/acme/order/1"));
	assert_true(span_equal_str(jws.payload, "{\"a\":1}"));
	assert_true((jws.header.jwk != NULL) == with_jwk);
	assert_true((jws.header.kid.len > 0) == !with_jwk);
	assert_int_equal(jws_verify(&jws, &jwk, &err), 0);
	assert_int_equal(jws_verify(&jws, &wrong, &err), -ERR_MALFORMED);
	jws.header.alg = alg == JWK_ES256 ? JWK_ES384 : JWK_ES256;
	assert_int_equal(jws_verify(&jws, &jwk, &err), with_jwk ?
	    -ERR_BAD_PUBLIC_KEY : -ERR_MALFORMED);
	jws_done(&jws);
	bld_free(&header);
	bld_free(&body);
	arena_free(&arena);
	jwk_done(&jwk);
	jwk_done(&wrong);
	EVP_PKEY_free(pkey);
	EVP_PKEY_free(other);
}

static void
test_round_trip(void **state)
{
	(void)state;
	for (int alg = JWK_ES256; alg <= JWK_EDDSA; alg++) {
		round_trip((enum jwk_alg)alg, false);
		round_trip((enum jwk_alg)alg, true);
	}
}

/* POST-as-GET: RFC 8555 section 6.3. */
static void
test_empty_payload(void **state)
{
	struct arena arena = { .used = 0 };
	struct err err = ERR_INIT;
	struct jws jws;
	struct bld body;

	(void)state;
	bld_init(&body, OUT_MAX);
	bld_str(&body, "{\"payload\":\"\",\"signature\":\"\",\"protected\":\"");
	text_base64url(&body, SPAN_LIT("{\"alg\":\"ES256\",\"kid\":\"k\","
	    "\"typ\":\"JOSE\"}"));
	bld_str(&body, "\"}");
	assert_int_equal(jws_parse(bld_view(&body), &arena, &jws, &err), 0);
	assert_int_equal(jws.payload.len, 0);
	assert_int_equal(jws.header.nonce.len + jws.header.url.len, 0);
	jws_done(&jws);
	arena_free(&arena);
	bld_free(&body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),
		cmocka_unit_test(test_short_numbers),
		cmocka_unit_test(test_der_refused),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_empty_payload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
