/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/running.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
check(struct span text, const char *option, const char *expected)
{
	char out[RUNNING_SIZE];

	running_option_of(text, option, out);
	assert_string_equal(out, expected);
}

static void
test_option(void **state)
{
	(void)state;
	check(SPAN_LIT("/usr/sbin/apache2\0-k\0start\0"), "-f", "");
	check(SPAN_LIT("apache2\0-f\0/etc/x.conf\0-D\0Y\0"), "-f",
	    "/etc/x.conf");
	check(SPAN_LIT("nginx: master process nginx -c /a/b.conf -g daemon "
	    "off;"), "-c", "/a/b.conf");
	check(SPAN_LIT("nginx: master process nginx -c"), "-c", "");
	check(SPAN_LIT("nginx\0-c\0b.conf\0"), "-c", "");
	check(SPAN_NONE, "-c", "");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
