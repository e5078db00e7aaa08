/* SPDX-License-Identifier: Apache-2.0 */
#include "store/row_cache.h"

#include "base/mem.h"

/* Bytes that a row may grow before it needs memory anew: those of an
 * attestation, which comes when an authorization is validated. */
#define SLACK 192

struct row {
	struct table_node by_id;
	struct list_node by_age;
	int kind;
	size_t len, cap;
	uint8_t bytes[];
};

static struct row *
find(const struct row_cache *cache, int kind, int64_t id)
{
	struct table_node *node = table_get(&cache->rows, (uint64_t)id);

	for (; node != NULL; node = table_next(node)) {
		struct row *row = LIST_OBJECT(node, struct row, by_id);

		if (row->kind == kind)
			return row;
	}
	return NULL;
}

static void
drop(struct row_cache *cache, struct row *row)
{
	table_del(&cache->rows, &row->by_id);
	list_del(&cache->by_age, &row->by_age);
	cache->bytes -= sizeof(*row) + row->cap;
	free(row);
}

/* The oldest go until there are no more bytes than that. */
static void
shrink(struct row_cache *cache, size_t bytes_max)
{
	struct row *row;

	while (cache->bytes > bytes_max &&
	    (row = LIST_FIRST(&cache->by_age, struct row, by_age)) != NULL)
		drop(cache, row);
}

struct span
row_cache_get(const struct row_cache *cache, int kind, int64_t id)
{
	const struct row *row = find(cache, kind, id);

	return row == NULL ? SPAN_NONE : span_of(row->bytes, row->len);
}

void
row_cache_put(struct row_cache *cache, int kind, int64_t id,
    struct span bytes)
{
	struct row *row = find(cache, kind, id);
	size_t cap = bytes.len + SLACK < ROW_CACHE_ROW_MAX ?
	    bytes.len + SLACK : ROW_CACHE_ROW_MAX;

	if (row != NULL && bytes.len <= row->cap) {
		memcpy(row->bytes, bytes.data, bytes.len);
		row->len = bytes.len;
		return;
	}
	if (row != NULL)
		drop(cache, row);
	if (bytes.len > ROW_CACHE_ROW_MAX)
		return;
	row = mem_alloc(sizeof(*row) + cap);
	*row = (struct row){ .kind = kind, .len = bytes.len, .cap = cap };
	memcpy(row->bytes, bytes.data, bytes.len);
	table_add(&cache->rows, (uint64_t)id, &row->by_id);
	list_add(&cache->by_age, &row->by_age);
	cache->bytes += sizeof(*row) + row->cap;
	shrink(cache, ROW_CACHE_BYTES_MAX);
}

void
row_cache_del(struct row_cache *cache, int kind, int64_t id)
{
	struct row *row = find(cache, kind, id);

	if (row != NULL)
		drop(cache, row);
}

void
row_cache_clear(struct row_cache *cache)
{
	shrink(cache, 0);
}

void
row_cache_done(struct row_cache *cache)
{
	row_cache_clear(cache);
	table_done(&cache->rows);
}
