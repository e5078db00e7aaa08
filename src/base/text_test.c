/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/text.h"

#define OUT_MAX 4096

static void
expect_text(const struct bld *out, const char *want)
{
	assert_int_equal(out->len, strlen(want));
	assert_memory_equal(out->data, want, out->len);
}

static void
test_hex(void **state)
{
	struct bld out;

	(void)state;
	bld_init(&out, OUT_MAX);
	text_hex(&out, span_of("\x00\x9f\xff", 3));
	expect_text(&out, "009fff");
	bld_reset(&out);
	assert_int_equal(text_unhex(&out, SPAN_LIT("009FfF")), 0);
	assert_memory_equal(out.data, "\x00\x9f\xff", 3);
	assert_int_equal(text_unhex(&out, SPAN_LIT("0")), -ERR_MALFORMED);
	assert_int_equal(text_unhex(&out, SPAN_LIT("0g")), -ERR_MALFORMED);
	assert_int_equal(text_unhex(&out, SPAN_LIT("-1")), -ERR_MALFORMED);
	assert_int_equal(out.len, 3);
	bld_free(&out);
}

/* RFC 4648 section 10, without padding. */
static void
test_base64url(void **state)
{
	static const struct {
		const char *bytes;
		const char *text;
	} rows[] = {
		{ "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" },
		{ "foob", "Zm9vYg" }, { "fooba", "Zm9vYmE" },
		{ "foobar", "Zm9vYmFy" }, { "\xfb\xff\xfe", "-__-" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bld out;

		bld_init(&out, OUT_MAX);
		text_base64url(&out, span_str(rows[i].bytes));
		expect_text(&out, rows[i].text);
		bld_reset(&out);
		assert_int_equal(text_unbase64url(&out,
		    span_str(rows[i].text)), 0);
		expect_text(&out, rows[i].bytes);
		bld_free(&out);
	}
}

static void
test_base64url_refused(void **state)
{
	static const char *const rows[] = {
		"Z",          /* 1 mod 4 */
		"Zm9vY",      /* 1 mod 4 behind a whole group */
		"Zg==",       /* padding */
		"Zh",         /* trailing bits */
		"Zm9",        /* trailing bits */
		"Zm 9v", "Zm9v\n", "+//+", "Zm9v\x80\x80\x80\x80", "Zm.v",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bld out;

		bld_init(&out, OUT_MAX);
		bld_str(&out, "kept");
		assert_int_equal(text_unbase64url(&out, span_str(rows[i])),
		    -ERR_MALFORMED);
		expect_text(&out, "kept");
		bld_free(&out);
	}
}

/* Each byte at each place of a text of 2 to 4: what is taken is written just
 * the same again, and all is taken that is written. */
static void
test_base64url_exact(void **state)
{
	size_t taken[5] = { 0 };

	(void)state;
	for (size_t i = 0; i < 4 * 256 * 3; i++) {
		char text[5] = "AAAA";
		size_t len = 2 + i % 3;
		struct bld bytes, again;

		text[i / 3 % len] = (char)(i / 12);
		bld_init(&bytes, OUT_MAX);
		bld_init(&again, OUT_MAX);
		if (text_unbase64url(&bytes, span_of(text, len)) == 0) {
			taken[len]++;
			text_base64url(&again, bld_view(&bytes));
			assert_true(span_equal(bld_view(&again),
			    span_of(text, len)));
		}
		bld_free(&bytes);
		bld_free(&again);
	}
	assert_true(taken[2] > 64 && taken[3] > 64);
	assert_int_equal(taken[4], 4 * 64);
}

static void
test_base64url_bounded(void **state)
{
	struct bld out;

	(void)state;
	bld_init(&out, 2);
	assert_int_equal(text_unbase64url(&out, SPAN_LIT("Zm9v")),
	    -ERR_TOO_LARGE);
	bld_free(&out);
}

static void
test_pem(void **state)
{
	uint8_t der[50] = { 0 };
	struct bld out;

	(void)state;
	bld_init(&out, OUT_MAX);
	text_pem(&out, "CERTIFICATE", span_of(der, sizeof(der)));
	expect_text(&out, "-----BEGIN CERTIFICATE-----\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAA\nAAA=\n-----END CERTIFICATE-----\n");
	bld_reset(&out);
	text_pem(&out, "X", span_of(der, 48));
	expect_text(&out, "-----BEGIN X-----\n"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAA\n-----END X-----\n");
	bld_free(&out);
}

static void
test_uint(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		int r;
		uint64_t value;
	} rows[] = {
		{ "0", 0, 0, 0 },
		{ "10", 10, 0, 10 },
		{ "11", 10, -ERR_MALFORMED, 0 },
		{ "20", 19, -ERR_MALFORMED, 0 },
		{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, -ERR_MALFORMED, 0 },
		{ "99999999999999999999", UINT64_MAX, -ERR_MALFORMED, 0 },
		{ "9223372036854775808", INT64_MAX, -ERR_MALFORMED, 0 },
		{ "", 9, -ERR_MALFORMED, 0 },
		{ "01", 9, -ERR_MALFORMED, 0 },
		{ "+1", 9, -ERR_MALFORMED, 0 },
		{ "-1", 9, -ERR_MALFORMED, 0 },
		{ "1 ", 9, -ERR_MALFORMED, 0 },
		{ "1:", 99, -ERR_MALFORMED, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t v = 77;

		assert_int_equal(text_uint(span_str(rows[i].text),
		    rows[i].max, &v), rows[i].r);
		assert_true(v == rows[i].value);
	}
}

static void
test_decimal(void **state)
{
	static const struct {
		int64_t v;
		const char *text;
	} rows[] = {
		{ 0, "0" }, { 7, "7" }, { -1, "-1" }, { 10, "10" },
		{ INT64_MAX, "9223372036854775807" },
		{ INT64_MIN, "-9223372036854775808" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bld out;

		bld_init(&out, OUT_MAX);
		text_decimal(&out, rows[i].v);
		expect_text(&out, rows[i].text);
		bld_free(&out);
	}
}

/* Those that text_time writes again as they are. */
static void
test_time(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1969-12-31T23:59:59Z", -1000 },
		{ "2000-02-29T12:34:56Z", INT64_C(951827696000) },
		{ "2026-11-21T09:00:00Z", INT64_C(1795251600000) },
		{ "2100-03-01T00:00:00Z", INT64_C(4107542400000) },
		{ "0000-01-01T00:00:00Z", INT64_C(-62167219200000) },
		{ "0001-01-01T00:00:00Z", INT64_C(-62135596800000) },
		{ "9999-12-31T23:59:59Z", INT64_C(253402300799000) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[TEXT_TIME_SIZE];
		int64_t ms = 1;

		text_time(text, rows[i].ms);
		assert_string_equal(text, rows[i].text);
		assert_int_equal(text_untime(span_str(rows[i].text), &ms), 0);
		assert_true(ms == rows[i].ms);
	}
}

static void
test_time_cut(void **state)
{
	char text[TEXT_TIME_SIZE];

	(void)state;
	text_time(text, 999);
	assert_string_equal(text, "1970-01-01T00:00:00Z");
	text_time(text, -1);
	assert_string_equal(text, "1969-12-31T23:59:59Z");
	text_time(text, INT64_MAX);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
	text_time(text, INT64_MIN);
	assert_string_equal(text, "0000-01-01T00:00:00Z");
}

static void
test_untime(void **state)
{
	static const struct {
		const char *text;
		int r;
		int64_t ms;
	} rows[] = {
		/* RFC 3339 section 5.8. */
		{ "1985-04-12T23:20:50.52Z", 0, INT64_C(482196050520) },
		{ "1996-12-19T16:39:57-08:00", 0, INT64_C(851042397000) },
		{ "1990-12-31T23:59:60Z", 0, INT64_C(662688000000) },
		{ "1937-01-01T12:00:27.87+00:20", 0, INT64_C(-1041337172130) },
		{ "1970-01-01t00:00:00z", 0, 0 },
		{ "1970-01-01T00:00:00.0009Z", 0, 0 },
		{ "1970-01-01T00:00:00.123456789Z", 0, 123 },
		{ "1970-01-01T00:00:00", -ERR_MALFORMED, 0 },
		{ "1970-01-01T00:00:00.Z", -ERR_MALFORMED, 0 },
		{ "1970-01-01T00:00:00Z ", -ERR_MALFORMED, 0 },
		{ "1970-01-01T00:00:00ZZ", -ERR_MALFORMED, 0 },
		{ "1970-01-01 00:00:00Z", -ERR_MALFORMED, 0 },
		{ "1970-00-01T00:00:00Z", -ERR_MALFORMED, 0 },
		{ "1970-13-01T00:00:00Z", -ERR_MALFORMED, 0 },
		{ "1970-04-31T00:00:00Z", -ERR_MALFORMED, 0 },
		{ "1970-02-29T00:00:00Z", -ERR_MALFORMED, 0 },
		{ "1900-02-29T00:00:00Z", -ERR_MALFORMED, 0 },
		{ "1970-01-01T24:00:00Z", -ERR_MALFORMED, 0 },
		{ "1970-01-01T00:60:00Z", -ERR_MALFORMED, 0 },
		{ "1970-01-01T00:00:61Z", -ERR_MALFORMED, 0 },
		{ "1970-01-01T00:00:00+24:00", -ERR_MALFORMED, 0 },
		{ "1970-01-01T00:00:00+0100", -ERR_MALFORMED, 0 },
		{ "1970-1-01T00:00:00Z", -ERR_MALFORMED, 0 },
		{ "1970-01-0/T00:00:00Z", -ERR_MALFORMED, 0 },
		{ "", -ERR_MALFORMED, 0 },
		{ "2026", -ERR_MALFORMED, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t ms = 77;

		if (text_untime(span_str(rows[i].text), &ms) != rows[i].r ||
		    ms != rows[i].ms)
			fail_msg("%s gave %lld", rows[i].text, (long long)ms);
	}
}

static void
test_printable(void **state)
{
	char out[8];

	(void)state;
	text_printable(out, sizeof(out), span_of("a\n~\x7f", 4));
	assert_string_equal(out, "a\\x0a~");
	text_printable(out, sizeof(out), SPAN_LIT("12345678"));
	assert_string_equal(out, "1234567");
	text_printable(out, sizeof(out), span_of("123\xff", 4));
	assert_string_equal(out, "123\\xff");
	text_printable(out, sizeof(out), span_of("1234\xff", 5));
	assert_string_equal(out, "1234");
	text_printable(out, 0, SPAN_LIT("x"));
}

static void
test_said(void **state)
{
	char out[20];

	(void)state;
	text_said(out, sizeof(out), SPAN_LIT("one\n\ntwo \x1b\n \n"));
	assert_string_equal(out, "one | two \\x1b");
	text_said(out, sizeof(out), SPAN_LIT("0123456789\nthe end says"));
	assert_string_equal(out, "789 | the end says");
	text_said(out, sizeof(out), SPAN_LIT("a\nb\nc\nd\ne\nf\ng\nh"));
	assert_string_equal(out, "a | b | c | d | e");
	text_said(out, sizeof(out), SPAN_LIT("\n"));
	assert_string_equal(out, "");
	text_said(out, 0, SPAN_LIT("x"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hex),
		cmocka_unit_test(test_base64url),
		cmocka_unit_test(test_base64url_refused),
		cmocka_unit_test(test_base64url_exact),
		cmocka_unit_test(test_base64url_bounded),
		cmocka_unit_test(test_pem),
		cmocka_unit_test(test_uint),
		cmocka_unit_test(test_decimal),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_time_cut),
		cmocka_unit_test(test_untime),
		cmocka_unit_test(test_printable),
		cmocka_unit_test(test_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
