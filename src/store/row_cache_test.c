/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "store/row_cache.h"

enum { ORDER, AUTHZ };

static void
check(const struct row_cache *cache, int kind, int64_t id, const char *bytes)
{
	assert_true(span_equal_str(row_cache_get(cache, kind, id), bytes));
}

static void
test_rows(void **state)
{
	struct row_cache cache = { 0 };
	static const uint8_t bytes[1000] = { 1, 2, 3 };

	(void)state;
	check(&cache, ORDER, 1, "");
	row_cache_put(&cache, ORDER, 1, SPAN_LIT("order"));
	row_cache_put(&cache, AUTHZ, 1, SPAN_LIT("authz"));
	row_cache_put(&cache, ORDER, 2, SPAN_LIT("other"));
	check(&cache, ORDER, 1, "order");
	check(&cache, AUTHZ, 1, "authz");
	row_cache_put(&cache, ORDER, 1, SPAN_LIT("newer"));
	check(&cache, ORDER, 1, "newer");
	row_cache_put(&cache, ORDER, 1, SPAN_LIT("short"));
	check(&cache, ORDER, 1, "short");
	row_cache_put(&cache, ORDER, 1, span_of(bytes, sizeof(bytes)));
	assert_true(span_equal(row_cache_get(&cache, ORDER, 1),
	    span_of(bytes, sizeof(bytes))));
	row_cache_put(&cache, ORDER, 1, SPAN_LIT("newer"));
	row_cache_del(&cache, AUTHZ, 1);
	row_cache_del(&cache, AUTHZ, 3);
	check(&cache, AUTHZ, 1, "");
	check(&cache, ORDER, 1, "newer");
	row_cache_clear(&cache);
	check(&cache, ORDER, 1, "");
	check(&cache, ORDER, 2, "");
	assert_int_equal(cache.bytes, 0);
	row_cache_done(&cache);
}

/* The oldest makes room, and what is too large is not kept, nor is what was
 * there before it. */
static void
test_bounds(void **state)
{
	static uint8_t bytes[ROW_CACHE_ROW_MAX + 1];
	struct row_cache cache = { 0 };
	int64_t id = 0;

	(void)state;
	while (row_cache_get(&cache, ORDER, 1).len > 0 || id == 0) {
		row_cache_put(&cache, ORDER, ++id,
		    span_of(bytes, ROW_CACHE_ROW_MAX));
		assert_true(cache.bytes <= ROW_CACHE_BYTES_MAX);
		assert_true(id < ROW_CACHE_BYTES_MAX / ROW_CACHE_ROW_MAX + 1);
	}
	assert_true(id > ROW_CACHE_BYTES_MAX / ROW_CACHE_ROW_MAX / 2);
	assert_int_equal(row_cache_get(&cache, ORDER, 2).len,
	    ROW_CACHE_ROW_MAX);
	row_cache_put(&cache, ORDER, 2, span_of(bytes, sizeof(bytes)));
	assert_int_equal(row_cache_get(&cache, ORDER, 2).len, 0);
	row_cache_done(&cache);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows), cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests_name("row_cache", tests, NULL, NULL);
}
