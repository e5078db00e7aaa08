/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"

static void
test_heap(void **state)
{
	cleanup_free char *copy = mem_strdup("abc");
	uint8_t *zeroed = mem_zalloc(100);
	struct span span;

	(void)state;
	assert_string_equal(copy, "abc");
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(zeroed[i], 0);
	zeroed = mem_realloc(zeroed, 0);
	assert_non_null(zeroed);
	free(zeroed);
	span = mem_span_dup(SPAN_LIT("abc"));
	assert_true(span_equal_str(span, "abc"));
	mem_span_free(span);
	mem_span_free(mem_span_dup(SPAN_NONE));
	zeroed = mem_alloc(0);
	assert_non_null(zeroed);
	free(zeroed);
}

static void
test_secret(void **state)
{
	uint8_t a[4] = { 1, 2, 3, 4 }, b[4] = { 1, 2, 3, 5 };

	(void)state;
	assert_false(mem_equal_secret(a, b, 4));
	assert_true(mem_equal_secret(a, b, 3));
	assert_true(mem_equal_secret(a, b, 0));
	mem_wipe(a, sizeof(a));
	mem_wipe(NULL, 0);
	assert_int_equal(a[0] | a[1] | a[2] | a[3], 0);
}

static void
test_grow(void **state)
{
	for (int secret = 0; secret <= 1; secret++) {
		char *p = mem_grow(NULL, 0, 0, 4, secret == 1);

		memcpy(p, "abcd", 4);
		p = mem_grow(p, 3, 4, 100, secret == 1);
		p[99] = 'z';
		assert_memory_equal(p, "abc", 3);
		free(p);
	}
	(void)state;
}

static void
test_arena(void **state)
{
	struct arena arena = { .used = 0 };
	void *first = arena_alloc(&arena, 1), *second = arena_alloc(&arena, 8);
	struct span copy;

	(void)state;
	assert_int_equal((uintptr_t)first % _Alignof(max_align_t), 0);
	assert_int_equal((uintptr_t)second % _Alignof(max_align_t), 0);
	assert_true(first != second);
	copy = arena_dup(&arena, SPAN_LIT("text"));
	assert_true(span_equal_str(copy, "text"));
	assert_string_equal(arena_str(&arena, SPAN_NONE), "");
	assert_string_equal(arena_fmt(&arena, "%s-%d", "text", 7), "text-7");
	arena_reset(&arena);
	assert_ptr_equal(arena_alloc(&arena, 1), first);
	arena_free(&arena);
	arena_free(&arena);
}

/* Blocks beyond the first go at the reset, and a great first one too. */
static void
test_arena_great(void **state)
{
	struct arena arena = { .used = 0 };
	uint8_t *at;

	(void)state;
	arena_alloc(&arena, 1);
	for (size_t i = 0; i < 100; i++) {
		at = arena_alloc(&arena, ARENA_FIRST);
		memset(at, (int)i, ARENA_FIRST);
	}
	arena_reset(&arena);
	at = arena_alloc(&arena, ARENA_FIRST);
	memset(at, 1, ARENA_FIRST);
	arena_free(&arena);
	at = arena_alloc(&arena, 10 * ARENA_FIRST);
	memset(at, 1, 10 * ARENA_FIRST);
	arena_reset(&arena);
	assert_null(arena.blocks);
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_heap),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_grow),
		cmocka_unit_test(test_arena),
		cmocka_unit_test(test_arena_great),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
