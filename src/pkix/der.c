/* SPDX-License-Identifier: Apache-2.0 */
#include "pkix/der.h"

#define LENGTH_OCTETS_MAX 3 /* elements up to 16 MiB */

bool
der_next_is(const struct cur *cur, uint8_t tag)
{
	return !cur->failed && cur->rest.len > 0 && cur->rest.data[0] == tag;
}

/* X.690 8.1.3 and 10.1: definite, shortest. */
static size_t
take_length(struct cur *cur)
{
	uint8_t first = cur_u8(cur);
	struct span octets;
	size_t len = 0;

	if (first < 0x80)
		return first;
	if (first == 0x80 || first > 0x80 + LENGTH_OCTETS_MAX) {
		cur->failed = true;
		return 0;
	}
	octets = cur_bytes(cur, first - 0x80u);
	for (size_t i = 0; i < octets.len; i++)
		len = len << 8 | octets.data[i];
	if (len < 0x80 || (octets.len > 0 && octets.data[0] == 0))
		cur->failed = true;
	return len;
}

struct span
der_take_any(struct cur *cur, uint8_t *ret_tag)
{
	uint8_t tag = cur_u8(cur);

	if ((tag & 0x1f) == 0x1f) /* a tag of several octets */
		cur->failed = true;
	*ret_tag = tag;
	return cur_bytes(cur, take_length(cur));
}

struct span
der_take(struct cur *cur, uint8_t tag)
{
	uint8_t found;
	struct span contents = der_take_any(cur, &found);

	if (found != tag)
		cur->failed = true;
	return cur->failed ? SPAN_NONE : contents;
}

struct span
der_take_whole(struct cur *cur, uint8_t tag)
{
	struct span before = cur->rest;

	der_take(cur, tag);
	return cur->failed ? SPAN_NONE :
	    span_of(before.data, before.len - cur->rest.len);
}

struct cur
der_enter(struct cur *cur, uint8_t tag)
{
	struct cur in = CUR_OF(der_take(cur, tag));

	in.failed = cur->failed;
	return in;
}

bool
der_take_bool(struct cur *cur)
{
	struct span s = der_take(cur, DER_BOOLEAN);

	if (s.len != 1 || (s.data[0] != 0 && s.data[0] != 0xff))
		cur->failed = true;
	return !cur->failed && s.data[0] == 0xff;
}

struct span
der_take_positive(struct cur *cur)
{
	struct span s = der_take(cur, DER_INTEGER);

	if (s.len == 0 || s.data[0] >= 0x80 ||
	    (s.data[0] == 0 && (s.len == 1 || s.data[1] < 0x80))) {
		cur->failed = true;
		return SPAN_NONE;
	}
	return s.data[0] == 0 ? span_from(s, 1) : s;
}

uint64_t
der_take_uint(struct cur *cur, uint64_t max)
{
	struct span s = der_take(cur, DER_INTEGER);
	uint64_t v = 0;

	if (s.len == 0 || s.len > 8 || s.data[0] >= 0x80 ||
	    (s.len > 1 && s.data[0] == 0 && s.data[1] < 0x80)) {
		cur->failed = true;
		return 0;
	}
	for (size_t i = 0; i < s.len; i++)
		v = v << 8 | s.data[i];
	if (v > max)
		cur->failed = true;
	return cur->failed ? 0 : v;
}

struct span
der_take_bits(struct cur *cur)
{
	struct span s = der_take(cur, DER_BIT_STRING);

	if (s.len == 0 || s.data[0] != 0) {
		cur->failed = true;
		return SPAN_NONE;
	}
	return span_from(s, 1);
}

/* Days from 1970-01-01 to a date of the proleptic Gregorian calendar. */
static int64_t
days_of(int64_t y, int64_t m, int64_t d)
{
	y -= m <= 2;
	m += m <= 2 ? 9 : -3; /* March is month 0 */
	return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + d -
	    1 - 719468;
}

struct date {
	int64_t year, month, day;
};

static struct date
date_of(int64_t days)
{
	int64_t z = days + 719468, era = z / 146097, doe = z % 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	struct date out = {
		.year = yoe + era * 400 + (mp >= 10),
		.month = mp < 10 ? mp + 3 : mp - 9,
		.day = doy - (153 * mp + 2) / 5 + 1,
	};

	return out;
}

static int64_t
two_digits(struct cur *cur)
{
	uint8_t a = cur_u8(cur), b = cur_u8(cur);

	if (a < '0' || a > '9' || b < '0' || b > '9')
		cur->failed = true;
	return cur->failed ? 0 : (a - '0') * 10 + (b - '0');
}

int64_t
der_take_time(struct cur *cur)
{
	bool utc = der_next_is(cur, DER_UTC_TIME);
	struct cur in = der_enter(cur, utc ? DER_UTC_TIME :
	    DER_GENERALIZED_TIME);
	int64_t y = two_digits(&in), m, d, hh, mm, ss, days;
	struct date again;

	if (utc)
		y += y < 50 ? 2000 : 1900;
	else
		y = y * 100 + two_digits(&in);
	m = two_digits(&in);
	d = two_digits(&in);
	hh = two_digits(&in);
	mm = two_digits(&in);
	ss = two_digits(&in);
	if (cur_u8(&in) != 'Z' || cur_end(&in) < 0 || m < 1 || m > 12 ||
	    d < 1 || y < 1970 || (!utc && y < 2050) || hh > 23 || mm > 59 ||
	    ss > 59) {
		cur->failed = true;
		return 0;
	}
	days = days_of(y, m, d);
	again = date_of(days);
	if (again.month != m || again.day != d)
		cur->failed = true; /* February 30 */
	return ((days * 24 + hh) * 60 + mm) * 60 + ss;
}

size_t
der_begin(struct bld *out, uint8_t tag)
{
	bld_u8(out, tag);
	bld_u8(out, 0);
	return out->len;
}

void
der_end(struct bld *out, size_t at)
{
	size_t len, octets = 0;

	if (out->failed)
		return;
	len = out->len - at;
	if (len < 0x80) {
		out->data[at - 1] = (uint8_t)len;
		return;
	}
	for (size_t v = len; v > 0; v >>= 8)
		octets++;
	if (octets > LENGTH_OCTETS_MAX || bld_grow(out, octets) == NULL) {
		out->failed = true;
		return;
	}
	memmove(out->data + at + octets, out->data + at, len);
	out->data[at - 1] = (uint8_t)(0x80 + octets);
	for (size_t i = 0; i < octets; i++)
		out->data[at + i] = (uint8_t)(len >> (8 * (octets - 1 - i)));
}

void
der_put(struct bld *out, uint8_t tag, struct span contents)
{
	size_t at = der_begin(out, tag);

	bld_span(out, contents);
	der_end(out, at);
}

void
der_put_bool(struct bld *out, bool value)
{
	uint8_t v = value ? 0xff : 0;

	der_put(out, DER_BOOLEAN, span_of(&v, 1));
}

void
der_put_positive(struct bld *out, struct span big_endian)
{
	size_t at = der_begin(out, DER_INTEGER);

	while (big_endian.len > 1 && big_endian.data[0] == 0)
		big_endian = span_from(big_endian, 1);
	if (big_endian.len == 0 || big_endian.data[0] >= 0x80)
		bld_u8(out, 0);
	bld_span(out, big_endian);
	der_end(out, at);
}

void
der_put_time(struct bld *out, int64_t unix_s)
{
	struct date d = date_of(unix_s / 86400);
	int64_t s = unix_s % 86400;
	const int64_t pairs[] = { d.year / 100, d.year % 100, d.month, d.day,
	    s / 3600, s / 60 % 60, s % 60 };
	bool utc = d.year < 2050;
	uint8_t text[15]; /* YYYYMMDDHHMMSSZ */
	size_t skip = utc ? 2 : 0, len = 0;

	/* 1970 to 9999: what RFC 5280 4.1.2.5 can write. */
	if (unix_s < 0 || d.year > 9999) {
		out->failed = true;
		return;
	}
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		text[len++] = (uint8_t)('0' + pairs[i] / 10);
		text[len++] = (uint8_t)('0' + pairs[i] % 10);
	}
	text[len++] = 'Z';
	der_put(out, utc ? DER_UTC_TIME : DER_GENERALIZED_TIME,
	    span_of(text + skip, len - skip));
}
