/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/remember.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "agent/server/change_fixture.h"

static char file[64];
static size_t visits;

static int
setup(void **state)
{
	int r;

	(void)state;
	r = change_setup("haproxy");
	snprintf(file, sizeof(file), "%s/file", top);
	return r;
}

static int
expect(void *ctx, const char *path, const struct span *was, struct err *err)
{
	const char *text = ctx;

	(void)err;
	visits++;
	assert_string_equal(path, file);
	assert_int_equal(was != NULL, text != NULL);
	assert_true(was == NULL || span_equal_str(*was, text));
	return 0;
}

static void
put(const char *text)
{
	assert_int_equal(remember_put(&change, "a.test", file,
	    span_str(text), NULL), 0);
	assert_int_equal(change_put(file, span_str(text), 0600, NULL), 0);
}

static size_t
visit(const char *site, char *was)
{
	visits = 0;
	assert_int_equal(remember_each(&change, site, expect, was, NULL), 0);
	return visits;
}

static void
test_first_is_remembered(void **state)
{
	char theirs[] = "theirs", others[] = "others";

	(void)state;
	assert_int_equal(change_put(file, span_str(theirs), 0600, NULL), 0);
	put("one");
	put("two");
	assert_int_equal(visit("a.test", theirs), 1);
	assert_int_equal(visit("a", theirs), 0);
	/* A change that was taken back: the one before is ours, too. */
	assert_int_equal(change_put(file, SPAN_LIT("one"), 0600, NULL), 0);
	assert_int_equal(visit("a.test", theirs), 1);
	/* Somebody else's is left alone, and remembered next. */
	assert_int_equal(change_put(file, span_str(others), 0600, NULL), 0);
	assert_int_equal(visit("a.test", theirs), 0);
	put("three");
	assert_int_equal(visit("a.test", others), 1);
	remember_forget(&change, "a.test");
	assert_int_equal(visit("a.test", others), 0);
}

static void
test_there_was_none(void **state)
{
	(void)state;
	unlink(file);
	put("one");
	assert_int_equal(visit("a.test", NULL), 1);
	remember_forget(&change, "a.test");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first_is_remembered),
		cmocka_unit_test(test_there_was_none),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
