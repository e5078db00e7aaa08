/* SPDX-License-Identifier: Apache-2.0 */
#include "web/account_keys.h"

#include <sys/queue.h>

#include "base/mem.h"

#define BUCKETS 1024 /* a power of two */

struct entry {
	int64_t account_id;
	struct jwk key;
	struct entry *next; /* in its bucket */
	TAILQ_ENTRY(entry) of_age;
};

struct account_keys {
	size_t max;
	size_t count;
	TAILQ_HEAD(, entry) used; /* least recently first */
	struct entry *buckets[BUCKETS];
};

struct account_keys *
account_keys_new(size_t max)
{
	struct account_keys *cache = mem_zalloc(sizeof(*cache));

	cache->max = max;
	TAILQ_INIT(&cache->used);
	return cache;
}

/* Where the pointer to the account's entry is, or would be. Ids are random in
 * their low bits, and only accounts that core knows get here. */
static struct entry **
find(struct account_keys *cache, int64_t account_id)
{
	struct entry **at = &cache->buckets[(uint64_t)account_id % BUCKETS];

	while (*at != NULL && (*at)->account_id != account_id)
		at = &(*at)->next;
	return at;
}

static void
drop(struct account_keys *cache, struct entry **at)
{
	struct entry *entry = *at;

	*at = entry->next;
	TAILQ_REMOVE(&cache->used, entry, of_age);
	cache->count--;
	jwk_done(&entry->key);
	free(entry);
}

void
account_keys_free(struct account_keys *cache)
{
	struct entry *entry;

	if (cache == NULL)
		return;
	while ((entry = TAILQ_FIRST(&cache->used)) != NULL)
		drop(cache, find(cache, entry->account_id));
	free(cache);
}

const struct jwk *
account_keys_get(struct account_keys *cache, int64_t account_id)
{
	struct entry *entry = *find(cache, account_id);

	if (entry == NULL)
		return NULL;
	TAILQ_REMOVE(&cache->used, entry, of_age);
	TAILQ_INSERT_TAIL(&cache->used, entry, of_age);
	return &entry->key;
}

void
account_keys_del(struct account_keys *cache, int64_t account_id)
{
	struct entry **at = find(cache, account_id);

	if (*at != NULL)
		drop(cache, at);
}

const struct jwk *
account_keys_add(struct account_keys *cache, int64_t account_id,
    const struct jwk *key)
{
	struct entry *entry = mem_zalloc(sizeof(*entry)), **at;

	account_keys_del(cache, account_id);
	if (cache->count == cache->max)
		drop(cache, find(cache,
		    TAILQ_FIRST(&cache->used)->account_id));
	entry->account_id = account_id;
	entry->key = *key;
	at = find(cache, account_id);
	*at = entry;
	TAILQ_INSERT_TAIL(&cache->used, entry, of_age);
	cache->count++;
	return &entry->key;
}
