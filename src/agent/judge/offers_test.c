/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/judge/offers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ"

static const uint8_t ours[JWK_THUMBPRINT_SIZE] = { 1 };
static const uint8_t theirs[JWK_THUMBPRINT_SIZE] = { 2 };
static struct ident_list names;
static struct bld text;

/* An offer of one challenge, as an honest net makes it. */
static struct client_offer
make(const char *name, bool wildcard, const uint8_t *thumbprint)
{
	struct client_offer offer = {
		.ident = { IDENT_DNS, span_str(name) }, .wildcard = wildcard,
		.num_challenges = 1,
		.challenges = { { .method = CLIENT_DNS_01,
		    .token = SPAN_LIT(TOKEN) } } };

	bld_reset(&text);
	jwk_key_authorization(&text, SPAN_LIT(TOKEN), thumbprint);
	offer.challenges[0].key_authorization = bld_view(&text);
	return offer;
}

static int
check(const struct client_offer *offer)
{
	return offers_check(&(struct judge_net_offers){ 1, offer }, &names,
	    ours, NULL);
}

static int
setup(void **state)
{
	(void)state;
	bld_init(&text, 1024);
	names = (struct ident_list){ 3, {
		{ IDENT_DNS, SPAN_LIT("*.b.example") },
		{ IDENT_DNS, SPAN_LIT("a.example") },
		{ IDENT_IP, SPAN_LIT("192.0.2.1") },
	} };
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	bld_free(&text);
	return 0;
}

static void
test_names(void **state)
{
	struct client_offer offer;

	(void)state;
	offer = make("a.example", false, ours);
	assert_int_equal(check(&offer), 0);
	offer = make("b.example", true, ours);
	assert_int_equal(check(&offer), 0);
	/* Others, also where only the kind is another. */
	offer = make("other.example", false, ours);
	assert_int_equal(check(&offer), -(int)ERR_FRAME);
	offer = make("b.example", false, ours);
	assert_int_equal(check(&offer), -(int)ERR_FRAME);
	offer = make("a.example", true, ours);
	assert_int_equal(check(&offer), -(int)ERR_FRAME);
	offer = make("192.0.2.1", false, ours);
	assert_int_equal(check(&offer), -(int)ERR_FRAME);
	offer.ident.type = IDENT_IP;
	assert_int_equal(check(&offer), 0);
}

static void
test_accounts(void **state)
{
	struct client_offer offer = make("a.example", false, theirs);

	(void)state;
	assert_int_equal(check(&offer), -(int)ERR_FRAME);
	offer = make("a.example", false, ours);
	offer.challenges[0].token = SPAN_LIT("../../../../../../../tmp/x");
	assert_int_equal(check(&offer), -(int)ERR_FRAME);
	offer = make("a.example", false, ours);
	offer.challenges[0].key_authorization.len--;
	assert_int_equal(check(&offer), -(int)ERR_FRAME);
	/* One that proves by a record of the administrator's. */
	offer.challenges[0].method = CLIENT_DNS_PERSIST_01;
	assert_int_equal(check(&offer), -(int)ERR_FRAME);
	offer.challenges[0].token = SPAN_NONE;
	offer.challenges[0].key_authorization = SPAN_NONE;
	assert_int_equal(check(&offer), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_accounts),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
