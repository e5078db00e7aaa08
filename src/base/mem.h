/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_MEM_H
#define SIGNET_BASE_MEM_H

/*
 * mem: allocation, arenas, secrets.
 *
 * Three lifetimes only: process (at start), arena (one message or request),
 * and objects with a _free of their own. When memory runs out a process of
 * the CA ends and is restarted by its master: nothing here returns NULL.
 */

#include <stdlib.h>

#include "base/span.h"

/* As malloc, calloc and realloc, but never NULL. */
void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_zalloc(size_t size) __attribute__((malloc, returns_nonnull));
void *mem_realloc(void *old, size_t size) __attribute__((returns_nonnull));
/* Memory of new_cap bytes that begins with the first used bytes of p, which
 * has room for cap (NULL: 0). What is secret is wiped where it was. */
void *mem_grow(void *p, size_t used, size_t cap, size_t new_cap, bool secret)
    __attribute__((returns_nonnull));
char *mem_strdup(const char *s) __attribute__((malloc, returns_nonnull));
/* A copy of the bytes, for mem_span_free. */
struct span mem_span_dup(struct span s);
void mem_span_free(struct span s);

/* p as what is not const, for interfaces of others that take so what they do
 * not change: execv, putenv. */
static inline void *
mem_unconst(const void *p)
{
	void *ret;

	memcpy(&ret, &p, sizeof(ret));
	return ret;
}

/* Overwrites bytes that the compiler may not skip: for every secret, before
 * its memory goes. */
void mem_wipe(void *data, size_t len);

/* Compares in time that depends on len alone. */
bool mem_equal_secret(const void *a, const void *b, size_t len);

/* Scope-exit release: `cleanup_free char *text = ...;`. */
static inline void
mem_free_at(void *at)
{
	void *p;

	memcpy(&p, at, sizeof(p));
	free(p);
}
#define cleanup_free __attribute__((cleanup(mem_free_at)))

/*
 * arena: memory for one message or request, given back all at once. The first
 * ARENA_FIRST bytes are kept across resets, so that a busy loop allocates
 * nothing. A zeroed arena is valid.
 */
#define ARENA_FIRST 16384 /* bytes kept for reuse */

struct arena_block;
struct arena {
	struct arena_block *blocks;
	size_t used; /* in the newest block */
};

/* Aligned for any type; not zeroed; lives until arena_reset or arena_free. */
void *arena_alloc(struct arena *arena, size_t size)
    __attribute__((returns_nonnull));
struct span arena_dup(struct arena *arena, struct span s);
/* As arena_dup, with a final NUL that is not counted. */
char *arena_str(struct arena *arena, struct span s)
    __attribute__((returns_nonnull));
/* A text made as printf makes it, with its final NUL. */
char *arena_fmt(struct arena *arena, const char *fmt, ...)
    __attribute__((returns_nonnull, nonnull(2), format(printf, 2, 3)));
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);

#endif
