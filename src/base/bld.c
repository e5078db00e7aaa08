/* SPDX-License-Identifier: Apache-2.0 */
#include "base/bld.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"

#define BLD_FIRST_CAP 256
#define BLD_FMT_SMALL 256 /* bytes of text made without the heap */

void
bld_init(struct bld *bld, size_t max)
{
	*bld = (struct bld){ .max = max };
}

void
bld_init_secret(struct bld *bld, size_t max)
{
	*bld = (struct bld){ .max = max, .secret = true };
}

static void
wipe(const struct bld *bld)
{
	if (bld->secret && bld->data != NULL)
		mem_wipe(bld->data, bld->cap);
}

void
bld_reset(struct bld *bld)
{
	wipe(bld);
	bld->len = 0;
	bld->failed = false;
}

void
bld_free(struct bld *bld)
{
	wipe(bld);
	free(bld->data);
	*bld = (struct bld){ .max = bld->max, .secret = bld->secret };
}

uint8_t *
bld_grow(struct bld *bld, size_t len)
{
	uint8_t *at;
	size_t cap;

	if (bld->failed || len > bld->max - bld->len) {
		bld->failed = true;
		return NULL;
	}
	if (bld->data == NULL || bld->len + len > bld->cap) {
		cap = bld->cap < BLD_FIRST_CAP ? BLD_FIRST_CAP : bld->cap;
		while (cap < bld->len + len)
			cap *= 2;
		bld->data = mem_grow(bld->data, bld->len, bld->cap, cap,
		    bld->secret);
		bld->cap = cap;
	}
	at = bld->data + bld->len;
	bld->len += len;
	return at;
}

static void
write_be(struct bld *bld, uint64_t v, size_t len)
{
	uint8_t *at = bld_grow(bld, len);

	if (at == NULL)
		return;
	for (size_t i = 0; i < len; i++)
		at[i] = (uint8_t)(v >> (8 * (len - 1 - i)));
}

void
bld_u8(struct bld *bld, uint8_t v)
{
	write_be(bld, v, 1);
}

void
bld_u16(struct bld *bld, uint16_t v)
{
	write_be(bld, v, 2);
}

void
bld_u32(struct bld *bld, uint32_t v)
{
	write_be(bld, v, 4);
}

void
bld_u64(struct bld *bld, uint64_t v)
{
	write_be(bld, v, 8);
}

void
bld_i64(struct bld *bld, int64_t v)
{
	bld_u64(bld, (uint64_t)v);
}

void
bld_bytes(struct bld *bld, const void *data, size_t len)
{
	uint8_t *at = bld_grow(bld, len);

	if (at != NULL && len > 0)
		memcpy(at, data, len);
}

void
bld_span(struct bld *bld, struct span s)
{
	bld_bytes(bld, s.data, s.len);
}

void
bld_str(struct bld *bld, const char *s)
{
	bld_bytes(bld, s, strlen(s));
}

void
bld_span16(struct bld *bld, struct span s)
{
	if (s.len > UINT16_MAX) {
		bld->failed = true;
		return;
	}
	bld_u16(bld, (uint16_t)s.len);
	bld_span(bld, s);
}

void
bld_span32(struct bld *bld, struct span s)
{
	if (s.len > UINT32_MAX) {
		bld->failed = true;
		return;
	}
	bld_u32(bld, (uint32_t)s.len);
	bld_span(bld, s);
}

void
bld_fmt(struct bld *bld, const char *fmt, ...)
{
	char small[BLD_FMT_SMALL], *text = small;
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n >= BLD_FMT_SMALL) {
		text = mem_alloc((size_t)n + 1);
		vsnprintf(text, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	if (n < 0)
		bld->failed = true;
	else
		bld_bytes(bld, text, (size_t)n);
	if (text != small)
		free(text);
}

int
bld_end(const struct bld *bld)
{
	return bld->failed ? -(int)ERR_TOO_LARGE : 0;
}
