/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that jws.h says is refused, with the error that says why. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/hmac.h>

#include "base/json.h"
#include "base/text.h"
#include "jose/jws.h"

#define BODY_MAX (4 * 1024 * 1024)

#define KID "\"kid\":\"https://ca/acme/account/1\""
#define REST "\"nonce\":\"bm9uY2U\",\"url\":\"https://ca/acme/order/1\""
#define GOOD "{\"alg\":\"ES256\"," KID "," REST "}"

static void
expect(struct span body, enum err_kind kind, const char *rule,
    const char *words, const char *what)
{
	struct arena arena = { .used = 0 };
	struct err err = ERR_INIT;
	struct jws jws;
	int r = jws_parse(body, &arena, &jws, &err);

	if (r != -(int)kind || (kind != ERR_NONE &&
	    (err.rule == NULL || strcmp(err.rule, rule) != 0 ||
	    strstr(err.text, words) == NULL)))
		fail_msg("%.200s: %d %s, %s: %s", what, r,
		    err_kind_name(err.kind), err.rule, err.text);
	jws_done(&jws);
	arena_free(&arena);
}

static void
put_body(struct bld *out, struct span header)
{
	bld_init(out, BODY_MAX);
	bld_str(out, "{\"protected\":\"");
	text_base64url(out, header);
	bld_str(out, "\",\"payload\":\"e30\",\"signature\":\"c2ln\"}");
}

/* Decoded protected headers. */
static const struct {
	const char *header;
	enum err_kind kind;
	const char *rule;
	const char *words;
} headers[] = {
	{ GOOD, ERR_NONE, NULL, NULL },
	{ "{\"alg\":\"ES256\",\"jwk\":{}," REST "}", ERR_NONE, NULL, NULL },
	{ "{\"alg\":\"ES256\",\"typ\":\"JWT\",\"x\":{\"y\":[1]}," KID "," REST
	    "}", ERR_NONE, NULL, NULL },
	/* algorithms */
	{ "{\"alg\":\"none\"," KID "," REST "}", ERR_BAD_SIGNATURE_ALGORITHM,
	    "RFC 8555 6.2", "\"none\"" },
	{ "{\"alg\":\"None\"," KID "," REST "}", ERR_BAD_SIGNATURE_ALGORITHM,
	    "RFC 8555 6.2", "\"None\"" },
	{ "{\"alg\":\"HS256\"," KID "," REST "}",
	    ERR_BAD_SIGNATURE_ALGORITHM, "RFC 8555 6.2", "\"HS256\"" },
	{ "{\"alg\":\"RS1\"," KID "," REST "}", ERR_BAD_SIGNATURE_ALGORITHM,
	    "RFC 8555 6.2", "ES256" },
	{ "{\"alg\":\"ES256\\u0020\"," KID "," REST "}",
	    ERR_BAD_SIGNATURE_ALGORITHM, "RFC 8555 6.2", "ES256" },
	{ "{\"alg\":\"\"," KID "," REST "}", ERR_BAD_SIGNATURE_ALGORITHM,
	    "RFC 8555 6.2", "\"\"" },
	{ "{\"alg\":null," KID "," REST "}", ERR_MALFORMED, "RFC 8259 3",
	    "\"alg\" is not a string" },
	{ "{" KID "," REST "}", ERR_MALFORMED, "RFC 8555 6.2",
	    "\"alg\" is missing" },
	/* keys */
	{ "{\"alg\":\"ES256\"," REST "}", ERR_MALFORMED, "RFC 8555 6.2",
	    "neither" },
	{ "{\"alg\":\"ES256\",\"jwk\":{}," KID "," REST "}", ERR_MALFORMED,
	    "RFC 8555 6.2", "both" },
	{ "{\"alg\":\"ES256\",\"jwk\":null," KID "," REST "}", ERR_MALFORMED,
	    "RFC 8555 6.2", "both" },
	{ "{\"alg\":\"ES256\",\"jwk\":\"x\"," REST "}", ERR_MALFORMED,
	    "RFC 7515 4.1.3", "not an object" },
	{ "{\"alg\":\"ES256\",\"jwk\":[]," REST "}", ERR_MALFORMED,
	    "RFC 7515 4.1.3", "not an object" },
	{ "{\"alg\":\"ES256\",\"kid\":\"\"," REST "}", ERR_MALFORMED,
	    "RFC 8555 6.2", "\"kid\"" },
	{ "{\"alg\":\"ES256\",\"kid\":\"a b\"," REST "}", ERR_MALFORMED,
	    "RFC 8555 6.2", "\"kid\"" },
	{ "{\"alg\":\"ES256\",\"kid\":\"\\u00e9\"," REST "}", ERR_MALFORMED,
	    "RFC 8555 6.2", "\"kid\"" },
	{ "{\"alg\":\"ES256\",\"kid\":7," REST "}", ERR_MALFORMED,
	    "RFC 8259 3", "\"kid\" is not a string" },
	/* extensions */
	{ "{\"alg\":\"ES256\",\"crit\":[\"exp\"]," KID "," REST "}",
	    ERR_MALFORMED, "RFC 7515 4.1.11", "crit" },
	{ "{\"alg\":\"ES256\",\"crit\":\"\"," KID "," REST "}",
	    ERR_MALFORMED, "RFC 7515 4.1.11", "crit" },
	{ "{\"alg\":\"ES256\",\"crit\":[]," KID "," REST "}",
	    ERR_MALFORMED, "RFC 7515 4.1.11", "crit" },
	{ "{\"alg\":\"ES256\",\"b64\":false," KID "," REST "}",
	    ERR_MALFORMED, "RFC 8555 6.2", "b64" },
	{ "{\"alg\":\"ES256\",\"b64\":true," KID "," REST "}",
	    ERR_MALFORMED, "RFC 8555 6.2", "b64" },
	/* nonce and url */
	{ "{\"alg\":\"ES256\"," KID ",\"nonce\":\"\"}", ERR_MALFORMED,
	    "RFC 8555 6.5.2", "nonce" },
	{ "{\"alg\":\"ES256\"," KID ",\"nonce\":\"bm9uY2U=\"}",
	    ERR_MALFORMED, "RFC 8555 6.5.2", "nonce" },
	{ "{\"alg\":\"ES256\"," KID ",\"nonce\":\"a+b/\"}",
	    ERR_MALFORMED, "RFC 8555 6.5.2", "nonce" },
	{ "{\"alg\":\"ES256\"," KID ",\"nonce\":1}", ERR_MALFORMED,
	    "RFC 8259 3", "not a string" },
	{ "{\"alg\":\"ES256\"," KID ",\"url\":\"\"}", ERR_MALFORMED,
	    "RFC 8555 6.4.1", "url" },
	{ "{\"alg\":\"ES256\"," KID ",\"url\":\"https://ca/\\n\"}",
	    ERR_MALFORMED, "RFC 8555 6.4.1", "url" },
	{ "{\"alg\":\"ES256\"," KID ",\"url\":{}}", ERR_MALFORMED,
	    "RFC 8259 3", "not a string" },
	/* JSON */
	{ "{\"alg\":\"none\",\"alg\":\"ES256\"," KID "}", ERR_MALFORMED,
	    "RFC 8259 4", "twice" },
	{ "{\"alg\":\"ES256\",\"\\u0061lg\":\"none\"," KID "}",
	    ERR_MALFORMED, "RFC 8259 4", "twice" },
	{ "", ERR_MALFORMED, "RFC 8259 2", "protected header" },
	{ "[]", ERR_MALFORMED, "RFC 8259 4", "not a JSON object" },
	{ GOOD "{}", ERR_MALFORMED, "RFC 8259 2", "not valid JSON" },
	{ "{\"alg\":\"ES256\"", ERR_MALFORMED, "RFC 8259 2",
	    "not valid JSON" },
	{ "{\"a\":[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]}",
	    ERR_MALFORMED, "RFC 8259 9", "deep" },
};

static void
test_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct bld body;

		put_body(&body, span_str(headers[i].header));
		expect(bld_view(&body), headers[i].kind, headers[i].rule,
		    headers[i].words, headers[i].header);
		bld_free(&body);
	}
}

/* The same header in plain members, which json_flat sees, and with one that
 * sends it to the JSON parser. */
static void
test_two_parsers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		struct bld body, header;

		if (headers[i].header[0] != '{' ||
		    strcmp(headers[i].rule == NULL ? "" : headers[i].rule,
		    "RFC 8259 9") == 0)
			continue;
		bld_init(&header, BODY_MAX);
		bld_str(&header, "{\"other\":1,");
		bld_str(&header, headers[i].header + 1);
		put_body(&body, bld_view(&header));
		expect(bld_view(&body), headers[i].kind, headers[i].rule,
		    headers[i].words, headers[i].header);
		bld_free(&body);
		bld_free(&header);
	}
}

/* base64url of GOOD. */
#define P "eyJhbGciOiJFUzI1NiIsImtpZCI6Imh0dHBzOi8vY2EvYWNtZS9hY2NvdW50LzEi" \
	"LCJub25jZSI6ImJtOXVZMlUiLCJ1cmwiOiJodHRwczovL2NhL2FjbWUvb3JkZXIvMSJ9"

static const struct {
	const char *body;
	enum err_kind kind;
	const char *rule;
	const char *words;
} bodies[] = {
	{ "{\"protected\":\"" P "\",\"payload\":\"\",\"signature\":\"\"}",
	    ERR_NONE, NULL, NULL },
	{ "{\"protected\":\"" P "\",\"payload\":\"\",\"signature\":\"\","
	    "\"other\":{\"x\":1}}", ERR_NONE, NULL, NULL },
	{ "{\"protected\":\"" P "\",\"payload\":\"e30\",\"signature\":\"\","
	    "\"header\":{\"kid\":\"https://evil/\"}}", ERR_MALFORMED,
	    "RFC 8555 6.2", "\"header\"" },
	{ "{\"protected\":\"" P "\",\"payload\":\"e30\",\"signature\":\"\","
	    "\"header\":\"\"}", ERR_MALFORMED, "RFC 8555 6.2", "\"header\"" },
	{ "{\"payload\":\"e30\",\"signatures\":[{\"protected\":\"" P "\","
	    "\"signature\":\"c2ln\"}]}", ERR_MALFORMED, "RFC 8555 6.2",
	    "\"signatures\"" },
	{ "{\"protected\":\"" P "\",\"payload\":\"e30\",\"signature\":\"\","
	    "\"signatures\":[]}", ERR_MALFORMED, "RFC 8555 6.2",
	    "\"signatures\"" },
	{ "{\"payload\":\"e30\",\"signature\":\"\"}", ERR_MALFORMED,
	    "RFC 8555 6.2", "\"protected\" is missing" },
	/* detached */
	{ "{\"protected\":\"" P "\",\"signature\":\"\"}", ERR_MALFORMED,
	    "RFC 8555 6.2", "\"payload\" is missing" },
	{ "{\"protected\":\"" P "\",\"payload\":null,\"signature\":\"\"}",
	    ERR_MALFORMED, "RFC 8259 3", "not a string" },
	{ "{\"protected\":\"" P "\",\"payload\":{},\"signature\":\"\"}",
	    ERR_MALFORMED, "RFC 8259 3", "not a string" },
	{ "{\"protected\":\"" P "\",\"payload\":\"e30\"}", ERR_MALFORMED,
	    "RFC 8555 6.2", "\"signature\" is missing" },
	{ "{\"protected\":{},\"payload\":\"\",\"signature\":\"\"}",
	    ERR_MALFORMED, "RFC 8259 3", "not a string" },
	/* encodings */
	{ "{\"protected\":\"" P "=\",\"payload\":\"\",\"signature\":\"\"}",
	    ERR_MALFORMED, "RFC 7515 2", "\"protected\" is not base64url" },
	{ "{\"protected\":\"" P "\",\"payload\":\"e30=\","
	    "\"signature\":\"\"}", ERR_MALFORMED, "RFC 7515 2",
	    "\"payload\" is not base64url" },
	{ "{\"protected\":\"" P "\",\"payload\":\"e31\","
	    "\"signature\":\"\"}", ERR_MALFORMED, "RFC 7515 2",
	    "\"payload\" is not base64url" },
	{ "{\"protected\":\"" P "\",\"payload\":\"e30\","
	    "\"signature\":\"c2l n\"}", ERR_MALFORMED, "RFC 7515 2",
	    "\"signature\" is not base64url" },
	{ "{\"protected\":\"" P "\",\"payload\":\"e30\","
	    "\"signature\":\"c2+/\"}", ERR_MALFORMED, "RFC 7515 2",
	    "\"signature\" is not base64url" },
	/* JSON */
	{ "{\"protected\":\"" P "\",\"payload\":\"\",\"payload\":\"e30\","
	    "\"signature\":\"\"}", ERR_MALFORMED, "RFC 8259 4", "twice" },
	{ P ".e30.c2ln", ERR_MALFORMED, "RFC 8259 2", "not valid JSON" },
	{ "[{\"protected\":\"" P "\"}]", ERR_MALFORMED, "RFC 8259 4",
	    "not a JSON object" },
	{ "{}", ERR_MALFORMED, "RFC 8555 6.2", "\"protected\" is missing" },
	{ "", ERR_MALFORMED, "RFC 8259 2", "the JWS" },
	{ "\xff\xfe", ERR_MALFORMED, "RFC 8259 2", "the JWS" },
};

static void
test_bodies(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		expect(span_str(bodies[i].body), bodies[i].kind,
		    bodies[i].rule, bodies[i].words, bodies[i].body);
}

/* Members of just the greatest length, and of one byte more. */
static void
expect_limit(const char *member, size_t max, const char *rule)
{
	for (size_t len = max; len <= max + 1; len++) {
		struct bld header, body;

		bld_init(&header, BODY_MAX);
		bld_str(&header, "{\"alg\":\"ES256\",");
		if (strcmp(member, "kid") != 0)
			bld_str(&header, KID ",");
		bld_fmt(&header, "\"%s\":\"", member);
		memset(bld_grow(&header, len), 'a', len);
		bld_str(&header, "\"}");
		put_body(&body, bld_view(&header));
		expect(bld_view(&body), len > max ? ERR_MALFORMED : ERR_NONE,
		    rule, member, member);
		bld_free(&header);
		bld_free(&body);
	}
}

static void
test_limits(void **state)
{
	(void)state;
	expect_limit("nonce", JWS_NONCE_MAX, "RFC 8555 6.5.2");
	expect_limit("url", JWS_URL_MAX, "RFC 8555 6.4.1");
	expect_limit("kid", JWS_URL_MAX, "RFC 8555 6.2");
}

static void
test_great_header(void **state)
{
	struct bld header, body;

	(void)state;
	bld_init(&header, BODY_MAX);
	bld_str(&header, "{\"alg\":\"ES256\"," KID ",\"x\":\"");
	memset(bld_grow(&header, JWS_HEADER_MAX), 'a', JWS_HEADER_MAX);
	bld_str(&header, "\"}");
	put_body(&body, bld_view(&header));
	expect(bld_view(&body), ERR_MALFORMED, "RFC 8555 6.2",
	    "the protected header has", "a great header");
	bld_free(&header);
	bld_free(&body);
}

/* 1 MiB, of payload, of opening brackets, of nothing. */
static void
test_great_bodies(void **state)
{
	const size_t size = 1024 * 1024;
	struct bld body;

	(void)state;
	bld_init(&body, BODY_MAX);
	bld_str(&body, "{\"protected\":\"" P "\",\"signature\":\"\","
	    "\"payload\":\"");
	memset(bld_grow(&body, size), 'A', size);
	bld_str(&body, "\"}");
	expect(bld_view(&body), ERR_TOO_LARGE, "RFC 9110 15.5.14", "131072",
	    "1 MiB of payload");
	memset(body.data, '[', body.len);
	expect(bld_view(&body), ERR_TOO_LARGE, "RFC 9110 15.5.14", "131072",
	    "1 MiB of [");
	expect(span_of(body.data, JWS_BODY_MAX), ERR_MALFORMED, "RFC 8259 9",
	    "deep", "128 KiB of [");
	memset(body.data, 0, body.len);
	expect(bld_view(&body), ERR_TOO_LARGE, "RFC 9110 15.5.14", "131072",
	    "1 MiB of NUL");
	bld_free(&body);
}

/* The attack that HS256 is refused for: a MAC under the bytes of the public
 * key. Here also with a header that says ES256. */
static void
test_mac_with_public_key(void **state)
{
	struct span header = SPAN_LIT(P), payload = SPAN_LIT("e30");
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	unsigned char mac[EVP_MAX_MD_SIZE], input[512];
	unsigned len;
	struct err err = ERR_INIT;
	struct bld text;
	struct jwk jwk;

	(void)state;
	assert_int_equal(jwk_from_key(pkey, &jwk, &err), 0);
	bld_init(&text, BODY_MAX);
	assert_int_equal(jwk_put(&text, &jwk, &err), 0);
	memcpy(input, header.data, header.len);
	memcpy(input + header.len, ".e30", 4);
	assert_non_null(HMAC(EVP_sha512(), text.data, (int)text.len, input,
	    header.len + 4, mac, &len));
	assert_int_equal(jws_verify_parts(header, payload, span_of(mac, len),
	    &jwk, &err), -ERR_MALFORMED);
	bld_free(&text);
	jwk_done(&jwk);
	EVP_PKEY_free(pkey);
}

/* r and s of zero, of the group's order, and none at all: the signatures
 * that careless verifiers take for any message. */
static void
test_ecdsa_psychic(void **state)
{
	static const uint8_t order[32] = {
		0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
		0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
	};
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	struct err err = ERR_INIT;
	uint8_t signature[64] = { 0 };
	struct jwk jwk;

	(void)state;
	assert_int_equal(jwk_from_key(pkey, &jwk, &err), 0);
	assert_int_equal(jws_verify_parts(SPAN_LIT("a"), SPAN_LIT("b"),
	    span_of(signature, 64), &jwk, &err), -ERR_MALFORMED);
	memcpy(signature, order, 32);
	memcpy(signature + 32, order, 32);
	assert_int_equal(jws_verify_parts(SPAN_LIT("a"), SPAN_LIT("b"),
	    span_of(signature, 64), &jwk, &err), -ERR_MALFORMED);
	assert_int_equal(jws_verify_parts(SPAN_LIT("a"), SPAN_LIT("b"),
	    SPAN_NONE, &jwk, &err), -ERR_MALFORMED);
	jwk_done(&jwk);
	EVP_PKEY_free(pkey);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_two_parsers),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_great_header),
		cmocka_unit_test(test_great_bodies),
		cmocka_unit_test(test_mac_with_public_key),
		cmocka_unit_test(test_ecdsa_psychic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
