/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sandbox_filter.h"

#define REFUSE(number) (SECCOMP_RET_ERRNO | (number))
#define WHOLE UINT64_MAX
#define KILLED (-1000)

/* What a system call that does nothing says within the filter. */
static int
try(const struct sandbox_filter *filter, long call, unsigned long first,
    unsigned long second)
{
	struct err err = ERR_INIT;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
		    sandbox_filter_enter(filter, &err) < 0)
			_exit(255);
		_exit(syscall(call, first, second) < 0 ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED;
}

static void
refuse_if(struct sandbox_filter *filter, unsigned number, int call,
    unsigned arg, uint64_t mask, uint64_t value)
{
	const struct sandbox_filter_arg condition = { arg, mask, value };

	sandbox_filter_add(filter, REFUSE(number), call, 1, &condition);
}

static void
test_calls(void **state)
{
	struct sandbox_filter filter;

	(void)state;
	sandbox_filter_init(&filter, SECCOMP_RET_ALLOW);
	assert_int_equal(try(&filter, SYS_getppid, 0, 0), 0);
	sandbox_filter_add(&filter, REFUSE(11), SYS_getppid, 0, NULL);
	sandbox_filter_add(&filter, REFUSE(12), SYS_getpgid, 0, NULL);
	sandbox_filter_add(&filter, REFUSE(13), SYS_getppid, 0, NULL);
	sandbox_filter_add(&filter, REFUSE(14), -10001, 0, NULL);
	sandbox_filter_add(&filter, SECCOMP_RET_KILL_PROCESS, SYS_sync, 0,
	    NULL);
	assert_int_equal(try(&filter, SYS_getppid, 0, 0), 11);
	assert_int_equal(try(&filter, SYS_getpgid, 0, 0), 12);
	assert_int_equal(try(&filter, SYS_getsid, 0, 0), 0);
	assert_int_equal(try(&filter, SYS_sync, 0, 0), KILLED);
	/* x32's numbers. */
	assert_int_equal(try(&filter, 0x40000000 + SYS_getsid, 0, 0), KILLED);
}

static void
test_arguments(void **state)
{
	const struct sandbox_filter_arg both[] = {
		{ 0, WHOLE, 3 }, { 1, 0xf0, 0x30 }
	};
	struct sandbox_filter filter;

	(void)state;
	sandbox_filter_init(&filter, SECCOMP_RET_ALLOW);
	refuse_if(&filter, 20, SYS_getppid, 0, WHOLE, 1);
	refuse_if(&filter, 21, SYS_getppid, 0, WHOLE, UINT64_C(1) << 32);
	refuse_if(&filter, 22, SYS_getppid, 1, 0xf00, 0x100);
	sandbox_filter_add(&filter, REFUSE(23), SYS_getppid, 2, both);
	assert_int_equal(try(&filter, SYS_getppid, 0, 0), 0);
	assert_int_equal(try(&filter, SYS_getppid, 1, 0), 20);
	assert_int_equal(try(&filter, SYS_getppid, 1UL << 32, 0), 21);
	assert_int_equal(try(&filter, SYS_getppid, (1UL << 32) + 1, 0), 0);
	assert_int_equal(try(&filter, SYS_getppid, 0, 0x180), 22);
	assert_int_equal(try(&filter, SYS_getppid, 3, 0x280), 0);
	assert_int_equal(try(&filter, SYS_getppid, 3, 0x23f), 23);
	assert_int_equal(try(&filter, SYS_getppid, 2, 0x23f), 0);
	/* One without conditions decides. */
	sandbox_filter_add(&filter, REFUSE(24), SYS_getppid, 0, NULL);
	assert_int_equal(try(&filter, SYS_getppid, 1, 0), 24);
}

/* Each of many calls, wherever it stands in the tree. */
static void
test_many(void **state)
{
	struct sandbox_filter filter;

	(void)state;
	sandbox_filter_init(&filter, SECCOMP_RET_ALLOW);
	for (int call = 1000; call < 1100; call++) {
		sandbox_filter_add(&filter, REFUSE(1 + (unsigned)call % 100),
		    call, 0, NULL);
		refuse_if(&filter, 200, call + 1000, 0, WHOLE,
		    (uint64_t)call);
	}
	for (int call = 1000; call < 1100; call++) {
		unsigned long first = (unsigned long)call;

		assert_int_equal(try(&filter, call, 0, 0), 1 + call % 100);
		assert_int_equal(try(&filter, call + 1000, first, 0), 200);
		assert_int_equal(try(&filter, call + 1000, 1, 0), ENOSYS);
	}
	assert_int_equal(try(&filter, 999, 0, 0), ENOSYS);
	assert_int_equal(try(&filter, 1100, 0, 0), ENOSYS);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
