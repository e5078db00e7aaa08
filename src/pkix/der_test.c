/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <openssl/asn1.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "pkix/der.h"

static void
test_lengths(void **state)
{
	const struct {
		struct span in;
		bool good;
	} rows[] = {
		{ SPAN_LIT("\x04\x00"), true },
		{ SPAN_LIT("\x04\x01x"), true },
		{ SPAN_LIT("\x04\x81\x01x"), false },     /* not shortest */
		{ SPAN_LIT("\x04\x82\x00\x01x"), false },
		{ SPAN_LIT("\x04\x80x\0\0"), false },     /* indefinite */
		{ SPAN_LIT("\x04\xff"), false },
		{ SPAN_LIT("\x04\x84\0\0\0\x01x"), false },
		{ SPAN_LIT("\x04\x02x"), false },
		{ SPAN_LIT("\x04"), false },
		{ SPAN_LIT(""), false },
		{ SPAN_LIT("\x05\x00"), false },          /* other tag */
		{ SPAN_LIT("\x1f\x81\x00\x00"), false },  /* long tag */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cur cur = CUR_OF(rows[i].in);

		der_take(&cur, DER_OCTET_STRING);
		if ((cur_end(&cur) == 0) != rows[i].good)
			fail_msg("row %zu", i);
	}
}

/* der_end moves contents when their length needs more octets. */
static void
test_nested(void **state)
{
	static const size_t sizes[] = { 0, 1, 127, 128, 255, 256, 65535,
	    65536 };
	uint8_t *zeros = mem_zalloc(65536);

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct cur cur, in;
		struct bld out;
		size_t at, inner;

		bld_init(&out, 100000);
		at = der_begin(&out, DER_SEQUENCE);
		inner = der_begin(&out, DER_OCTET_STRING);
		bld_bytes(&out, zeros, sizes[i]);
		der_end(&out, inner);
		der_put_bool(&out, true);
		der_end(&out, at);
		assert_int_equal(bld_end(&out), 0);
		cur = CUR_OF(bld_view(&out));
		in = der_enter(&cur, DER_SEQUENCE);
		assert_int_equal(der_take(&in, DER_OCTET_STRING).len,
		    sizes[i]);
		assert_true(der_take_bool(&in));
		assert_int_equal(cur_end(&in), 0);
		assert_int_equal(cur_end(&cur), 0);
		bld_free(&out);
	}
	free(zeros);
}

static void
test_integers(void **state)
{
	const struct {
		struct span in;
		bool good;
		uint64_t value;
	} rows[] = {
		{ SPAN_LIT("\x02\x01\x00"), true, 0 },
		{ SPAN_LIT("\x02\x01\x7f"), true, 127 },
		{ SPAN_LIT("\x02\x02\x00\x80"), true, 128 },
		{ SPAN_LIT("\x02\x02\x01\x00"), true, 256 },
		{ SPAN_LIT("\x02\x01\x80"), false, 0 },     /* negative */
		{ SPAN_LIT("\x02\x02\x00\x7f"), false, 0 }, /* not shortest */
		{ SPAN_LIT("\x02\x00"), false, 0 },
		{ SPAN_LIT("\x02\x02\x04\x00"), false, 0 }, /* above max */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cur cur = CUR_OF(rows[i].in);
		uint64_t value = der_take_uint(&cur, 1000);

		if ((cur_end(&cur) == 0) != rows[i].good ||
		    value != rows[i].value)
			fail_msg("row %zu", i);
	}
}

/* OpenSSL and the C library are the judges. */
static void
test_times(void **state)
{
	static const int64_t times[] = {
		0, 86399, 951782400, 951868799, 1709164800, 1709251199,
		1795255200, 2524607999, 2524608000, 4102444799, 4107542400,
		253402300799,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		struct cur cur;
		struct bld out;
		const uint8_t *at;
		ASN1_TIME *judge;
		struct tm tm;

		bld_init(&out, 100);
		der_put_time(&out, times[i]);
		assert_int_equal(bld_end(&out), 0);
		at = out.data;
		judge = d2i_ASN1_TIME(NULL, &at, (long)out.len);
		assert_non_null(judge);
		assert_int_equal(ASN1_TIME_to_tm(judge, &tm), 1);
		assert_int_equal(timegm(&tm), times[i]);
		ASN1_TIME_free(judge);
		cur = CUR_OF(bld_view(&out));
		assert_int_equal(der_take_time(&cur), times[i]);
		assert_int_equal(cur_end(&cur), 0);
		bld_free(&out);
	}
}

static void
test_bad_times(void **state)
{
	static const struct span rows[] = {
		{ (const uint8_t *)"\x17\x0d" "250230000000Z", 15 },
		{ (const uint8_t *)"\x17\x0d" "251301000000Z", 15 },
		{ (const uint8_t *)"\x17\x0d" "250101240000Z", 15 },
		{ (const uint8_t *)"\x17\x0d" "250101000060Z", 15 },
		{ (const uint8_t *)"\x17\x0d" "2501010000 0Z", 15 },
		{ (const uint8_t *)"\x17\x0d" "500101000000Z", 15 },
		{ (const uint8_t *)"\x17\x0b" "2501010000Z", 13 },
		{ (const uint8_t *)"\x17\x11" "250101000000+0000", 19 },
		{ (const uint8_t *)"\x18\x0f" "20250101000000Z", 17 },
		{ (const uint8_t *)"\x18\x11" "20500101000000.5Z", 19 },
	};
	struct bld out;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cur cur = CUR_OF(rows[i]);

		der_take_time(&cur);
		if (cur_end(&cur) == 0)
			fail_msg("row %zu", i);
	}
	bld_init(&out, 100);
	der_put_time(&out, -1);
	assert_true(bld_end(&out) < 0);
	bld_free(&out);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_integers),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_bad_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
