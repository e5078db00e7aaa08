/* SPDX-License-Identifier: Apache-2.0 */
/* Orders, as they go and as they fail: each fault of a CA ends in a
 * certificate or in words, within a bounded time. */
#include "client/client_fake.h"

#define MINUTE INT64_C(60000)

static void
test_usual(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	fake_get(fake, NULL);
	fake_assert_chain(fake);
	assert_int_equal(fake->accounts, 1);
	assert_int_equal(fake->offers, 1);
	assert_int_equal(fake_count(fake, "POST /order {\"identifiers\":["
	    "{\"type\":\"dns\",\"value\":\"example.org\"}]}"), 1);
	assert_int_equal(fake_count(fake, "POST /account {\"termsOfService"
	    "Agreed\":true,\"contact\":[]}"), 1);
	assert_int_equal(fake_count(fake, "POST /chall/0 {}"), 1);
	assert_int_equal(fake_count(fake, "POST /finalize {\"csr\":\"YSByZXF1"
	    "ZXN0\"}"), 1);
	/* One HEAD: then each answer brings the next nonce. */
	assert_int_equal(fake_count(fake, "HEAD /nonce"), 1);
	assert_true(fake->now - FAKE_START < 1000);
	fake_free(fake);
}

static void
test_second_order_needs_no_directory(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	fake_get(fake, NULL);
	fake_get(fake, NULL);
	fake_assert_chain(fake);
	assert_int_equal(fake_count(fake, "GET /dir"), 1);
	assert_int_equal(fake_count(fake, "POST /account "), 1);
	fake_free(fake);
}

static void
test_many_names_and_kinds(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	fake->num_names = 4;
	fake->names[0] = "example.org";
	fake->names[1] = "*.example.org";
	fake->names[2] = "192.0.2.1";
	fake->names[3] = "www.example.org";
	fake->solve = CLIENT_DNS_01;
	fake_get(fake, NULL);
	fake_assert_chain(fake);
	assert_int_equal(fake->offers, 1);
	assert_int_equal(fake_count(fake, "POST /chall/"), 4);
	fake_free(fake);
}

static void
test_offer(void **state)
{
	static const enum client_method methods[] = {
		CLIENT_HTTP_01, CLIENT_TLS_ALPN_01, CLIENT_DNS_01,
		CLIENT_DNS_ACCOUNT_01, CLIENT_DNS_PERSIST_01
	};
	struct fake *fake = fake_new();

	(void)state;
	fake->methods = "http-01,tls-alpn-01,new-99,dns-01,dns-account-01,"
	    "dns-persist-01";
	fake_get(fake, NULL);
	fake_assert_chain(fake);
	assert_int_equal(fake->offer.num_challenges, 5);
	for (size_t i = 0; i < 5; i++) {
		const struct client_challenge *one =
		    &fake->offer.challenges[i];
		bool persist = methods[i] == CLIENT_DNS_PERSIST_01;

		assert_int_equal(one->method, methods[i]);
		assert_int_equal(one->token.len, persist ? 0 :
		    strlen(FAKE_TOKEN));
		assert_int_equal(one->key_authorization.len, persist ? 0 :
		    strlen(FAKE_TOKEN) + 44);
		assert_int_equal(one->num_issuers, persist ? 1 : 0);
	}
	fake_free(fake);
}

static void
test_authorizations_that_are_valid(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	fake->num_names = 2;
	fake->names[1] = "b.example.org";
	fake->valid[0] = true;
	fake_get(fake, NULL);
	fake_assert_chain(fake);
	assert_int_equal(fake->offer.authz, 1);
	fake_get(fake, NULL);
	fake_assert_chain(fake);
	assert_int_equal(fake->offers, 1);
	fake_free(fake);
}

static void
test_slow_ca(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	fake->polls = 5;
	fake->processing = 6;
	fake_get(fake, NULL);
	fake_assert_chain(fake);
	assert_true(fake->now - FAKE_START < MINUTE);
	assert_int_equal(fake_count(fake, "POST /authz/0 \n"), 6);
	fake_free(fake);
}

static void
test_retry_after_is_obeyed(void **state)
{
	static const char *const values[] = { "20",
		"Sat, 21 Nov 2026 10:00:20 GMT" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct fake *fake = fake_new();

		fake->processing = 2;
		FAKE_RULE(fake, .path = "/finalize", .retry_after = values[i]);
		fake_get(fake, NULL);
		fake_assert_chain(fake);
		assert_in_range(fake->now - FAKE_START, 19000, 25000);
		fake_free(fake);
	}
}

static void
test_retry_after_of_a_century(void **state)
{
	static const char *const paths[] = { "/finalize", "/chall/", "/authz/" };
	static const char *const values[] = { "3155760000",
		"99999999999999999999999999",
		"Fri, 21 Nov 2126 10:00:00 GMT" };

	(void)state;
	for (size_t i = 0; i < 9; i++) {
		struct fake *fake = fake_new();

		fake->processing = fake->polls = 100;
		FAKE_RULE(fake, .path = paths[i / 3],
		    .retry_after = values[i % 3]);
		fake_get(fake, NULL);
		fake_assert_problem(fake, CLIENT_TIMEOUT, "asks to wait");
		assert_true(fake->now - FAKE_START < 25 * MINUTE);
		assert_true(fake->result.problem.retry_at <=
		    fake->now + CLIENT_RETRY_AT_MAX_MS);
		fake_free(fake);
	}
}

static void
test_nonsense_in_retry_after(void **state)
{
	static const char *const values[] = { "soon", "-1", "1e3", "0" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct fake *fake = fake_new();

		fake->processing = fake->polls = 4;
		FAKE_RULE(fake, .path = "/", .retry_after = values[i]);
		fake_get(fake, NULL);
		fake_assert_chain(fake);
		fake_free(fake);
	}
}

static void
test_processing_for_ever(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	fake->processing = 1000000;
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_TIMEOUT, "600 s");
	assert_true(fake->now - FAKE_START < 11 * MINUTE);
	assert_true(fake_count(fake, "POST /order/1 ") < CLIENT_POLLS_MAX + 2);
	fake_free(fake);
}

static void
test_validation_for_ever(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	fake->polls = 1000000;
	fake->methods = "http-01";
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_TIMEOUT, "not checked");
	assert_true(fake->now - FAKE_START < 11 * MINUTE);
	/* It is told not to go on with it. */
	assert_int_equal(fake_count(fake, "POST /authz/0 {\"status\":"
	    "\"deactivated\"}"), 1);
	fake_free(fake);
}

#define URN "urn:ietf:params:acme:error:"
#define INVALID_AUTHZ "{\"status\":\"invalid\",\"identifier\":{\"type\":\"dns" \
	"\",\"value\":\"example.org\"},\"challenges\":[{\"type\":\"http-01\"," \
	"\"status\":\"invalid\",\"url\":\"" FAKE_TOP "/chall/0\",\"token\":\"" \
	FAKE_TOKEN "\",\"error\":{\"type\":\"" URN "unauthorized\"," \
	"\"detail\":\"no \\u001b[31mred\\u202e token\",\"status\":403}}]}"

static void
test_method_that_fails_is_not_the_end(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	fake->polls = 1;
	FAKE_RULE(fake, .path = "/authz/0", .nth = 2, .status = 200,
	    .body = INVALID_AUTHZ);
	fake_get(fake, NULL);
	fake_assert_chain(fake);
	assert_int_equal(fake->orders, 2);
	assert_int_equal(fake->offers, 2);
	assert_int_equal(fake->offer.num_challenges, 1);
	assert_int_equal(fake->offer.challenges[0].method, CLIENT_DNS_01);
	fake_free(fake);
}

static void
test_all_methods_fail(void **state)
{
	struct fake *fake = fake_new();
	struct client_order order = fake_order(fake);

	(void)state;
	order.methods[0] = CLIENT_METHOD_BIT(CLIENT_HTTP_01);
	fake->polls = 1;
	FAKE_RULE(fake, .path = "/authz/0", .nth = 2, .status = 200,
	    .body = INVALID_AUTHZ);
	fake_get(fake, &order);
	fake_assert_problem(fake, CLIENT_REFUSED,
	    "example.org, http-01: no  [31mred  token");
	assert_true(span_equal_str(fake->result.problem.type,
	    "unauthorized"));
	assert_int_equal(fake->orders, 1);
	fake_free(fake);
}

static void
test_every_round_fails(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	FAKE_RULE(fake, .path = "/chall/0", .status = 200, .body =
	    "{\"type\":\"http-01\",\"status\":\"invalid\",\"url\":\"" FAKE_TOP
	    "/chall/0\",\"token\":\"" FAKE_TOKEN "\"}");
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_REFUSED, "and not why");
	assert_int_equal(fake->orders, 2);
	fake_free(fake);
}

static void
test_declined(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	fake->solve = (enum client_method)0;
	fake->num_names = 2;
	fake->names[1] = "b.example.org";
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_DECLINED, "2 of 2 names");
	assert_int_equal(fake->result.problem.num_subs, 2);
	assert_int_equal(fake_count(fake, "{\"status\":\"deactivated\"}"), 2);
	fake_free(fake);
}

static void
test_nothing_that_may_be_tried(void **state)
{
	struct fake *fake = fake_new();
	struct client_order order = fake_order(fake);

	(void)state;
	fake->methods = "dns-01,new-01";
	order.methods[0] = CLIENT_METHOD_BIT(CLIENT_HTTP_01);
	fake_get(fake, &order);
	fake_assert_problem(fake, CLIENT_SETUP, "only dns-01");
	assert_int_equal(fake->offers, 0);
	fake_free(fake);
}

static void
test_challenge_that_was_sent_before(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	/* Refused, though the CA has begun with it: and then it is valid. */
	fake->polls = 1;
	FAKE_RULE(fake, .path = "/chall/0", .nth = 1, .status = 400, .body =
	    "{\"type\":\"" URN "malformed\",\"detail\":\"not pending\"}");
	FAKE_RULE(fake, .path = "/authz/0", .nth = 2, .status = 200, .body =
	    "{\"status\":\"valid\",\"identifier\":{\"type\":\"dns\",\"value\":"
	    "\"example.org\"}}");
	FAKE_RULE(fake, .path = "/finalize", .status = 200, .body =
	    "{\"status\":\"valid\",\"finalize\":\"" FAKE_TOP "/finalize\","
	    "\"certificate\":\"" FAKE_TOP "/cert\"}");
	fake_get(fake, NULL);
	fake_assert_chain(fake);
	fake_free(fake);
}

static void
test_resumed(void **state)
{
	struct fake *fake = fake_new();
	struct client_order order = fake_order(fake);

	(void)state;
	order.resume_url = SPAN_LIT(FAKE_TOP "/order/1");
	/* In each state: pending, ready, processing, valid. */
	fake_get(fake, &order);
	fake_assert_chain(fake);
	fake->finalized = false;
	fake_get(fake, &order);
	fake_assert_chain(fake);
	fake->processing = 2;
	fake_get(fake, &order);
	fake_assert_chain(fake);
	fake_get(fake, &order);
	fake_assert_chain(fake);
	assert_int_equal(fake->orders, 0);
	assert_int_equal(fake_count(fake, "POST /finalize"), 2);
	fake_free(fake);
}

static void
test_resumed_order_of_no_use(void **state)
{
	static const struct fake_rule rules[] = {
		{ .status = 404, .body = "gone" },
		{ .status = 200, .body = "{}" },
		{ .status = 200, .body = "{\"status\":\"invalid\",\"finalize\":"
		    "\"" FAKE_TOP "/finalize\",\"identifiers\":[{\"type\":"
		    "\"dns\",\"value\":\"example.org\"}]}" },
		{ .status = 200, .body = "{\"status\":\"ready\",\"finalize\":\""
		    FAKE_TOP "/finalize\",\"identifiers\":[{\"type\":\"dns\","
		    "\"value\":\"other.example\"}]}" },
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct fake *fake = fake_new();
		struct client_order order = fake_order(fake);
		struct fake_rule rule = rules[i];

		rule.path = "/order/7";
		fake_rule(fake, rule);
		order.resume_url = SPAN_LIT(FAKE_TOP "/order/7");
		fake_get(fake, &order);
		fake_assert_chain(fake);
		assert_int_equal(fake->orders, 1);
		fake_free(fake);
	}
}

static void
test_finalize_too_early_and_too_late(void **state)
{
	static const char not_ready[] = "{\"type\":\"" URN "orderNotReady\","
	    "\"detail\":\"not now\"}";
	struct fake *fake = fake_new();

	(void)state;
	FAKE_RULE(fake, .path = "/finalize", .nth = 1, .status = 403,
	    .body = not_ready);
	fake_get(fake, NULL);
	fake_assert_chain(fake);
	assert_int_equal(fake_count(fake, "POST /finalize"), 2);
	fake_free(fake);

	/* The CA has it already: our first request's answer was lost. */
	fake = fake_new();
	FAKE_RULE(fake, .path = "/finalize", .status = 403, .body = not_ready);
	FAKE_RULE(fake, .path = "/order/1", .status = 200, .body =
	    "{\"status\":\"valid\",\"finalize\":\"" FAKE_TOP "/finalize\","
	    "\"certificate\":\"" FAKE_TOP "/cert\"}");
	fake_get(fake, NULL);
	fake_assert_chain(fake);
	fake_free(fake);

	/* One that cannot decide. */
	fake = fake_new();
	FAKE_RULE(fake, .path = "/finalize", .status = 403, .body = not_ready);
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_NONSENSE, "ready and that it is not");
	fake_free(fake);
}

static void
test_order_that_becomes_invalid(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	FAKE_RULE(fake, .path = "/finalize", .status = 200, .body =
	    "{\"status\":\"invalid\",\"finalize\":\"" FAKE_TOP "/finalize\","
	    "\"error\":{\"type\":\"" URN "caa\",\"detail\":\"CAA says no\"}}");
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_REFUSED, "CAA says no");
	assert_true(span_equal_str(fake->result.problem.type, "caa"));
	fake_free(fake);
}

static void
test_replaces(void **state)
{
	struct fake *fake = fake_new();
	struct client_order order = fake_order(fake);

	(void)state;
	order.replaces = SPAN_LIT("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
	/* Not to a CA that knows no renewal information. */
	fake_get(fake, &order);
	fake_assert_chain(fake);
	assert_int_equal(fake_count(fake, "replaces"), 0);
	fake_free(fake);

	fake = fake_new();
	fake->more_urls = ",\"renewalInfo\":\"" FAKE_TOP "/ari\"";
	fake_get(fake, &order);
	fake_assert_chain(fake);
	assert_int_equal(fake_count(fake, "\"replaces\":\"aYh"), 1);
	fake_free(fake);

	fake = fake_new();
	fake->more_urls = ",\"renewalInfo\":\"" FAKE_TOP "/ari\"";
	FAKE_RULE(fake, .path = "/order", .nth = 1, .status = 409, .body =
	    "{\"type\":\"" URN "alreadyReplaced\",\"detail\":\"done\"}");
	fake_get(fake, &order);
	fake_assert_chain(fake);
	assert_int_equal(fake_count(fake, "\"replaces\":\"aYh"), 1);
	assert_int_equal(fake_count(fake, "POST /order {"), 2);
	fake_free(fake);
}

static void
test_profile(void **state)
{
	struct fake *fake = fake_new();
	struct client_order order = fake_order(fake);

	(void)state;
	fake->meta = "\"profiles\":{\"classic\":\"the usual\",\"tiny\":\"x\"}";
	order.profile = SPAN_LIT("tiny");
	fake_get(fake, &order);
	fake_assert_chain(fake);
	assert_int_equal(fake_count(fake, "\"profile\":\"tiny\""), 1);
	fake->profile = "tiny"; /* is what an order says that says any */
	fake_get(fake, &order);
	fake_assert_chain(fake);
	fake->profile = "classic";
	fake_get(fake, &order);
	fake_assert_problem(fake, CLIENT_NONSENSE, "\"classic\"");
	order.profile = SPAN_LIT("huge");
	fake_get(fake, &order);
	fake_assert_problem(fake, CLIENT_SETUP, "these: classic, tiny");
	fake_free(fake);
}

static void
test_preferred_chain(void **state)
{
	struct fake *fake = fake_new();
	struct client_order order = fake_order(fake);
	const char *other;

	(void)state;
	other = fake_make_chain(fake, "Other Root");
	FAKE_RULE(fake, .path = "/cert", .nth = 1, .link =
	    "</alt/1>;rel=\"alternate\", <" FAKE_TOP
	    "/alt/2>; title=\"a, b\"; rel=\"up alternate\"");
	FAKE_RULE(fake, .path = "/alt/1", .status = 404, .body = "");
	FAKE_RULE(fake, .path = "/alt/2", .status = 200, .body = other);
	order.preferred_chain = SPAN_LIT("Other Root");
	fake_get(fake, &order);
	assert_int_equal(fake->result.type, CLIENT_RESULT_CHAIN);
	assert_true(span_equal_str(fake->result.chain.pem, other));
	assert_true(fake->result.chain.preferred);
	order.preferred_chain = SPAN_LIT("No Such Root");
	fake_get(fake, &order);
	fake_assert_chain(fake);
	assert_false(fake->result.chain.preferred);
	fake_free(fake);
}

static void
test_account_that_vanished(void **state)
{
	struct client_options options = fake_options();
	struct fake *fake = fake_new();

	(void)state;
	options.kid = SPAN_LIT(FAKE_TOP "/account/0");
	FAKE_RULE(fake, .path = "/order", .nth = 1, .status = 400, .body =
	    "{\"type\":\"" URN "accountDoesNotExist\",\"detail\":\"who?\"}");
	fake_open(fake, &options);
	fake_get(fake, NULL);
	fake_assert_chain(fake);
	assert_int_equal(fake->accounts, 1);
	fake_free(fake);

	/* And again: the CA does not want it. */
	fake = fake_new();
	FAKE_RULE(fake, .path = "/order", .status = 400, .body =
	    "{\"type\":\"" URN "accountDoesNotExist\",\"detail\":\"who?\"}");
	fake_open(fake, &options);
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_REFUSED, "who?");
	assert_int_equal(fake->accounts, 1);
	fake_free(fake);
}

static void
test_cancelled(void **state)
{
	struct fake *fake = fake_new();
	struct client_order order = fake_order(fake);

	(void)state;
	fake->silent = true;
	fake_open(fake, NULL);
	client_order(fake->client, 4, &order);
	while (fake->offers == 0)
		assert_true(fake_step(fake));
	assert_int_equal(fake->offers, 1);
	client_cancel(fake->client, 77);
	client_cancel(fake->client, 4);
	client_cancel(fake->client, 4);
	fake_run(fake);
	fake_assert_problem(fake, CLIENT_CANCELLED, "cancelled");
	assert_int_equal(fake->cleans, 1);
	/* Free in the middle of another. */
	fake->done = false;
	client_order(fake->client, 5, &order);
	assert_true(fake_tick(fake));
	fake_free(fake);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_usual),
	cmocka_unit_test(test_second_order_needs_no_directory),
	cmocka_unit_test(test_many_names_and_kinds),
	cmocka_unit_test(test_offer),
	cmocka_unit_test(test_authorizations_that_are_valid),
	cmocka_unit_test(test_slow_ca),
	cmocka_unit_test(test_retry_after_is_obeyed),
	cmocka_unit_test(test_retry_after_of_a_century),
	cmocka_unit_test(test_nonsense_in_retry_after),
	cmocka_unit_test(test_processing_for_ever),
	cmocka_unit_test(test_validation_for_ever),
	cmocka_unit_test(test_method_that_fails_is_not_the_end),
	cmocka_unit_test(test_all_methods_fail),
	cmocka_unit_test(test_every_round_fails),
	cmocka_unit_test(test_declined),
	cmocka_unit_test(test_nothing_that_may_be_tried),
	cmocka_unit_test(test_challenge_that_was_sent_before),
	cmocka_unit_test(test_resumed),
	cmocka_unit_test(test_resumed_order_of_no_use),
	cmocka_unit_test(test_finalize_too_early_and_too_late),
	cmocka_unit_test(test_order_that_becomes_invalid),
	cmocka_unit_test(test_replaces),
	cmocka_unit_test(test_profile),
	cmocka_unit_test(test_preferred_chain),
	cmocka_unit_test(test_account_that_vanished),
	cmocka_unit_test(test_cancelled),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
