/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];

static int
setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/signet-file-XXXXXX");
	return mkdtemp(dir) == NULL || chdir(dir) < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
	(void)state;
	unlink("fifo");
	unlink("file");
	unlink("link");
	return chdir("/") < 0 || rmdir(dir) < 0 ? -1 : 0;
}

static int
read_it(const char *name, int flags, size_t max, struct err *err)
{
	struct bld out;
	int r;

	*err = (struct err)ERR_INIT;
	bld_init_secret(&out, max);
	r = file_read(AT_FDCWD, name, flags, &out, err);
	if (r == 0)
		assert_true(out.len == 600 && out.data[599] == 'x');
	bld_free(&out);
	return r;
}

static void
test_read(void **state)
{
	struct err err;
	FILE *file = fopen("file", "w");

	(void)state;
	assert_non_null(file);
	fprintf(file, "%0*dx", 599, 0);
	fclose(file);
	assert_int_equal(symlink("file", "link"), 0);
	assert_int_equal(read_it("file", 0, 600, &err), 0);
	assert_int_equal(read_it("link", 0, 600, &err), 0);
	assert_int_equal(read_it("link", O_NOFOLLOW, 600, &err), -(int)ERR_IO);
	assert_int_equal(read_it("file", 0, 599, &err), -(int)ERR_CONFIG);
	assert_int_equal(read_it("none", 0, 600, &err), -(int)ERR_NOT_FOUND);
	assert_int_equal(read_it("file/none", 0, 600, &err),
	    -(int)ERR_NOT_FOUND);
}

/* None of these is waited for. */
static void
test_no_file(void **state)
{
	static const char *const names[] = { "fifo", "/dev/zero", "/", "." };
	struct err err;

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(read_it(names[i], 0, 600, &err),
		    -(int)ERR_CONFIG);
		assert_non_null(strstr(err.text, "not a regular file"));
	}
}

static void
test_write(void **state)
{
	int fd = open("file", O_RDWR | O_TRUNC);
	char found[8] = "";

	(void)state;
	assert_int_equal(file_write(fd, SPAN_LIT("text")), 0);
	assert_int_equal(pread(fd, found, sizeof(found), 0), 4);
	assert_string_equal(found, "text");
	close(fd);
	fd = open("/dev/full", O_WRONLY);
	assert_int_equal(file_write(fd, SPAN_NONE), 0);
	assert_int_equal(file_write(fd, SPAN_LIT("text")), -1);
	assert_int_equal(errno, ENOSPC);
	close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_write),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
