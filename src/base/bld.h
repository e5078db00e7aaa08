/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_BLD_H
#define SIGNET_BASE_BLD_H

/*
 * bld: the one way to build bytes: the mirror of cur.
 *
 * A builder grows up to the maximum that it was given. The first write past
 * it marks the builder failed and later writes do nothing; bld_end() tells.
 * Integers are big-endian. Running out of memory ends the process (see
 * base/mem.h).
 *
 * Life: bld_init, writes, bld_end, read bld_view, then bld_reset to use the
 * same memory again or bld_free. A zeroed struct bld is valid for bld_free.
 * What one of bld_init_secret leaves behind, as it grows or ends, is wiped.
 */

#include "base/span.h"

struct bld {
	uint8_t *data;
	size_t len;
	size_t cap;
	size_t max;
	bool failed;
	bool secret;
};

/* Never allocates; max is the greatest length in bytes. */
void bld_init(struct bld *bld, size_t max);
void bld_init_secret(struct bld *bld, size_t max);
void bld_reset(struct bld *bld);
void bld_free(struct bld *bld);

void bld_u8(struct bld *bld, uint8_t v);
void bld_u16(struct bld *bld, uint16_t v);
void bld_u32(struct bld *bld, uint32_t v);
void bld_u64(struct bld *bld, uint64_t v);
void bld_i64(struct bld *bld, int64_t v);
void bld_bytes(struct bld *bld, const void *data, size_t len);
void bld_span(struct bld *bld, struct span s);
void bld_str(struct bld *bld, const char *s);

/* Bytes behind their 16- or 32-bit length; too long fails the builder. */
void bld_span16(struct bld *bld, struct span s);
void bld_span32(struct bld *bld, struct span s);

/* Text as printf makes it, without a NUL. */
void bld_fmt(struct bld *bld, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), nonnull(2)));

/* Makes room for len bytes and returns where they go, or NULL if failed. The
 * caller fills all of them before the next call. */
uint8_t *bld_grow(struct bld *bld, size_t len);

/* 0, or -ERR_TOO_LARGE when a write did not fit. */
int bld_end(const struct bld *bld);

/* What is built so far; good until the next write, reset or free. */
static inline struct span
bld_view(const struct bld *bld)
{
	return span_of(bld->data, bld->len);
}

#endif
