/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "ca/policy.h"

#define DAY_MS INT64_C(86400000)
#define NOW INT64_C(1795255200000) /* 2026-11-21 */

static struct config
config_of(enum config_program program)
{
	return (struct config){
		.program = program, .authz_lifetime_s = 30 * 86400,
		.certificate_lifetime_s = 398 * 86400,
		.order_lifetime_s = 7 * 86400,
	};
}

/* BR 6.3.2, 4.2.1, 3.2.2.9, at the last and first second of each period. */
static void
test_dates(void **state)
{
	static const struct {
		int64_t at_s;
		int lifetime_days, reuse_days;
		unsigned needed, agree, rirs;
	} rows[] = {
		{ 1741996799, 398, 398, 0, 0, 0 }, /* 2025-03-14 23:59:59 */
		{ 1741996800, 398, 398, 2, 0, 0 },
		{ 1757894399, 398, 398, 2, 0, 0 },
		{ 1757894400, 398, 398, 2, 1, 0 }, /* 2025-09-15 */
		{ 1773532799, 398, 398, 2, 1, 0 },
		{ 1773532800, 200, 200, 3, 2, 2 }, /* 2026-03-15 */
		{ 1781481600, 200, 200, 4, 3, 2 }, /* 2026-06-15 */
		{ 1797292799, 200, 200, 4, 3, 2 },
		{ 1797292800, 200, 200, 5, 4, 2 }, /* 2026-12-15 */
		{ 1805068800, 100, 100, 5, 4, 2 }, /* 2027-03-15 */
		{ 1868227199, 100, 100, 5, 4, 2 },
		{ 1868227200, 47, 10, 5, 4, 2 },   /* 2029-03-15 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct policy_row *p = policy_at(PROGRAM_WEBPKI,
		    rows[i].at_s * 1000);

		assert_int_equal(p->lifetime_max_s,
		    rows[i].lifetime_days * 86400);
		assert_int_equal(p->reuse_max_s, rows[i].reuse_days * 86400);
		assert_int_equal(p->remote_needed, rows[i].needed);
		assert_int_equal(p->remote_agree, rows[i].agree);
		assert_int_equal(p->rirs_needed, rows[i].rirs);
		assert_int_equal(p->caa_age_max_s, 8 * 3600);
	}
	assert_int_equal(policy_at(PROGRAM_PRIVATE, NOW)->program,
	    PROGRAM_PRIVATE);
}

/* Rows are in order, and later ones are never laxer. */
static void
test_rows(void **state)
{
	const struct policy_row *rows;
	size_t count;

	(void)state;
	rows = policy_rows(&count);
	for (size_t i = 1; i < count; i++) {
		assert_true(rows[i].program >= rows[i - 1].program);
		if (rows[i].program != rows[i - 1].program)
			continue;
		assert_true(rows[i].from_s > rows[i - 1].from_s);
		assert_true(rows[i].lifetime_max_s <=
		    rows[i - 1].lifetime_max_s);
		assert_true(rows[i].reuse_max_s <= rows[i - 1].reuse_max_s);
		assert_true(rows[i].remote_agree >= rows[i - 1].remote_agree);
		assert_true(rows[i].remote_agree <= rows[i].remote_needed);
	}
}

static void
test_names(void **state)
{
	static const struct {
		const char *name;
		int private_result, webpki_result;
		int64_t now;
	} rows[] = {
		{ "example.com", 0, 0, NOW },
		{ "localhost", 0, -ERR_REJECTED_IDENTIFIER, NOW },
		{ "a.localhost", 0, -ERR_REJECTED_IDENTIFIER, NOW },
		{ "server", 0, -ERR_REJECTED_IDENTIFIER, NOW },
		{ "a.test", 0, -ERR_REJECTED_IDENTIFIER, NOW },
		{ "a.example", 0, -ERR_REJECTED_IDENTIFIER, NOW },
		{ "a.local", 0, -ERR_REJECTED_IDENTIFIER, NOW },
		{ "db.internal", 0, -ERR_REJECTED_IDENTIFIER, NOW },
		{ "a.b.onion", -ERR_REJECTED_IDENTIFIER,
		    -ERR_REJECTED_IDENTIFIER, NOW },
		{ "aonion", 0, -ERR_REJECTED_IDENTIFIER, NOW },
		{ "my-test.com", 0, 0, NOW },
		{ "mytest", 0, -ERR_REJECTED_IDENTIFIER, NOW },
		{ "1.0.10.in-addr.arpa", 0, -ERR_REJECTED_IDENTIFIER, NOW },
		{ "1.0.10.in-addr.arpa", 0, 0, 1773532799999 },
		{ "8.ip6.arpa", 0, -ERR_REJECTED_IDENTIFIER, NOW },
		{ "*.example.com", -ERR_REJECTED_IDENTIFIER,
		    -ERR_REJECTED_IDENTIFIER, NOW },
		{ "*.com", -ERR_REJECTED_IDENTIFIER,
		    -ERR_REJECTED_IDENTIFIER, NOW },
	};
	struct config private = config_of(PROGRAM_PRIVATE);
	struct config webpki = config_of(PROGRAM_WEBPKI);
	struct ident ip = { IDENT_IP, SPAN_LIT("192.0.2.1") };
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ident name = { IDENT_DNS, span_str(rows[i].name) };
		int r = policy_check_ident(&private, &name, rows[i].now,
		    &err);

		if (r != rows[i].private_result)
			fail_msg("%s private: %d", rows[i].name, r);
		r = policy_check_ident(&webpki, &name, rows[i].now, &err);
		if (r != rows[i].webpki_result)
			fail_msg("%s webpki: %d", rows[i].name, r);
	}
	assert_int_equal(policy_check_ident(&private, &ip, NOW, &err),
	    -ERR_UNSUPPORTED_IDENTIFIER);
}

static void
test_validity(void **state)
{
	struct config config = config_of(PROGRAM_WEBPKI);
	const struct policy_profile *found;
	struct policy_validity v;
	struct err err = ERR_INIT;
	int64_t now_s = NOW / 1000;

	(void)state;
	assert_int_equal(policy_validity(&config, 0, 0, NOW, &v, &err), 0);
	assert_int_equal(v.not_before_s, now_s - 3600);
	assert_int_equal(v.not_after_s - v.not_before_s + 1, 200 * 86400);
	config.certificate_lifetime_s = 600;
	assert_int_equal(policy_validity(&config, 0, 0, NOW, &v, &err), 0);
	assert_int_equal(v.not_before_s, now_s - 60);
	assert_int_equal(v.not_after_s, now_s - 60 + 599);
	config.certificate_lifetime_s = 90 * 86400;
	assert_int_equal(policy_validity(&config, NOW - 49 * 3600 * 1000, 0,
	    NOW, &v, &err), -ERR_MALFORMED);
	assert_int_equal(policy_validity(&config, NOW + 49 * 3600 * 1000, 0,
	    NOW, &v, &err), -ERR_MALFORMED);
	assert_int_equal(policy_validity(&config, 0, NOW - 1000, NOW, &v,
	    &err), -ERR_MALFORMED);
	assert_int_equal(policy_validity(&config, 0, NOW + 91 * DAY_MS, NOW,
	    &v, &err), -ERR_MALFORMED);
	/* An end alone: the start moves, as long as it can. */
	assert_int_equal(policy_validity(&config, 0, NOW + 10 * DAY_MS, NOW,
	    &v, &err), 0);
	assert_int_equal(v.not_before_s, now_s - 3600);
	assert_int_equal(v.not_after_s, now_s + 10 * 86400);
	assert_int_equal(policy_validity(&config, 0, NOW + 90 * DAY_MS -
	    60000, NOW, &v, &err), 0);
	assert_int_equal(v.not_before_s, now_s - 59);
	assert_int_equal(policy_validity(&config, 0, NOW + 90 * DAY_MS, NOW,
	    &v, &err), 0);
	assert_int_equal(v.not_before_s, now_s + 1);
	assert_int_equal(v.not_after_s, now_s + 90 * 86400);
	assert_int_equal(policy_validity(&config, 0, NOW + 90 * DAY_MS + 1000,
	    NOW, &v, &err), -ERR_MALFORMED);
	assert_non_null(strstr(err.text, "7776001 seconds"));
	assert_int_equal(policy_validity(&config, INT64_MIN, INT64_MAX, NOW,
	    &v, &err), -ERR_MALFORMED);
	assert_int_equal(policy_validity(&config, NOW, INT64_MAX, NOW, &v,
	    &err), -ERR_MALFORMED);
	assert_int_equal(policy_check_order(&config, 0, 0, SPAN_NONE, NOW,
	    &found, &err), 0);
	assert_string_equal(found->name, "default");
	assert_int_equal(policy_check_order(&config, 0, 0,
	    SPAN_LIT("default"), NOW, &found, &err), 0);
	assert_int_equal(policy_check_order(&config, 0, 0, SPAN_LIT("\n"),
	    NOW, &found, &err), -ERR_INVALID_PROFILE);
}

/* BR 3.2.2.8: what is issued from an authorization has a CAA check that is at
 * most 8 hours old. */
static void
test_authz_lifetime(void **state)
{
	struct config config = config_of(PROGRAM_WEBPKI);

	(void)state;
	assert_int_equal(policy_authz_lifetime_ms(&config, NOW),
	    7 * 3600 * 1000);
	config.program = PROGRAM_PRIVATE;
	assert_int_equal(policy_authz_lifetime_ms(&config, NOW), 30 * DAY_MS);
	config.authz_lifetime_s = 60;
	assert_int_equal(policy_authz_lifetime_ms(&config, NOW), 60000);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dates),
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_validity),
		cmocka_unit_test(test_authz_lifetime),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
