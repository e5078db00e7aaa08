/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts. The names of clients in comments are of those that fail without
 * what is tested. */
#include <openssl/sha.h>

#include "web/web_fake.h"

/* RFC 8555 7.3 and 7.3.1. dehydrated and acme-tiny give no contact;
 * dehydrated, uacme and lacme need Location on 200 too. */
static void
test_new_account(void **state)
{
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	for (int created = 1; created >= 0; created--) {
		fake_post_new_account(&fake,
		    "{\"termsOfServiceAgreed\":true,\"orders\":\"x\","
		    "\"externalAccountBinding\":{}}");
		frame = fake_take(&fake, WEB_CORE_ACCOUNT_NEW, &request);
		assert_true(request.account_new.terms_agreed);
		assert_false(request.account_new.only_return_existing);
		assert_int_equal(request.account_new.num_contacts, 0);
		answer = fake_account(&fake, &fake.key);
		assert_true(span_equal(request.account_new.key_spki,
		    answer.account.account.key_spki));
		answer.account.created = created == 1;
		fake_answer(&fake, frame, &answer);
		fake_expect(&fake, created ? 201 : 200, "application/json",
		    "{\"status\":\"valid\",\"orders\":\"" FAKE_KID
		    "/orders\"}");
		fake_expect_header(&fake, "Location: " FAKE_KID);
		fake_expect_nonce(&fake);
	}
	fake_done(&fake);
}

/* acmetool and uacme ask first, then create. */
static void
test_only_return_existing(void **state)
{
	struct web_core_request request;
	struct fake_frame frame;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	fake_post_new_account(&fake, "{\"onlyReturnExisting\":true}");
	frame = fake_take(&fake, WEB_CORE_ACCOUNT_NEW, &request);
	assert_true(request.account_new.only_return_existing);
	fake_answer_problem(&fake, frame, ERR_ACCOUNT_DOES_NOT_EXIST, "no");
	fake_expect_problem(&fake, 400, "accountDoesNotExist");
	fake_expect_nonce(&fake);
	fake_done(&fake);
}

/* RFC 8555 7.3 and 7.3.3: not without agreement, but an account that is there
 * is found all the same. */
static void
test_terms(void **state)
{
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	fake.config.terms_of_service = mem_strdup("https://example/terms");
	web_configure(fake.web, &fake.config);
	fake_post_new_account(&fake, "{}");
	frame = fake_take(&fake, WEB_CORE_ACCOUNT_NEW, &request);
	assert_true(request.account_new.only_return_existing);
	fake_answer_problem(&fake, frame, ERR_ACCOUNT_DOES_NOT_EXIST, "no");
	fake_expect_problem(&fake, 403, "userActionRequired");
	assert_non_null(strstr(fake.body,
	    ",\"instance\":\"https://example/terms\"}"));
	fake_expect_header(&fake,
	    "Link: <https://example/terms>;rel=\"terms-of-service\"");
	fake_post_new_account(&fake, "{\"termsOfServiceAgreed\":false}");
	frame = fake_take(&fake, WEB_CORE_ACCOUNT_NEW, &request);
	answer = fake_account(&fake, &fake.key);
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 200, "application/json", NULL);
	fake_done(&fake);
}

static void
test_contacts(void **state)
{
	static const struct {
		const char *contact;
		int status;
		const char *type;
	} rows[] = {
		{ "[\"mailto:a@b.example\"]", 0, NULL },
		{ "[\"mailto:a@b.example\",\"MAILTO:c+d@e\"]", 0, NULL },
		{ "[]", 0, NULL },
		{ "null", 0, NULL },
		{ "[\"tel:+123\"]", 400, "unsupportedContact" },
		{ "[\"https://b.example/\"]", 400, "unsupportedContact" },
		{ "[\"a@b.example\"]", 400, "unsupportedContact" },
		{ "[\"\"]", 400, "invalidContact" },
		{ "[\"mailto:\"]", 400, "invalidContact" },
		{ "[\"mailto:a\"]", 400, "invalidContact" },
		{ "[\"mailto:@b.example\"]", 400, "invalidContact" },
		{ "[\"mailto:a@\"]", 400, "invalidContact" },
		{ "[\"mailto:a@b..c\"]", 400, "invalidContact" },
		{ "[\"mailto:a@b_c\"]", 400, "invalidContact" },
		{ "[\"mailto:a@b.example?subject=x\"]", 400,
		    "invalidContact" },
		{ "[\"mailto:a@b.example,c@d.example\"]", 400,
		    "invalidContact" },
		{ "[\"mailto:a@b.example\\n\"]", 400, "invalidContact" },
		{ "[\"mailto:a%2Bb%c3%a9@b.example\"]", 0, NULL },
		{ "[\"mailto:a%0d%0aBcc:c@b.example\"]", 400,
		    "invalidContact" },
		{ "[\"mailto:a%0A@b.example\"]", 400, "invalidContact" },
		{ "[\"mailto:a%00@b.example\"]", 400, "invalidContact" },
		{ "[\"mailto:a%7f@b.example\"]", 400, "invalidContact" },
		{ "[\"mailto:a%4@b.example\"]", 400, "invalidContact" },
		{ "[\"mailto:100%@b.example\"]", 400, "invalidContact" },
		{ "[\"mailto:a#b@b.example\"]", 400, "invalidContact" },
		{ "[\"mailto:\\u00e9@b.example\"]", 400, "invalidContact" },
		{ "[7]", 400, "malformed" },
		{ "\"mailto:a@b.example\"", 400, "malformed" },
		{ "{}", 400, "malformed" },
	};
	struct web_core_request request;
	struct fake_frame frame;
	struct fake fake;
	char payload[256];

	(void)state;
	fake_init(&fake, NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(payload, sizeof(payload), "{\"contact\":%s}",
		    rows[i].contact);
		fake_post_new_account(&fake, payload);
		frame = fake_take(&fake, WEB_CORE_ACCOUNT_NEW, &request);
		assert_int_equal(request.account_new.only_return_existing,
		    rows[i].status != 0);
		if (rows[i].status != 0) {
			fake_answer_problem(&fake, frame,
			    ERR_ACCOUNT_DOES_NOT_EXIST, "no");
			fake_expect_problem(&fake, rows[i].status,
			    rows[i].type);
			continue;
		}
		fake_answer_problem(&fake, frame, ERR_RATE_LIMITED, "slow");
		fake_expect_problem(&fake, 429, "rateLimited");
	}
	fake_done(&fake);
}

/* RFC 8555 7.3.1: "any fields in the request object MUST be ignored" if there
 * is an account with the key. */
static void
test_existing_whatever_is_asked(void **state)
{
	static const char *const payloads[] = {
		"{\"contact\":[\"tel:+123\"]}",
		"{\"contact\":[\"mailto:a\"]}",
		"{\"contact\":7,\"termsOfServiceAgreed\":true}",
		"{\"termsOfServiceAgreed\":\"yes\"}",
		"{\"onlyReturnExisting\":true,\"contact\":[\"x:\"]}",
	};
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		fake_post_new_account(&fake, payloads[i]);
		frame = fake_take(&fake, WEB_CORE_ACCOUNT_NEW, &request);
		assert_true(request.account_new.only_return_existing);
		assert_int_equal(request.account_new.num_contacts, 0);
		answer = fake_account(&fake, &fake.key);
		fake_answer(&fake, frame, &answer);
		fake_expect(&fake, 200, "application/json", NULL);
		fake_expect_header(&fake, "Location: " FAKE_KID);
	}
	fake_done(&fake);
}

/* lacme repeats termsOfServiceAgreed and contact. */
static void
test_account_update(void **state)
{
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	answer = fake_account(&fake, &fake.key);
	frame = fake_ask(&fake, "/acme/account/7", "{\"contact\":"
	    "[\"mailto:a@b\"],\"termsOfServiceAgreed\":true,"
	    "\"status\":\"valid\"}", WEB_CORE_ACCOUNT_UPDATE, &request);
	assert_true(request.account_update.set_contacts);
	assert_false(request.account_update.deactivate);
	assert_int_equal(request.account_update.num_contacts, 1);
	assert_true(span_equal_str(request.account_update.contacts[0],
	    "mailto:a@b"));
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 200, "application/json", NULL);
	/* POST-as-GET changes nothing. */
	frame = fake_ask(&fake, "/acme/account/7", "",
	    WEB_CORE_ACCOUNT_UPDATE, &request);
	assert_false(request.account_update.set_contacts);
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 200, "application/json", NULL);
	/* Another's account. */
	fake_post(&fake, "/acme/account/8", "");
	fake_expect_problem(&fake, 403, "unauthorized");
	fake_done(&fake);
}

/* RFC 8555 6.2: the key may find its account, so that it can be ended. */
static void
test_blocked_key(void **state)
{
	struct web_core_request request;
	struct web_core_answer answer;
	struct blocked_keys *blocked;
	uint8_t hash[SHA256_DIGEST_LENGTH];
	struct fake_frame frame;
	struct fake fake;
	struct bld text;

	(void)state;
	fake_init(&fake, NULL);
	answer = fake_account(&fake, &fake.key);
	SHA256(answer.account.account.key_spki.data,
	    answer.account.account.key_spki.len, hash);
	bld_init(&text, 1024);
	text_hex(&text, span_of(hash, sizeof(hash)));
	assert_int_equal(blocked_keys_parse(bld_view(&text), &blocked, NULL),
	    0);
	bld_free(&text);
	web_set_blocked(fake.web, blocked);
	fake_post_new_account(&fake, "{}");
	fake_expect_problem(&fake, 400, "badPublicKey");
	fake_post_new_account(&fake, "{\"onlyReturnExisting\":true}");
	frame = fake_take(&fake, WEB_CORE_ACCOUNT_NEW, &request);
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 200, "application/json", NULL);
	fake_done(&fake);
	blocked_keys_free(blocked);
}

/* Through another web process than the one whose cache has its key: what web
 * answers without core is refused, too (RFC 8555 7.3.6). */
static void
test_deactivated_elsewhere(void **state)
{
	static const char *const targets[] = { "/dir", "/acme/new-nonce" };
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++) {
		fake_post(&fake, targets[i], "");
		fake_give_key(&fake, &fake.key);
		fake_expect(&fake, 200, i == 0 ? "application/json" : NULL,
		    NULL);
		fake_post(&fake, targets[i], "");
		frame = fake_take(&fake, WEB_CORE_ACCOUNT_KEY, &request);
		answer = fake_account(&fake, &fake.key);
		answer.account.account.status = ACCOUNT_DEACTIVATED;
		fake_answer(&fake, frame, &answer);
		fake_expect(&fake, 401, "application/problem+json", NULL);
		assert_non_null(strstr(fake.body, ":unauthorized\""));
	}
	fake_done(&fake);
}

/* RFC 8555 7.3.6. */
static void
test_deactivate(void **state)
{
	struct web_core_request request;
	struct web_core_answer answer;
	struct fake_frame frame;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	answer = fake_account(&fake, &fake.key);
	answer.account.account.status = ACCOUNT_DEACTIVATED;
	frame = fake_ask(&fake, "/acme/account/7",
	    "{\"status\":\"deactivated\"}", WEB_CORE_ACCOUNT_UPDATE,
	    &request);
	assert_true(request.account_update.deactivate);
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 200, "application/json", NULL);
	assert_non_null(strstr(fake.body, "\"status\":\"deactivated\""));
	/* Its key is forgotten, and the account refused from now on. */
	fake_post(&fake, "/acme/order/11", "");
	frame = fake_take(&fake, WEB_CORE_ACCOUNT_KEY, &request);
	fake_answer(&fake, frame, &answer);
	fake_expect_problem(&fake, 401, "unauthorized");
	fake_done(&fake);
}

static void
test_orders(void **state)
{
	struct web_core_request request;
	struct web_core_answer answer = {
		.type = WEB_CORE_ORDERS,
		.orders = { .count = 2, .ids = { 11, 10 }, .more = true },
	};
	struct fake_frame frame;
	struct fake fake;

	(void)state;
	fake_init(&fake, NULL);
	frame = fake_ask(&fake, "/acme/account/7/orders", "",
	    WEB_CORE_ACCOUNT_ORDERS, &request);
	assert_int_equal(request.before_id, 0);
	fake_answer(&fake, frame, &answer);
	fake_expect(&fake, 200, "application/json", "{\"orders\":[\""
	    FAKE_BASE "/acme/order/11\",\"" FAKE_BASE "/acme/order/10\"]}");
	fake_expect_header(&fake,
	    "Link: <" FAKE_KID "/orders?before=10>;rel=\"next\"");
	frame = fake_ask(&fake, "/acme/account/7/orders?before=10", "",
	    WEB_CORE_ACCOUNT_ORDERS, &request);
	assert_int_equal(request.before_id, 10);
	answer.orders.more = false;
	fake_answer(&fake, frame, &answer);
	fake_expect_no_header(&fake, "rel=\"next\"");
	fake_post(&fake, "/acme/account/7/orders?after=10", "");
	fake_expect_problem(&fake, 400, "malformed");
	fake_post(&fake, "/acme/account/8/orders", "");
	fake_expect_problem(&fake, 403, "unauthorized");
	fake_done(&fake);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_account),
		cmocka_unit_test(test_only_return_existing),
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_contacts),
		cmocka_unit_test(test_existing_whatever_is_asked),
		cmocka_unit_test(test_account_update),
		cmocka_unit_test(test_blocked_key),
		cmocka_unit_test(test_deactivate),
		cmocka_unit_test(test_deactivated_elsewhere),
		cmocka_unit_test(test_orders),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
