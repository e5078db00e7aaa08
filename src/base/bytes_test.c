/* SPDX-License-Identifier: Apache-2.0 */
/* span, cur and bld: reading and building of bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/bld.h"
#include "base/cur.h"
#include "base/err.h"

static void
test_span(void **state)
{
	struct span a = SPAN_LIT("abc");

	(void)state;
	assert_int_equal(a.len, 3);
	assert_true(span_equal_str(a, "abc"));
	assert_false(span_equal_str(a, "abd"));
	assert_true(span_equal(SPAN_NONE, span_str("")));
	assert_true(span_str(NULL).data == NULL);
	assert_true(span_starts_with(a, SPAN_LIT("ab")));
	assert_true(span_starts_with(a, SPAN_NONE));
	assert_false(span_starts_with(a, SPAN_LIT("abcd")));
	assert_true(span_compare(a, SPAN_LIT("abd")) < 0);
	assert_true(span_compare(a, SPAN_LIT("ab")) > 0);
	assert_true(span_compare(SPAN_LIT("ab"), a) < 0);
	assert_int_equal(span_compare(SPAN_NONE, SPAN_NONE), 0);
	assert_true(span_equal_str(span_from(a, 3), ""));
}

static void
write_all(struct bld *out)
{
	bld_u8(out, 0xfe);
	bld_u16(out, 0x0102);
	bld_u32(out, 0x03040506);
	bld_u64(out, UINT64_C(0x0708090a0b0c0d0e));
	bld_i64(out, -2);
	bld_span16(out, SPAN_LIT("ab"));
	bld_span32(out, SPAN_LIT("c"));
	bld_span16(out, SPAN_NONE);
	bld_fmt(out, "%d-%s", 42, "x");
	bld_str(out, "");
}

static void
test_round_trip(void **state)
{
	struct bld out;
	struct cur cur;
	char text[4];

	(void)state;
	bld_init(&out, 1000);
	write_all(&out);
	assert_int_equal(bld_end(&out), 0);
	cur = CUR_OF(bld_view(&out));
	assert_int_equal(cur_u8(&cur), 0xfe);
	assert_int_equal(cur_u16(&cur), 0x0102);
	assert_int_equal(cur_u32(&cur), 0x03040506);
	assert_true(cur_u64(&cur) == UINT64_C(0x0708090a0b0c0d0e));
	assert_true(cur_i64(&cur) == -2);
	assert_true(span_equal_str(cur_span16(&cur), "ab"));
	assert_true(span_equal_str(cur_span32(&cur), "c"));
	assert_int_equal(cur_text(&cur, 0).len, 0);
	assert_int_equal(cur_end(&cur), -ERR_FRAME);
	cur_copy(&cur, text, sizeof(text));
	assert_memory_equal(text, "42-x", 4);
	assert_int_equal(cur_end(&cur), 0);
	bld_free(&out);
}

/* The first read past the end fails all later ones. */
static void
test_cur_fails(void **state)
{
	uint8_t copy[2] = { 9, 9 };
	struct cur cur = CUR_OF(SPAN_LIT("\x01\x02\x03"));

	(void)state;
	assert_int_equal(cur_u32(&cur), 0);
	assert_true(cur.failed);
	assert_int_equal(cur_u8(&cur), 0);
	cur_copy(&cur, copy, sizeof(copy));
	assert_int_equal(copy[0] | copy[1], 0);
	assert_int_equal(cur_bytes(&cur, 0).len, 0);
	assert_int_equal(cur_end(&cur), -ERR_FRAME);
}

static void
test_cur_bounds(void **state)
{
	struct cur cur;

	(void)state;
	cur = CUR_OF(SPAN_LIT("\x00\x05"));
	assert_int_equal(cur_count(&cur, 5), 5);
	assert_int_equal(cur_end(&cur), 0);
	cur = CUR_OF(SPAN_LIT("\x00\x05"));
	assert_int_equal(cur_count(&cur, 4), 0);
	assert_true(cur.failed);
	cur = CUR_OF(SPAN_LIT("\x02"));
	assert_false(cur_bool(&cur));
	assert_true(cur.failed);
	cur = CUR_OF(SPAN_LIT("\x01\x00\x03\x04"));
	assert_true(cur_bool(&cur));
	assert_false(cur_bool(&cur));
	assert_int_equal(cur_enum(&cur, 1, 3), 3);
	assert_false(cur.failed);
	assert_int_equal(cur_enum(&cur, 1, 3), 1);
	assert_true(cur.failed);
	cur = CUR_OF(SPAN_LIT("\x00\x02xy"));
	assert_int_equal(cur_text(&cur, 1).len, 0);
	assert_true(cur.failed);
	cur = CUR_OF(SPAN_LIT("\xff\xff\xff\xff"));
	assert_int_equal(cur_span32(&cur).len, 0);
	assert_true(cur.failed);
}

static void
test_bld_bounds(void **state)
{
	static const uint8_t big[UINT16_MAX + 1];
	struct bld out;

	(void)state;
	bld_init(&out, 3);
	bld_u16(&out, 1);
	bld_u16(&out, 2);
	assert_int_equal(bld_end(&out), -ERR_TOO_LARGE);
	bld_u8(&out, 3);
	assert_int_equal(out.len, 2);
	bld_reset(&out);
	bld_str(&out, "abc");
	assert_int_equal(bld_end(&out), 0);
	bld_free(&out);
	bld_free(&out);

	bld_init(&out, 1 << 20);
	bld_span16(&out, span_of(big, sizeof(big)));
	assert_int_equal(bld_end(&out), -ERR_TOO_LARGE);
	bld_reset(&out);
	for (int i = 0; i < 1000; i++)
		bld_bytes(&out, big, 1000);
	assert_int_equal(bld_end(&out), 0);
	assert_int_equal(out.len, 1000000);
	bld_free(&out);
}

static void
test_bld_fmt_bounds(void **state)
{
	char want[601];
	struct bld out;

	(void)state;
	bld_init(&out, 8);
	bld_fmt(&out, "%s", "12345678");
	assert_int_equal(bld_end(&out), 0);
	assert_memory_equal(out.data, "12345678", 8);
	bld_fmt(&out, "%s", "9");
	assert_int_equal(bld_end(&out), -ERR_TOO_LARGE);
	bld_free(&out);
	bld_init(&out, 1000);
	snprintf(want, sizeof(want), "%600d", 7);
	bld_fmt(&out, "%600d", 7);
	assert_int_equal(out.len, 600);
	assert_memory_equal(out.data, want, 600);
	bld_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_span),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_cur_fails),
		cmocka_unit_test(test_cur_bounds),
		cmocka_unit_test(test_bld_bounds),
		cmocka_unit_test(test_bld_fmt_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
