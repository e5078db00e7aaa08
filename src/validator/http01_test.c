/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "jose/jwk.h"
#include "validator/fake_env.h"
#include "validator/http01.h"

#define TOKEN "tttttttttttttttttttttttttttttttttttttttttt0"
/* base64url of 32 bytes 0x5a. */
#define THUMBPRINT "WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo"
#define GOOD TOKEN "." THUMBPRINT
#define PATH "/.well-known/acme-challenge/" TOKEN
#define FIRST "http://www.example.com" PATH
#define V4 "192.0.3.1"
#define V6 "2001:db9::1"
#define SPACE_400 SPACE_100 SPACE_100 SPACE_100 SPACE_100
#define SPACE_100 SPACE_10 SPACE_10 SPACE_10 SPACE_10 SPACE_10 SPACE_10 \
	SPACE_10 SPACE_10 SPACE_10 SPACE_10
#define SPACE_10 "          "

#define ROWS_MAX 14

struct scenario {
	const char *what;
	struct fake_dns dns[6];
	struct fake_web web[ROWS_MAX];
	enum err_kind kind;   /* expected; ERR_NONE: proved */
	const char *says;     /* part of the sentence */
	const char *asked;    /* all that was asked, if not NULL */
	int64_t time_max_ms;  /* 0: METHOD_TOTAL_MS */
};

#define A(name, records) { (name), DNS_A, DNS_OK, (records), 0 }
#define AAAA(name, records) { (name), DNS_AAAA, DNS_OK, (records), 0 }
#define SITE { A("www.example.com", V4), AAAA("www.example.com", "") }
#define PAGE(url, body) \
	{ (url), NULL, HTTP_FETCH_OK, 200, NULL, (body), 0, false }
#define ENCODED_PAGE(url, body) \
	{ (url), NULL, HTTP_FETCH_OK, 200, NULL, (body), 0, true }
#define MOVED(url, code, to) \
	{ (url), NULL, HTTP_FETCH_OK, (code), (to), NULL, 0, \
	    false }
#define STATUS(url, address, status) \
	{ (url), (address), (status), 0, NULL, NULL, 0, false }

static const struct scenario scenarios[] = {
	{ "a plain proof", SITE, { PAGE(FIRST, GOOD) }, ERR_NONE, NULL,
	    "AAAA www.example.com;A www.example.com;GET " FIRST " @" V4
	    ":80;", 0 },
	{ "white space at the end", SITE, { PAGE(FIRST, GOOD "\r\n\t \n") },
	    ERR_NONE, NULL, NULL, 0 },
	{ "much white space at the end", SITE,
	    { PAGE(FIRST, GOOD SPACE_400) }, ERR_NONE, NULL, NULL, 0 },
	{ "more white space than is read", SITE,
	    { PAGE(FIRST, GOOD SPACE_400 SPACE_400) },
	    ERR_INCORRECT_RESPONSE, "too long", NULL, 0 },
	{ "white space at the start", SITE, { PAGE(FIRST, " " GOOD) },
	    ERR_INCORRECT_RESPONSE, "not the key authorization", NULL, 0 },
	{ "an empty body", SITE, { PAGE(FIRST, "") },
	    ERR_INCORRECT_RESPONSE, "is empty", NULL, 0 },
	{ "white space only", SITE, { PAGE(FIRST, " \n ") },
	    ERR_INCORRECT_RESPONSE, "is empty", NULL, 0 },
	{ "another account's key", SITE, { PAGE(FIRST, TOKEN ".AAAA") },
	    ERR_INCORRECT_RESPONSE, "another account's key", NULL, 0 },
	{ "the token alone", SITE, { PAGE(FIRST, TOKEN) },
	    ERR_INCORRECT_RESPONSE, "right token", NULL, 0 },
	{ "one byte more", SITE, { PAGE(FIRST, GOOD "A") },
	    ERR_INCORRECT_RESPONSE, "right token", NULL, 0 },
	{ "a secret of somebody else", SITE,
	    { PAGE(FIRST, "root:x:0:0:") },
	    ERR_INCORRECT_RESPONSE, "not the key authorization", NULL, 0 },
	{ "a content coding", SITE, { ENCODED_PAGE(FIRST, GOOD) },
	    ERR_INCORRECT_RESPONSE, "Content-Encoding", NULL, 0 },
	{ "404", SITE, { MOVED(FIRST, 404, NULL) },
	    ERR_INCORRECT_RESPONSE, "status 404", NULL, 0 },
	{ "another 2xx", SITE,
	    { { FIRST, NULL, HTTP_FETCH_OK, 203, NULL, GOOD, 0 } },
	    ERR_INCORRECT_RESPONSE, "status 203", NULL, 0 },

	/* DNS. */
	{ "no such name", { { 0 } }, { { 0 } }, ERR_DNS,
	    "does not exist in DNS", NULL, 0 },
	{ "no address", { A("www.example.com", ""),
	    AAAA("www.example.com", "") }, { { 0 } }, ERR_DNS,
	    "neither an A nor an AAAA", NULL, 0 },
	{ "failing name servers",
	    { { "www.example.com", DNS_A, DNS_SERVFAIL, NULL, 0 } },
	    { { 0 } }, ERR_DNS, "looking up A records", NULL, 0 },
	{ "bogus signatures",
	    { { "www.example.com", DNS_A, DNS_BOGUS, V4, 0 } },
	    { PAGE(FIRST, GOOD) }, ERR_DNS, "looking up A records", NULL, 0 },
	{ "AAAA fails, A is there", { A("www.example.com", V4),
	    { "www.example.com", DNS_AAAA, DNS_SERVFAIL, NULL, 0 } },
	    { PAGE(FIRST, GOOD) }, ERR_NONE, NULL, NULL, 0 },
	{ "silent name servers",
	    { { "www.example.com", DNS_A, DNS_OK, V4, 60000 } },
	    { PAGE(FIRST, GOOD) }, ERR_DNS, "looking up A records", NULL, 0 },

	/* Addresses. */
	{ "IPv6 first", { A("www.example.com", V4),
	    AAAA("www.example.com", V6) }, { PAGE(FIRST, GOOD) }, ERR_NONE,
	    NULL, "AAAA www.example.com;A www.example.com;GET " FIRST " @" V6
	    ":80;", 0 },
	{ "IPv6 refuses, IPv4 answers", { A("www.example.com", V4),
	    AAAA("www.example.com", V6) },
	    { STATUS(FIRST, V6, HTTP_FETCH_CONNECT), PAGE(FIRST, GOOD) },
	    ERR_NONE, NULL, NULL, 0 },
	{ "IPv6 is silent, IPv4 answers", { A("www.example.com", V4),
	    AAAA("www.example.com", V6) },
	    { { FIRST, V6, HTTP_FETCH_OK, 200, NULL, GOOD, 60000 },
	    PAGE(FIRST, GOOD) }, ERR_NONE, NULL, NULL, 5001 },
	{ "both are silent", { A("www.example.com", V4),
	    AAAA("www.example.com", V6) },
	    { { FIRST, NULL, HTTP_FETCH_OK, 200, NULL, GOOD, 60000 } },
	    ERR_CONNECTION, V4, NULL, 0 },
	{ "one fallback only", { A("www.example.com", V4 " 192.0.3.2"),
	    AAAA("www.example.com", V6 " 2001:db9::2") }, { { 0 } },
	    ERR_CONNECTION, V4, "AAAA www.example.com;A www.example.com;GET "
	    FIRST " @" V6 ":80;GET " FIRST " @" V4 ":80;", 0 },
	{ "IPv6 answers wrongly: no fallback", { A("www.example.com", V4),
	    AAAA("www.example.com", V6) },
	    { { FIRST, V6, HTTP_FETCH_OK, 404, NULL, NULL, 0 },
	    PAGE(FIRST, GOOD) }, ERR_INCORRECT_RESPONSE, "404", NULL, 0 },
	{ "not HTTP", SITE, { STATUS(FIRST, NULL, HTTP_FETCH_PROTOCOL) },
	    ERR_INCORRECT_RESPONSE, V4, NULL, 0 },
	{ "a private address", { A("www.example.com", "10.0.0.1") },
	    { PAGE(FIRST, GOOD) }, ERR_CONNECTION, "special-purpose",
	    "AAAA www.example.com;A www.example.com;", 0 },
	{ "the metadata service", { A("www.example.com", "169.254.169.254") },
	    { PAGE(FIRST, GOOD) }, ERR_CONNECTION, "link local", NULL, 0 },
	{ "a mapped address", { AAAA("www.example.com", "::ffff:127.0.0.1") },
	    { PAGE(FIRST, GOOD) }, ERR_CONNECTION, "IPv4-mapped", NULL, 0 },
	{ "a private address and a public one",
	    { A("www.example.com", "127.0.0.1 " V4) },
	    { PAGE(FIRST, GOOD) }, ERR_NONE, NULL,
	    "AAAA www.example.com;A www.example.com;GET " FIRST " @" V4
	    ":80;", 0 },
	{ "a private IPv6 and a public IPv4", { A("www.example.com", V4),
	    AAAA("www.example.com", "fd00::1") }, { PAGE(FIRST, GOOD) },
	    ERR_NONE, NULL, NULL, 0 },
	{ "an allowed private range",
	    { A("www.example.com", "10.77.1.2") }, { PAGE(FIRST, GOOD) },
	    ERR_NONE, NULL, NULL, 0 },

	/* Redirects. */
	{ "301 to https", SITE,
	    { MOVED(FIRST, 301, "https://www.example.com/x"),
	    PAGE("https://www.example.com/x", GOOD) }, ERR_NONE, NULL,
	    "AAAA www.example.com;A www.example.com;GET " FIRST " @" V4
	    ":80;AAAA www.example.com;A www.example.com;"
	    "GET https://www.example.com/x @" V4 ":443;", 0 },
	{ "302, relative", SITE, { MOVED(FIRST, 302, "/elsewhere?a=b"),
	    PAGE("http://www.example.com/elsewhere?a=b", GOOD) }, ERR_NONE,
	    NULL, NULL, 0 },
	{ "303 of a private CA", SITE, { MOVED(FIRST, 303, "/x"),
	    PAGE("http://www.example.com/x", GOOD) }, ERR_NONE, NULL, NULL,
	    0 },
	{ "307 to another host",
	    { A("www.example.com", V4), A("acme.example.net", "192.0.4.9") },
	    { MOVED(FIRST, 307, "http://acme.example.net/"),
	    PAGE("http://acme.example.net/", GOOD) }, ERR_NONE, NULL,
	    NULL, 0 },
	{ "308", SITE, { MOVED(FIRST, 308, "/x"),
	    PAGE("http://www.example.com/x", GOOD) }, ERR_NONE, NULL, NULL,
	    0 },
	{ "300 is no redirect", SITE, { MOVED(FIRST, 300, "/x"),
	    PAGE("http://www.example.com/x", GOOD) },
	    ERR_INCORRECT_RESPONSE, "status 300", NULL, 0 },
	{ "304 is no redirect", SITE, { MOVED(FIRST, 304, "/x") },
	    ERR_INCORRECT_RESPONSE, "status 304", NULL, 0 },
	{ "no Location", SITE, { MOVED(FIRST, 301, "") },
	    ERR_INCORRECT_RESPONSE, "cannot be followed", NULL, 0 },
	{ "another scheme", SITE, { MOVED(FIRST, 301, "ftp://x/") },
	    ERR_INCORRECT_RESPONSE, "cannot be followed", NULL, 0 },
	{ "a file", SITE, { MOVED(FIRST, 301, "file:///etc/passwd") },
	    ERR_INCORRECT_RESPONSE, "cannot be followed", NULL, 0 },
	{ "a user name", SITE,
	    { MOVED(FIRST, 301, "http://www.example.com@10.0.0.1/") },
	    ERR_INCORRECT_RESPONSE, "user name", NULL, 0 },
	{ "another port", SITE,
	    { MOVED(FIRST, 301, "http://www.example.com:22/") },
	    ERR_INCORRECT_RESPONSE, "port 22", NULL, 0 },
	{ "an address", SITE, { MOVED(FIRST, 301, "http://" V4 "/") },
	    ERR_INCORRECT_RESPONSE, "IP address", NULL, 0 },
	{ "an address in disguise", SITE,
	    { MOVED(FIRST, 301, "http://0x7f000001/") },
	    ERR_INCORRECT_RESPONSE, "IP address", NULL, 0 },
	{ "an allowed address", SITE,
	    { MOVED(FIRST, 301, "http://10.77.0.9/x"),
	    PAGE("http://10.77.0.9/x", GOOD) }, ERR_NONE, NULL, NULL, 0 },
	{ "a name with a private address",
	    { A("www.example.com", V4), A("in.example.net", "192.168.1.1") },
	    { MOVED(FIRST, 301, "http://in.example.net/"),
	    PAGE("http://in.example.net/", GOOD) }, ERR_CONNECTION,
	    "private use", "AAAA www.example.com;A www.example.com;GET "
	    FIRST " @" V4 ":80;AAAA in.example.net;A in.example.net;", 0 },
	{ "a name that does not exist", SITE,
	    { MOVED(FIRST, 301, "http://in.example.net/") }, ERR_DNS,
	    "in.example.net does not exist", NULL, 0 },
	{ "TLS that fails", SITE,
	    { MOVED(FIRST, 301, "https://www.example.com/"),
	    STATUS("https://www.example.com/", NULL, HTTP_FETCH_TLS) },
	    ERR_TLS, "https://www.example.com:443", NULL, 0 },
	{ "to itself", SITE, { MOVED(FIRST, 301, FIRST) },
	    ERR_INCORRECT_RESPONSE, "loop", NULL, 0 },
	{ "a loop of two", SITE, { MOVED(FIRST, 301, "/a"),
	    MOVED("http://www.example.com/a", 302, FIRST) },
	    ERR_INCORRECT_RESPONSE, "loop", NULL, 0 },
	{ "ten", SITE, { MOVED(FIRST, 301, "/1"),
	    MOVED("http://www.example.com/1", 301, "2"),
	    MOVED("http://www.example.com/2", 301, "3"),
	    MOVED("http://www.example.com/3", 301, "4"),
	    MOVED("http://www.example.com/4", 301, "5"),
	    MOVED("http://www.example.com/5", 301, "6"),
	    MOVED("http://www.example.com/6", 301, "7"),
	    MOVED("http://www.example.com/7", 301, "8"),
	    MOVED("http://www.example.com/8", 301, "9"),
	    MOVED("http://www.example.com/9", 301, "10"),
	    PAGE("http://www.example.com/10", GOOD) }, ERR_NONE, NULL, NULL,
	    0 },
	{ "eleven", SITE, { MOVED(FIRST, 301, "/1"),
	    MOVED("http://www.example.com/1", 301, "2"),
	    MOVED("http://www.example.com/2", 301, "3"),
	    MOVED("http://www.example.com/3", 301, "4"),
	    MOVED("http://www.example.com/4", 301, "5"),
	    MOVED("http://www.example.com/5", 301, "6"),
	    MOVED("http://www.example.com/6", 301, "7"),
	    MOVED("http://www.example.com/7", 301, "8"),
	    MOVED("http://www.example.com/8", 301, "9"),
	    MOVED("http://www.example.com/9", 301, "10"),
	    MOVED("http://www.example.com/10", 301, "11"),
	    PAGE("http://www.example.com/11", GOOD) },
	    ERR_INCORRECT_RESPONSE, "more than 10 redirects", NULL, 0 },
	{ "slow hops", SITE, {
	    { FIRST, NULL, HTTP_FETCH_OK, 301, "/1", NULL, 6000 },
	    { "http://www.example.com/1", NULL, HTTP_FETCH_OK, 301, "/2",
	    NULL, 4000 }, PAGE("http://www.example.com/2", GOOD) },
	    ERR_CONNECTION, "took longer", NULL, 0 },
};

struct outcome {
	unsigned calls;
	struct err err;
};

static void
on_done(void *arg, const struct err *err)
{
	struct outcome *outcome = arg;

	outcome->calls++;
	outcome->err = *err;
}

static struct rules
make_rules(void)
{
	struct rules rules = {
		.refs = 1,
		.http_port = 80,
		.redirect_ports = { 80, 443 },
		.num_redirect_ports = 2,
		.follow_see_other = true,
		.num_allow = 1,
	};

	ip_range_parse(SPAN_LIT("10.77.0.0/16"), &rules.allow[0], NULL);
	return rules;
}

static struct validate_request
make_request(const char *name)
{
	struct validate_request request = {
		.ident = { IDENT_DNS, span_str(name) },
		.method = CHALLENGE_HTTP_01,
	};

	memcpy(request.token, TOKEN, ACME_TOKEN_SIZE);
	memset(request.thumbprint, 0x5a, sizeof(request.thumbprint));
	return request;
}

static struct outcome
attempt(struct fake_env *fake, const struct rules *rules,
    const struct validate_request *request)
{
	struct outcome outcome = { 0 };
	struct arena arena = { 0 };

	http01_method.start(&fake->env, rules, request, &arena, on_done,
	    &outcome);
	assert_int_equal(outcome.calls, 0); /* never before it returns */
	fake_env_run(fake);
	assert_int_equal(outcome.calls, 1);
	arena_free(&arena);
	return outcome;
}

static void
check_scenario(const struct scenario *row)
{
	static const char *const hidden[] = {
		"10.0.0.1", "169.254.169.254", "192.168.1.1", "127.0.0.1",
	};
	struct validate_request request = make_request("www.example.com");
	struct rules rules = make_rules();
	struct fake_env fake;
	struct outcome outcome;
	int64_t start, max = row->time_max_ms != 0 ? row->time_max_ms :
	    METHOD_TOTAL_MS;

	fake_env_init(&fake, row->dns, row->web);
	start = fake.now;
	outcome = attempt(&fake, &rules, &request);
	if (outcome.err.kind != row->kind)
		fail_msg("%s: %s %s", row->what,
		    err_kind_name(outcome.err.kind), outcome.err.text);
	if (row->says != NULL && strstr(outcome.err.text, row->says) == NULL)
		fail_msg("%s: says %s", row->what, outcome.err.text);
	if (row->asked != NULL && strcmp(fake.asked, row->asked) != 0)
		fail_msg("%s: asked %s", row->what, fake.asked);
	if (fake.now - start > max)
		fail_msg("%s: took %lld ms", row->what,
		    (long long)(fake.now - start));
	/* Neither what was fetched nor what was expected is told. */
	if (row->kind != ERR_NONE && (strstr(outcome.err.text, "root:") ||
	    strstr(outcome.err.text, TOKEN) ||
	    strstr(outcome.err.text, THUMBPRINT)))
		fail_msg("%s: tells %s", row->what, outcome.err.text);
	/* Nor where in a private network a name leads. */
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
		if (strstr(outcome.err.text, hidden[i]) != NULL)
			fail_msg("%s: tells %s", row->what, outcome.err.text);
}

static void
run_scenarios(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		check_scenario(&scenarios[i]);
}

static void
baseline_requirements_know_no_303(void **state)
{
	static const struct fake_dns dns[] = { A("a.example", V4), { 0 } };
	static const struct fake_web web[] = {
		MOVED("http://a.example" PATH, 303, "/x"),
		PAGE("http://a.example/x", GOOD), { 0 }
	};
	struct validate_request request = make_request("a.example");
	struct rules rules = make_rules();
	struct fake_env fake;

	(void)state;
	rules.follow_see_other = false;
	fake_env_init(&fake, dns, web);
	assert_int_equal(attempt(&fake, &rules, &request).err.kind,
	    ERR_INCORRECT_RESPONSE);
}

static void
dev_ports(void **state)
{
	static const struct fake_dns dns[] = { A("a.example", "127.0.0.1"),
	    { 0 } };
	static const struct fake_web web[] = {
		MOVED("http://a.example:5002" PATH, 302,
		    "https://a.example:5001/x"),
		PAGE("https://a.example:5001/x", GOOD), { 0 }
	};
	struct validate_request request = make_request("a.example");
	struct config config = {
		.dev = true, .http_port = 5002, .tls_port = 5001,
		.program = PROGRAM_PRIVATE,
	};
	struct rules *rules;
	struct fake_env fake;

	(void)state;
	assert_int_equal(rules_new(&config, &rules, NULL), 0);
	fake_env_init(&fake, dns, web);
	assert_int_equal(attempt(&fake, rules, &request).err.kind, ERR_NONE);
	rules_unref(rules);
	/* The same in a real CA. */
	config.dev = false;
	assert_int_equal(rules_new(&config, &rules, NULL), 0);
	fake_env_init(&fake, dns, web);
	assert_int_equal(attempt(&fake, rules, &request).err.kind,
	    ERR_CONNECTION);
	rules_unref(rules);
}

/* RFC 8738 4: nothing is resolved, and the Host header is the address. */
static void
addresses(void **state)
{
	static const struct {
		const char *address, *asked;
		enum err_kind kind;
	} rows[] = {
		{ V4, "GET http://" V4 PATH " @" V4 ":80;", ERR_NONE },
		{ V6, "GET http://[" V6 "]" PATH " @" V6 ":80;", ERR_NONE },
		{ "127.0.0.1", "", ERR_CONNECTION },
		{ "::1", "", ERR_CONNECTION },
		{ "10.77.3.4", "GET http://10.77.3.4" PATH " @10.77.3.4:80;",
		    ERR_NONE },
	};
	static const struct fake_dns dns[] = { { 0 } };
	static const struct fake_web web[] = {
		PAGE("http://" V4 PATH, GOOD),
		PAGE("http://[" V6 "]" PATH, GOOD),
		PAGE("http://10.77.3.4" PATH, GOOD), { 0 }
	};
	struct rules rules = make_rules();

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct validate_request request =
		    make_request(rows[i].address);
		struct fake_env fake;

		request.ident.type = IDENT_IP;
		fake_env_init(&fake, dns, web);
		assert_int_equal(attempt(&fake, &rules, &request).err.kind,
		    rows[i].kind);
		assert_string_equal(fake.asked, rows[i].asked);
	}
}

/* What a core in the wrong hands might ask. */
static void
hostile_requests(void **state)
{
	static const char *const names[] = {
		"www.example.com/x?", "a@www.example.com", "www.example.com:22",
		"www.example.com#", "WWW.example.com", "0x7f.1", "", "a b",
		"www.example.com\r\nX: y",
	};
	struct rules rules = make_rules();
	static const struct fake_dns dns[] = { A("www.example.com", V4),
	    { 0 } };
	static const struct fake_web web[] = { { 0 } };
	struct validate_request request;
	struct fake_env fake;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		request = make_request(names[i]);
		fake_env_init(&fake, dns, web);
		assert_int_not_equal(attempt(&fake, &rules, &request)
		    .err.kind, ERR_NONE);
		assert_string_equal(fake.asked, "");
	}
	request = make_request("www.example.com");
	memcpy(request.token, "../../", 6);
	fake_env_init(&fake, dns, web);
	assert_int_equal(attempt(&fake, &rules, &request).err.kind,
	    ERR_INTERNAL);
	assert_string_equal(fake.asked, "");
	request = make_request("www.example.com");
	request.wildcard = true;
	assert_int_equal(attempt(&fake, &rules, &request).err.kind,
	    ERR_UNAUTHORIZED);
	assert_string_equal(fake.asked, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(run_scenarios),
		cmocka_unit_test(baseline_requirements_know_no_303),
		cmocka_unit_test(dev_ports),
		cmocka_unit_test(addresses),
		cmocka_unit_test(hostile_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
