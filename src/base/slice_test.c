/* SPDX-License-Identifier: Apache-2.0 */
#include "base/slice.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whether what a child does is right. */
static bool
child_says(bool (*check)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(check() ? 0 : 1);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool
has_long(void)
{
	return slice_get() == SLICE_LONG_NS;
}

static bool
is_set_and_inherited(void)
{
	uint64_t own = slice_get();

	/* Kernels before 6.12 know none, and nothing comes of it. */
	if (!slice_set(SLICE_LONG_NS))
		return slice_get() == own;
	return has_long() && child_says(has_long) &&
	    sched_getscheduler(0) == SCHED_BATCH && slice_set(0) &&
	    slice_get() != SLICE_LONG_NS &&
	    sched_getscheduler(0) == SCHED_OTHER;
}

static bool
leaves_policy_and_niceness(void)
{
	const struct sched_param param = { 0 };

	if (setpriority(PRIO_PROCESS, 0, 5) != 0 ||
	    sched_setscheduler(0, SCHED_BATCH, &param) != 0)
		return false;
	(void)slice_set(SLICE_LONG_NS);
	return sched_getscheduler(0) == SCHED_BATCH &&
	    getpriority(PRIO_PROCESS, 0) == 5;
}

static bool
leaves_other_policies(void)
{
	const struct sched_param param = { 0 };

	return sched_setscheduler(0, SCHED_IDLE, &param) == 0 &&
	    !slice_set(SLICE_LONG_NS) &&
	    sched_getscheduler(0) == SCHED_IDLE;
}

/* Each in a process of its own, as niceness has no way back. */
static void
test_set(void **state)
{
	(void)state;
	assert_true(child_says(is_set_and_inherited));
}

static void
test_policies(void **state)
{
	(void)state;
	assert_true(child_says(leaves_policy_and_niceness));
	assert_true(child_says(leaves_other_policies));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
