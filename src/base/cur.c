/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cur.h"

#include "base/err.h"

struct span
cur_bytes(struct cur *cur, size_t len)
{
	struct span out;

	if (cur->failed || cur->rest.len < len) {
		cur->failed = true;
		return SPAN_NONE;
	}
	out = span_of(cur->rest.data, len);
	cur->rest = span_from(cur->rest, len);
	return out;
}

static uint64_t
read_be(struct cur *cur, size_t len)
{
	struct span s = cur_bytes(cur, len);
	uint64_t v = 0;

	for (size_t i = 0; i < s.len; i++)
		v = v << 8 | s.data[i];
	return v;
}

uint8_t
cur_u8(struct cur *cur)
{
	return (uint8_t)read_be(cur, 1);
}

uint16_t
cur_u16(struct cur *cur)
{
	return (uint16_t)read_be(cur, 2);
}

uint32_t
cur_u32(struct cur *cur)
{
	return (uint32_t)read_be(cur, 4);
}

uint64_t
cur_u64(struct cur *cur)
{
	return read_be(cur, 8);
}

int64_t
cur_i64(struct cur *cur)
{
	return (int64_t)cur_u64(cur);
}

bool
cur_bool(struct cur *cur)
{
	return cur_enum(cur, 0, 1) == 1;
}

int
cur_enum(struct cur *cur, int first, int last)
{
	int v = cur_u8(cur);

	if (v < first || v > last) {
		cur->failed = true;
		return first;
	}
	return v;
}

void
cur_copy(struct cur *cur, void *out, size_t len)
{
	struct span s = cur_bytes(cur, len);

	if (s.len == len && len > 0)
		memcpy(out, s.data, len);
	else
		memset(out, 0, len);
}

struct span
cur_span16(struct cur *cur)
{
	return cur_bytes(cur, cur_u16(cur));
}

struct span
cur_text(struct cur *cur, size_t max)
{
	struct span text = cur_span16(cur);

	if (text.len <= max)
		return text;
	cur->failed = true;
	return SPAN_NONE;
}

struct span
cur_span32(struct cur *cur)
{
	return cur_bytes(cur, cur_u32(cur));
}

size_t
cur_count(struct cur *cur, size_t max)
{
	size_t n = cur_u16(cur);

	if (n > max) {
		cur->failed = true;
		return 0;
	}
	return n;
}

int
cur_end(const struct cur *cur)
{
	return cur->failed || cur->rest.len != 0 ? -(int)ERR_FRAME : 0;
}
