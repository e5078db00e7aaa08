/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Blocks of names, with "|" between blocks, as certificates. */
static void
check(const char *blocks, const char *expected)
{
	struct names names = { 0 };
	struct bld out;
	const char *at = blocks;

	bld_init(&out, 65536);
	names_block(&names);
	while (*at != '\0') {
		size_t len = strcspn(at, " |");

		if (len > 0)
			names_add(&names, span_of((const uint8_t *)at, len));
		if (at[len] == '|')
			names_block(&names);
		at += len + (at[len] != '\0');
	}
	names_put(&names, "", &out);
	bld_u8(&out, 0);
	assert_string_equal((const char *)out.data, expected);
	bld_free(&out);
	names_free(&names);
}

static void
test_blocks(void **state)
{
	(void)state;
	check("", "");
	check("www.a.test a.test", "a.test www.a.test\n");
	check("a.test|b.test", "a.test\nb.test\n");
	/* A name in common makes them one, over any number of blocks. */
	check("a.test c.test|d.test|c.test e.test",
	    "a.test c.test e.test\nd.test\n");
	check("a.test|b.test|c.test|a.test c.test|b.test a.test",
	    "a.test b.test c.test\n");
	/* As they are compared. */
	check("A.test|a.TEST", "a.test\n");
}

static void
test_left_out(void **state)
{
	(void)state;
	check("_", "");
	check("localhost a.test", "a.test\n# localhost: left out, as it is "
	    "no public name\n");
	check("*.a.test a.test", "a.test\n# *.a.test: left out, as only DNS "
	    "can prove a wildcard: signet get --via dns=NAME\n");
	check("~^x$ a.test", "a.test\n# ~^x$: left out, as nobody can tell "
	    "which names a regular expression means\n");
	check(".a.test", "a.test\n# *: a wildcard of a \".name\" is left out, "
	    "which only DNS can prove\n");
}

/* More than fit into one certificate are several. */
static void
test_many(void **state)
{
	struct names names = { 0 };
	struct bld out;
	char name[32];
	size_t lines = 0;

	(void)state;
	names_block(&names);
	for (int i = 0; i < 250; i++) {
		snprintf(name, sizeof(name), "n%03d.test", i);
		names_add(&names, span_str(name));
	}
	bld_init(&out, 65536);
	names_put(&names, "", &out);
	for (size_t i = 0; i < out.len; i++)
		lines += out.data[i] == '\n';
	assert_int_equal(lines, 3);
	bld_free(&out);
	names_free(&names);
}

/* What a server's configuration quotes must not become a line of the list. */
static void
test_controls(void **state)
{
	static const char *const bad[] = { "~^a\nevil.example evil.example$",
		"a.b\nevil.example", "a*\nevil.example", "\nevil.example",
		"a\nb", "evil.example\r", "evil.example\t", "\x1b[31m.example" };
	struct names names = { 0 };
	struct bld out;

	(void)state;
	names_block(&names);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		names_add(&names, span_str(bad[i]));
	names_add(&names, SPAN_LIT("good.example"));
	bld_init(&out, 65536);
	names_put(&names, "", &out);
	bld_u8(&out, 0);
	assert_int_equal(strncmp((char *)out.data, "good.example\n", 13), 0);
	for (char *line = strchr((char *)out.data, '\n') + 1; *line != '\0';
	    line = strchr(line, '\n') + 1) {
		assert_int_equal(line[0], '#');
		for (char *at = line; *at != '\n'; at++)
			assert_true((unsigned char)*at >= ' ' && *at != 0x7f);
	}
	bld_free(&out);
	names_free(&names);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_controls),
		cmocka_unit_test(test_blocks),
		cmocka_unit_test(test_left_out),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
