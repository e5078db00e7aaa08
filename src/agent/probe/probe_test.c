/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probe/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/probe/probe_private.h"
#include "validator/fake_env.h"

#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define PATH "/.well-known/acme-challenge/" TOKEN
#define ANSWER TOKEN ".answer"
#define V4 "93.184.216.34"
#define V6 "2606:2800:220:1::1"

struct seen {
	struct bld text; /* "topic level subject: text\n" */
	bool done;
};

static void
on_find(void *ctx, const struct probe_finding *finding)
{
	struct seen *seen = ctx;

	bld_fmt(&seen->text, "%s %s %.*s: %.*s\n",
	    judge_probe_topic_name(finding->topic),
	    judge_probe_level_name(finding->level),
	    SPAN_FMT(finding->subject), SPAN_FMT(finding->text));
	assert_true(finding->level < PROBE_WARNING || finding->remedy.len > 0);
}

static void
on_done(void *ctx)
{
	((struct seen *)ctx)->done = true;
}

static const struct fake_dns both[] = {
	{ "example.com", DNS_A, DNS_OK, V4, 0 },
	{ "example.com", DNS_AAAA, DNS_OK, V6, 0 },
	{ NULL, DNS_A, DNS_OK, NULL, 0 },
};

static void
look(const struct fake_dns *dns, const struct fake_web *web,
    const struct judge_probe_check *check, const char *const *wanted,
    const char *unwanted)
{
	static const struct probe_ops ops = { .find = on_find,
		.done = on_done };
	struct fake_env fake;
	struct seen seen = { .done = false };
	struct probe *probe;

	bld_init(&seen.text, 65536);
	fake_env_init(&fake, dns, web);
	probe = probe_start(&fake.env, check, true, &ops, &seen);
	fake_env_run(&fake);
	assert_true(seen.done);
	probe_free(probe);
	bld_u8(&seen.text, 0);
	for (; *wanted != NULL; wanted++) {
		if (strstr((const char *)seen.text.data, *wanted) == NULL)
			fail_msg("no \"%s\" in:\n%s", *wanted,
			    (const char *)seen.text.data);
	}
	if (unwanted != NULL && strstr((const char *)seen.text.data,
	    unwanted) != NULL)
		fail_msg("\"%s\" in:\n%s", unwanted,
		    (const char *)seen.text.data);
	bld_free(&seen.text);
}

static const struct judge_probe_check usual = {
	.ident = { IDENT_DNS, { (const uint8_t *)"example.com", 11 } },
	.http_port = 80,
	.token = { (const uint8_t *)TOKEN, sizeof(TOKEN) - 1 },
	.key_authorization = { (const uint8_t *)ANSWER, sizeof(ANSWER) - 1 },
};

static void
test_tries_each_address(void **state)
{
	static const struct fake_web web[] = {
		{ "http://example.com" PATH, V4, HTTP_FETCH_OK, 200, NULL,
		    ANSWER "\n", 0, false },
		{ "http://example.com" PATH, V6, HTTP_FETCH_CONNECT, 0, NULL,
		    NULL, 0, false },
		{ NULL, NULL, HTTP_FETCH_OK, 0, NULL, NULL, 0, false },
	};

	(void)state;
	look(both, web, &usual, (const char *[]){
	    "dns good " V4 ": example.com points there",
	    "http good " V4 ": our challenge was fetched",
	    "http problem " V6 ": nothing answers on port 80",
	    "dnssec note example.com: not signed", NULL }, NULL);
}

static void
test_follows_redirects(void **state)
{
	static const struct fake_web web[] = {
		{ "http://example.com" PATH, V4, HTTP_FETCH_OK, 301,
		    "https://example.com" PATH, NULL, 0, false },
		{ "https://example.com" PATH, V4, HTTP_FETCH_OK, 200, NULL,
		    ANSWER, 0, false },
		{ "http://example.com" PATH, V6, HTTP_FETCH_OK, 302,
		    "https://example.com:8443/", NULL, 0, false },
		{ NULL, NULL, HTTP_FETCH_OK, 0, NULL, NULL, 0, false },
	};
	static const struct fake_web circle[] = {
		{ "http://example.com" PATH, NULL, HTTP_FETCH_OK, 301, PATH,
		    NULL, 0, false },
		{ NULL, NULL, HTTP_FETCH_OK, 0, NULL, NULL, 0, false },
	};

	(void)state;
	look(both, web, &usual, (const char *[]){
	    "http good " V4 ": our challenge was fetched there (http://"
	    "example.com" PATH " -> https://example.com" PATH ")",
	    "http problem " V6 ": it redirects to a port that CAs do not ask",
	    NULL }, NULL);
	look(both, circle, &usual, (const char *[]){
	    "http problem " V4 ": it redirects more often", NULL }, "http good");
}

static void
test_tells_wrong_answers(void **state)
{
	static const struct fake_web web[] = {
		{ "http://example.com" PATH, V4, HTTP_FETCH_OK, 200, NULL,
		    "welcome\x1b[2J", 0, false },
		{ "http://example.com" PATH, V6, HTTP_FETCH_OK, 404, NULL,
		    NULL, 0, false },
		{ NULL, NULL, HTTP_FETCH_OK, 0, NULL, NULL, 0, false },
	};

	(void)state;
	look(both, web, &usual, (const char *[]){
	    "http problem " V4 ": it answers, but not with our challenge",
	    "http problem " V6 ": it answers with HTTP status 404", NULL },
	    "welcome");
}

static void
test_judges_names(void **state)
{
	static const struct fake_dns bogus[] = {
		{ "example.com", DNS_A, DNS_BOGUS, NULL, 0 },
		{ "example.com", DNS_AAAA, DNS_BOGUS, NULL, 0 },
		{ NULL, DNS_A, DNS_OK, NULL, 0 },
	};
	static const struct fake_dns none[] = {
		{ "example.com", DNS_A, DNS_NXDOMAIN, NULL, 0 },
		{ "example.com", DNS_AAAA, DNS_NXDOMAIN, NULL, 0 },
		{ NULL, DNS_A, DNS_OK, NULL, 0 },
	};
	static const struct fake_dns private[] = {
		{ "example.com", DNS_A, DNS_OK, "192.168.1.2", 0 },
		{ "example.com", DNS_AAAA, DNS_OK, NULL, 0 },
		{ NULL, DNS_A, DNS_OK, NULL, 0 },
	};
	static const struct fake_web web[] = {
		{ NULL, NULL, HTTP_FETCH_OK, 0, NULL, NULL, 0, false },
	};

	(void)state;
	look(bogus, web, &usual, (const char *[]){
	    "dnssec problem example.com: the zone's DNSSEC", NULL },
	    "no address");
	look(none, web, &usual, (const char *[]){
	    "dns problem example.com: the name has no address", NULL }, NULL);
	look(private, web, &usual, (const char *[]){
	    "dns warning 192.168.1.2: a public CA cannot reach it", NULL },
	    NULL);
}

static void
test_judges_caa(void **state)
{
	static const struct fake_dns dns[] = {
		{ "example.com", DNS_A, DNS_OK, V4, 0 },
		{ "example.com", DNS_AAAA, DNS_OK, NULL, 0 },
		{ "example.com", DNS_CAA, DNS_OK, "issue=ca.example", 0 },
		{ NULL, DNS_A, DNS_OK, NULL, 0 },
	};
	static const struct fake_web web[] = {
		{ NULL, NULL, HTTP_FETCH_OK, 0, NULL, NULL, 0, false },
	};
	struct judge_probe_check check = usual;

	(void)state;
	check.http_port = 0;
	check.num_issuers = 1;
	check.issuers[0] = SPAN_LIT("other.example");
	look(dns, web, &check, (const char *[]){
	    "caa problem example.com: ", NULL }, "http");
	check.num_issuers = 2;
	check.issuers[1] = SPAN_LIT("ca.example");
	look(dns, web, &check, (const char *[]){
	    "caa good example.com: CAA records permit this CA (ca.example)",
	    NULL }, "problem");
}

static void
test_reads_dates(void **state)
{
	int64_t ms;

	(void)state;
	assert_true(probe_date(SPAN_LIT("Sun, 06 Nov 1994 08:49:37 GMT"),
	    &ms));
	assert_int_equal(ms, 784111777000);
	assert_false(probe_date(SPAN_LIT("yesterday"), &ms));
	assert_false(probe_date(SPAN_NONE, &ms));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tries_each_address),
		cmocka_unit_test(test_follows_redirects),
		cmocka_unit_test(test_tells_wrong_answers),
		cmocka_unit_test(test_judges_names),
		cmocka_unit_test(test_judges_caa),
		cmocka_unit_test(test_reads_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
