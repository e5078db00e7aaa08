/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/ip_range.h"

static struct ip_addr
addr_of(const char *text)
{
	struct ip_addr addr;

	if (ip_addr_parse(span_str(text), &addr) < 0)
		fail_msg("%s is not an address", text);
	return addr;
}

static void
addresses_parse(void **state)
{
	static const char *const good[] = {
		"192.0.2.1", "0.0.0.0", "255.255.255.255", "::", "::1",
		"2001:db8::1", "::ffff:192.0.2.1",
	};
	static const char *const bad[] = {
		"", "192.0.2", "192.0.2.256", "192.0.2.1 ", "[::1]", "fe80::1%1",
		"0x7f.0.0.1", "127.1", ":::", "1:2:3:4:5:6:7:8:9", "host",
		"00000000000000000000000000000000000000000000000000",
	};
	char text[IP_ADDR_TEXT_SIZE];
	struct ip_addr addr;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		addr = addr_of(good[i]);
		assert_string_equal(ip_addr_text(text, &addr), good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(ip_addr_parse(span_str(bad[i]), &addr) < 0);
	assert_true(ip_addr_parse(span_of("1.2.3.4\0", 8), &addr) < 0);
}

static void
ranges_parse(void **state)
{
	static const struct {
		const char *text;
		int prefix; /* -1: refused */
	} rows[] = {
		{ "10.0.0.0/8", 8 }, { "10.1.2.3", 32 }, { "0.0.0.0/0", 0 },
		{ "::/0", 0 }, { "fd00::/8", 8 }, { "2001:db8::1", 128 },
		{ "192.168.1.0/24", 24 },
		{ "", -1 }, { "/", -1 }, { "/8", -1 }, { "10.0.0.0/", -1 },
		{ "10.0.0.0/33", -1 }, { "10.0.0.0/08", -1 },
		{ "10.0.0.1/8", -1 }, { "::1/64", -1 }, { "::/129", -1 },
		{ "10.0.0.0/-1", -1 }, { "10.0.0.0/8/8", -1 },
		{ "example.com/8", -1 },
	};
	struct ip_range range;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r = ip_range_parse(span_str(rows[i].text), &range, &err);

		assert_int_equal(r, rows[i].prefix < 0 ? -ERR_CONFIG : 0);
		if (r == 0)
			assert_int_equal(range.prefix, rows[i].prefix);
	}
}

/* The first and last address of each special range, and the neighbours. */
static void
public_and_special(void **state)
{
	static const struct {
		const char *text;
		bool public;
	} rows[] = {
		{ "0.0.0.0", false }, { "0.255.255.255", false },
		{ "1.0.0.0", true },
		{ "9.255.255.255", true }, { "10.0.0.0", false },
		{ "10.255.255.255", false }, { "11.0.0.0", true },
		{ "100.63.255.255", true }, { "100.64.0.0", false },
		{ "100.127.255.255", false }, { "100.128.0.0", true },
		{ "126.255.255.255", true }, { "127.0.0.1", false },
		{ "127.255.255.255", false }, { "128.0.0.0", true },
		{ "169.253.255.255", true }, { "169.254.169.254", false },
		{ "169.255.0.0", true },
		{ "172.15.255.255", true }, { "172.16.0.0", false },
		{ "172.31.255.255", false }, { "172.32.0.0", true },
		{ "192.0.0.9", false }, { "192.0.1.0", true },
		{ "192.0.2.1", false }, { "192.0.3.0", true },
		{ "192.88.99.1", false },
		{ "192.167.255.255", true }, { "192.168.0.0", false },
		{ "192.169.0.0", true }, { "198.17.255.255", true },
		{ "198.18.0.0", false }, { "198.19.255.255", false },
		{ "198.20.0.0", true }, { "198.51.100.7", false },
		{ "203.0.113.255", false }, { "203.0.114.0", true },
		{ "223.255.255.255", true }, { "224.0.0.1", false },
		{ "239.255.255.255", false }, { "240.0.0.0", false },
		{ "255.255.255.255", false },
		{ "::", false }, { "::1", false }, { "::2", false },
		{ "::127.0.0.1", false }, { "::ffff:8.8.8.8", false },
		{ "64:ff9b::808:808", false }, { "64:ff9b:1::1", false },
		{ "100::1", false }, { "1fff:ffff::", false },
		{ "2000::", true }, { "2001::1", false },
		{ "2001:1ff:ffff::", false }, { "2001:200::1", true },
		{ "2001:db8::1", false }, { "2001:db9::1", true },
		{ "2002:7f00:1::", false }, { "2003::1", true },
		{ "2606:4700::1", true }, { "3fff::1", false },
		{ "3fff:1000::", true }, { "4000::", false },
		{ "5f00::1", false }, { "fc00::1", false },
		{ "fdff::1", false }, { "fe80::1", false },
		{ "fec0::1", false }, { "ff02::1", false },
	};
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ip_addr addr = addr_of(rows[i].text);
		int r = ip_range_check(&addr, NULL, 0, &err);

		if ((r == 0) != rows[i].public)
			fail_msg("%s: %d", rows[i].text, r);
		if (r < 0) {
			assert_int_equal(r, -ERR_CONNECTION);
			assert_non_null(err.rule);
			/* Names lead to such addresses from inside only. */
			assert_null(strstr(err.text, rows[i].text));
		}
	}
}

static void
allowed_ranges(void **state)
{
	struct ip_range allow[2];
	struct ip_addr addr;

	(void)state;
	assert_int_equal(ip_range_parse(SPAN_LIT("10.1.0.0/17"), &allow[0],
	    NULL), 0);
	assert_int_equal(ip_range_parse(SPAN_LIT("fd00:1::/33"), &allow[1],
	    NULL), 0);
	addr = addr_of("10.1.127.255");
	assert_int_equal(ip_range_check(&addr, allow, 2, NULL), 0);
	addr = addr_of("10.1.128.0");
	assert_int_equal(ip_range_check(&addr, allow, 2, NULL),
	    -ERR_CONNECTION);
	addr = addr_of("fd00:1:7fff::");
	assert_int_equal(ip_range_check(&addr, allow, 2, NULL), 0);
	addr = addr_of("fd00:1:8000::");
	assert_int_equal(ip_range_check(&addr, allow, 2, NULL),
	    -ERR_CONNECTION);
	/* A mapped address is not the IPv4 address of an allowed range. */
	addr = addr_of("::ffff:10.1.0.1");
	assert_int_equal(ip_range_check(&addr, allow, 2, NULL),
	    -ERR_CONNECTION);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_parse),
		cmocka_unit_test(ranges_parse),
		cmocka_unit_test(public_and_special),
		cmocka_unit_test(allowed_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
