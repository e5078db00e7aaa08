/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "validator/caa_climb.h"
#include "validator/fake_env.h"

#define CAA(name, records) { (name), DNS_CAA, DNS_OK, (records), 0 }
#define FAILS(name, status) { (name), DNS_CAA, (status), NULL, 0 }

static const struct scenario {
	const char *what;
	const char *name;
	struct fake_dns dns[5];
	enum err_kind kind;
	const char *says;
	const char *asked;
} scenarios[] = {
	{ "none anywhere", "a.b.example", { { 0 } }, ERR_NONE, NULL,
	    "CAA a.b.example;CAA b.example;CAA example;" },
	{ "empty at each level", "b.example", { CAA("b.example", ""),
	    CAA("example", "") }, ERR_NONE, NULL,
	    "CAA b.example;CAA example;" },
	{ "at the name itself", "a.b.example",
	    { CAA("a.b.example", "issue=ca.example"),
	    CAA("b.example", "issue=;") }, ERR_NONE, NULL,
	    "CAA a.b.example;" },
	{ "at the parent", "a.b.example",
	    { CAA("b.example", "issue=other.example") }, ERR_CAA,
	    "records of b.example", "CAA a.b.example;CAA b.example;" },
	{ "the nearest counts alone", "a.b.example",
	    { CAA("a.b.example", "iodef=mailto:x"),
	    CAA("b.example", "issue=;") }, ERR_NONE, NULL,
	    "CAA a.b.example;" },
	{ "at the top level", "b.example",
	    { CAA("example", "issue=;") }, ERR_CAA, "records of example",
	    NULL },
	{ "a top-level name", "example", { { 0 } }, ERR_NONE, NULL,
	    "CAA example;" },
	{ "SERVFAIL", "a.example", { FAILS("a.example", DNS_SERVFAIL) },
	    ERR_DNS, "CAA records of a.example", "CAA a.example;" },
	{ "SERVFAIL above", "a.b.example", { FAILS("b.example", DNS_SERVFAIL) },
	    ERR_DNS, "CAA records of b.example", NULL },
	{ "bogus", "a.example", { FAILS("a.example", DNS_BOGUS) },
	    ERR_DNS, "DNSSEC", NULL },
	{ "timeout", "a.example", { FAILS("a.example", DNS_TIMEOUT) },
	    ERR_DNS, "do not answer", NULL },
	{ "silence", "a.example",
	    { { "a.example", DNS_CAA, DNS_OK, "", 60000 } }, ERR_DNS,
	    "CAA records of a.example", NULL },
	{ "slow at each level", "a.b.example",
	    { { "a.b.example", DNS_CAA, DNS_OK, "", 6000 },
	    { "b.example", DNS_CAA, DNS_OK, "", 4000 } }, ERR_DNS,
	    "too long", NULL },
};

static void
on_done(void *arg, const struct err *err)
{
	struct err *ret = arg;

	*ret = *err;
}

static void
run_scenarios(void **state)
{
	const struct caa_request request = {
		.identity = SPAN_LIT("ca.example"),
		.method = SPAN_LIT("http-01"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		const struct scenario *row = &scenarios[i];
		struct err err = { .kind = ERR_KIND_COUNT };
		struct arena arena = { 0 };
		struct fake_env fake;
		int64_t start;

		fake_env_init(&fake, row->dns, NULL);
		start = fake.now;
		caa_climb(&fake.env, span_str(row->name), &request, &arena,
		    on_done, &err);
		assert_int_equal(err.kind, ERR_KIND_COUNT);
		fake_env_run(&fake);
		if (err.kind != row->kind || (row->says != NULL &&
		    strstr(err.text, row->says) == NULL))
			fail_msg("%s: %s", row->what, err.text);
		if (row->asked != NULL && strcmp(fake.asked, row->asked) != 0)
			fail_msg("%s: asked %s", row->what, fake.asked);
		assert_true(fake.now - start <= CAA_CLIMB_TOTAL_MS);
		arena_free(&arena);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(run_scenarios),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
