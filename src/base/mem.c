/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>

struct arena_block {
	struct arena_block *next;
	size_t size;
	max_align_t data[];
};

static void
out_of_memory(void)
{
	fputs("signet: out of memory\n", stderr);
	abort();
}

void *
mem_alloc(size_t size)
{
	void *p = malloc(size == 0 ? 1 : size);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *
mem_zalloc(size_t size)
{
	void *p = calloc(1, size == 0 ? 1 : size);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *
mem_realloc(void *old, size_t size)
{
	void *p = realloc(old, size == 0 ? 1 : size);

	if (p == NULL)
		out_of_memory();
	return p;
}

void *
mem_grow(void *p, size_t used, size_t cap, size_t new_cap, bool secret)
{
	void *ret;

	if (!secret || p == NULL)
		return mem_realloc(p, new_cap);
	ret = mem_alloc(new_cap);
	memcpy(ret, p, used);
	mem_wipe(p, cap);
	free(p);
	return ret;
}

struct span
mem_span_dup(struct span s)
{
	return s.len == 0 ? SPAN_NONE :
	    span_of(memcpy(mem_alloc(s.len), s.data, s.len), s.len);
}

void
mem_span_free(struct span s)
{
	void *data;

	/* Ours to free, though spans are of const bytes. */
	memcpy(&data, &s.data, sizeof(data));
	free(data);
}

char *
mem_strdup(const char *s)
{
	size_t len = strlen(s) + 1;

	return memcpy(mem_alloc(len), s, len);
}

void
mem_wipe(void *data, size_t len)
{
	if (len > 0)
		OPENSSL_cleanse(data, len);
}

bool
mem_equal_secret(const void *a, const void *b, size_t len)
{
	return CRYPTO_memcmp(a, b, len) == 0;
}

static void
arena_grow(struct arena *arena, size_t size)
{
	struct arena_block *block;

	if (size < ARENA_FIRST)
		size = ARENA_FIRST;
	block = mem_alloc(sizeof(*block) + size);
	block->next = arena->blocks;
	block->size = size;
	arena->blocks = block;
	arena->used = 0;
}

void *
arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = sizeof(max_align_t);
	void *at;

	size = (size + align - 1) / align * align;
	if (arena->blocks == NULL || size > arena->blocks->size - arena->used)
		arena_grow(arena, size);
	at = (uint8_t *)arena->blocks->data + arena->used;
	arena->used += size;
	return at;
}

struct span
arena_dup(struct arena *arena, struct span s)
{
	return span_of(arena_str(arena, s), s.len);
}

char *
arena_str(struct arena *arena, struct span s)
{
	char *at = arena_alloc(arena, s.len + 1);

	if (s.len > 0)
		memcpy(at, s.data, s.len);
	at[s.len] = '\0';
	return at;
}

char *
arena_fmt(struct arena *arena, const char *fmt, ...)
{
	va_list ap, again;
	char *ret;
	int len;

	va_start(ap, fmt);
	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, ap);
	if (len < 0)
		len = 0; /* longer than INT_MAX: an empty text */
	ret = arena_alloc(arena, (size_t)len + 1);
	ret[0] = '\0';
	vsnprintf(ret, (size_t)len + 1, fmt, again);
	va_end(again);
	va_end(ap);
	return ret;
}

static void
arena_drop(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	arena->blocks = block->next;
	free(block);
}

void
arena_reset(struct arena *arena)
{
	while (arena->blocks != NULL && arena->blocks->next != NULL)
		arena_drop(arena);
	/* One great message must not keep its memory for ever. */
	if (arena->blocks != NULL && arena->blocks->size > ARENA_FIRST)
		arena_drop(arena);
	arena->used = 0;
}

void
arena_free(struct arena *arena)
{
	while (arena->blocks != NULL)
		arena_drop(arena);
	arena->used = 0;
}
