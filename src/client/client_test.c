/* SPDX-License-Identifier: Apache-2.0 */
/* What every operation goes through (directory, nonces, signatures, a CA in
 * trouble), and the operations of one question. */
#include "client/client_fake.h"

#define URN "urn:ietf:params:acme:error:"
#define BAD_NONCE "{\"type\":\"" URN "badNonce\",\"detail\":\"stale\"}"

static void
start(struct fake *fake, const struct client_options *options)
{
	if (fake->client == NULL)
		fake_open(fake, options);
	fake->done = false;
}

static void
test_directory(void **state)
{
	struct fake *fake = fake_new();
	const struct client_directory *found = &fake->result.directory;

	(void)state;
	fake->meta = "\"termsOfService\":\"https://ca.example/terms\","
	    "\"website\":\"javascript:alert(1)\",\"externalAccountRequired\":"
	    "true,\"caaIdentities\":[\"ca.example\",7],\"unknown\":null";
	fake->more_urls = ",\"keyChange\":\"" FAKE_TOP "/key\",\"new\":{}";
	start(fake, NULL);
	client_open(fake->client, 1);
	fake_run(fake);
	assert_int_equal(fake->result.type, CLIENT_RESULT_DIRECTORY);
	assert_true(span_equal_str(found->terms_url,
	    "https://ca.example/terms"));
	assert_int_equal(found->website.len, 0);
	assert_true(found->eab_required);
	assert_true(found->has_key_change);
	assert_false(found->has_renewal_info);
	assert_int_equal(found->num_caa, 1);
	fake_free(fake);
}

static void
test_directories_that_are_none(void **state)
{
	static const char *const bodies[] = { "", "[]", "<html>", "{}",
		"{\"newNonce\":\"http://ca.example/nonce\"}",
		"{\"newNonce\":7}",
		"{\"newNonce\":\"https://user@ca.example/\"}",
		"{\"newNonce\":\"https://\"}", "{\"newNonce\":\"/nonce\"}" };

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct fake *fake = fake_new();

		FAKE_RULE(fake, .path = "/dir", .status = 200,
		    .body = bodies[i]);
		start(fake, NULL);
		client_open(fake->client, 1);
		fake_run(fake);
		fake_assert_problem(fake, CLIENT_NONSENSE, "directory");
		fake_free(fake);
	}
}

static void
test_directory_that_redirects(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	FAKE_RULE(fake, .path = "/dir", .status = 301,
	    .location = "https://elsewhere.example/");
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_NONSENSE, "301");
	fake_free(fake);
}

static void
test_urls_of_the_directory(void **state)
{
	static const struct { const char *url; bool good; } rows[] = {
		{ "https://ca.example/dir", true },
		{ "http://localhost:14000/dir", true },
		{ "http://127.0.0.1/dir", true },
		{ "http://[::1]:1/dir", true },
		{ "http://127.0.0.1.example/dir", false },
		{ "http://localhost.example/dir", false },
		{ "http://ca.example/dir", false },
		{ "ftp://ca.example/dir", false },
		{ "ca.example", false },
		{ "https://ca.example/a b", false },
		{ "https://ca.example/a#b", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake *fake = fake_new();
		struct client_options options = fake_options();

		options.directory_url = span_str(rows[i].url);
		assert_int_equal(client_new(&fake->env, &options, &fake_ops,
		    fake, &fake->client, NULL) == 0, rows[i].good);
		fake_free(fake);
	}
}

static void
test_server_in_trouble_comes_back(void **state)
{
	static const char *const paths[] = { "/dir", "/nonce", "/account",
		"/order", "/authz/0", "/chall/0", "/finalize", "/cert" };

	(void)state;
	for (size_t i = 0; i < 4 * sizeof(paths) / sizeof(paths[0]); i++) {
		struct fake *fake = fake_new();
		const char *path = paths[i / 4];

		switch (i % 4) {
		case 0:
			FAKE_RULE(fake, .path = path, .nth = 1, .status = 503,
			    .body = "<html>busy</html>", .no_nonce = true);
			break;
		case 1:
			FAKE_RULE(fake, .path = path, .nth = 1, .status = 429,
			    .retry_after = "7", .body = "{\"type\":\"" URN
			    "rateLimited\",\"detail\":\"slowly\"}");
			break;
		case 2:
			FAKE_RULE(fake, .path = path, .nth = 1,
			    .fail = ERR_CONNECTION);
			break;
		default:
			FAKE_RULE(fake, .path = path, .nth = 2,
			    .fail = ERR_CONNECTION);
		}
		fake_get(fake, NULL);
		fake_assert_chain(fake);
		assert_true(fake->now - FAKE_START < 30000);
		fake_free(fake);
	}
}

static void
test_server_that_stays_in_trouble(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	FAKE_RULE(fake, .path = "/order", .status = 500);
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_REFUSED, "500");
	assert_int_equal(fake_count(fake, "POST /order {"), CLIENT_TRIES_MAX);
	fake_free(fake);

	fake = fake_new();
	FAKE_RULE(fake, .path = "/dir", .fail = ERR_CONNECTION);
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_UNREACHABLE, "the line is cut");
	fake_free(fake);

	fake = fake_new();
	FAKE_RULE(fake, .path = "/dir", .fail = ERR_TLS);
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_UNREACHABLE, "the line is cut");
	assert_int_equal(fake_count(fake, "GET /dir"), 1);
	fake_free(fake);

	fake = fake_new();
	FAKE_RULE(fake, .path = "/cert", .fail = ERR_TOO_LARGE);
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_NONSENSE, "the line is cut");
	assert_int_equal(fake_count(fake, "POST /cert"), 1);
	fake_free(fake);
}

static void
test_rate_limit_says_when(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	FAKE_RULE(fake, .path = "/order", .status = 429,
	    .retry_after = "3600", .body = "{\"type\":\"" URN "rateLimited\","
	    "\"detail\":\"too many: see https://ca.example/limits\","
	    "\"instance\":\"https://ca.example/unpause\"}");
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_REFUSED, "too many");
	assert_int_equal(fake->result.problem.retry_at - fake->now, 3600000);
	assert_true(span_equal_str(fake->result.problem.instance,
	    "https://ca.example/unpause"));
	assert_int_equal(fake_count(fake, "POST /order {"), 1);
	fake_free(fake);
}

static void
test_bad_nonces(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	/* Each request is refused once: the nonce that comes with the refusal
	 * is taken, so no other is fetched. */
	for (unsigned i = 1; i <= 11; i += 2) {
		FAKE_RULE(fake, .path = "/order", .nth = i, .status = 400,
		    .body = BAD_NONCE);
	}
	FAKE_RULE(fake, .path = "/finalize", .nth = 1, .status = 400,
	    .body = BAD_NONCE, .no_nonce = true);
	fake_get(fake, NULL);
	fake_assert_chain(fake);
	assert_int_equal(fake_count(fake, "HEAD /nonce"), 2);
	fake_free(fake);

	fake = fake_new();
	FAKE_RULE(fake, .path = "/order", .status = 400, .body = BAD_NONCE);
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_REFUSED, "fresh nonces in a row");
	assert_int_equal(fake_count(fake, "POST /order {"),
	    CLIENT_BAD_NONCES_MAX + 1);
	fake_free(fake);
}

static void
test_nonces_by_get_alone(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	FAKE_RULE(fake, .path = "/nonce", .nth = 1, .status = 405,
	    .no_nonce = true);
	fake_get(fake, NULL);
	/* The fake gives no nonce to GET: neither way does it. */
	fake_assert_problem(fake, CLIENT_NONSENSE, "no nonce");
	assert_int_equal(fake_count(fake, "GET /nonce"), 1);
	fake_free(fake);
}

static void
test_answers_without_nonces(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	FAKE_RULE(fake, .path = "/order", .no_nonce = true);
	FAKE_RULE(fake, .path = "/authz", .no_nonce = true);
	fake_get(fake, NULL);
	fake_assert_chain(fake);
	assert_true(fake_count(fake, "HEAD /nonce") > 1);
	fake_free(fake);
}

static void
test_key_that_is_away(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	fake->sign_fails = ERR_INTERNAL;
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_SIGNING, "the key is away");
	fake_free(fake);
}

static void
test_no_problem_document(void **state)
{
	static const char *const bodies[] = { "", "Forbidden", "{}", "[1]",
		"{\"type\":7,\"detail\":[],\"subproblems\":{},\"instance\":1}" };

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct fake *fake = fake_new();

		FAKE_RULE(fake, .path = "/order", .status = 403,
		    .body = bodies[i]);
		fake_get(fake, NULL);
		fake_assert_problem(fake, CLIENT_REFUSED, "status 403");
		fake_free(fake);
	}
}

static void
test_wrong_types_everywhere(void **state)
{
	static const char *const paths[] = { "/order", "/authz/0", "/chall/0",
		"/finalize" };
	static const char *const bodies[] = { "", "[]", "{}", "null", "7",
		"{\"status\":7}", "{\"status\":\"fine\"}",
		"{\"status\":\"pending\",\"authorizations\":7,\"finalize\":[]}",
		"{\"status\":\"valid\",\"finalize\":\"" FAKE_TOP "/f\","
		"\"certificate\":\"http://ca.example/c\"}",
		"{\"status\":\"pending\",\"status\":\"pending\"}",
		"{\"status\":\"pending\",\"url\":\"file:///etc/passwd\"}",
		("{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\","
		"\"value\":\"evil.example\"},\"challenges\":[]}") };

	(void)state;
	for (size_t i = 0; i < 4 * sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct fake *fake = fake_new();

		FAKE_RULE(fake, .path = paths[i % 4], .status = 200,
		    .body = bodies[i / 4], .location = FAKE_TOP "/order/1");
		fake_get(fake, NULL);
		assert_int_equal(fake->result.type, CLIENT_RESULT_PROBLEM);
		assert_int_equal(fake->result.problem.cause, CLIENT_NONSENSE);
		assert_true(fake->now - FAKE_START < 1000);
		fake_free(fake);
	}
}

static void
test_tokens(void **state)
{
	static const char *const tokens[] = { "", "short",
		"../../../../../../etc/passwd", "evaGxfADs6pSRb2LAv9IZf1;reboot",
		"evaGxfADs6pSRb2LAv9IZf17$(reboot)", "evaGxfADs6pSRb2LAv9IZf17 x",
		"evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ=" };

	(void)state;
	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		struct fake *fake = fake_new();
		char body[512];

		snprintf(body, sizeof(body), "{\"status\":\"pending\","
		    "\"identifier\":{\"type\":\"dns\",\"value\":"
		    "\"example.org\"},\"challenges\":[{\"type\":\"http-01\","
		    "\"status\":\"pending\",\"url\":\"" FAKE_TOP "/chall/0\","
		    "\"token\":\"%s\"}]}", tokens[i]);
		FAKE_RULE(fake, .path = "/authz/0", .status = 200,
		    .body = body);
		fake_get(fake, NULL);
		fake_assert_problem(fake, CLIENT_NONSENSE, "token");
		assert_int_equal(fake->offers, 0);
		fake_free(fake);
	}
}

static void
test_orders_without_location(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	FAKE_RULE(fake, .path = "/order", .location = "order/1");
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_NONSENSE, "Location");
	fake_free(fake);

	fake = fake_new();
	FAKE_RULE(fake, .path = "/account", .location = "");
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_NONSENSE, "Location");
	fake_free(fake);
}

static void
test_chains_that_are_none(void **state)
{
	static const char *const bodies[] = { "", "nothing",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
		"-----BEGIN CERTIFICATE-----\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct fake *fake = fake_new();

		FAKE_RULE(fake, .path = "/cert", .status = 200,
		    .body = bodies[i]);
		fake_get(fake, NULL);
		fake_assert_problem(fake, CLIENT_NONSENSE,
		    "no certificate chain");
		fake_free(fake);
	}
}

static void
renewal(struct fake *fake)
{
	start(fake, NULL);
	client_renewal_info(fake->client, 1, SPAN_LIT("aYhb.AId"));
	fake_run(fake);
}

static void
test_renewal(void **state)
{
	static const char body[] = "{\"suggestedWindow\":{\"start\":"
	    "\"2026-12-02T04:00:00Z\",\"end\":\"2026-12-03T04:00:00Z\"},"
	    "\"explanationURL\":\"https://ca.example/why\"}";
	static const struct { const char *after; int64_t ms; } rows[] = {
		{ "21600", 21600000 }, { "1", CLIENT_RENEWAL_MIN_MS },
		{ "9999999999", CLIENT_RENEWAL_MAX_MS },
		{ NULL, CLIENT_RENEWAL_DEFAULT_MS },
		{ "later", CLIENT_RENEWAL_DEFAULT_MS },
	};
	struct fake *fake = fake_new();

	(void)state;
	renewal(fake);
	fake_assert_problem(fake, CLIENT_SETUP, "RFC 9773");
	fake_free(fake);
	for (size_t i = 0; i < 5; i++) {
		fake = fake_new();
		fake->more_urls = i % 2 == 0 ? ",\"renewalInfo\":\"" FAKE_TOP
		    "/ari\"" : ",\"renewalInfo\":\"" FAKE_TOP "/ari/\"";
		FAKE_RULE(fake, .path = "/ari/aYhb.AId", .status = 200,
		    .body = body, .retry_after = rows[i].after);
		renewal(fake);
		assert_int_equal(fake->result.type, CLIENT_RESULT_RENEWAL);
		assert_int_equal(fake->result.renewal.retry_at - fake->now,
		    rows[i].ms);
		assert_int_equal(fake->result.renewal.end_at -
		    fake->result.renewal.start_at, 86400000);
		fake_free(fake);
	}
	fake = fake_new();
	fake->more_urls = ",\"renewalInfo\":\"" FAKE_TOP "/ari\"";
	FAKE_RULE(fake, .path = "/ari/", .status = 200, .body =
	    "{\"suggestedWindow\":{\"start\":\"2026-12-02T04:00:00Z\","
	    "\"end\":\"2026-12-02T04:00:00Z\"}}");
	renewal(fake);
	fake_assert_problem(fake, CLIENT_NONSENSE, "window");
	fake_free(fake);
}

static void
test_revoke(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	start(fake, NULL);
	client_revoke(fake->client, 1, SPAN_LIT("cert"), 4, false);
	fake_run(fake);
	assert_int_equal(fake->result.type, CLIENT_RESULT_DONE);
	assert_int_equal(fake_count(fake, "POST /revoke {\"certificate\":"
	    "\"Y2VydA\",\"reason\":4}"), 1);
	start(fake, NULL);
	FAKE_RULE(fake, .path = "/revoke", .nth = 1, .status = 400, .body =
	    "{\"type\":\"" URN "alreadyRevoked\"}");
	client_revoke(fake->client, 1, SPAN_LIT("cert"), -1, true);
	fake_run(fake);
	assert_int_equal(fake->result.type, CLIENT_RESULT_DONE);
	start(fake, NULL);
	FAKE_RULE(fake, .path = "/revoke", .status = 403, .body =
	    "{\"type\":\"" URN "unauthorized\",\"detail\":\"not yours\"}");
	client_revoke(fake->client, 1, SPAN_LIT("cert"), -1, true);
	fake_run(fake);
	fake_assert_problem(fake, CLIENT_REFUSED, "not yours");
	fake_free(fake);

	/* By the certificate's key no account is needed. */
	fake = fake_new();
	start(fake, NULL);
	client_revoke(fake->client, 1, SPAN_LIT("cert"), -1, true);
	fake_run(fake);
	assert_int_equal(fake->accounts, 0);
	fake_free(fake);
}

/* Who is told to be less patient waits less for all that a CA does. */
static void
test_less_patience(void **state)
{
	struct client_options options = fake_options();
	struct fake *fake = fake_new();

	(void)state;
	options.step_max_ms = 2000;
	fake->processing = 1000000;
	fake_open(fake, &options);
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_TIMEOUT, "within 2 s");
	assert_true(fake->now - FAKE_START < 5000);
	fake_free(fake);

	fake = fake_new();
	FAKE_RULE(fake, .path = "/order", .status = 500);
	fake_open(fake, &options);
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_REFUSED, "500");
	assert_int_equal(fake_count(fake, "POST /order "), 2);
	fake_free(fake);
}

/* A clock that is wrong costs no order: what came would not be valid here. */
static void
test_clock(void **state)
{
	static const struct { const char *date; bool ordered; } rows[] = {
		{ "Sat, 21 Nov 2026 10:00:00 GMT", true },
		{ "Fri, 20 Nov 2026 10:01:00 GMT", true },
		{ "Fri, 20 Nov 2026 09:59:00 GMT", false },
		{ "Fri, 21 Nov 2025 10:00:00 GMT", false },
		{ "Sat, 21 Nov 2026 11:09:00 GMT", true },
		{ "Sat, 21 Nov 2026 11:11:00 GMT", false },
		{ "Sun, 21 Nov 2027 10:00:00 GMT", false },
		{ "yesterday", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake *fake = fake_new();

		FAKE_RULE(fake, .path = "/dir", .date = rows[i].date);
		fake_get(fake, NULL);
		assert_int_equal(fake->orders, rows[i].ordered ? 1 : 0);
		if (rows[i].ordered)
			fake_assert_chain(fake);
		else
			assert_int_equal(fake->result.problem.cause,
			    CLIENT_SETUP);
		fake_free(fake);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_clock),
	cmocka_unit_test(test_directory),
	cmocka_unit_test(test_directories_that_are_none),
	cmocka_unit_test(test_directory_that_redirects),
	cmocka_unit_test(test_urls_of_the_directory),
	cmocka_unit_test(test_server_in_trouble_comes_back),
	cmocka_unit_test(test_server_that_stays_in_trouble),
	cmocka_unit_test(test_rate_limit_says_when),
	cmocka_unit_test(test_bad_nonces),
	cmocka_unit_test(test_nonces_by_get_alone),
	cmocka_unit_test(test_answers_without_nonces),
	cmocka_unit_test(test_key_that_is_away),
	cmocka_unit_test(test_no_problem_document),
	cmocka_unit_test(test_wrong_types_everywhere),
	cmocka_unit_test(test_tokens),
	cmocka_unit_test(test_orders_without_location),
	cmocka_unit_test(test_chains_that_are_none),
	cmocka_unit_test(test_renewal),
	cmocka_unit_test(test_revoke),
		cmocka_unit_test(test_less_patience),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
