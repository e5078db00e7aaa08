/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/judge/trouble.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct ident name_a = {
	IDENT_DNS, { (const uint8_t *)"a.example", 9 }
};
static const struct ident wild_b = {
	IDENT_DNS, { (const uint8_t *)"*.b.example", 11 }
};
static const struct ident name_b = {
	IDENT_DNS, { (const uint8_t *)"b.example", 9 }
};

static void
test_words(void **unused)
{
	struct client_subproblem sub = { .type = SPAN_LIT("connection"),
	    .detail = SPAN_LIT("refused"), .ident = name_a,
	    .method = CLIENT_HTTP_01 };
	struct client_problem problem = { .cause = CLIENT_REFUSED,
	    .type = SPAN_LIT("compound"), .detail = SPAN_LIT("no\x1b[1m"),
	    .num_subs = 1, .subs = &sub, .retry_at = 7 };
	struct trouble t;

	(void)unused;
	trouble_judge(&problem, &t);
	assert_int_equal(t.next, TROUBLE_OTHER_CA);
	assert_int_equal(t.retry_at, 7);
	assert_string_equal(t.text, "no\\x1b[1m; a.example: http-01: "
	    "refused (connection); the CA asks to wait until "
	    "1970-01-01T00:00:00Z");
	assert_non_null(strstr(t.remedy, "open port 80"));
}

/* A hundred names that fail for one reason: it is said once. */
static void
test_many_names(void **unused)
{
	struct client_subproblem subs[8];
	struct client_problem problem = { .cause = CLIENT_REFUSED,
	    .type = SPAN_LIT("compound"), .detail = SPAN_LIT("no"),
	    .num_subs = 8, .subs = subs };
	struct trouble t;

	(void)unused;
	for (size_t i = 0; i < 8; i++)
		subs[i] = (struct client_subproblem){ .type = SPAN_LIT("dns"),
		    .detail = i == 1 ? SPAN_LIT("timeout") :
		    SPAN_LIT("no address"), .ident = i == 1 ? name_b : name_a };
	trouble_judge(&problem, &t);
	assert_string_equal(t.text, "no; a.example, a.example, a.example, "
	    "a.example, a.example and 2 more: no address (dns); "
	    "b.example: timeout (dns)");
	assert_non_null(strstr(t.remedy, "A or AAAA record"));
}

static void
test_remedies(void **unused)
{
	struct client_problem problem = { .cause = CLIENT_SETUP,
	    .terms_url = SPAN_LIT("https://ca.example/tos") };
	struct trouble t;

	(void)unused;
	trouble_judge(&problem, &t);
	assert_non_null(strstr(t.remedy, "--agree-terms"));
	assert_non_null(strstr(t.text, "https://ca.example/tos"));
	/* A page for a person is shown: a pause can be ended there. */
	problem = (struct client_problem){ .cause = CLIENT_REFUSED,
	    .type = SPAN_LIT("rateLimited"), .detail = SPAN_LIT("paused"),
	    .instance = SPAN_LIT("https://ca.example/unpause") };
	trouble_judge(&problem, &t);
	assert_non_null(strstr(t.text, "; see https://ca.example/unpause"));
	problem = (struct client_problem){ .cause = CLIENT_DECLINED };
	trouble_judge(&problem, &t);
	assert_int_equal(t.next, TROUBLE_OURS);
	problem = (struct client_problem){ .cause = CLIENT_REFUSED,
	    .type = SPAN_LIT("badPublicKey") };
	trouble_judge(&problem, &t);
	assert_int_equal(t.next, TROUBLE_OTHER_KEY);
	for (enum client_cause c = CLIENT_REFUSED; c < CLIENT_CAUSE_COUNT;
	    c++) {
		problem = (struct client_problem){ .cause = c };
		trouble_judge(&problem, &t);
		assert_true(t.remedy[0] != '\0');
	}
}

static void
test_concerns(void **unused)
{
	struct client_subproblem sub = { .ident = name_b };
	struct client_problem problem = { .cause = CLIENT_REFUSED };

	(void)unused;
	assert_true(trouble_concerns(&problem, &name_a));
	problem.num_subs = 1;
	problem.subs = &sub;
	assert_false(trouble_concerns(&problem, &name_a));
	assert_true(trouble_concerns(&problem, &name_b));
	assert_true(trouble_concerns(&problem, &wild_b));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words), cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_remedies), cmocka_unit_test(test_concerns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
