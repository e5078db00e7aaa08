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
}

static int
program(const char *name, const char *folders, struct err *err)
{
	const char *const argv[] = { name, "x", NULL };

	*err = (struct err)ERR_INIT;
	return trusted_command(argv, folders, err);
}

/* text has the folder for each %. */
static int
shell(const char *text, const char *folders, struct err *err)
{
	char whole[512] = "", *to = whole;
	const char *const argv[] = { "/bin/sh", "-c", whole, NULL };

	for (; *text != '\0'; text++) {
		if (*text == '%')
			to += sprintf(to, "%s", top);
		else
			*to++ = *text;
	}
	*to = '\0';
	*err = (struct err)ERR_INIT;
	return trusted_command(argv, folders, err);
}

/* The first word of a text for the shell is what root would run, and so is a
 * name that is found in PATH. */
static void
test_commands(void **state)
{
	static const char *const bad[] = { "%/run/hook", "  %/run/hook --x",
		"A=1 '%/run/hook'", "true; %/run/hook", "sh %/run/hook",
		"%/run/sticky/new", "hook" };
	static const char *const good[] = { "", "true", "cp x %/run/hook",
		"\"$X\"", "%/run/none || true", "none", "%/run/ours/hook" };
	char folders[256], left[TRUSTED_FOLDERS_MAX], name[128];
	struct err err;

	(void)state;
	if (geteuid() != 0)
		skip();
	run("mkdir -p run/ours run/sticky run/theirs && "
	    "printf '#!/bin/sh\\n' >run/hook && cp run/hook run/ours && "
	    "chmod 755 run/hook run/ours/hook && chown 4321 run/hook "
	    "run/theirs && chmod 1777 run/sticky");
	snprintf(folders, sizeof(folders), "%s/none:%s/run:/usr/bin", top, top);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (shell(bad[i], folders, &err) != -(int)ERR_CONFIG)
			fail_msg("%s", bad[i]);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (shell(good[i], folders, &err) != 0)
			fail_msg("%s: %s", good[i], err.text);
	}
	assert_int_equal(program("hook", folders, &err), -(int)ERR_CONFIG);
	assert_non_null(strstr(err.text, "4321"));
	assert_int_equal(program("hook", "/usr/bin", &err), 0);
	snprintf(name, sizeof(name), "%s/run/hook", top);
	assert_int_equal(program(name, folders, &err), -(int)ERR_CONFIG);
	assert_int_equal(program("/bin/true", folders, &err), 0);
	snprintf(folders, sizeof(folders), "%s/run/theirs:.:%s/run/sticky::"
	    "%s/run/ours:/usr/bin", top, top, top);
	trusted_folders(folders, left);
	snprintf(folders, sizeof(folders), "%s/run/ours:/usr/bin", top);
	assert_string_equal(left, folders);
}

/* What root takes commands from is root's own, on the whole way there. */
static void
test_read(void **state)
{
	struct arena arena = { 0 };
	struct span text;
	struct err err = ERR_INIT;
	char path[256];

	(void)state;
	if (geteuid() != 0)
		skip();
	run("mkdir -p read/group && printf abc >read/file && "
	    "printf abc >read/group/file && chmod 644 read/file && "
	    "chgrp 1234 read/group && chmod 775 read/group");
	snprintf(path, sizeof(path), "%s/read/file", top);
	assert_int_equal(trusted_read(path, 3, &arena, &text, &err), 0);
	assert_true(span_equal(text, SPAN_LIT("abc")));
	assert_int_equal(text.data[3], 0);
	assert_int_equal(trusted_read(path, 2, &arena, &text, &err),
	    -(int)ERR_CONFIG);
	snprintf(path, sizeof(path), "%s/read/group/file", top);
	assert_int_equal(trusted_read(path, 3, &arena, &text, &err),
	    -(int)ERR_CONFIG);
	snprintf(path, sizeof(path), "%s/read/none", top);
	assert_int_equal(trusted_read(path, 3, &arena, &text, &err),
	    -(int)ERR_NOT_FOUND);
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_root),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_read),
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
