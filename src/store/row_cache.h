/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_STORE_ROW_CACHE_H
#define SIGNET_STORE_ROW_CACHE_H

/*
 * row_cache: rows that a driver of the store has seen lately, in a form of
 * its own, so that what half a dozen requests ask for within seconds
 * is read from the database once. It holds what the open transaction sees: a
 * driver puts what it wrote, deletes what it is not sure of, and clears it all
 * when a transaction is rolled back. Rows make room for new ones in the order
 * in which they came.
 */

#include "base/list.h"
#include "base/span.h"
#include "base/table.h"

#define ROW_CACHE_BYTES_MAX (1024 * 1024) /* of all rows */
#define ROW_CACHE_ROW_MAX 4096            /* bytes of one; a larger is not kept */

struct row_cache { /* zeroed is valid */
	struct table rows;
	struct list by_age;
	size_t bytes;
};

/* Rows of several kinds may have the same id. An empty span if it is not
 * there; lives until the next call. */
struct span row_cache_get(const struct row_cache *cache, int kind, int64_t id);
/* In the place of what was there. The bytes may not be those of a get. */
void row_cache_put(struct row_cache *cache, int kind, int64_t id,
    struct span bytes);
void row_cache_del(struct row_cache *cache, int kind, int64_t id);
void row_cache_clear(struct row_cache *cache);
/* Gives back all memory. */
void row_cache_done(struct row_cache *cache);

#endif
