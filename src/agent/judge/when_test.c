/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/judge/when.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define HOUR_MS INT64_C(3600000)
#define DAY INT64_C(86400000)
#define MIN INT64_C(60000)

static void
test_lifetime(void **unused)
{
	(void)unused;
	/* 90 days: at day 60, or up to three earlier. */
	assert_int_equal(when_lifetime(DAY, 91 * DAY, 0), 61 * DAY);
	for (uint64_t random = 1; random < UINT64_MAX / 3; random *= 3) {
		int64_t at = when_lifetime(DAY, 91 * DAY, random);

		assert_in_range(at, 58 * DAY, 61 * DAY);
	}
	/* Six days: at day three. */
	assert_int_equal(when_lifetime(0, 6 * DAY, 0), 3 * DAY);
	/* Nonsense is due at once, and no division by zero. */
	assert_int_equal(when_lifetime(9, 9, 7), 9);
	assert_int_equal(when_lifetime(0, 1, 7), 1);
}

static void
test_window(void **unused)
{
	(void)unused;
	assert_int_equal(when_window(0, 100, 200, 0, 42), 142);
	/* A point that lies in the window stays. */
	assert_int_equal(when_window(0, 100, 200, 150, 42), 150);
	assert_int_equal(when_window(0, 100, 200, 250, 42), 142);
	/* One that has passed is now. */
	assert_int_equal(when_window(1000, 100, 200, 0, 42), 1000);
	/* A window of no length. */
	assert_int_equal(when_window(0, 100, 100, 0, 42), 100);
	assert_int_equal(when_window(0, 100, 50, 0, 42), 100);
}

static void
test_backoff(void **unused)
{
	(void)unused;
	assert_int_equal(when_backoff(0, 5), 0);
	assert_int_equal(when_backoff(1, 0), MIN);
	assert_int_equal(when_backoff(2, 0), 10 * MIN);
	assert_int_equal(when_backoff(3, 0), 100 * MIN);
	assert_int_equal(when_backoff(4, 0), DAY);
	assert_int_equal(when_backoff(400, 0), DAY);
	assert_in_range(when_backoff(4, 1234567), DAY, DAY + DAY / 10);
	assert_int_equal(when_backoff_deploy(9, 0), 60 * MIN);
}

static void
test_due(void **unused)
{
	struct state_cert cert = { .ocsp_at = STATE_NEVER };

	(void)unused;
	/* Nothing is live: at once, and not before a retry. */
	assert_int_equal(when_due(&cert, STATE_NEVER), 0);
	assert_true(when_renew(&cert, 0));
	cert.retry_at = 50;
	assert_int_equal(when_due(&cert, STATE_NEVER), 50);
	assert_false(when_renew(&cert, 49));
	/* Live: the first of renewal, question and deployment. */
	cert = (struct state_cert){ .not_after = 1000, .renew_at = 600,
	    .ari_check_at = 300, .cert_id = SPAN_LIT("a.b"),
	    .ocsp_at = STATE_NEVER };
	assert_int_equal(when_due(&cert, STATE_NEVER), 300);
	cert.ocsp_at = 200;
	assert_int_equal(when_due(&cert, STATE_NEVER), 200);
	cert.ocsp_at = STATE_NEVER;
	assert_int_equal(when_due(&cert, 5), 5);
	assert_true(when_ask(&cert, 300));
	assert_false(when_ask(&cert, 299));
	assert_false(when_renew(&cert, 599));
	assert_true(when_renew(&cert, 600));
	/* It failed: questions go on. */
	cert.retry_at = 700;
	assert_false(when_renew(&cert, 600));
	cert.ari_check_at = 900;
	assert_int_equal(when_due(&cert, STATE_NEVER), 700);
}

/* At half of its life; a responder that gives its old one is not asked
 * without end. */
static void
test_ocsp(void **unused)
{
	int64_t week = 7 * 24 * HOUR_MS;

	(void)unused;
	assert_int_equal(when_ocsp(0, 0, week, 0), week / 2);
	assert_true(when_ocsp(0, 0, week, UINT64_MAX) < week * 6 / 10);
	assert_int_equal(when_ocsp(week * 3 / 4, 0, week, 0),
	    week * 3 / 4 + HOUR_MS);
	assert_int_equal(when_ocsp(week - 1, 0, week, 0),
	    week - 1 + HOUR_MS / 60);
	/* No nextUpdate: once a day or so. */
	assert_int_equal(when_ocsp(0, 0, 0, 0), 12 * HOUR_MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lifetime), cmocka_unit_test(test_window),
		cmocka_unit_test(test_backoff), cmocka_unit_test(test_due),
		cmocka_unit_test(test_ocsp),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
