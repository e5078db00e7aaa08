/* SPDX-License-Identifier: Apache-2.0 */
/* What web says to well-behaved clients, and how it deals with core. The names
 * of clients in comments are of those that fail without what is tested. */
#include "web/web_fake.h"

#define PROFILES "\"profiles\":{\"default\":\"TLS server certificates " \
	"with the common name that the request asks for\"}"

static void
test_directory(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	fake_request(&fake, HTTP_GET, "/dir", NULL, SPAN_NONE);
	fake_expect(&fake, 200, "application/json",
	    "{\"newNonce\":\"" FAKE_BASE "/acme/new-nonce\","
	    "\"newAccount\":\"" FAKE_BASE "/acme/new-account\","
	    "\"newOrder\":\"" FAKE_BASE "/acme/new-order\",\"meta\":{"
	    PROFILES "}}");
	fake_expect_no_header(&fake, "Link: ");
	fake_expect_no_header(&fake, "Replay-Nonce: ");
	fake_expect_header(&fake, "Access-Control-Allow-Origin: *");
	/* RFC 8555 6.3: also by POST-as-GET. */
	fake_post(&fake, "/dir", "");
	fake_give_key(&fake, &fake.key);
	fake_expect(&fake, 200, "application/json", NULL);
	fake_expect_nonce(&fake);
	fake_done(&fake);
}

static void
tune_meta(struct config *config)
{
	config->base_url = mem_strdup("https://acme.example");
	config->terms_of_service = mem_strdup("https://example/terms");
	config->website = mem_strdup("https://example/");
	config->caa_identity = mem_strdup("example");
}

static void
test_directory_meta(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake, tune_meta);
	fake_request(&fake, HTTP_GET, "/dir", NULL, SPAN_NONE);
	fake_expect(&fake, 200, "application/json",
	    "{\"newNonce\":\"https://acme.example/acme/new-nonce\","
	    "\"newAccount\":\"https://acme.example/acme/new-account\","
	    "\"newOrder\":\"https://acme.example/acme/new-order\",\"meta\":{"
	    "\"termsOfService\":\"https://example/terms\","
	    "\"website\":\"https://example/\","
	    "\"caaIdentities\":[\"example\"]," PROFILES "}}");
	fake_done(&fake);
}

/* RFC 8555 7.2. acme-tiny and uacme GET; p1 wants no text/plain. */
static void
test_new_nonce(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	fake_request(&fake, HTTP_HEAD, "/acme/new-nonce", NULL, SPAN_NONE);
	fake_expect(&fake, 200, NULL, "");
	fake_expect_nonce(&fake);
	fake_expect_header(&fake, "Cache-Control: no-store");
	fake_expect_header(&fake, "Link: <" FAKE_BASE "/dir>;rel=\"index\"");
	fake_request(&fake, HTTP_GET, "/acme/new-nonce", NULL, SPAN_NONE);
	fake_expect(&fake, 204, NULL, "");
	fake_expect_nonce(&fake);
	fake_expect_header(&fake, "Cache-Control: no-store");
	fake_post(&fake, "/acme/new-nonce", "");
	fake_give_key(&fake, &fake.key);
	fake_expect(&fake, 200, NULL, "");
	fake_expect_nonce(&fake);
	fake_done(&fake);
}

/* caddy sends zero members. */
static void
test_new_order(void **state)
{
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	frame = fake_ask(&fake, "/acme/new-order", "{\"status\":\"\","
	    "\"expires\":\"0001-01-01T00:00:00Z\","
	    "\"notBefore\":\"0001-01-01T00:00:00Z\",\"notAfter\":\"\","
	    "\"profile\":null,\"identifiers\":["
	    "{\"type\":\"dns\",\"value\":\"b.test\",\"x\":1},"
	    "{\"type\":\"dns\",\"value\":\"A.test\"},"
	    "{\"type\":\"dns\",\"value\":\"a.test\"}]}",
	    WEB_CORE_ORDER_NEW, &request);
	assert_int_equal(request.order_new.not_before, 0);
	assert_int_equal(request.order_new.not_after, 0);
	assert_int_equal(request.order_new.idents.count, 2);
	assert_true(span_equal_str(request.order_new.idents.items[0].value,
	    "a.test"));
	answer = fake_order(&fake, ORDER_PENDING);
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 201, "application/json",
	    "{\"status\":\"pending\",\"expires\":\"2027-01-15T09:00:00Z\","
	    "\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.test\"}],"
	    "\"authorizations\":[\"" FAKE_BASE "/acme/authz/12\"],"
	    "\"finalize\":\"" FAKE_BASE "/acme/order/11/finalize\"}");
	fake_expect_header(&fake, "Location: " FAKE_BASE "/acme/order/11");
	fake_expect_no_header(&fake, "Retry-After: ");
	fake_expect_nonce(&fake);
	frame = fake_ask(&fake, "/acme/new-order",
	    "{\"notBefore\":\"2027-01-15T10:00:00+01:00\",\"identifiers\":["
	    "{\"type\":\"ip\",\"value\":\"192.0.2.1\"}]}",
	    WEB_CORE_ORDER_NEW, &request);
	assert_int_equal(request.order_new.not_before, 1800003600000);
	assert_int_equal(request.order_new.idents.items[0].type, IDENT_IP);
	fake_answer_problem(&fake, frame, ERR_REJECTED_IDENTIFIER, "no");
	fake_expect_problem(&fake, 400, "rejectedIdentifier");
	fake_done(&fake);
}

static void
test_new_order_refused(void **state)
{
	static const struct {
		const char *payload;
		const char *type;
	} rows[] = {
		{ "{}", "malformed" },
		{ "", "malformed" },
		{ "{\"identifiers\":[]}", "malformed" },
		{ "{\"identifiers\":{}}", "malformed" },
		{ "{\"identifiers\":[\"a.test\"]}", "malformed" },
		{ "{\"identifiers\":[{\"type\":\"dns\"}]}", "malformed" },
		{ "{\"identifiers\":[{\"type\":\"dns\",\"value\":7}]}",
		    "malformed" },
		{ "{\"identifiers\":[{\"type\":\"mail\",\"value\":\"a\"}]}",
		    "unsupportedIdentifier" },
		{ "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a b\"}]}",
		    NULL },
		/* An A-label that decodes to nothing: RFC 5891 4.2. */
		{ "{\"identifiers\":[{\"type\":\"dns\","
		    "\"value\":\"xn--a.test\"}]}", "malformed" },
		{ "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.test\"}]"
		    ",\"notAfter\":\"tomorrow\"}", "malformed" },
		{ "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.b\"}]"
		    ",\"notAfter\":\"1970-01-01T00:00:00Z\"}", "malformed" },
		{ "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"a.test\"}]"
		    ",\"notBefore\":7}", "malformed" },
		{ "[]", "malformed" },
		{ "7", "malformed" },
	};
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake_post(&fake, "/acme/new-order", rows[i].payload);
		if (i == 0)
			fake_give_key(&fake, &fake.key);
		if (rows[i].type != NULL)
			fake_expect_problem(&fake, 400, rows[i].type);
		assert_int_equal(fake.status, 400);
	}
	fake_done(&fake);
}

/* RFC 8555 6.7.1. */
static void
test_subproblems(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	fake_post(&fake, "/acme/new-order", "{\"identifiers\":["
	    "{\"type\":\"dns\",\"value\":\"good.test\"},"
	    "{\"type\":\"dns\",\"value\":\"_bad.test\"},"
	    "{\"type\":\"dns\",\"value\":\"-bad.test\"}]}");
	fake_give_key(&fake, &fake.key);
	fake_expect(&fake, 400, "application/problem+json", NULL);
	assert_non_null(strstr(fake.body, "error:compound\""));
	assert_non_null(strstr(fake.body, ",\"subproblems\":[{\"type\":"));
	assert_non_null(strstr(fake.body,
	    "\"identifier\":{\"type\":\"dns\",\"value\":\"_bad.test\"}"));
	assert_non_null(strstr(fake.body,
	    "\"identifier\":{\"type\":\"dns\",\"value\":\"-bad.test\"}"));
	assert_null(strstr(fake.body, "good.test"));
	fake_done(&fake);
}

static void
test_too_many_identifiers(void **state)
{
	struct fake fake;
	struct bld out;

	(void)state;
	fake_init(&fake, NULL);
	bld_init(&out, FAKE_TEXT_MAX);
	bld_str(&out, "{\"identifiers\":[");
	for (int i = 0; i <= IDENT_LIST_MAX; i++)
		bld_fmt(&out, "%s{\"type\":\"dns\",\"value\":\"n%d.test\"}",
		    i == 0 ? "" : ",", i);
	bld_fmt(&out, "]}%c", 0);
	fake_post(&fake, "/acme/new-order", (const char *)out.data);
	fake_give_key(&fake, &fake.key);
	fake_expect_problem(&fake, 400, "malformed");
	bld_free(&out);
	fake_done(&fake);
}

/* RFC 8555 7.1.6 and 7.4: Retry-After while processing, the certificate's URL
 * when valid. acme.sh searches an order for "status":"invalid". */
static void
test_order(void **state)
{
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	frame = fake_ask(&fake, "/acme/order/11", "", WEB_CORE_ORDER_GET,
	    &request);
	assert_int_equal(request.object_id, 11);
	answer = fake_order(&fake, ORDER_PROCESSING);
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 200, "application/json", NULL);
	fake_expect_header(&fake, "Retry-After: 1");
	frame = fake_ask(&fake, "/acme/order/11", "", WEB_CORE_ORDER_GET,
	    &request);
	answer = fake_order(&fake, ORDER_VALID);
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 200, "application/json", NULL);
	assert_non_null(strstr(fake.body, ",\"certificate\":\"" FAKE_BASE
	    "/acme/certificate/13\""));
	assert_null(strstr(fake.body, "\"status\":\"invalid\""));
	assert_null(strstr(fake.body, "\\/")); /* uacme */
	assert_null(strstr(fake.body, "\\u00")); /* dehydrated, acme.sh */
	frame = fake_ask(&fake, "/acme/order/11", "", WEB_CORE_ORDER_GET,
	    &request);
	fake_answer_problem(&fake, frame, ERR_NO_SUCH_RESOURCE, "no order");
	fake_expect_problem(&fake, 404, "malformed");
	fake_post(&fake, "/acme/order/11", "{}");
	fake_expect_problem(&fake, 400, "malformed");
	fake_done(&fake);
}

/* certbot, lego and python-acme need rel="up"; @root/acme polls by posting
 * "{}" again. */
static void
test_challenge(void **state)
{
	static const enum challenge_status seen[] = {
		CHALLENGE_PROCESSING, CHALLENGE_VALID, CHALLENGE_INVALID,
	};
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	for (size_t i = 0; i < sizeof(seen) / sizeof(seen[0]); i++) {
		frame = fake_ask(&fake, "/acme/challenge/12/http-01",
		    "{\"keyAuthorization\":\"x\"}",
		    WEB_CORE_CHALLENGE_RESPOND, &request);
		assert_int_equal(request.challenge.authz_id, 12);
		assert_int_equal(request.challenge.type, CHALLENGE_HTTP_01);
		answer = fake_authz(&fake, AUTHZ_PENDING, seen[i]);
		fake_answer(&fake, frame, &answer);
		fake_expect(&fake, 200, "application/json", NULL);
		fake_expect_header(&fake,
		    "Link: <" FAKE_BASE "/acme/authz/12>;rel=\"up\"");
		if (seen[i] == CHALLENGE_PROCESSING)
			fake_expect_header(&fake, "Retry-After: 1");
		else
			fake_expect_no_header(&fake, "Retry-After: ");
		fake_expect_nonce(&fake);
	}
	frame = fake_ask(&fake, "/acme/challenge/12/http-01", "",
	    WEB_CORE_CHALLENGE_GET, &request);
	answer = fake_authz(&fake, AUTHZ_PENDING, CHALLENGE_PENDING);
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 200, "application/json",
	    "{\"type\":\"http-01\",\"url\":\"" FAKE_BASE
	    "/acme/challenge/12/http-01\",\"status\":\"pending\",\"token\":\""
	    "TTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTTT\"}");
	/* One that the authorization does not offer. */
	frame = fake_ask(&fake, "/acme/challenge/12/http-01", "",
	    WEB_CORE_CHALLENGE_GET, &request);
	answer.authz.offered = 0;
	fake_answer(&fake, frame, &answer);
	fake_expect_problem(&fake, 404, "malformed");
	fake_done(&fake);
}

static void
test_authz(void **state)
{
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	frame = fake_ask(&fake, "/acme/authz/12", "", WEB_CORE_AUTHZ_GET,
	    &request);
	answer = fake_authz(&fake, AUTHZ_PENDING, CHALLENGE_PROCESSING);
	answer.authz.wildcard = true;
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 200, "application/json", NULL);
	fake_expect_header(&fake, "Retry-After: 1");
	assert_non_null(strstr(fake.body, "\"wildcard\":true"));
	frame = fake_ask(&fake, "/acme/authz/12",
	    "{\"status\":\"deactivated\"}", WEB_CORE_AUTHZ_DEACTIVATE,
	    &request);
	assert_int_equal(request.object_id, 12);
	answer = fake_authz(&fake, AUTHZ_DEACTIVATED, CHALLENGE_PENDING);
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 200, "application/json", NULL);
	fake_expect_no_header(&fake, "Retry-After: ");
	fake_post(&fake, "/acme/authz/12", "{}");
	fake_expect_problem(&fake, 400, "malformed");
	fake_post(&fake, "/acme/authz/12", "{\"status\":7}");
	fake_expect_problem(&fake, 400, "malformed");
	fake_done(&fake);
}

/* certbot and mod_md want two certificates at least; p1 no charset. */
static void
test_certificate(void **state)
{
	struct web_core_answer answer = {
		.type = WEB_CORE_CERTIFICATE,
		.certificate = {
			.count = 2,
			.der = { SPAN_LIT("leaf"), SPAN_LIT("issuer") },
		},
	};
	struct web_core_request request;
	struct fake_frame frame;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	frame = fake_ask(&fake, "/acme/certificate/13", "",
	    WEB_CORE_CERTIFICATE_GET, &request);
	assert_int_equal(request.object_id, 13);
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 200, "application/pem-certificate-chain",
	    "-----BEGIN CERTIFICATE-----\nbGVhZg==\n"
	    "-----END CERTIFICATE-----\n"
	    "-----BEGIN CERTIFICATE-----\naXNzdWVy\n"
	    "-----END CERTIFICATE-----\n");
	fake_done(&fake);
}

/* The JWS goes on as it came. x/crypto, acmetool and ruby need Location. */
static void
test_finalize(void **state)
{
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	frame = fake_ask(&fake, "/acme/order/11/finalize", "{\"csr\":\"AA\"}",
	    WEB_CORE_ORDER_FINALIZE, &request);
	assert_int_equal(request.finalize.order_id, 11);
	assert_int_equal(request.finalize.csr_spki.len, 0);
	assert_false(request.finalize.verified);
	assert_true(span_equal_str(request.finalize.payload_b64,
	    "eyJjc3IiOiJBQSJ9"));
	assert_int_equal(jws_verify_parts(request.finalize.protected_b64,
	    request.finalize.payload_b64, request.finalize.signature,
	    &fake.key, NULL), 0);
	answer = fake_order(&fake, ORDER_VALID);
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 200, "application/json", NULL);
	fake_expect_header(&fake, "Location: " FAKE_BASE "/acme/order/11");
	for (size_t i = 0; i < 2; i++) {
		frame = fake_ask(&fake, "/acme/order/11/finalize", i == 0 ?
		    "{\"csr\":\"MAkwBwIBADAAMAA\"}" :
		    "{\"x\":[],\"csr\":\"MAkwBwIBADAAMAA\"}",
		    WEB_CORE_ORDER_FINALIZE, &request);
		assert_true(span_equal(request.finalize.csr_spki,
		    span_of("\60", 2)));
		fake_answer(&fake, frame, &answer);
		fake_expect(&fake, 200, "application/json", NULL);
	}
	fake_post(&fake, "/acme/order/11/finalize", "");
	fake_expect_problem(&fake, 400, "malformed");
	fake_done(&fake);
}

/* RFC 8555 6.3. */
static void
test_methods(void **state)
{
	static const char *const targets[] = {
		"/acme/new-account", "/acme/new-order", "/acme/account/7",
		"/acme/account/7/orders", "/acme/order/11",
		"/acme/order/11/finalize", "/acme/authz/12",
		"/acme/challenge/12/http-01", "/acme/certificate/13",
	};
	static const enum http_method methods[] = {
		HTTP_GET, HTTP_HEAD, HTTP_OTHER,
	};
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		for (size_t j = 0; j < 3; j++) {
			fake_request(&fake, methods[j], targets[i], NULL,
			    SPAN_NONE);
			fake_expect_problem(&fake, 405, "malformed");
			fake_expect_header(&fake, "Allow: POST, OPTIONS");
		}
		fake_request(&fake, HTTP_OPTIONS, targets[i], NULL,
		    SPAN_NONE);
		fake_expect(&fake, 204, NULL, "");
		fake_expect_header(&fake,
		    "Access-Control-Allow-Headers: Content-Type");
	}
	fake_request(&fake, HTTP_OTHER, "/dir", NULL, SPAN_NONE);
	fake_expect(&fake, 405, "application/problem+json", NULL);
	fake_expect_header(&fake, "Allow: GET, HEAD, POST, OPTIONS");
	fake_done(&fake);
}

static void
test_no_such_resource(void **state)
{
	static const char *const targets[] = {
		"/", "*", "//dir", "/dir/", "/DIR", "/d%69r", "/acme/order/",
		"/acme/order/0", "/acme/order/01", "/acme/order/x",
		"/acme/order/-1", "/acme/order/9223372036854775808",
		"/acme/order/11/", "/acme/order/11/finalize/",
		"/acme/order//finalize", "/acme/challenge/12/",
		"/acme/challenge/12/http-02", "/acme/challenge/12",
		"/acme/revoke-cert", "/acme/key-change", "/acme/new-authz",
	};
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		fake_request(&fake, HTTP_GET, targets[i], NULL, SPAN_NONE);
		fake_expect_problem(&fake, 404, "malformed");
		fake_request(&fake, HTTP_POST, targets[i],
		    "application/jose+json", SPAN_LIT("{}"));
		fake_expect_problem(&fake, 404, "malformed");
		fake_expect_nonce(&fake);
	}
	fake_done(&fake);
}

static void
test_refused(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake, tune_meta);
	fake.exchange++;
	web_refused(fake.web, 413, "the body is \"too\" large",
	    fake.exchange);
	fake_expect(&fake, 413, "application/problem+json",
	    "{\"type\":\"urn:ietf:params:acme:error:malformed\","
	    "\"detail\":\"the body is \\\"too\\\" large\",\"status\":413}");
	fake_done(&fake);
}

/* acme.sh looks for these words; uacme needs the fresh nonce. */
static void
tune_reject(struct config *config)
{
	config->dev = true;
	config->dev_nonce_reject = 100;
}

static void
test_dev_nonce_reject(void **state)
{
	struct fake fake;

	(void)state;
	fake_init(&fake, tune_reject);
	fake_post(&fake, "/acme/new-order", "{}");
	fake_expect(&fake, 400, "application/problem+json",
	    "{\"type\":\"urn:ietf:params:acme:error:badNonce\",\"detail\":"
	    "\"JWS has an invalid anti-replay nonce (RFC 8555 6.5)\","
	    "\"status\":400}");
	fake_expect_nonce(&fake);
	fake_done(&fake);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_directory),
		cmocka_unit_test(test_directory_meta),
		cmocka_unit_test(test_new_nonce),
		cmocka_unit_test(test_new_order),
		cmocka_unit_test(test_new_order_refused),
		cmocka_unit_test(test_subproblems),
		cmocka_unit_test(test_too_many_identifiers),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_challenge),
		cmocka_unit_test(test_authz),
		cmocka_unit_test(test_certificate),
		cmocka_unit_test(test_finalize),
		cmocka_unit_test(test_methods),
		cmocka_unit_test(test_no_such_resource),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_dev_nonce_reject),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
