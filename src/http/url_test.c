/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/url.h"

/* 64 bytes: one more than RFC 1035 2.3.4 allows. */
#define A16 "aaaaaaaaaaaaaaaa"
#define LONG_LABEL "http://" A16 A16 A16 A16 ".example/"

#define BASE "http://www.example.com:80/.well-known/acme-challenge/token"

static void
good_urls(void **state)
{
	static const struct {
		const char *text;
		const char *host;
		unsigned port;
		bool https, ip;
		const char *whole;
	} rows[] = {
		{ "http://a.example/x", "a.example", 80, false, false,
		    "http://a.example/x" },
		{ "https://a.example", "a.example", 443, true, false,
		    "https://a.example/" },
		{ "HTTP://A.Example./X", "a.example", 80, false, false, NULL },
		{ "//b.example:443/y?q=1#frag", "b.example", 443, false, false,
		    "http://b.example:443/y?q=1" },
		{ "/other", "www.example.com", 80, false, false, NULL },
		{ "sibling", "www.example.com", 80, false, false, NULL },
		{ "https://a_b.example/%41 \xc3\xa9", "a_b.example", 443, true,
		    false, "https://a_b.example/%41%20%c3%a9" },
		{ "http://192.0.2.1/", "192.0.2.1", 80, false, true, NULL },
		{ "http://0x7f.1/", "127.0.0.1", 80, false, true, NULL },
		{ "http://2130706433/", "127.0.0.1", 80, false, true, NULL },
		{ "http://[2001:DB8::1]:80/", "2001:db8::1", 80, false, true,
		    NULL },
		{ "http://xn--bcher-kva.example/", "xn--bcher-kva.example", 80,
		    false, false, NULL },
	};
	struct url base, url;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(url_parse(NULL, SPAN_LIT(BASE), &base, NULL), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (url_parse(&base, span_str(rows[i].text), &url, &err) < 0)
			fail_msg("%s: %s", rows[i].text, err.text);
		assert_string_equal(url.host, rows[i].host);
		assert_int_equal(url.port, rows[i].port);
		assert_int_equal(url.https, rows[i].https);
		assert_int_equal(url.host_is_ip, rows[i].ip);
		assert_int_equal(url.text_len, strlen(url.text));
		if (rows[i].whole != NULL)
			assert_string_equal(url.text, rows[i].whole);
	}
}

static void
bad_urls(void **state)
{
	static const char *const rows[] = {
		"", "ftp://a.example/", "file:///etc/passwd", "gopher://x/",
		"javascript:alert(1)", "http://", "http:///",
		"http://user@a.example/", "http://user:pw@a.example/",
		"http://:pw@a.example/",
		"http://a.example:0/", "http://a.example:65536/",
		"http://a.example:x/", "http://a..example/", "http://.example/",
		"http://a.example\r\nX: y/", "http://a.exa\x01mple/",
		"http://a.ex\xc3\xa4mple/", "http://a b.example/",
		"http://[::1/", "http://[fe80::1%25eth0]/",
		"http://a.1/", "http://1.2.3.4.5/",
		LONG_LABEL,
	};
	struct url base, url;

	(void)state;
	assert_int_equal(url_parse(NULL, SPAN_LIT(BASE), &base, NULL), 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;

		if (url_parse(&base, span_str(rows[i]), &url, &err) !=
		    -ERR_MALFORMED)
			fail_msg("%s gives %s", rows[i], url.text);
		assert_int_equal(err.kind, ERR_MALFORMED);
	}
	assert_int_equal(url_parse(NULL, SPAN_LIT("/relative"), &url, NULL),
	    -ERR_MALFORMED);
}

static void
long_urls(void **state)
{
	char text[URL_MAX + 2];
	struct url base, url;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "http://b.example/", 17);
	assert_int_equal(url_parse(NULL, span_of(text, URL_MAX), &url, NULL),
	    0);
	assert_int_equal(url.text_len, URL_MAX);
	assert_int_equal(url_parse(NULL, span_of(text, URL_MAX + 1), &url,
	    NULL), -ERR_MALFORMED);
	/* Encoding and joining with the base make it longer than it came. */
	memset(text, ' ', sizeof(text));
	text[0] = '/';
	assert_int_equal(url_parse(NULL, SPAN_LIT(BASE), &base, NULL), 0);
	assert_int_equal(url_parse(&base, span_of(text, 1000), &url, NULL),
	    -ERR_MALFORMED);
}

/* What is made is what parsing it gives. */
static void
made_urls(void **state)
{
	static const struct {
		const char *host;
		uint16_t port;
		const char *text;
	} rows[] = {
		{ "a.example", 80, "http://a.example/x-_Y" },
		{ "a.example", 5002, "http://a.example:5002/x-_Y" },
		{ "192.0.2.1", 80, "http://192.0.2.1/x-_Y" },
		{ "2001:db8::1", 80, "http://[2001:db8::1]/x-_Y" },
		{ "2001:db8::1", 443, "http://[2001:db8::1]:443/x-_Y" },
		{ "", 80, NULL },
		{ "a b", 80, NULL },
		{ "a/b", 80, NULL },
		{ "a@b", 80, NULL },
		{ "a:1", 80, NULL },
		{ "1.2.3", 80, NULL },
	};
	struct url made, parsed;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r = url_make(span_str(rows[i].host), rows[i].port,
		    SPAN_LIT("/x-_Y"), &made, NULL);

		assert_int_equal(r, rows[i].text == NULL ? -ERR_MALFORMED : 0);
		if (r != 0)
			continue;
		assert_string_equal(made.text, rows[i].text);
		assert_int_equal(url_parse(NULL, span_str(rows[i].text),
		    &parsed, NULL), 0);
		assert_string_equal(made.text, parsed.text);
		assert_string_equal(made.host, parsed.host);
		assert_int_equal(made.text_len, parsed.text_len);
		assert_int_equal(made.port, parsed.port);
		assert_int_equal(made.host_is_ip, parsed.host_is_ip);
		assert_int_equal(made.https, parsed.https);
	}
	assert_int_equal(url_make(span_of("a\0b", 3), 80, SPAN_LIT("/"),
	    &made, NULL), -ERR_MALFORMED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_urls),
		cmocka_unit_test(bad_urls),
		cmocka_unit_test(long_urls),
		cmocka_unit_test(made_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
