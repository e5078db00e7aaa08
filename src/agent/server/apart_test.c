/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/apart.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sanitized.h"

static int
good(const void *arg, uint8_t result[APART_RESULT_SIZE], struct err *err)
{
	(void)err;
	memcpy(result, arg, 4);
	result[4] = geteuid() == 0;
	return 0;
}

static int
bad(const void *arg, uint8_t result[APART_RESULT_SIZE], struct err *err)
{
	(void)arg;
	(void)result;
	return err_set(err, ERR_TLS, NULL, "\x1b[31mno");
}

/* What a server that has broken in would try. */
static int
evil_file(const void *arg, uint8_t result[APART_RESULT_SIZE],
    struct err *err)
{
	(void)arg;
	(void)result;
	(void)err;
	return open("/etc/passwd", O_RDONLY) < 0 ? -(int)ERR_IO : 0;
}

static int
evil_fork(const void *arg, uint8_t result[APART_RESULT_SIZE],
    struct err *err)
{
	(void)arg;
	(void)result;
	(void)err;
	return fork() < 0 ? -(int)ERR_IO : 0;
}

static void
test_apart(void **state)
{
	uint8_t found[APART_RESULT_SIZE] = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(apart_look(good, "here", found, &err), 0);
	assert_memory_equal(found, "here", 4);
	assert_int_equal(found[4], 0);
	assert_int_equal(apart_look(bad, NULL, found, &err), -(int)ERR_TLS);
	assert_string_equal(err.text, "\\x1b[31mno");
	assert_true(apart_look(evil_file, NULL, found, &err) < 0);
	/* AddressSanitizer forks at the end, to look for leaks. */
	assert_true(SANITIZED ||
	    apart_look(evil_fork, NULL, found, &err) < 0);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
