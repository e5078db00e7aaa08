/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdio.h>

#define MS_PER_S 1000
#define S_PER_DAY 86400
#define PEM_LINE_BYTES 48 /* 64 columns of base64, RFC 7468 section 2 */

static const char hex_digits[] = "0123456789abcdef";

static const char base64url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The value of each base64url digit plus one; 0 for all other bytes. */
static const uint8_t base64url_values[256] = {
	['A'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
	19, 20, 21, 22, 23, 24, 25, 26,
	['a'] = 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42,
	43, 44, 45, 46, 47, 48, 49, 50, 51, 52,
	['0'] = 53, 54, 55, 56, 57, 58, 59, 60, 61, 62,
	['-'] = 63, ['_'] = 64,
};

void
text_hex(struct bld *out, struct span in)
{
	uint8_t *at = bld_grow(out, in.len * 2);

	if (at == NULL)
		return;
	for (size_t i = 0; i < in.len; i++) {
		at[2 * i] = (uint8_t)hex_digits[in.data[i] >> 4];
		at[2 * i + 1] = (uint8_t)hex_digits[in.data[i] & 15];
	}
}

static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int
text_unhex(struct bld *out, struct span in)
{
	size_t before = out->len;
	uint8_t *at;

	if (in.len % 2 != 0)
		return -(int)ERR_MALFORMED;
	at = bld_grow(out, in.len / 2);
	if (at == NULL)
		return bld_end(out);
	for (size_t i = 0; i < in.len; i += 2) {
		int high = hex_value(in.data[i]);
		int low = hex_value(in.data[i + 1]);

		if (high < 0 || low < 0) {
			out->len = before;
			return -(int)ERR_MALFORMED;
		}
		at[i / 2] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

void
text_base64url(struct bld *out, struct span in)
{
	const char *digits = base64url_alphabet;
	size_t tail = in.len % 3;
	uint8_t *at;

	at = bld_grow(out, in.len / 3 * 4 + (tail == 0 ? 0 : tail + 1));
	if (at == NULL)
		return;
	for (size_t i = 0; i + 3 <= in.len; i += 3) {
		uint32_t v = (uint32_t)in.data[i] << 16 |
		    (uint32_t)in.data[i + 1] << 8 | in.data[i + 2];

		*at++ = (uint8_t)digits[v >> 18];
		*at++ = (uint8_t)digits[v >> 12 & 63];
		*at++ = (uint8_t)digits[v >> 6 & 63];
		*at++ = (uint8_t)digits[v & 63];
	}
	if (tail > 0) {
		const uint8_t *last = in.data + in.len - tail;
		uint32_t v = (uint32_t)last[0] << 8 | (tail > 1 ? last[1] : 0);

		*at++ = (uint8_t)digits[v >> 10];
		*at++ = (uint8_t)digits[v >> 4 & 63];
		if (tail > 1)
			*at++ = (uint8_t)digits[v << 2 & 63];
	}
}

/* Four digits to three bytes. False when a byte is no digit. */
static inline bool
decode_four(const uint8_t *in, uint8_t *out)
{
	uint32_t a = base64url_values[in[0]], b = base64url_values[in[1]];
	uint32_t c = base64url_values[in[2]], d = base64url_values[in[3]];
	/* Each is greater by one than its digit says. */
	uint32_t v = (a << 18) + (b << 12) + (c << 6) + d - 0x41041;

	out[0] = (uint8_t)(v >> 16);
	out[1] = (uint8_t)(v >> 8);
	out[2] = (uint8_t)v;
	return a != 0 && b != 0 && c != 0 && d != 0;
}

/* Two or three digits, the last, to one byte or two. Bits that no byte takes
 * are zero. */
static bool
decode_tail(const uint8_t *in, size_t count, uint8_t *out)
{
	uint8_t four[4] = { 'A', 'A', 'A', 'A' }, bytes[3];

	assert(count == 2 || count == 3);
	memcpy(four, in, count);
	if (!decode_four(four, bytes) || bytes[count - 1] != 0)
		return false;
	memcpy(out, bytes, count - 1);
	return true;
}

int
text_unbase64url(struct bld *out, struct span in)
{
	size_t before = out->len, tail = in.len % 4, whole = in.len - tail;
	bool ok = true;
	uint8_t *at;

	if (tail == 1)
		return -(int)ERR_MALFORMED;
	at = bld_grow(out, in.len / 4 * 3 + (tail == 0 ? 0 : tail - 1));
	if (at == NULL)
		return bld_end(out);
	for (size_t i = 0; ok && i < whole; i += 4, at += 3)
		ok = decode_four(in.data + i, at);
	if (ok && tail > 0)
		ok = decode_tail(in.data + whole, tail, at);
	if (ok)
		return 0;
	out->len = before;
	return -(int)ERR_MALFORMED;
}

void
text_pem(struct bld *out, const char *label, struct span der)
{
	bld_fmt(out, "-----BEGIN %s-----\n", label);
	for (size_t i = 0; i < der.len; i += PEM_LINE_BYTES) {
		size_t n = der.len - i;
		uint8_t *at;

		if (n > PEM_LINE_BYTES)
			n = PEM_LINE_BYTES;
		/* EVP_EncodeBlock ends with a NUL, which the LF replaces. */
		at = bld_grow(out, (n + 2) / 3 * 4 + 1);
		if (at == NULL)
			return;
		at[EVP_EncodeBlock(at, der.data + i, (int)n)] = '\n';
	}
	bld_fmt(out, "-----END %s-----\n", label);
}

int
text_uint(struct span in, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	*ret = 0;
	if (in.len == 0 || (in.len > 1 && in.data[0] == '0'))
		return -(int)ERR_MALFORMED;
	for (size_t i = 0; i < in.len; i++) {
		uint64_t digit = (uint64_t)in.data[i] - '0';

		if (digit > 9 || v > max / 10 || digit > max - v * 10)
			return -(int)ERR_MALFORMED;
		v = v * 10 + digit;
	}
	*ret = v;
	return 0;
}

void
text_decimal(struct bld *out, int64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);
	uint64_t rest = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;

	do {
		digits[--at] = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (v < 0)
		digits[--at] = '-';
	bld_bytes(out, digits + at, sizeof(digits) - at);
}

/*
 * Days since 1970-01-01 of a proleptic Gregorian date and back. Years are
 * counted from March, so that the leap day is the last of its year.
 */
static int64_t
days_of_date(int64_t year, int64_t month, int64_t day)
{
	int64_t y = year - (month <= 2), era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 +
	    day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	    of_year - 719468;
}

static void
date_of_days(int64_t days, int *year, int *month, int *day)
{
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 -
	    of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
	int64_t m = (5 * of_year + 2) / 153;

	*day = (int)(of_year - (153 * m + 2) / 5 + 1);
	*month = (int)(m < 10 ? m + 3 : m - 9);
	*year = (int)(y + era * 400 + (*month <= 2));
}

static void
put_digits(char *out, int value, int width)
{
	for (int i = width - 1; i >= 0; i--, value /= 10)
		out[i] = (char)('0' + value % 10);
}

void
text_time(char out[TEXT_TIME_SIZE], int64_t ms)
{
	/* What RFC 3339's four-digit years can say. */
	const int64_t first = days_of_date(0, 1, 1) * S_PER_DAY;
	const int64_t last = days_of_date(10000, 1, 1) * S_PER_DAY - 1;
	int64_t s = ms / MS_PER_S - (ms % MS_PER_S < 0);
	int64_t days;
	int year, month, day, of_day;

	s = s < first ? first : s > last ? last : s;
	days = s / S_PER_DAY - (s % S_PER_DAY < 0);
	of_day = (int)(s - days * S_PER_DAY);
	date_of_days(days, &year, &month, &day);
	memcpy(out, "0000-00-00T00:00:00Z", TEXT_TIME_SIZE);
	put_digits(out, year, 4);
	put_digits(out + 5, month, 2);
	put_digits(out + 8, day, 2);
	put_digits(out + 11, of_day / 3600, 2);
	put_digits(out + 14, of_day / 60 % 60, 2);
	put_digits(out + 17, of_day % 60, 2);
}

/* Reads exactly width digits and, if after is not NUL, that byte in either
 * case. Sets *bad when they are not there or the value is out of range. */
static int64_t
take_number(struct span *in, size_t width, uint8_t after, int64_t min,
    int64_t max, bool *bad)
{
	size_t used = width + (after == '\0' ? 0 : 1);
	int64_t v = 0;

	if (*bad || in->len < used) {
		*bad = true;
		return 0;
	}
	for (size_t i = 0; i < width; i++) {
		if (in->data[i] < '0' || in->data[i] > '9')
			*bad = true;
		v = v * 10 + (in->data[i] - '0');
	}
	if (after != '\0' && in->data[width] != after &&
	    !(after == 'T' && in->data[width] == 't'))
		*bad = true;
	if (v < min || v > max)
		*bad = true;
	*in = span_from(*in, used);
	return v;
}

/* time-secfrac: "." and one or more digits, cut to milliseconds. */
static int64_t
take_fraction_ms(struct span *in, bool *bad)
{
	int64_t ms = 0, unit = 100;
	size_t i = 1;

	if (in->len == 0 || in->data[0] != '.')
		return 0;
	for (; i < in->len && in->data[i] >= '0' && in->data[i] <= '9'; i++) {
		ms += (in->data[i] - '0') * unit;
		unit /= 10;
	}
	if (i == 1)
		*bad = true;
	*in = span_from(*in, i);
	return ms;
}

/* time-offset: "Z" or a sign, hours and minutes; in seconds. */
static int64_t
take_offset_s(struct span *in, bool *bad)
{
	int64_t sign, hours, minutes;

	if (*bad || in->len == 0) {
		*bad = true;
		return 0;
	}
	sign = in->data[0] == '-' ? -1 : in->data[0] == '+' ? 1 : 0;
	if (sign == 0 && in->data[0] != 'Z' && in->data[0] != 'z')
		*bad = true;
	*in = span_from(*in, 1);
	if (sign == 0)
		return 0;
	hours = take_number(in, 2, ':', 0, 23, bad);
	minutes = take_number(in, 2, '\0', 0, 59, bad);
	return sign * (hours * 3600 + minutes * 60);
}

int
text_untime(struct span in, int64_t *ret_ms)
{
	static const int month_days[] = {
		31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	int64_t year, month, day, hour, minute, second, ms, offset;
	bool bad = false, leap;

	*ret_ms = 0;
	year = take_number(&in, 4, '-', 0, 9999, &bad);
	month = take_number(&in, 2, '-', 1, 12, &bad);
	day = take_number(&in, 2, 'T', 1, 31, &bad);
	hour = take_number(&in, 2, ':', 0, 23, &bad);
	minute = take_number(&in, 2, ':', 0, 59, &bad);
	/* 60 is a leap second: RFC 3339 section 5.7. */
	second = take_number(&in, 2, '\0', 0, 60, &bad);
	ms = take_fraction_ms(&in, &bad);
	offset = take_offset_s(&in, &bad);
	leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	if (bad || in.len != 0 || day > month_days[month - 1] ||
	    (month == 2 && day == 29 && !leap))
		return -(int)ERR_MALFORMED;
	*ret_ms = (days_of_date(year, month, day) * S_PER_DAY + hour * 3600 +
	    minute * 60 + second - offset) * MS_PER_S + ms;
	return 0;
}

void
text_printable(char *out, size_t out_size, struct span in)
{
	size_t at = 0;

	if (out_size == 0)
		return;
	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.data[i];

		if (c >= 0x20 && c < 0x7f && at + 1 < out_size) {
			out[at++] = (char)c;
		} else if ((c < 0x20 || c >= 0x7f) && at + 4 < out_size) {
			out[at++] = '\\';
			out[at++] = 'x';
			out[at++] = hex_digits[c >> 4];
			out[at++] = hex_digits[c & 15];
		} else {
			break;
		}
	}
	out[at] = '\0';
}

void
text_said(char *out, size_t out_size, struct span in)
{
	size_t at = 0, max = out_size - out_size / 5;

	while (in.len > 0 && (in.data[in.len - 1] == '\n' ||
	    in.data[in.len - 1] == ' '))
		in.len--;
	if (in.len > max)
		in = span_from(in, in.len - max);
	if (out_size > 0)
		out[0] = '\0';
	while (in.len > 0 && at + 4 < out_size) {
		struct span line = span_cut(&in, '\n');

		if (line.len == 0)
			continue;
		if (at > 0) {
			memcpy(out + at, " | ", 3);
			at += 3;
		}
		text_printable(out + at, out_size - at, line);
		at += strlen(out + at);
	}
}
