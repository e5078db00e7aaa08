/* SPDX-License-Identifier: Apache-2.0 */
/* Hostile requests: each is answered by a problem document of the right type,
 * core hears nothing of it, and the next good request is served. */
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>

#include "web/web_fake.h"

#define URL FAKE_BASE "/acme/new-order"
#define KID "\"kid\":\"" FAKE_KID "\""
#define ORDER "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.test\"}]}"

/* Posts {"protected":...,"payload":...,"signature":...} of these parts. */
static void
post_parts(struct fake *fake, const char *target, const char *header,
    const char *payload, struct span signature, const char *more)
{
	struct bld body;

	bld_init(&body, FAKE_TEXT_MAX);
	bld_str(&body, "{\"protected\":\"");
	text_base64url(&body, span_str(header));
	bld_str(&body, "\",\"payload\":\"");
	text_base64url(&body, span_str(payload));
	bld_str(&body, "\",\"signature\":\"");
	text_base64url(&body, signature);
	bld_fmt(&body, "\"%s}", more);
	fake_request(fake, HTTP_POST, target, "application/jose+json",
	    bld_view(&body));
	bld_free(&body);
}

/* The header's text with a good nonce where it says $N. */
static char *
with_nonce(struct fake *fake, const char *header)
{
	const char *at = strstr(header, "$N");
	char nonce[NONCE_TEXT_SIZE];
	struct bld out;
	char *text;

	nonce_make(fake->nonces, nonce);
	bld_init(&out, FAKE_TEXT_MAX);
	if (at == NULL)
		bld_str(&out, header);
	else
		bld_fmt(&out, "%.*s%s%s", (int)(at - header), header, nonce,
		    at + 2);
	text = arena_str(&fake->arena, bld_view(&out));
	bld_free(&out);
	return text;
}

/* The account goes on as if nothing had been. */
static void
expect_alive(struct fake *fake)
{
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;

	assert_int_equal(fake->num_frames, 0);
	frame = fake_ask(fake, "/acme/order/11", "", WEB_CORE_ORDER_GET,
	    &request);
	answer = fake_order(fake, ORDER_READY);
	fake_answer(fake, frame, &answer);
	fake_expect(fake, 200, "application/json", NULL);
}

/* Headers, signed or not by the account's key; all of them POST a newOrder. */
static const struct {
	const char *header;
	int status;
	const char *type;
} headers[] = {
	{ "{\"alg\":\"none\",\"nonce\":\"$N\",\"url\":\"" URL "\"," KID "}",
	    400, "badSignatureAlgorithm" },
	{ "{\"alg\":\"HS256\",\"nonce\":\"$N\",\"url\":\"" URL "\"," KID "}",
	    400, "badSignatureAlgorithm" },
	{ "{\"alg\":\"ES256K\",\"nonce\":\"$N\",\"url\":\"" URL "\"," KID "}",
	    400, "badSignatureAlgorithm" },
	{ "{\"alg\":\"RS256\",\"nonce\":\"$N\",\"url\":\"" URL "\"," KID "}",
	    400, "malformed" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N\",\"url\":\"" URL "\"," KID ","
	    "\"jwk\":{\"kty\":\"EC\"}}", 400, "malformed" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N\",\"url\":\"" URL "\","
	    "\"jwk\":{\"kty\":\"EC\"}}", 400, "malformed" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N\",\"url\":\"" URL "\"}", 400,
	    "malformed" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N\"," KID "}", 400, "malformed" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N\",\"url\":\"" URL "/\"," KID
	    "}", 403, "unauthorized" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N\",\"url\":\"" URL "?\"," KID
	    "}", 403, "unauthorized" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N\",\"url\":\"https://evil.test"
	    "/acme/new-order\"," KID "}", 403, "unauthorized" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N\",\"url\":\"http://" FAKE_HOST
	    "/acme/new-order\"," KID "}", 403, "unauthorized" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N\",\"url\":\"/acme/new-order\","
	    KID "}", 403, "unauthorized" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N\",\"url\":\"" URL "\"," KID ","
	    "\"crit\":[\"exp\"],\"exp\":1}", 400, "malformed" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N\",\"url\":\"" URL "\"," KID ","
	    "\"b64\":false,\"crit\":[\"b64\"]}", 400, "malformed" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N\",\"url\":\"" URL "\"," KID ","
	    "\"alg\":\"ES256\"}", 400, "malformed" },
	{ "{\"alg\":\"ES256\",\"url\":\"" URL "\"," KID "}", 400,
	    "badNonce" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"AAAAAAAAAAAAAAAAAAAAAA\",\"url\":\""
	    URL "\"," KID "}", 400, "badNonce" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"x\",\"url\":\"" URL "\"," KID "}",
	    400, "badNonce" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N==\",\"url\":\"" URL "\"," KID
	    "}", 400, "malformed" },
	{ "{\"alg\":\"ES256\",\"nonce\":{},\"url\":\"" URL "\"," KID "}",
	    400, "malformed" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N\",\"url\":\"" URL "\","
	    "\"kid\":\"7\"}", 400, "malformed" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N\",\"url\":\"" URL "\","
	    "\"kid\":\"https://evil.test/acme/account/7\"}", 400,
	    "malformed" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N\",\"url\":\"" URL "\","
	    "\"kid\":\"" FAKE_BASE "/acme/account/07\"}", 400, "malformed" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N\",\"url\":\"" URL "\","
	    "\"kid\":\"" FAKE_BASE "/acme/account/0\"}", 400, "malformed" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N\",\"url\":\"" URL "\","
	    "\"kid\":\"" FAKE_BASE "/acme/order/7\"}", 400, "malformed" },
	{ "{\"alg\":\"ES256\",\"nonce\":\"$N\",\"url\":\"" URL "\","
	    "\"kid\":\"" FAKE_KID "/orders\"}", 400, "malformed" },
	{ "[]", 400, "malformed" },
	{ "{", 400, "malformed" },
	{ "", 400, "malformed" },
};

static void
test_headers(void **state)
{
	const size_t count = sizeof(headers) / sizeof(headers[0]);
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	expect_alive(&fake);
	for (size_t i = 0; i < count; i++) {
		fake_send_jws(&fake, "/acme/new-order", with_nonce(&fake,
		    headers[i].header), ORDER, &fake.key);
		/* The key's type may have changed, for all web knows. */
		if (!fake.answered)
			fake_give_key(&fake, &fake.key);
		fake_expect_problem(&fake, headers[i].status,
		    headers[i].type);
		fake_expect_nonce(&fake);
		expect_alive(&fake);
	}
	fake_done(&fake);
}

/* RFC 8555 6.2: what is supported is listed. */
static void
test_algorithms_are_listed(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	post_parts(&fake, "/acme/new-order", with_nonce(&fake,
	    headers[0].header), ORDER, SPAN_NONE, "");
	fake_expect_problem(&fake, 400, "badSignatureAlgorithm");
	assert_non_null(strstr(fake.body, "\"algorithms\":[\"ES256\""));
	fake_done(&fake);
}

/* An HMAC that anybody can make: its secret is the public key. */
static void
test_hmac_with_public_key(void **state)
{
	uint8_t mac[32];
	unsigned len = sizeof(mac);
	struct arena arena = { .used = 0 };
	struct span spki;
	struct err err;
	struct bld input;
	struct fake fake;
	char *header;

	(void)state;
	fake_init(&fake, NULL);
	assert_int_equal(key_to_spki(fake.key.pkey, &arena, &spki, &err), 0);
	header = with_nonce(&fake, headers[1].header);
	bld_init(&input, FAKE_TEXT_MAX);
	text_base64url(&input, span_str(header));
	bld_u8(&input, '.');
	text_base64url(&input, SPAN_LIT(ORDER));
	HMAC(EVP_sha256(), spki.data, (int)spki.len, input.data, input.len,
	    mac, &len);
	post_parts(&fake, "/acme/new-order", header, ORDER, span_of(mac, len),
	    "");
	fake_expect_problem(&fake, 400, "badSignatureAlgorithm");
	bld_free(&input);
	arena_free(&arena);
	fake_done(&fake);
}

static void
test_replay(void **state)
{
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;
	struct fake fake;
	char *header;

	(void)state;
	fake_init(&fake, NULL);
	expect_alive(&fake);
	header = fake_header(&fake, FAKE_BASE "/acme/order/11", KID);
	fake_send_jws(&fake, "/acme/order/11", header, "", &fake.key);
	frame = fake_take(&fake, WEB_CORE_ORDER_GET, &request);
	answer = fake_order(&fake, ORDER_READY);
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 200, "application/json", NULL);
	fake_send_jws(&fake, "/acme/order/11", header, "", &fake.key);
	fake_expect_problem(&fake, 400, "badNonce");
	assert_non_null(strstr(fake.body,
	    "\"detail\":\"JWS has an invalid anti-replay nonce "));
	fake_expect_nonce(&fake);
	fake_done(&fake);
}

/* "Once a nonce value has appeared in an ACME request, the server MUST consider
 * it invalid": RFC 8555 6.5, also when the request was refused for another
 * reason. */
static void
test_nonce_of_a_refused_request(void **state)
{
	static const struct {
		const char *url, *who, *type;
		int status;
	} rows[] = {
		{ FAKE_BASE "/acme/order/12", KID, "unauthorized", 403 },
		{ FAKE_BASE "/acme/order/11", "\"kid\":\"x\"", "malformed",
		    400 },
	};
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	expect_alive(&fake);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *header = fake_header(&fake, rows[i].url, rows[i].who);
		const char *nonce = strstr(header, "\"nonce\":\"") + 9;

		fake_send_jws(&fake, "/acme/order/11", header, "", &fake.key);
		fake_expect_problem(&fake, rows[i].status, rows[i].type);
		assert_false(nonce_take(fake.nonces, span_of(nonce,
		    NONCE_TEXT_SIZE - 1)));
	}
	fake_done(&fake);
}

/* Whole bodies. $P is a good protected header, encoded. */
static const struct {
	const char *body;
	int status;
	const char *type;
} bodies[] = {
	{ "", 400, "malformed" },
	{ "null", 400, "malformed" },
	{ "[]", 400, "malformed" },
	{ "{}", 400, "malformed" },
	{ "{\"protected\":\"$P\",\"payload\":\"e30\"}", 400, "malformed" },
	{ "{\"protected\":\"$P\",\"signature\":\"AA\"}", 400, "malformed" },
	{ "{\"payload\":\"e30\",\"signature\":\"AA\"}", 400, "malformed" },
	{ "{\"protected\":\"$P\",\"payload\":\"e30\",\"signature\":\"AA\","
	    "\"header\":{\"alg\":\"none\"}}", 400, "malformed" },
	{ "{\"protected\":\"$P\",\"payload\":\"e30\",\"signature\":\"AA\","
	    "\"signatures\":[]}", 400, "malformed" },
	{ "{\"payload\":\"e30\",\"signatures\":[{\"protected\":\"$P\","
	    "\"signature\":\"AA\"}]}", 400, "malformed" },
	{ "{\"protected\":\"$P\",\"protected\":\"$P\",\"payload\":\"e30\","
	    "\"signature\":\"AA\"}", 400, "malformed" },
	{ "{\"protected\":\"$P=\",\"payload\":\"e30\",\"signature\":\"AA\"}",
	    400, "malformed" },
	{ "{\"protected\":\"$P\",\"payload\":\"e30=\",\"signature\":\"AA\"}",
	    400, "malformed" },
	{ "{\"protected\":\"$P\",\"payload\":\"e30\",\"signature\":\"AA==\"}",
	    400, "malformed" },
	{ "{\"protected\":\"$P\",\"payload\":\"e+/0\",\"signature\":\"AA\"}",
	    400, "malformed" },
	{ "{\"protected\":\"$P\",\"payload\":{},\"signature\":\"AA\"}", 400,
	    "malformed" },
	{ "{\"protected\":\"$P\",\"payload\":\"e30\",\"signature\":\"AA\"} x",
	    400, "malformed" },
	{ "{\"protected\":\"$P\",\"payload\":\"e30\",\"signature\":\"\"}",
	    400, "malformed" },
	{ "{\"protected\":\"$P\",\"payload\":\"e30\",\"signature\":\"AA\"}",
	    400, "malformed" },
};

static void
test_bodies(void **state)
{
	struct fake fake;
	struct bld out;

	(void)state;
	fake_init(&fake, NULL);
	bld_init(&out, FAKE_TEXT_MAX);
	expect_alive(&fake);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		const char *text = bodies[i].body, *at;

		bld_reset(&out);
		for (; (at = strstr(text, "$P")) != NULL; text = at + 2) {
			bld_bytes(&out, text, (size_t)(at - text));
			text_base64url(&out, span_str(fake_header(&fake, URL,
			    KID)));
		}
		bld_str(&out, text);
		fake_request(&fake, HTTP_POST, "/acme/new-order",
		    "application/jose+json", bld_view(&out));
		if (!fake.answered)
			fake_give_key(&fake, &fake.key);
		fake_expect_problem(&fake, bodies[i].status, bodies[i].type);
		expect_alive(&fake);
	}
	bld_free(&out);
	fake_done(&fake);
}

/* A payload is only looked at behind its signature; then it too may be bad. */
static void
test_payloads(void **state)
{
	static const char *const payloads[] = {
		"x", "null", "\"\"", "{\"identifiers\":[],\"identifiers\":[]}",
		"{\"a\":\"\\u0000\"}", "{\"a\":\"\xff\"}", "{} {}",
		"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
	};
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	expect_alive(&fake);
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		fake_post(&fake, "/acme/new-order", payloads[i]);
		fake_expect_problem(&fake, 400, "malformed");
		expect_alive(&fake);
	}
	fake_done(&fake);
}

static void
test_deep_and_large(void **state)
{
	static const size_t sizes[] = { 131073, 1 << 20, 4000000 };
	struct fake fake;
	struct bld out;

	(void)state;
	fake_init(&fake, NULL);
	bld_init(&out, FAKE_TEXT_MAX);
	expect_alive(&fake);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		bld_reset(&out);
		memset(bld_grow(&out, sizes[i]), ' ', sizes[i]);
		fake_request(&fake, HTTP_POST, "/acme/new-order",
		    "application/jose+json", bld_view(&out));
		fake_expect_problem(&fake, 413, "malformed");
	}
	bld_reset(&out);
	for (int i = 0; i < 60000; i++)
		bld_str(&out, "[");
	fake_request(&fake, HTTP_POST, "/acme/new-order",
	    "application/jose+json", bld_view(&out));
	fake_expect_problem(&fake, 400, "malformed");
	bld_reset(&out);
	bld_str(&out, "{\"protected\":");
	for (int i = 0; i < 20000; i++)
		bld_str(&out, "{\"\":");
	fake_request(&fake, HTTP_POST, "/acme/new-order",
	    "application/jose+json", bld_view(&out));
	fake_expect_problem(&fake, 400, "malformed");
	expect_alive(&fake);
	bld_free(&out);
	fake_done(&fake);
}

/* Members that nobody knows, of which a header may have thousands, are not kept
 * while core is asked, and what is kept can still be verified. */
static void
test_header_is_not_kept(void **state)
{
	struct web_core_request request;
	struct web_call *call;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	fake_send_jws(&fake, "/acme/order/9", fake_header(&fake, FAKE_BASE
	    "/acme/order/9", "\"kid\":\"" FAKE_KID "\",\"x\":[0,[],{}]"),
	    "", &fake.key);
	call = TAILQ_FIRST(&fake.web->calls);
	assert_non_null(call);
	assert_null(call->jws.header.json);
	fake_give_key(&fake, &fake.key);
	fake_answer_problem(&fake, fake_take(&fake, WEB_CORE_ORDER_GET,
	    &request), ERR_NO_SUCH_RESOURCE, "gone");
	assert_int_equal(request.object_id, 9);
	fake_done(&fake);
}

static void
test_media_types(void **state)
{
	static const char *const types[] = {
		NULL, "", "application/json", "application/jose",
		"application/jose+jsonx", "text/plain",
		"multipart/form-data; boundary=application/jose+json",
	};
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		fake_request(&fake, HTTP_POST, "/acme/new-order", types[i],
		    SPAN_LIT("{}"));
		fake_expect_problem(&fake, 415, "malformed");
		fake_expect_nonce(&fake);
	}
	fake_done(&fake);
}

/* Keys that newAccount brings, as "jwk". */
static const struct {
	const char *jwk;
	const char *type;
} keys[] = {
	{ "{}", "malformed" },
	{ "{\"kty\":\"oct\",\"k\":\"AAAA\"}", "badPublicKey" },
	/* off the curve */
	{ "{\"kty\":\"EC\",\"crv\":\"P-256\","
	    "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\","
	    "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\"}",
	    "badPublicKey" },
	/* the point at infinity has no such form; zero is off the curve */
	{ "{\"kty\":\"EC\",\"crv\":\"P-256\","
	    "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\","
	    "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
	    "badPublicKey" },
	{ "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
	    NULL },
	{ "{\"kty\":\"EC\",\"crv\":\"secp256k1\","
	    "\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\","
	    "\"y\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE\"}",
	    "badPublicKey" },
	{ "{\"kty\":\"RSA\",\"e\":\"AQAB\",\"n\":\"AA\"}", NULL },
	{ "{\"kty\":\"RSA\",\"e\":\"AQAB\"}", "malformed" },
	{ "7", "malformed" },
};

static void
test_keys(void **state)
{
	char header[1024];
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		snprintf(header, sizeof(header), "{\"alg\":\"ES256\","
		    "\"nonce\":\"$N\",\"url\":\"" FAKE_BASE
		    "/acme/new-account\",\"jwk\":%s}", keys[i].jwk);
		fake_send_jws(&fake, "/acme/new-account", with_nonce(&fake,
		    header), "{}", &fake.key);
		assert_int_equal(fake.status, 400);
		if (keys[i].type != NULL)
			fake_expect_problem(&fake, 400, keys[i].type);
		assert_int_equal(fake.num_frames, 0);
	}
	fake_done(&fake);
}

/* A key with its private half, or newAccount by kid. */
static void
test_new_account_forms(void **state)
{
	char private[1024];
	struct fake fake;
	char *jwk;

	(void)state;
	fake_init(&fake, NULL);
	fake_send_jws(&fake, "/acme/new-account", fake_header(&fake,
	    FAKE_BASE "/acme/new-account", KID), "{}", &fake.key);
	fake_expect_problem(&fake, 400, "malformed");
	jwk = fake_jwk(&fake, &fake.key);
	snprintf(private, sizeof(private), "%.*s,\"d\":\"AAAA\"}",
	    (int)strlen(jwk) - 1, jwk);
	fake_send_jws(&fake, "/acme/new-account", fake_header(&fake,
	    FAKE_BASE "/acme/new-account", private), "{}", &fake.key);
	fake_expect(&fake, 400, "application/problem+json", NULL);
	assert_int_equal(fake.num_frames, 0);
	fake_done(&fake);
}

static void
post_rsa_account(struct fake *fake, int bits)
{
	EVP_PKEY *pkey = EVP_RSA_gen((unsigned)bits);
	struct arena arena = { .used = 0 };
	struct span spki;
	struct jwk jwk;
	struct err err;
	struct bld header;

	assert_non_null(pkey);
	assert_int_equal(key_to_spki(pkey, &arena, &spki, &err), 0);
	if (jwk_from_spki(spki, &jwk, &err) < 0)
		fail_msg("%d bits: %s", bits, err.text);
	EVP_PKEY_free(jwk.pkey);
	jwk.pkey = pkey;
	bld_init(&header, FAKE_TEXT_MAX);
	bld_fmt(&header, "{\"alg\":\"RS256\",\"nonce\":\"$N\",\"url\":\"%s\","
	    "%s}%c", FAKE_BASE "/acme/new-account", fake_jwk(fake, &jwk), 0);
	fake_send_jws(fake, "/acme/new-account", with_nonce(fake,
	    (const char *)header.data), "{}", &jwk);
	bld_free(&header);
	jwk_done(&jwk);
	arena_free(&arena);
}

static void
test_rsa_sizes(void **state)
{
	struct web_core_request request;
	struct fake_frame frame;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	post_rsa_account(&fake, 1024);
	fake_expect_problem(&fake, 400, "badPublicKey");
	post_rsa_account(&fake, 2048);
	frame = fake_take(&fake, WEB_CORE_ACCOUNT_NEW, &request);
	fake_answer_problem(&fake, frame, ERR_RATE_LIMITED, "slow");
	fake_expect_problem(&fake, 429, "rateLimited");
	post_rsa_account(&fake, 2056);
	fake_expect_problem(&fake, 400, "badPublicKey");
	fake_done(&fake);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_algorithms_are_listed),
		cmocka_unit_test(test_hmac_with_public_key),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_nonce_of_a_refused_request),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_payloads),
		cmocka_unit_test(test_deep_and_large),
		cmocka_unit_test(test_header_is_not_kept),
		cmocka_unit_test(test_media_types),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_new_account_forms),
		cmocka_unit_test(test_rsa_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
