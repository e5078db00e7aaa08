/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/err.h"

static void
test_set(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(err_set(&err, ERR_CAA, "RFC 8659 3", "no %s", "way"),
	    -ERR_CAA);
	assert_int_equal(err.kind, ERR_CAA);
	assert_string_equal(err.rule, "RFC 8659 3");
	assert_string_equal(err.text, "no way");
	assert_int_equal(err_prefix(&err, "at %d", 3), -ERR_CAA);
	assert_string_equal(err.text, "at 3: no way");
	assert_int_equal(err_set(NULL, ERR_DNS, NULL, "x"), -ERR_DNS);
	assert_int_equal(err_prefix(NULL, "x"), -ERR_INTERNAL);
}

static void
test_errno(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	errno = ENOENT;
	assert_int_equal(err_errno(&err, "cannot open %s", "f"), -ERR_IO);
	assert_string_equal(err.text,
	    "cannot open f: No such file or directory");
}

/* Too long texts are cut, never overrun. */
static void
test_long(void **state)
{
	char big[2 * ERR_TEXT_SIZE];
	struct err err = ERR_INIT;

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	err_set(&err, ERR_DNS, NULL, "%s", big);
	assert_int_equal(strlen(err.text), ERR_TEXT_SIZE - 1);
	err_prefix(&err, "%s", big);
	assert_int_equal(strlen(err.text), ERR_TEXT_SIZE - 1);
	errno = EIO;
	err_errno(&err, "%s", big);
	assert_true(strlen(err.text) < ERR_TEXT_SIZE);
}

static void
test_names(void **state)
{
	(void)state;
	for (int i = 0; i < ERR_KIND_COUNT; i++) {
		const char *name = err_kind_name((enum err_kind)i);

		assert_string_not_equal(name, "unknown");
		for (int j = 0; j < i; j++)
			assert_string_not_equal(name,
			    err_kind_name((enum err_kind)j));
	}
	assert_string_equal(err_kind_name(ERR_KIND_COUNT), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_errno),
		cmocka_unit_test(test_long),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
