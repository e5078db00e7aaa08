/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts: found, made, changed, ended, and what is missing for them. */
#include "client/client_fake.h"

#define URN "urn:ietf:params:acme:error:"

static void
start(struct fake *fake, const struct client_options *options)
{
	if (fake->client == NULL)
		fake_open(fake, options);
	fake->done = false;
}

static void
test_registration(void **state)
{
	struct client_options options = fake_options();
	struct fake *fake = fake_new();

	(void)state;
	options.registration.num_contacts = 1;
	options.registration.contacts[0] = SPAN_LIT("mailto:a@example.org");
	options.registration.eab_kid = SPAN_LIT("customer 7");
	start(fake, &options);
	client_register(fake->client, 3, false);
	fake_run(fake);
	assert_int_equal(fake->result.type, CLIENT_RESULT_ACCOUNT);
	assert_true(span_equal_str(fake->result.account.kid,
	    FAKE_TOP "/account/1"));
	assert_int_equal(fake_count(fake, "{\"termsOfServiceAgreed\":true,"
	    "\"contact\":[\"mailto:a@example.org\"],"
	    "\"externalAccountBinding\":{\"eab\":1}}"), 1);
	fake_free(fake);
}

static void
test_what_registration_lacks(void **state)
{
	static const char nobody[] = "{\"type\":\"" URN "accountDoesNotExist\","
	    "\"detail\":\"nobody\"}";
	struct client_options options = fake_options();
	struct fake *fake = fake_new();

	(void)state;
	/* No consent: the account may be there all the same. */
	options.registration.terms_agreed = false;
	fake->meta = "\"termsOfService\":\"https://ca.example/terms\"";
	start(fake, &options);
	fake_get(fake, NULL);
	fake_assert_chain(fake);
	assert_int_equal(fake_count(fake, "{\"onlyReturnExisting\":true}"), 1);
	fake_free(fake);

	fake = fake_new();
	fake->meta = "\"termsOfService\":\"https://ca.example/terms\"";
	FAKE_RULE(fake, .path = "/account", .status = 400, .body = nobody);
	start(fake, &options);
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_SETUP, "https://ca.example/terms");
	fake_free(fake);

	fake = fake_new();
	fake->meta = "\"externalAccountRequired\":true";
	FAKE_RULE(fake, .path = "/account", .status = 400, .body = nobody);
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_SETUP, "HMAC key");
	assert_true(span_equal_str(fake->result.problem.type,
	    "externalAccountRequired"));
	fake_free(fake);

	fake = fake_new();
	FAKE_RULE(fake, .path = "/account", .status = 400, .body = nobody);
	start(fake, NULL);
	client_register(fake->client, 3, true);
	fake_run(fake);
	fake_assert_problem(fake, CLIENT_REFUSED, "nobody");
	fake_free(fake);
}

static void
test_new_terms(void **state)
{
	struct fake *fake = fake_new();

	(void)state;
	FAKE_RULE(fake, .path = "/order", .status = 403,
	    .link = "<https://ca.example/terms2>;rel=\"terms-of-service\"",
	    .body = "{\"type\":\"" URN "userActionRequired\",\"detail\":"
	    "\"agree\",\"instance\":\"https://ca.example/agree\"}");
	fake_get(fake, NULL);
	fake_assert_problem(fake, CLIENT_REFUSED, "agree");
	assert_true(span_equal_str(fake->result.problem.terms_url,
	    "https://ca.example/terms2"));
	assert_true(span_equal_str(fake->result.problem.instance,
	    "https://ca.example/agree"));
	fake_free(fake);
}

static void
test_update_rollover_deactivate(void **state)
{
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE] = { 1 };
	struct client_registration registration = { .num_contacts = 1,
		.contacts = { SPAN_LIT("mailto:b@example.org") } };
	struct fake *fake = fake_new();

	(void)state;
	fake->more_urls = ",\"keyChange\":\"" FAKE_TOP "/key\"";
	start(fake, NULL);
	client_update(fake->client, 1, &registration);
	fake_run(fake);
	assert_int_equal(fake->result.type, CLIENT_RESULT_ACCOUNT);
	assert_int_equal(fake_count(fake, "POST /account/1 {\"contact\":["
	    "\"mailto:b@example.org\"]}"), 1);
	start(fake, NULL);
	client_rollover(fake->client, 2, thumbprint);
	fake_run(fake);
	assert_int_equal(fake->result.type, CLIENT_RESULT_DONE);
	assert_int_equal(fake_count(fake, "POST /key {\"inner\":1}"), 1);
	start(fake, NULL);
	client_orders(fake->client, 3);
	fake_run(fake);
	assert_int_equal(fake->result.type, CLIENT_RESULT_ORDERS);
	assert_int_equal(fake->result.orders.count, 1);
	start(fake, NULL);
	client_deactivate_authz(fake->client, 4,
	    SPAN_LIT(FAKE_TOP "/authz/0"));
	fake_run(fake);
	assert_int_equal(fake->result.type, CLIENT_RESULT_DONE);
	start(fake, NULL);
	client_deactivate(fake->client, 5);
	fake_run(fake);
	assert_int_equal(fake->result.type, CLIENT_RESULT_DONE);
	assert_int_equal(fake_count(fake, "POST /account/1 {\"status\":"
	    "\"deactivated\"}"), 1);
	fake_free(fake);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_registration),
	cmocka_unit_test(test_what_registration_lacks),
	cmocka_unit_test(test_new_terms),
	cmocka_unit_test(test_update_rollover_deactivate),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
