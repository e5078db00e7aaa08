/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "agent/net/net_reach.h"

#define V6 "[2606:4700::1111]"

static void
test_of(void **state)
{
	static const struct {
		const char *addresses;
		enum net_reach reach;
	} rows[] = {
		{ "", NET_REACH_PUBLIC },
		{ "1.1.1.1", NET_REACH_PUBLIC },
		{ V6, NET_REACH_PUBLIC },
		{ "10.0.0.1", NET_REACH_PRIVATE },
		{ "172.16.0.1,192.168.1.1", NET_REACH_PRIVATE },
		{ "172.32.0.1", NET_REACH_PUBLIC },
		{ "100.64.0.1", NET_REACH_PRIVATE },
		{ "[fd00::1]", NET_REACH_PRIVATE },
		{ "127.0.0.1", NET_REACH_LOCAL },
		{ "0.0.0.0", NET_REACH_LOCAL },
		{ "169.254.169.254", NET_REACH_LOCAL },
		{ "224.0.0.1", NET_REACH_LOCAL },
		{ "[::1]", NET_REACH_LOCAL },
		{ "[fe80::1]", NET_REACH_LOCAL },
		{ "[fe80::1%eth0]", NET_REACH_LOCAL },
		{ "[::ffff:10.0.0.1]", NET_REACH_LOCAL },
		{ "[64:ff9b::a00:1]", NET_REACH_LOCAL },
		{ "no address", NET_REACH_LOCAL },
		/* A CA that is on the Internet, too, is there. */
		{ "10.0.0.1,1.1.1.1", NET_REACH_PUBLIC },
		{ "[::1],10.0.0.1", NET_REACH_PRIVATE },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (net_reach_of(span_str(rows[i].addresses)) != rows[i].reach)
			fail_msg("%s", rows[i].addresses);
	}
}

/* All of them, as any may be dialled. */
static void
test_check(void **state)
{
	static const struct {
		enum net_reach reach;
		const char *addresses, *port;
		bool good;
	} rows[] = {
		{ NET_REACH_PUBLIC, "1.1.1.1," V6, "80", true },
		{ NET_REACH_PUBLIC, "1.1.1.1", "8080", false },
		{ NET_REACH_PUBLIC, "1.1.1.1,10.0.0.1", "80", false },
		{ NET_REACH_PUBLIC, "127.0.0.1", "80", false },
		{ NET_REACH_PUBLIC, "169.254.169.254", "80", false },
		{ NET_REACH_PUBLIC, "", "80", true },
		{ NET_REACH_PRIVATE, "1.1.1.1,10.0.0.1", "8080", true },
		{ NET_REACH_PRIVATE, "10.0.0.1,127.0.0.1", "80", false },
		{ NET_REACH_PRIVATE, "169.254.169.254", "80", false },
		{ NET_REACH_LOCAL, "127.0.0.1,10.0.0.1,1.1.1.1", "1", true },
	};
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err = (struct err)ERR_INIT;
		if ((net_reach_check(rows[i].reach, "ocsp.example",
		    span_str(rows[i].addresses), rows[i].port, &err) == 0) !=
		    rows[i].good)
			fail_msg("%zu: %s", i, err.text);
		if (!rows[i].good)
			assert_non_null(strstr(err.text, "ca_file"));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
