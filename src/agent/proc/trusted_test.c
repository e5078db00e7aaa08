/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/proc/trusted.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[64];

static void
run(const char *format)
{
	char command[512];

	snprintf(command, sizeof(command), "cd %s && %s", top, format);
	assert_int_equal(system(command), 0);
}

static int
look(const char *name, struct err *err)
{
	char path[256];

	*err = (struct err)ERR_INIT;
	snprintf(path, sizeof(path), "%s/%s", top, name);
	return trusted_path(path, err);
}

static void
test_root(void **state)
{
	static const char *const bad[] = { "theirs/state", "theirs",
		"theirs/none/deep", "ours/file", "ours/link", "ours/open/state",
		"ours/group", "theirs/to-us" };
	static const char *const good[] = { "ours", "ours/none/deep",
		"ours/plain", "ours/sticky/plain", "ours/system", "ours/to-us" };
	char command[256];
	struct err err;

	(void)state;
	if (geteuid() != 0)
		skip();
	run("mkdir -p theirs/state ours/open ours/sticky && "
	    "touch ours/file ours/plain ours/sticky/plain ours/group "
	    "ours/system && chown 4321 theirs ours/file && "
	    "ln -s ../theirs/state ours/link && ln -s plain ours/to-us && "
	    "ln -s ../ours theirs/to-us && chmod 777 ours/open && "
	    "chmod 1777 ours/sticky && chmod 664 ours/group ours/system && "
	    "chgrp 1234 ours/group && chgrp 50 ours/system");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (look(bad[i], &err) != -(int)ERR_CONFIG)
			fail_msg("%s", bad[i]);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (look(good[i], &err) != 0)
			fail_msg("%s: %s", good[i], err.text);
	}
	snprintf(command, sizeof(command), "  %s/ours/file --x; true", top);
	assert_int_equal(trusted_command(command, &err), -(int)ERR_CONFIG);
	assert_non_null(strstr(err.text, "4321"));
	assert_int_equal(trusted_command("/bin/true", &err), 0);
	assert_int_equal(trusted_command("true", &err), 0);
	assert_int_equal(trusted_command("", &err), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root),
	};
	char command[96];
	int r;

	snprintf(top, sizeof(top), "/tmp/signet-trusted-XXXXXX");
	if (mkdtemp(top) == NULL)
		return 1;
	r = cmocka_run_group_tests(tests, NULL, NULL);
	snprintf(command, sizeof(command), "rm -r %s", top);
	return system(command) == 0 ? r : 1;
}
