/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "agent/solvers/solver.h"

/* Tokens as the RFC wants them: 128 bits. */
#define FIRST "first-0123456789-abcdefgh"
#define SECOND "second-0123456789-abcdefg"

static char root[] = "/tmp/signet-webroot-XXXXXX";
static size_t num_ready, num_gone;

static void
on_ready(struct solver_task *task, const struct err *err)
{
	(void)task;
	assert_int_equal(err->kind, ERR_NONE);
	num_ready++;
}

static void
on_gone(struct solver_task *task, const struct err *err)
{
	(void)task;
	assert_int_equal(err->kind, ERR_NONE);
	num_gone++;
}

static struct solver_task
task_of(const char *token)
{
	return (struct solver_task){ .method = CLIENT_HTTP_01,
	    .token = span_str(token), .key_authorization = span_str(token),
	    .ready = on_ready, .gone = on_gone };
}

static bool
is_there(const char *name)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return stat(path, &st) == 0;
}

static void
call(bool takedown, struct solver_task *task)
{
	(takedown ? solver_webroot.takedown : solver_webroot.setup)(NULL,
	    root, &task, 1);
}

/* Two orders at once: whoever made the folders may be the first to go. */
static void
test_the_last_removes_the_folders(void **unused)
{
	struct solver_task first = task_of(FIRST), second = task_of(SECOND);

	(void)unused;
	call(false, &first);
	call(false, &second);
	assert_true(is_there(".well-known/acme-challenge/" FIRST));
	call(true, &first);
	assert_false(is_there(".well-known/acme-challenge/" FIRST));
	assert_true(is_there(".well-known/acme-challenge/" SECOND));
	call(true, &second);
	assert_false(is_there(".well-known"));
	assert_int_equal(num_ready, 2);
	assert_int_equal(num_gone, 2);
}

static void
test_a_takedown_makes_no_folders(void **unused)
{
	struct solver_task task = task_of(FIRST);
	char path[128];

	(void)unused;
	call(false, &task);
	snprintf(path, sizeof(path), "rm -r %s/.well-known", root);
	assert_int_equal(system(path), 0);
	call(true, &task);
	assert_false(is_there(".well-known"));
}

/* What was there before us is the administrator's. */
static void
test_folders_of_others_stay(void **unused)
{
	struct solver_task first = task_of(FIRST), second = task_of(SECOND);
	char path[128];

	(void)unused;
	snprintf(path, sizeof(path), "%s/.well-known", root);
	assert_int_equal(mkdir(path, 0755), 0);
	snprintf(path, sizeof(path), "%s/.well-known/acme-challenge", root);
	assert_int_equal(mkdir(path, 0755), 0);
	call(false, &first);
	call(false, &second);
	call(true, &second);
	call(true, &first);
	assert_true(is_there(".well-known/acme-challenge"));
	assert_false(is_there(".well-known/acme-challenge/" FIRST));
	assert_int_equal(rmdir(path), 0);
	*strrchr(path, '/') = '\0';
	assert_int_equal(rmdir(path), 0);
}

static int
make_root(void **unused)
{
	(void)unused;
	return mkdtemp(root) == NULL ? -1 : 0;
}

static int
remove_root(void **unused)
{
	(void)unused;
	return rmdir(root);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_last_removes_the_folders),
		cmocka_unit_test(test_a_takedown_makes_no_folders),
		cmocka_unit_test(test_folders_of_others_stay),
	};

	return cmocka_run_group_tests(tests, make_root, remove_root);
}
