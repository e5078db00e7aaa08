/* SPDX-License-Identifier: Apache-2.0 */
/* Who may tell a change what to put back: nobody but who makes it. */
#include "agent/server/change.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define NOBODY 65534

static char top[] = "/tmp/signet-change-XXXXXX";
static char folder[64], file[64];

static int
setup(void **state)
{
	(void)state;
	assert_non_null(mkdtemp(top));
	snprintf(folder, sizeof(folder), "%s/changes", top);
	snprintf(file, sizeof(file), "%s/file", top);
	return 0;
}

static int
teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", top);
	return system(command);
}

static int
begin(struct change *change)
{
	struct err err = ERR_INIT;

	return change_begin(change, top, "nginx", "", &err);
}

static void
test_taken_back(void **state)
{
	struct change change;

	(void)state;
	assert_int_equal(begin(&change), 0);
	assert_int_equal(change.count, 0);
	assert_int_equal(change_write(&change, file, SPAN_LIT("new"), 0644,
	    NULL), 0);
	/* As if killed: the next one finds the note. */
	change_end(&change);
	assert_int_equal(begin(&change), 0);
	assert_int_equal(change.count, 1);
	assert_int_equal(change_undo(&change, NULL), 0);
	assert_int_equal(access(file, F_OK), -1);
	assert_int_equal(change_undo(&change, NULL), 0);
	change_end(&change);
}

static void
test_folders_of_others(void **state)
{
	struct change change;
	char real[80];

	(void)state;
	assert_int_equal(chmod(folder, 0770), 0);
	assert_int_equal(begin(&change), -(int)ERR_CONFIG);
	assert_int_equal(chmod(folder, 0700), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(folder, NOBODY, NOBODY), 0);
		assert_int_equal(begin(&change), -(int)ERR_CONFIG);
		assert_int_equal(chown(folder, 0, 0), 0);
	}
	snprintf(real, sizeof(real), "%s.real", folder);
	assert_int_equal(rename(folder, real), 0);
	assert_int_equal(symlink(real, folder), 0);
	assert_int_equal(begin(&change), -(int)ERR_CONFIG);
	assert_int_equal(unlink(folder), 0);
	assert_int_equal(rename(real, folder), 0);
	assert_int_equal(begin(&change), 0);
	change_end(&change);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken_back),
		cmocka_unit_test(test_folders_of_others),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
