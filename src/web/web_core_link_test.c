/* SPDX-License-Identifier: Apache-2.0 */
/* How web deals with core: keys that change, core that restarts, core that
 * talks nonsense, clients that do not wait for it. */
#include "web/web_fake.h"

/* rpc/web_core.h: core asks for a verified one. */
static void
test_finalize_verify_first(void **state)
{
	struct web_core_answer first = { .type = WEB_CORE_VERIFY_FIRST };
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;
	struct fake fake;
	struct jwk other;

	(void)state;
	fake_init(&fake, NULL);
	frame = fake_ask(&fake, "/acme/order/11/finalize", "{\"csr\":\"AA\"}",
	    WEB_CORE_ORDER_FINALIZE, &request);
	fake_answer(&fake, frame, &first);
	frame = fake_take(&fake, WEB_CORE_ORDER_FINALIZE, &request);
	assert_true(request.finalize.verified);
	/* Asking a second time is nonsense. */
	assert_int_equal(fake_answer_raw(&fake, frame.id, &first),
	    -ERR_FRAME);
	answer = fake_order(&fake, ORDER_VALID);
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 200, "application/json", NULL);
	/* Signed by another: refused without a word of the order. */
	fake_key(&other);
	fake_send_jws(&fake, "/acme/order/11/finalize", fake_header(&fake,
	    FAKE_BASE "/acme/order/11/finalize", "\"kid\":\"" FAKE_KID "\""),
	    "{\"csr\":\"AA\"}", &other);
	frame = fake_take(&fake, WEB_CORE_ORDER_FINALIZE, &request);
	fake_answer(&fake, frame, &first);
	fake_give_key(&fake, &fake.key); /* could be new */
	fake_expect_problem(&fake, 400, "malformed");
	assert_int_equal(fake.num_frames, 0);
	jwk_done(&other);
	fake_done(&fake);
}

/* The key is asked for once. When core knows another by now, the request is
 * tried with that. */
static void
test_key_change(void **state)
{
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;
	struct jwk old;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	frame = fake_ask(&fake, "/acme/order/11", "", WEB_CORE_ORDER_GET,
	    &request);
	answer = fake_order(&fake, ORDER_READY);
	fake_answer(&fake, frame, &answer);
	fake_post(&fake, "/acme/order/11", "");
	frame = fake_take(&fake, WEB_CORE_ORDER_GET, &request);
	/* Not the key's fault. */
	fake_answer_problem(&fake, frame, ERR_UNAUTHORIZED, "not yours");
	fake_give_key(&fake, &fake.key);
	fake_expect_problem(&fake, 403, "unauthorized");
	assert_non_null(strstr(fake.body, "not yours"));
	/* The key's fault: the client still signs with the old one. */
	old = fake.key;
	fake_key(&fake.key);
	fake_send_jws(&fake, "/acme/order/11", fake_header(&fake,
	    FAKE_BASE "/acme/order/11", "\"kid\":\"" FAKE_KID "\""), "",
	    &old);
	frame = fake_take(&fake, WEB_CORE_ORDER_GET, &request);
	fake_answer_problem(&fake, frame, ERR_UNAUTHORIZED, "old key");
	fake_give_key(&fake, &fake.key);
	fake_expect_problem(&fake, 400, "malformed");
	/* Web has the new key now. */
	frame = fake_ask(&fake, "/acme/order/11", "", WEB_CORE_ORDER_GET,
	    &request);
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 200, "application/json", NULL);
	jwk_done(&old);
	fake_done(&fake);
}

/* The cache has an old key, the client already signs with the new one: web
 * cannot know before it asks. */
static void
test_key_changed_elsewhere(void **state)
{
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;
	struct jwk old;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	frame = fake_ask(&fake, "/acme/order/11", "", WEB_CORE_ORDER_GET,
	    &request);
	answer = fake_order(&fake, ORDER_READY);
	fake_answer(&fake, frame, &answer);
	old = fake.key;
	fake_key(&fake.key);
	fake_post(&fake, "/acme/order/11", "");
	fake_give_key(&fake, &fake.key);
	frame = fake_take(&fake, WEB_CORE_ORDER_GET, &request);
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 200, "application/json", NULL);
	/* A plainly wrong signature costs one question and is refused. */
	fake_send_jws(&fake, "/acme/order/11", fake_header(&fake,
	    FAKE_BASE "/acme/order/11", "\"kid\":\"" FAKE_KID "\""), "",
	    &old);
	fake_give_key(&fake, &fake.key);
	fake_expect_problem(&fake, 400, "malformed");
	jwk_done(&old);
	fake_done(&fake);
}

/* Most clients quit at the first 5xx: what is asked while core is away waits,
 * and what core had is asked again. */
static void
test_core_restarts(void **state)
{
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	fake_ask(&fake, "/acme/order/11", "", WEB_CORE_ORDER_GET, &request);
	web_core_down(fake.web);
	assert_false(fake.answered);
	web_core_up(fake.web);
	frame = fake_take(&fake, WEB_CORE_ORDER_GET, &request);
	answer = fake_order(&fake, ORDER_READY);
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 200, "application/json", NULL);
	/* A late answer to what is answered is nothing. */
	fake_answer(&fake, frame, &answer);
	web_core_down(fake.web);
	fake_post(&fake, "/acme/new-order", "{\"identifiers\":["
	    "{\"type\":\"dns\",\"value\":\"a.test\"}]}");
	assert_int_equal(fake.num_frames, 0);
	web_core_up(fake.web);
	frame = fake_take(&fake, WEB_CORE_ORDER_NEW, &request);
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 201, "application/json", NULL);
	fake_done(&fake);
}

static void
test_core_stays_away(void **state)
{
	void (*timer)(void *arg);
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	web_core_down(fake.web);
	fake_post(&fake, "/acme/order/11", "");
	assert_false(fake.answered);
	timer = fake.timer;
	fake.timer = NULL;
	timer(fake.timer_arg);
	fake_expect_problem(&fake, 503, "serverInternal");
	fake_expect_header(&fake, "Retry-After: 5");
	fake_expect_nonce(&fake);
	assert_non_null(fake.timer);
	web_core_up(fake.web);
	assert_null(fake.timer);
	fake_done(&fake);
}

/* Core that does not answer what was asked is not trusted. */
static void
test_core_talks_nonsense(void **state)
{
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;
	struct err err;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	frame = fake_ask(&fake, "/acme/order/11", "", WEB_CORE_ORDER_GET,
	    &request);
	answer = fake_authz(&fake, AUTHZ_PENDING, CHALLENGE_PENDING);
	assert_int_equal(fake_answer_raw(&fake, frame.id, &answer),
	    -ERR_FRAME);
	answer.type = WEB_CORE_VERIFY_FIRST;
	assert_int_equal(fake_answer_raw(&fake, frame.id, &answer),
	    -ERR_FRAME);
	assert_int_equal(web_core_answered(fake.web, WEB_CORE_ORDER, frame.id,
	    SPAN_LIT("x"), &err), -ERR_FRAME);
	assert_int_equal(web_core_answered(fake.web, 9999, frame.id,
	    SPAN_NONE, &err), -ERR_FRAME);
	assert_false(fake.answered);
	web_gone(fake.web, fake.exchange);
	/* Nobody's. */
	assert_int_equal(web_core_answered(fake.web, WEB_CORE_ORDER, 12345,
	    SPAN_LIT("x"), &err), 0);
	fake_done(&fake);
}

/* Of many clients each is found by its own number. */
static void
test_many_clients_leave(void **state)
{
	struct web_core_request request;
	struct fake fake;
	uint64_t first;

	(void)state;
	fake_init(&fake, NULL);
	first = fake.exchange + 1;
	for (unsigned i = 0; i < 200; i++) {
		fake_post(&fake, "/acme/order/11", "");
		fake_take(&fake, WEB_CORE_ACCOUNT_KEY, &request);
	}
	for (unsigned i = 0; i < 200; i += 2)
		web_gone(fake.web, first + i);
	assert_int_equal(fake.web->num_calls, 100);
	assert_int_equal(fake.web->exchanges.count, 100);
	for (unsigned i = 0; i < 200; i++) {
		struct web_call *call = web_call_of_exchange(fake.web,
		    first + i);

		assert_true((call != NULL) == (i % 2 == 1));
		assert_true(call == NULL || call->exchange == first + i);
		web_gone(fake.web, first + i);
	}
	fake_done(&fake);
}

static void
test_client_leaves(void **state)
{
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	frame = fake_ask(&fake, "/acme/order/11", "", WEB_CORE_ORDER_GET,
	    &request);
	assert_int_equal(fake.web->num_calls, 1);
	web_gone(fake.web, fake.exchange);
	web_gone(fake.web, fake.exchange);
	assert_int_equal(fake.web->num_calls, 0);
	answer = fake_order(&fake, ORDER_READY);
	fake_answer(&fake, frame, &answer);
	assert_false(fake.answered);
	fake_done(&fake);
}

static void
test_no_such_account(void **state)
{
	struct web_core_request request;
	struct fake_frame frame;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	fake_post(&fake, "/acme/order/11", "");
	frame = fake_take(&fake, WEB_CORE_ACCOUNT_KEY, &request);
	fake_answer_problem(&fake, frame, ERR_ACCOUNT_DOES_NOT_EXIST, "no");
	fake_expect_problem(&fake, 400, "accountDoesNotExist");
	fake_expect_nonce(&fake);
	fake_done(&fake);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_finalize_verify_first),
		cmocka_unit_test(test_key_change),
		cmocka_unit_test(test_key_changed_elsewhere),
		cmocka_unit_test(test_core_restarts),
		cmocka_unit_test(test_core_stays_away),
		cmocka_unit_test(test_core_talks_nonsense),
		cmocka_unit_test(test_client_leaves),
		cmocka_unit_test(test_many_clients_leave),
		cmocka_unit_test(test_no_such_account),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
