/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "client/client.h"
#include "client/client_chain.h"
#include "client/client_names.h"
#include "client/client_text.h"

#define NOW INT64_C(1795255200000) /* 2026-11-21T10:00:00Z */

static void
test_clean(void **state)
{
	static const struct { const char *in, *out; } rows[] = {
		{ "plain", "plain" },
		{ "a\r\nb\tc\x1b[31m\x7f", "a  b c [31m " },
		{ "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f" },
		{ "\xff\xc3", "??" },
		{ "x\xc2\x9by", "x y" },             /* CSI, U+009B */
		{ "x\xe2\x80\xaey", "x y" },         /* U+202E */
		{ "\xe2\x82\xac", "\xe2\x82\xac" }, /* the euro stays */
		{ "", "" },
	};
	struct arena arena = { 0 };
	char text[CLIENT_TEXT_MAX + 10];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_true(span_equal_str(client_text_clean(&arena,
		    span_str(rows[i].in)), rows[i].out));
	/* Cut between characters. */
	memset(text, 'a', sizeof(text));
	memcpy(text + CLIENT_TEXT_MAX - 1, "\xc3\xbc", 2);
	assert_int_equal(client_text_clean(&arena,
	    span_of(text, sizeof(text))).len, CLIENT_TEXT_MAX - 1);
	arena_free(&arena);
}

static void
test_retry_after(void **state)
{
	static const struct { const char *in; int64_t ms; } rows[] = {
		{ "0", 0 }, { "120", 120000 }, { " 5 ", 5000 }, { "007", 7000 },
		{ "2678401", CLIENT_RETRY_AT_MAX_MS },
		{ "18446744073709551616", CLIENT_RETRY_AT_MAX_MS },
		{ "Sat, 21 Nov 2026 10:01:00 GMT", 60000 },
		{ "Sat, 21 Nov 2026 09:00:00 GMT", 0 },
		{ "Tue, 21 Nov 2226 10:01:00 GMT", CLIENT_RETRY_AT_MAX_MS },
		{ "", -1 }, { "-1", -1 }, { "1.5", -1 }, { "soon", -1 },
		{ "Sat, 21 Foo 2026 10:01:00 GMT", -1 },
		{ "Sat, 31 Feb 2026 10:01:00 GMT", -1 },
		{ "Saturday, 21-Nov-26 10:01:00 GMT", -1 },
	};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r = client_text_retry_after(span_str(rows[i].in), NOW,
		    &ms);

		assert_int_equal(r < 0 ? -1 : ms, rows[i].ms);
	}
}

static void
test_links(void **state)
{
	const struct client_response response = {
		.num_links = 3,
		.links = {
			SPAN_LIT("<https://a/dir>;rel=\"index\""),
			SPAN_LIT("<https://a/1>; rel=alternate , <https://a/2>"
			    ";title=\"x;rel=alternate, <\";rel=\"up alternate\""
			    ", </3>;REL=\"alternate\""),
			SPAN_LIT("<//evil/4>;rel=alternate, broken"),
		},
	};
	static const char *const urls[] = { "https://a/1", "https://a/2",
		"https://b:1/3", "" , "" };
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++)
		assert_true(span_equal_str(client_text_link(&arena, &response,
		    SPAN_LIT("https://b:1/cert/7"), "alternate", i), urls[i]));
	assert_int_equal(client_text_link(&arena, &response, SPAN_NONE,
	    "next", 0).len, 0);
	arena_free(&arena);
}

/* The examples of draft-ietf-acme-dns-account-label 3.1 and RFC 9773 4.1;
 * SHA-256 of "abc" is that of FIPS 180-4. */
static void
test_names(void **state)
{
	struct bld out;

	(void)state;
	bld_init(&out, 1024);
	client_dns_account_name(&out,
	    SPAN_LIT("https://example.com/acme/acct/ExampleAccount"),
	    SPAN_LIT("example.org"));
	assert_true(span_equal_str(bld_view(&out),
	    "_ujmmovf2vn55tgye._acme-challenge.example.org"));
	bld_reset(&out);
	client_dns01_value(&out, SPAN_LIT("abc"));
	assert_true(span_equal_str(bld_view(&out),
	    "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0"));
	bld_reset(&out);
	client_cert_id(&out, SPAN_LIT("\x69\x88\x5b\x6b\x87\x46\x40\x41"
	    "\xe1\xb3\x7b\x84\x7b\xa0\xae\x2c\xde\x01\xc8\xd4"),
	    SPAN_LIT("\x00\x87\x65\x43\x21"));
	assert_true(span_equal_str(bld_view(&out),
	    "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"));
	bld_free(&out);
	for (unsigned i = CLIENT_HTTP_01; i < CLIENT_METHOD_COUNT; i++)
		assert_int_equal(client_method_from_name(span_str(
		    client_method_name((enum client_method)i))), i);
	assert_int_equal(client_method_from_name(SPAN_LIT("unknown")), 0);
}

/* The certificate of RFC 9773 Appendix A. */
static void
test_chain(void **state)
{
	static const char pem[] =
	    "-----BEGIN CERTIFICATE-----\n"
	    "MIIBQzCB66ADAgECAgUAh2VDITAKBggqhkjOPQQDAjAVMRMwEQYDVQQDEwpFeGFt\n"
	    "cGxlIENBMCIYDzAwMDEwMTAxMDAwMDAwWhgPMDAwMTAxMDEwMDAwMDBaMBYxFDAS\n"
	    "BgNVBAMTC2V4YW1wbGUuY29tMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeBZu\n"
	    "7cbpAYNXZLbbh8rNIzuOoqOOtmxA1v7cRm//AwyMwWxyHz4zfwmBhcSrf47NUAFf\n"
	    "qzLQ2PPQxdTXREYEnKMjMCEwHwYDVR0jBBgwFoAUaYhba4dGQEHhs3uEe6CuLN4B\n"
	    "yNQwCgYIKoZIzj0EAwIDRwAwRAIge09+S5TZAlw5tgtiVvuERV6cT4mfutXIlwTb\n"
	    "+FYN/8oCIClDsqBklhB9KAelFiYt9+6FDj3z4KGVelYM5MdsO3pK\n"
	    "-----END CERTIFICATE-----\n";
	struct arena arena = { 0 };
	struct span chain;

	(void)state;
	assert_int_equal(client_chain_parse(span_str(pem), &arena, &chain,
	    NULL), 0);
	assert_true(span_equal_str(chain, pem));
	assert_true(client_chain_matches(chain, SPAN_LIT("Example CA")));
	assert_false(client_chain_matches(chain, SPAN_LIT("Example")));
	assert_false(client_chain_matches(chain, SPAN_LIT("00:11")));
	arena_free(&arena);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(test_clean),
	cmocka_unit_test(test_retry_after),
	cmocka_unit_test(test_links),
	cmocka_unit_test(test_names),
	cmocka_unit_test(test_chain),
};

int
main(void)
{
	return cmocka_run_group_tests(tests, NULL, NULL);
}
