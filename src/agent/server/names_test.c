/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/names.h"

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

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
	names_put(&names, &out);
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_controls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
