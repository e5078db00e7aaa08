/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bld.h"
#include "dns/caa.h"

#define RECORDS_MAX 4
#define CRITICAL 128
#define ACCOUNT "https://ca.example/acme/account/7"

struct record {
	uint8_t flags;
	const char *tag;
	const char *value;
};

/* Judges rows for the CA ca.example, account 7, http-01. */
static int
judge(const struct record *records, bool wildcard, struct err *err)
{
	const struct caa_request request = {
		.identity = SPAN_LIT("ca.example"),
		.wildcard = wildcard,
		.account_uri = SPAN_LIT(ACCOUNT),
		.method = SPAN_LIT("http-01"),
	};
	struct span rdata[RECORDS_MAX];
	struct bld out[RECORDS_MAX];
	size_t count = 0;
	int r;

	for (; count < RECORDS_MAX && records[count].tag != NULL; count++) {
		bld_init(&out[count], 65536);
		bld_u8(&out[count], records[count].flags);
		bld_u8(&out[count], (uint8_t)strlen(records[count].tag));
		bld_str(&out[count], records[count].tag);
		bld_str(&out[count], records[count].value);
		rdata[count] = bld_view(&out[count]);
	}
	r = caa_check(rdata, count, SPAN_LIT("example.com"), &request, err);
	for (size_t i = 0; i < count; i++)
		bld_free(&out[i]);
	return r;
}

/* One row: what the set says for example.com and for *.example.com. */
static const struct {
	struct record records[RECORDS_MAX + 1];
	bool plain, wild;
} sets[] = {
	{ { { 0 } }, true, true },
	{ { { 0, "issue", "ca.example" } }, true, true },
	{ { { 0, "ISSUE", "CA.Example" } }, true, true },
	{ { { 0, "issue", " \tca.example \t" } }, true, true },
	{ { { 0, "issue", "other.example" } }, false, false },
	{ { { 0, "issue", "sub.ca.example" } }, false, false },
	{ { { 0, "issue", "ca.example.com" } }, false, false },
	/* Additive, RFC 8659 4.2. */
	{ { { 0, "issue", ";" }, { 0, "issue", "ca.example" } }, true, true },
	{ { { 0, "issue", "other.example" }, { 0, "issue", "ca.example" } },
	    true, true },
	/* No issuer and malformed values: nobody. */
	{ { { 0, "issue", ";" } }, false, false },
	{ { { 0, "issue", "" } }, false, false },
	{ { { 0, "issue", "%%%%%" } }, false, false },
	{ { { 0, "issue", "ca.example; " } }, true, true },
	{ { { 0, "issue", "ca.example policy=ev" } }, false, false },
	{ { { 0, "issue", "ca.example; policy" } }, false, false },
	{ { { 0, "issue", "ca.example; policy=ev;" } }, false, false },
	{ { { 0, "issue", "ca.example; policy=e v" } }, false, false },
	{ { { 0, "issue", "ca.example; -p=ev" } }, false, false },
	{ { { 0, "issue", "ca.example; p=\x80" } }, false, false },
	{ { { 0, "issue", "ca..example" } }, false, false },
	{ { { 0, "issue", ".ca.example" } }, false, false },
	{ { { 0, "issue", "ca.example." } }, false, false },
	{ { { 0, "issue", "ca-.example" } }, false, false },
	/* Unknown parameters are the CA's own and say nothing. */
	{ { { 0, "issue", "ca.example; policy=ev ; a-b = c" } }, true, true },
	{ { { 0, "issue", "ca.example;empty=" } }, true, true },
	/* issuewild, RFC 8659 4.3, with its four examples. */
	{ { { 0, "issue", "ca.example" }, { 0, "issuewild", "o.example" } },
	    true, false },
	{ { { 0, "issuewild", "ca.example" }, { 0, "issue", ";" } },
	    false, true },
	{ { { 0, "issuewild", "ca.example" } }, true, true },
	{ { { 0, "issuewild", ";" } }, true, false },
	/* No property that restricts, RFC 8659 3. */
	{ { { 0, "iodef", "mailto:x@example.com" } }, true, true },
	{ { { 0, "tbs", "Unknown" } }, true, true },
	{ { { CRITICAL, "iodef", "mailto:x@example.com" } }, true, true },
	{ { { CRITICAL, "contactemail", "x@example.com" } }, true, true },
	{ { { CRITICAL, "issue", "ca.example" } }, true, true },
	/* Only the critical bit counts, and only for unknown tags. */
	{ { { CRITICAL, "tbs", "Unknown" } }, false, false },
	{ { { 0, "issue", "ca.example" }, { CRITICAL, "tbs", "x" } },
	    false, false },
	{ { { 1, "tbs", "Unknown" } }, true, true },
	{ { { 0xff, "tbs", "Unknown" } }, false, false },
	/* Not of its form: forbids. */
	{ { { 0, "", "ca.example" } }, false, false },
	{ { { 0, "is sue", "ca.example" } }, false, false },
	/* RFC 8657. */
	{ { { 0, "issue", "ca.example; accounturi=" ACCOUNT } }, true, true },
	{ { { 0, "issue", "ca.example; AccountURI=" ACCOUNT } }, true, true },
	{ { { 0, "issue", "ca.example; accounturi=" ACCOUNT "8" } },
	    false, false },
	{ { { 0, "issue", "ca.example; accounturi=" } }, false, false },
	{ { { 0, "issue", "ca.example; accounturi=" ACCOUNT
	    "; accounturi=" ACCOUNT } }, false, false },
	{ { { 0, "issue", "o.example; accounturi=" ACCOUNT } }, false, false },
	{ { { 0, "issue", "ca.example; accounturi=" ACCOUNT "8" },
	    { 0, "issue", "ca.example; accounturi=" ACCOUNT } }, true, true },
	{ { { 0, "issue", "ca.example; validationmethods=http-01" } },
	    true, true },
	{ { { 0, "issue", "ca.example; validationmethods=dns-01,HTTP-01" } },
	    true, true },
	{ { { 0, "issue", "ca.example; validationmethods=dns-01" } },
	    false, false },
	{ { { 0, "issue", "ca.example; validationmethods=" } }, false, false },
	{ { { 0, "issue", "ca.example; validationmethods=,http-01" } },
	    false, false },
	{ { { 0, "issue", "ca.example; validationmethods=http-01," } },
	    false, false },
	{ { { 0, "issue", "ca.example; validationmethods=http-01:x" } },
	    false, false },
	{ { { 0, "issue", "ca.example; validationmethods=http-01"
	    "; accounturi=" ACCOUNT "8" } }, false, false },
};

static void
judgements(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
		for (int wild = 0; wild < 2; wild++) {
			struct err err = ERR_INIT;
			int r = judge(sets[i].records, wild == 1, &err);

			if (r != ((wild == 1 ? sets[i].wild : sets[i].plain) ?
			    0 : -ERR_CAA))
				fail_msg("set %zu (%s), wild %d: %d %s", i,
				    sets[i].records[0].value, wild, r,
				    err.text);
			if (r < 0) {
				assert_int_equal(err.kind, ERR_CAA);
				assert_non_null(err.rule);
			}
		}
}

/* Without an issuer domain name, no grant is for us. */
static void
no_identity(void **state)
{
	const struct caa_request nobody = { .method = SPAN_LIT("http-01") };
	struct span issue = SPAN_LIT("\0\5issueca.example");
	struct span none = SPAN_LIT("\0\5issue;");
	struct span iodef = SPAN_LIT("\0\5iodefmailto:x@example.com");

	(void)state;
	assert_int_equal(caa_check(NULL, 0, SPAN_LIT("a"), &nobody, NULL), 0);
	assert_int_equal(caa_check(&iodef, 1, SPAN_LIT("a"), &nobody, NULL), 0);
	assert_int_equal(caa_check(&issue, 1, SPAN_LIT("a"), &nobody, NULL),
	    -ERR_CAA);
	assert_int_equal(caa_check(&none, 1, SPAN_LIT("a"), &nobody, NULL),
	    -ERR_CAA);
}

static void
cut_short(void **state)
{
	static const uint8_t rdata[] = "\0\5issue";
	struct caa_property property;

	(void)state;
	for (size_t len = 0; len < 7; len++)
		assert_int_equal(caa_property_parse(span_of(rdata, len),
		    &property, NULL), -ERR_MALFORMED);
	assert_int_equal(caa_property_parse(span_of(rdata, 7), &property,
	    NULL), 0);
	assert_int_equal(property.value.len, 0);
}

static void
too_many_parameters(void **state)
{
	struct caa_issue issue;
	struct bld value;

	(void)state;
	bld_init(&value, 4096);
	bld_str(&value, "ca.example");
	for (int i = 0; i < CAA_PARAMETERS_MAX; i++)
		bld_str(&value, "; a=b");
	assert_int_equal(caa_issue_parse(bld_view(&value), &issue, NULL), 0);
	assert_int_equal(issue.num_parameters, CAA_PARAMETERS_MAX);
	bld_str(&value, "; a=b");
	assert_int_equal(caa_issue_parse(bld_view(&value), &issue, NULL),
	    -ERR_MALFORMED);
	bld_free(&value);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judgements),
		cmocka_unit_test(no_identity),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(too_many_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
