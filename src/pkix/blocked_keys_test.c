/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/mem.h"
#include "pkix/blocked_keys.h"

/* sha256sum of "a", "b" and "c", not in their order. */
#define HASH_A \
	"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define HASH_B \
	"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"
#define HASH_C \
	"2e7d2c03a9507ae265ecf5b5356885a53393a2029d241394997265a1a25aefc6"

static void
test_has(void **state)
{
	struct blocked_keys *keys;

	(void)state;
	assert_int_equal(blocked_keys_parse(SPAN_LIT("# known keys\n\n"
	    HASH_A " from sha256sum\r\n  " HASH_C "# why\n" HASH_B),
	    &keys, NULL), 0);
	assert_true(blocked_keys_has(keys, SPAN_LIT("a")));
	assert_true(blocked_keys_has(keys, SPAN_LIT("b")));
	assert_true(blocked_keys_has(keys, SPAN_LIT("c")));
	assert_false(blocked_keys_has(keys, SPAN_LIT("d")));
	blocked_keys_free(keys);
}

static void
test_none(void **state)
{
	struct blocked_keys *keys;

	(void)state;
	assert_false(blocked_keys_has(NULL, SPAN_LIT("a")));
	assert_int_equal(blocked_keys_parse(SPAN_NONE, &keys, NULL), 0);
	assert_false(blocked_keys_has(keys, SPAN_LIT("a")));
	blocked_keys_free(keys);
	blocked_keys_free(NULL);
}

static void
test_mistakes(void **state)
{
	static const char *const texts[] = {
		"\nabc\n", HASH_A "\n" HASH_B "00\n",
		"#\nx" HASH_A "\n", HASH_A "\nthis is a comment\n",
	};
	struct blocked_keys *keys;
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(blocked_keys_parse(span_str(texts[i]), &keys,
		    &err), -ERR_CONFIG);
		assert_non_null(strstr(err.text, "line 2 "));
	}
}

static void
test_too_many(void **state)
{
	static const char line[] = HASH_A "\n";
	size_t len = sizeof(line) - 1;
	char *text = mem_alloc((BLOCKED_KEYS_MAX + 1) * len);
	struct blocked_keys *keys;
	struct err err;

	(void)state;
	for (size_t i = 0; i <= BLOCKED_KEYS_MAX; i++)
		memcpy(text + i * len, line, len);
	assert_int_equal(blocked_keys_parse(span_of(text,
	    BLOCKED_KEYS_MAX * len), &keys, &err), 0);
	blocked_keys_free(keys);
	assert_int_equal(blocked_keys_parse(span_of(text,
	    (BLOCKED_KEYS_MAX + 1) * len), &keys, &err), -ERR_CONFIG);
	assert_non_null(strstr(err.text, "more than 1000000"));
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_has),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
