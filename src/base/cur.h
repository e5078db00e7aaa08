/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_CUR_H
#define SIGNET_BASE_CUR_H

/*
 * cur: the one way to read bytes that another process or a file gave us.
 *
 * A cursor moves over a span. The first read past the end marks it failed;
 * from then on every read gives zero or an empty span, so a decoder reads its
 * whole form in a row and asks cur_end() once, which also refuses trailing
 * bytes. Integers are big-endian. What cur_bytes and its kin return lives as
 * long as the span under the cursor.
 */

#include "base/span.h"

struct cur {
	struct span rest;
	bool failed;
};

#define CUR_OF(s) ((struct cur){ .rest = (s) })

uint8_t cur_u8(struct cur *cur);
uint16_t cur_u16(struct cur *cur);
uint32_t cur_u32(struct cur *cur);
uint64_t cur_u64(struct cur *cur);

int64_t cur_i64(struct cur *cur);

/* One byte that must be 0 or 1, or first to last: else the cursor fails and
 * false or first is returned. */
bool cur_bool(struct cur *cur);
int cur_enum(struct cur *cur, int first, int last);

/* Exactly len bytes. */
struct span cur_bytes(struct cur *cur, size_t len);

/* Exactly len bytes copied to out, which is zeroed on failure. */
void cur_copy(struct cur *cur, void *out, size_t len);

/* Bytes behind their own 16- or 32-bit length. */
struct span cur_span16(struct cur *cur);
struct span cur_span32(struct cur *cur);

/* As cur_span16, but more than max bytes fail the cursor. */
struct span cur_text(struct cur *cur, size_t max);

/* A count that says how many elements follow; above max it fails the cursor
 * and gives 0, so that `for (i < n)` is always bounded by the caller. */
size_t cur_count(struct cur *cur, size_t max);

/* 0 when nothing failed and nothing is left, else -ERR_FRAME. */
int cur_end(const struct cur *cur);

#endif
