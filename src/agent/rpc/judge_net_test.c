/* SPDX-License-Identifier: Apache-2.0 */
/* Each message as it is encoded and decoded, cut at each byte, and made too
 * long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/rpc/judge_net.h"
#include "agent/rpc/net_account.h"

static void
ask_goes_over(const struct judge_net_ask *ask)
{
	static struct judge_net_ask back;
	struct bld out, again;

	bld_init(&out, 1024 * 1024);
	bld_init(&again, 1024 * 1024);
	judge_net_ask_encode(&out, ask);
	assert_int_equal(bld_end(&out), 0);
	assert_int_equal(judge_net_ask_decode((uint16_t)ask->type,
	    bld_view(&out), &back, NULL), 0);
	assert_int_equal(back.ca, ask->ca);
	judge_net_ask_encode(&again, &back);
	assert_true(span_equal(bld_view(&out), bld_view(&again)));
	for (size_t len = 0; len < out.len; len++)
		assert_int_equal(judge_net_ask_decode((uint16_t)ask->type,
		    span_of(out.data, len), &back, NULL), -(int)ERR_FRAME);
	bld_u8(&out, 0);
	assert_int_equal(judge_net_ask_decode((uint16_t)ask->type,
	    bld_view(&out), &back, NULL), -(int)ERR_FRAME);
	bld_free(&out);
	bld_free(&again);
}

static void
tell_goes_over(const struct judge_net_tell *tell)
{
	static struct judge_net_tell back;
	struct arena arena = { 0 };
	struct bld out, again;

	bld_init(&out, 1024 * 1024);
	bld_init(&again, 1024 * 1024);
	judge_net_tell_encode(&out, tell);
	assert_int_equal(bld_end(&out), 0);
	assert_int_equal(judge_net_tell_decode((uint16_t)tell->type,
	    bld_view(&out), &arena, &back, NULL), 0);
	judge_net_tell_encode(&again, &back);
	assert_true(span_equal(bld_view(&out), bld_view(&again)));
	for (size_t len = 0; len < out.len; len++)
		assert_int_equal(judge_net_tell_decode((uint16_t)tell->type,
		    span_of(out.data, len), &arena, &back, NULL),
		    -(int)ERR_FRAME);
	bld_free(&out);
	bld_free(&again);
	arena_free(&arena);
}

static const struct client_registration registration = {
	.terms_agreed = true,
	.num_contacts = 1,
	.contacts = { { (const uint8_t *)"mailto:a@b.example", 18 } },
	.eab_kid = { (const uint8_t *)"kid", 3 },
};

static void
test_asks(void **state)
{
	struct judge_net_ask asks[] = {
		{ .type = JUDGE_NET_CA, .new_ca = {
			.account = 5,
			.options = {
				.directory_url = SPAN_LIT("https://ca/dir"),
				.kid = SPAN_LIT("https://ca/1"),
				.thumbprint = { 1, 2, 3 },
				.registration = registration,
			},
			.trust = SPAN_LIT("PEM"),
			.proxy = SPAN_LIT("http://proxy"),
		} },
		{ .type = JUDGE_NET_OPEN },
		{ .type = JUDGE_NET_REGISTER, .only_existing = true },
		{ .type = JUDGE_NET_UPDATE, .registration = registration },
		{ .type = JUDGE_NET_ROLLOVER, .thumbprint = { 9 } },
		{ .type = JUDGE_NET_DEACTIVATE },
		{ .type = JUDGE_NET_ORDER, .order = {
			.idents = { 2, {
				{ IDENT_DNS, SPAN_LIT("*.a.example") },
				{ IDENT_IP, SPAN_LIT("192.0.2.1") } } },
			.methods = { CLIENT_METHODS_ALL, 2 },
			.csr = SPAN_LIT("csr"),
			.profile = SPAN_LIT("tiny"),
			.replaces = SPAN_LIT("a.b"),
			.preferred_chain = SPAN_LIT("Root"),
			.resume_url = SPAN_LIT("https://ca/o/1"),
			.not_before = 1, .not_after = -1,
		} },
		{ .type = JUDGE_NET_SOLVED, .solved = { 7, CLIENT_DNS_01,
			SPAN_NONE } },
		{ .type = JUDGE_NET_DECLINED, .solved = { 7,
			(enum client_method)0, SPAN_LIT("no") } },
		{ .type = JUDGE_NET_RENEWAL_INFO, .cert_id = SPAN_LIT("a.b") },
		{ .type = JUDGE_NET_REVOKE, .revoke = { SPAN_LIT("der"), -1,
			true } },
		{ .type = JUDGE_NET_ORDERS },
		{ .type = JUDGE_NET_DEACTIVATE_AUTHZ,
			.url = SPAN_LIT("https://ca/a") },
		{ .type = JUDGE_NET_CANCEL },
		{ .type = JUDGE_NET_SIGNED, .answer = { true,
			SPAN_LIT("{}") } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
		asks[i].ca = 3;
		ask_goes_over(&asks[i]);
	}
}

static void
test_tells(void **state)
{
	const struct client_subproblem sub = { SPAN_LIT("dns"), SPAN_LIT("no"),
		{ IDENT_DNS, SPAN_LIT("a.example") }, CLIENT_DNS_01 };
	const struct span url = SPAN_LIT("https://ca/o/1");
	const struct client_offer offer = {
		.authz = 3,
		.ident = { IDENT_DNS, SPAN_LIT("a.example") },
		.wildcard = true,
		.expires_at = 9,
		.num_challenges = 1,
		.challenges = { { CLIENT_DNS_PERSIST_01, SPAN_NONE, SPAN_NONE,
			1, { SPAN_LIT("ca.example") } } },
	};
	const struct client_result results[] = {
		{ .type = CLIENT_RESULT_DONE },
		{ .type = CLIENT_RESULT_DIRECTORY, .directory = {
			.terms_url = url, .eab_required = true, .num_caa = 1,
			.caa = { SPAN_LIT("ca.example") }, .num_profiles = 1,
			.profiles = { { SPAN_LIT("a"), SPAN_LIT("b") } } } },
		{ .type = CLIENT_RESULT_ACCOUNT, .account = { url, true, 1,
			{ SPAN_LIT("mailto:a@b.example") } } },
		{ .type = CLIENT_RESULT_CHAIN, .chain = { SPAN_LIT("PEM"), url,
			true } },
		{ .type = CLIENT_RESULT_RENEWAL, .renewal = { 1, 2, 3, url } },
		{ .type = CLIENT_RESULT_ORDERS, .orders = { 1, &url } },
		{ .type = CLIENT_RESULT_PROBLEM, .problem = {
			.cause = CLIENT_TIMEOUT, .type = SPAN_LIT("dns"),
			.status = 400, .detail = SPAN_LIT("no"),
			.retry_at = 7, .num_subs = 1, .subs = &sub } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		tell_goes_over(&(struct judge_net_tell){
			.type = NET_JUDGE_RESULT, .result = results[i] });
	tell_goes_over(&(struct judge_net_tell){ .type = NET_JUDGE_OFFER,
		.offers = { 1, &offer } });
	tell_goes_over(&(struct judge_net_tell){ .type = NET_JUDGE_CLEAN });
	tell_goes_over(&(struct judge_net_tell){ .type = NET_JUDGE_PROGRESS,
		.progress = { CLIENT_STEP_FAILED, url, sub.ident,
		CLIENT_HTTP_01, 5, SPAN_LIT("why") } });
	tell_goes_over(&(struct judge_net_tell){ .type = NET_JUDGE_SIGN,
		.sign = { CLIENT_SIGN_CERTIFICATE, url, SPAN_LIT("nonce"),
		SPAN_NONE, SPAN_LIT("{}") } });
	tell_goes_over(&(struct judge_net_tell){ .type = NET_JUDGE_ACCOUNT,
		.account = { 3, results[2].account } });
}

static void
test_what_is_of_another_side(void **state)
{
	static struct judge_net_ask ask;
	static struct judge_net_tell tell;
	struct arena arena = { 0 };

	(void)state;
	for (unsigned type = 0; type < 120; type++) {
		if (type == 0 || type >= JUDGE_NET_ASK_END)
			assert_int_equal(judge_net_ask_decode((uint16_t)type,
			    SPAN_LIT("\0\0\0\0"), &ask, NULL),
			    -(int)ERR_FRAME);
		if (type < NET_JUDGE_RESULT || type > NET_JUDGE_ACCOUNT)
			assert_int_equal(judge_net_tell_decode((uint16_t)type,
			    SPAN_NONE, &arena, &tell, NULL), -(int)ERR_FRAME);
	}
	arena_free(&arena);
}

static void
test_account(void **state)
{
	struct net_account_sign sign = { 5, { CLIENT_SIGN_KID,
		SPAN_LIT("https://ca/x"), SPAN_LIT("nonce"),
		SPAN_LIT("https://ca/1"), SPAN_LIT("{}") } }, back;
	struct net_account_answer answer = { NET_ACCOUNT_SIGNED,
		SPAN_LIT("{}") }, got;
	struct bld out;

	(void)state;
	bld_init(&out, 1024);
	net_account_sign_encode(&out, &sign);
	assert_int_equal(net_account_sign_decode(NET_ACCOUNT_SIGN,
	    bld_view(&out), &back, NULL), 0);
	assert_int_equal(back.account, 5);
	assert_true(span_equal(back.sign.payload, sign.sign.payload));
	assert_int_equal(net_account_sign_decode(NET_ACCOUNT_SIGNED,
	    bld_view(&out), &back, NULL), -(int)ERR_FRAME);
	/* A certificate's key is not account's. */
	bld_reset(&out);
	sign.sign.type = CLIENT_SIGN_CERTIFICATE;
	net_account_sign_encode(&out, &sign);
	assert_int_equal(net_account_sign_decode(NET_ACCOUNT_SIGN,
	    bld_view(&out), &back, NULL), -(int)ERR_FRAME);
	bld_reset(&out);
	net_account_answer_encode(&out, &answer);
	assert_int_equal(net_account_answer_decode(NET_ACCOUNT_SIGNED,
	    bld_view(&out), &got, NULL), 0);
	assert_true(span_equal(got.text, answer.text));
	assert_int_equal(net_account_answer_decode(NET_ACCOUNT_SIGN,
	    bld_view(&out), &got, NULL), -(int)ERR_FRAME);
	bld_free(&out);
}

/* Sums and differences of them must not overflow. */
static void
test_times(void **state)
{
	static const int64_t bad[] = { INT64_MIN, -CLIENT_TIME_MAX - 1,
		CLIENT_TIME_MAX + 1, INT64_MAX };
	struct judge_net_tell tell = { .type = NET_JUDGE_RESULT }, got;
	struct client_renewal *renewal = &tell.result.renewal;

	(void)state;
	for (size_t i = 0; i < 4 * sizeof(bad) / sizeof(bad[0]); i++) {
		struct arena arena = { 0 };
		struct bld out;
		int64_t at = bad[i / 4];

		tell.result = (struct client_result){
			.type = CLIENT_RESULT_RENEWAL };
		if (i % 4 == 0)
			renewal->start_at = at;
		else if (i % 4 == 1)
			renewal->end_at = at;
		else if (i % 4 == 2)
			renewal->retry_at = at;
		else
			tell.result = (struct client_result){
				.type = CLIENT_RESULT_PROBLEM, .problem = {
				.cause = CLIENT_REFUSED, .retry_at = at } };
		bld_init(&out, 65536);
		judge_net_tell_encode(&out, &tell);
		assert_int_equal(judge_net_tell_decode(NET_JUDGE_RESULT,
		    bld_view(&out), &arena, &got, NULL), -(int)ERR_FRAME);
		bld_free(&out);
		arena_free(&arena);
	}
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_times),
	cmocka_unit_test(test_asks),
	cmocka_unit_test(test_tells),
	cmocka_unit_test(test_what_is_of_another_side),
	cmocka_unit_test(test_account),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
