/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/proc/shell_text.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

static const struct row {
	const char *text, *programs; /* each with a blank behind it */
} rows[] = {
	{ "", "" },
	{ "  /opt/hook --x /home/u/file", "/opt/hook " },
	{ "true", "true " },
	{ "A=1 B='x y' C=\"$X `date`\" /opt/hook", "/opt/hook " },
	{ "PATH=/home/u/bin hook", "hook " },
	{ "'/opt/my hook' x", "/opt/my hook " },
	{ "/opt/\"my hook\"", "/opt/my hook " },
	{ "/opt/my\\ hook", "/opt/my hook " },
	{ "cd /srv && /opt/a; /opt/b | /opt/c &\n/opt/d",
	    "cd /opt/a /opt/b /opt/c /opt/d " },
	{ "(umask 077; /opt/a)", "umask /opt/a " },
	{ "if [ -f /x ]; then /opt/a; else /opt/b; fi",
	    "/opt/a /opt/b fi " },
	{ "{ /opt/a; }", "/opt/a } " },
	{ "exec env -i A=b /opt/a", "/opt/a " },
	{ "! command -p /opt/a", "/opt/a " },
	{ "sh /opt/a /opt/b", "sh /opt/a " },
	{ "/bin/bash -x '/opt/a'", "/bin/bash /opt/a " },
	{ "bash -c '/opt/a'; true", "bash true " },
	{ "python3 -m http.server", "python3 " },
	{ ". /opt/a", ". /opt/a " },
	{ "python3 a | /opt/b", "python3 /opt/b " },
	{ "sh", "sh " },
	{ ">/dev/null 2>&1 /opt/a", "/opt/a " },
	{ "/opt/a>/home/u/log 2>&1 && /opt/b", "/opt/a /opt/b " },
	{ "# /opt/a\n/opt/b # ; /opt/c", "/opt/b " },
	{ "\\\n/opt/a", "/opt/a " },
	/* What is not known is left out, and what is behind it is not. */
	{ "$HOOK x; /opt/b", "/opt/b " },
	{ "\"$DIR\"/hook; /opt/b", "/opt/b " },
	{ "'$DIR'/hook", "$DIR/hook " },
	{ "~/hook; /opt/?; /opt/b*", "" },
	{ "X=`cat /home/u/x` /opt/a", "/opt/a " },
	{ "cp $(/opt/a) /home/u/x; /opt/b", "cp /opt/a /opt/b " },
	{ "cat <<E\n/home/u/x\nE\n", "cat " },
	{ "f() { /opt/a; }; f", "f } f " },
	{ "'/opt/a", "/opt/a " },
	{ "\"/opt/a\\", "/opt/a\\ " },
	{ "/opt/a\\", "/opt/a\\ " },
};

static int
add(void *ctx, const char *program, struct err *err)
{
	char *said = ctx;

	(void)err;
	strcat(said, program);
	strcat(said, " ");
	return 0;
}

static void
test_programs(void **state)
{
	char said[512];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		said[0] = '\0';
		assert_int_equal(shell_text_each(rows[i].text, add, said,
		    NULL), 0);
		if (strcmp(said, rows[i].programs) != 0)
			fail_msg("%s: %s", rows[i].text, said);
	}
}

static int
refuse(void *ctx, const char *program, struct err *err)
{
	size_t *calls = ctx;

	(*calls)++;
	return strcmp(program, "/opt/b") != 0 ? 0 :
	    err_set(err, ERR_CONFIG, NULL, "no %s", program);
}

static void
test_first_refusal(void **state)
{
	struct err err = ERR_INIT;
	size_t calls = 0;

	(void)state;
	assert_int_equal(shell_text_each("sh /opt/b; /opt/c", refuse, &calls,
	    &err), -(int)ERR_CONFIG);
	assert_int_equal(calls, 2);
	assert_string_equal(err.text, "no /opt/b");
}

/* A word that is too long is none that is known. */
static void
test_long(void **state)
{
	static char text[2 * SHELL_TEXT_WORD_MAX + 16];
	char said[64] = "";

	(void)state;
	memset(text, 'x', 2 * SHELL_TEXT_WORD_MAX);
	strcat(text, "; /opt/b");
	assert_int_equal(shell_text_each(text, add, said, NULL), 0);
	assert_string_equal(said, "/opt/b ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs),
		cmocka_unit_test(test_first_refusal),
		cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
