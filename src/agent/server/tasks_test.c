/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/tasks.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <unistd.h>

#include "agent/server/change_fixture.h"

static int
setup(void **state)
{
	(void)state;
	return change_setup("nginx");
}

static const struct server_task two[] = {
	{ "a.test", "t1", "t1.print" }, { "b.test", "t2", "t2.print" },
};

static void
test_kept_over_operations(void **state)
{
	struct tasks *tasks = mem_zalloc(sizeof(*tasks));

	(void)state;
	tasks_load(tasks, &change);
	assert_int_equal(tasks->count, 0);
	assert_int_equal(tasks_add(tasks, two, 2, NULL), 0);
	tasks_set_file(tasks, "/etc/x");
	assert_int_equal(tasks_save(tasks, &change, NULL), 0);
	tasks_free(tasks);
	tasks_load(tasks, &change);
	assert_int_equal(tasks->count, 2);
	assert_string_equal(tasks->items[1].key_authorization, "t2.print");
	assert_string_equal(tasks->file, "/etc/x");
	assert_false(tasks->stale);
	tasks_remove(tasks, two, 1);
	assert_int_equal(tasks->count, 1);
	assert_string_equal(tasks->items[0].name, "b.test");
	tasks_remove(tasks, two + 1, 1);
	assert_int_equal(tasks_save(tasks, &change, NULL), 0);
	tasks_free(tasks);
	tasks_load(tasks, &change);
	assert_int_equal(tasks->count, 0);
	assert_null(tasks->file);
	tasks_free(tasks);
	free(tasks);
}

static void
test_of_another_run(void **state)
{
	struct tasks *tasks = mem_zalloc(sizeof(*tasks));
	char path[CHANGE_PATH_SIZE];

	(void)state;
	change_path(&change, "tasks", path);
	assert_int_equal(change_put(path, SPAN_LIT("file /etc/y\n"
	    "1 a.test t1 t1.print\nnonsense\n"), 0600, NULL), 0);
	tasks_load(tasks, &change);
	assert_int_equal(tasks->count, 0);
	assert_true(tasks->stale);
	assert_string_equal(tasks->file, "/etc/y");
	tasks_free(tasks);
	free(tasks);
}

/* They are written into the server's configuration. */
static void
test_nothing_but_words(void **state)
{
	static const struct server_task bad[] = {
		{ "a.test;", "t", "t.p" }, { "a.test", "t\" }", "t.p" },
		{ "a.test", "t", "t.p\n" }, { "a.test", "", "t.p" },
	};
	struct tasks *tasks = mem_zalloc(sizeof(*tasks));

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(tasks_add(tasks, &bad[i], 1, NULL),
		    -(int)ERR_MALFORMED);
	assert_int_equal(tasks->count, 0);
	free(tasks);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept_over_operations),
		cmocka_unit_test(test_of_another_run),
		cmocka_unit_test(test_nothing_but_words),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
