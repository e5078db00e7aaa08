/* SPDX-License-Identifier: Apache-2.0 */
/* URLs of CAs and of proxies, and who is reached without one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/net/net_proxy.h"

static void
test_origin(void **state)
{
	static const struct {
		const char *url, *host, *target, *text;
		uint16_t port;
		bool tls;
	} rows[] = {
		{ "https://ca.example/dir?x=1", "ca.example", "/dir?x=1",
		  "ca.example", 443, true },
		{ "HTTPS://ca.example:8443", "ca.example", "/",
		  "ca.example:8443", 8443, true },
		{ "http://127.0.0.1/a%20b", "127.0.0.1", "/a%20b", "127.0.0.1",
		  80, false },
		{ "https://[2001:db8::1]:1/", "2001:db8::1", "/",
		  "[2001:db8::1]:1", 1, true },
	};
	struct arena arena = { 0 };
	struct net_origin origin;
	const char *target;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(net_origin_parse(span_str(rows[i].url),
		    &arena, &origin, &target), 0);
		assert_string_equal(origin.host, rows[i].host);
		assert_string_equal(target, rows[i].target);
		assert_string_equal(net_origin_text(&origin, false, &arena),
		    rows[i].text);
		assert_int_equal(origin.port, rows[i].port);
		assert_int_equal(origin.tls, rows[i].tls);
	}
	arena_free(&arena);
}

static void
test_no_origin(void **state)
{
	static const char *const urls[] = { "", "/dir", "ftp://ca.example/",
		"https://", "https:///dir", "https://u:p@ca.example/",
		"https://ca.example:0/", "https://ca.example:65536/",
		"https://ca.example/a b", "https://ca.example/a\r\nX: y",
		"https://ca example/", "https://ca.exa\r\nmple/",
		"https://[::1/", "file:///etc/passwd" };
	struct arena arena = { 0 };
	struct net_origin origin;
	const char *target;

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		if (net_origin_parse(span_str(urls[i]), &arena, &origin,
		    &target) == 0)
			fail_msg("%s", urls[i]);
	}
	arena_free(&arena);
}

static void
test_proxy(void **state)
{
	static const struct {
		const char *url, *host, *user, *password;
		uint16_t port;
		bool socks;
	} rows[] = {
		{ "http://p.example:3128/", "p.example", "", "", 3128, false },
		{ "p.example:3128", "p.example", "", "", 3128, false },
		{ "p.example", "p.example", "", "", 1080, false },
		{ "http://a%40b:c%3Ad@[::1]:8080", "::1", "a@b", "c:d", 8080,
		  false },
		{ "SOCKS5H://u@p.example", "p.example", "u", "", 1080, true },
		{ "socks5://p.example:9", "p.example", "", "", 9, true },
	};
	static const char *const bad[] = { "", "https://p.example:1",
		"socks4://p.example", "http://", "http://p.example:0",
		"http://p.example:99999", "http://p p" };
	struct net_proxy proxy;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(net_proxy_parse(span_str(rows[i].url), &proxy,
		    NULL), 0);
		assert_string_equal(proxy.host, rows[i].host);
		assert_string_equal(proxy.user, rows[i].user);
		assert_string_equal(proxy.password, rows[i].password);
		assert_int_equal(proxy.port, rows[i].port);
		assert_int_equal(proxy.socks, rows[i].socks);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(net_proxy_parse(span_str(bad[i]), &proxy,
		    NULL), -ERR_CONFIG);
}

static void
test_skips(void **state)
{
	static const struct {
		const char *list, *host;
		bool skips;
	} rows[] = {
		{ "", "a.example", false },
		{ "*", "a.example", true },
		{ "a.example", "A.Example", true },
		{ "a.example", "b.a.example.", true },
		{ "a.example.", "b.a.example", true },
		{ ".a.example", "a.example", true },
		{ "a.example", "ba.example", false },
		{ "b.a.example", "a.example", false },
		{ "x,  a.example\ty", "a.example", true },
		{ ".", "a.example", false },
		{ "10.0.0.1", "10.0.0.1", true },
		{ "10.0.0.1", "10.0.0.2", false },
		{ "10.0.0.0/8", "10.9.9.9", true },
		{ "10.0.0.0/9", "10.128.0.1", false },
		{ "10.0.0.0/33", "10.0.0.0", false },
		{ "0.0.0.0/0", "a.example", false },
		{ "0.0.1", "10.0.0.1", false },
		{ "2001:db8::/32", "2001:db8:1::1", true },
		{ "[::1]", "::1", true },
		{ "0.0.0.0/0", "::1", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (net_proxy_skips(span_str(rows[i].list), rows[i].host) !=
		    rows[i].skips)
			fail_msg("%s: %s", rows[i].list, rows[i].host);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_origin),
		cmocka_unit_test(test_no_origin),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_skips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
