/* SPDX-License-Identifier: Apache-2.0 */
/* What a server reads is as it was, or it is not. */
#include "agent/server/seen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/server/change_fixture.h"

#define NOW INT64_C(1000000000000)
#define HOUR INT64_C(3600000)

static const struct timespec later = { .tv_sec = INT32_MAX };

static const char *
path_of(const char *name)
{
	static char out[256];

	snprintf(out, sizeof(out), "%s/%s", top, name);
	return out;
}

static void
put(const char *name, const char *text)
{
	assert_int_equal(change_put(path_of(name), span_str(text), 0600, NULL),
	    0);
}

static int
setup(void **state)
{
	(void)state;
	assert_int_equal(change_setup("nginx"), 0);
	assert_int_equal(mkdir(path_of("conf.d"), 0755), 0);
	assert_int_equal(mkdir(path_of("sites"), 0755), 0);
	assert_int_equal(mkdir(path_of("sites/a"), 0755), 0);
	put("main", "one");
	return 0;
}

static void
look(const struct timespec *since)
{
	struct seen seen = { 0 };

	seen_add(&seen, span_str(path_of("main")));
	seen_add(&seen, span_str(path_of("missing")));
	seen_add_pattern(&seen, path_of("conf.d/*.conf"));
	seen_add_pattern(&seen, path_of("sites/*/site.conf"));
	assert_int_equal(seen_write(&change, &seen, since, NULL), 0);
	seen_keep(&change);
	seen_free(&seen);
}

static void
test_same(void **state)
{
	(void)state;
	seen_forget(&change);
	assert_false(seen_same(&change, NOW));
	look(&later);
	assert_true(seen_same(&change, NOW));
	seen_forget(&change);
	assert_false(seen_same(&change, NOW));
}

static void
test_changes(void **state)
{
	(void)state;
	look(&later);
	put("main", "two");
	assert_false(seen_same(&change, NOW));
	look(&later);
	put("conf.d/new.conf", "");
	assert_false(seen_same(&change, NOW));
	look(&later);
	assert_int_equal(unlink(path_of("conf.d/new.conf")), 0);
	assert_false(seen_same(&change, NOW));
	/* In a folder that a pattern finds, and such a folder. */
	look(&later);
	put("sites/a/site.conf", "");
	assert_false(seen_same(&change, NOW));
	look(&later);
	assert_int_equal(mkdir(path_of("sites/b"), 0755), 0);
	assert_false(seen_same(&change, NOW));
	/* A time of change can be set back, but not that of the inode. */
	look(&later);
	assert_true(seen_same(&change, NOW));
	assert_int_equal(chmod(path_of("main"), 0644), 0);
	assert_false(seen_same(&change, NOW));
}

/* It may have been changed after the server was asked. */
static void
test_at_the_same_time(void **state)
{
	const struct timespec before = { .tv_sec = 1 };

	(void)state;
	look(&before);
	assert_false(seen_same(&change, NOW));
}

static void
test_postponed(void **state)
{
	(void)state;
	seen_forget(&change);
	seen_postpone(&change, NOW + HOUR);
	assert_true(seen_same(&change, NOW));
	assert_false(seen_same(&change, NOW + HOUR));
	/* The clock was put back. */
	assert_false(seen_same(&change, NOW - 24 * HOUR));
	look(&later);
	put("main", "three");
	seen_postpone(&change, NOW + HOUR);
	seen_postpone(&change, NOW + HOUR);
	assert_true(seen_same(&change, NOW));
	put("main", "four");
	assert_false(seen_same(&change, NOW));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_at_the_same_time),
		cmocka_unit_test(test_postponed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
