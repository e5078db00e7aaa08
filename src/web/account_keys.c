/* SPDX-License-Identifier: Apache-2.0 */
#include "web/account_keys.h"

#include <assert.h>
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
	struct account_keys *keys = mem_zalloc(sizeof(*keys));

	keys->max = max;
	TAILQ_INIT(&keys->used);
	return keys;
}

/* Where the pointer to the account's entry is, or would be. Ids are random in
 * their low bits, and only accounts that core knows get here. */
static struct entry **
find(struct account_keys *keys, int64_t account_id)
{
	struct entry **at = &keys->buckets[(uint64_t)account_id % BUCKETS];

	while (*at != NULL && (*at)->account_id != account_id)
		at = &(*at)->next;
	return at;
}

static void
drop(struct account_keys *keys, struct entry **at)
{
	struct entry *entry = *at;

	assert(entry != NULL);
	*at = entry->next;
	TAILQ_REMOVE(&keys->used, entry, of_age);
	keys->count--;
	jwk_done(&entry->key);
	free(entry);
}

void
account_keys_free(struct account_keys *keys)
{
	struct entry *entry;

	if (keys == NULL)
		return;
	while ((entry = TAILQ_FIRST(&keys->used)) != NULL)
		drop(keys, find(keys, entry->account_id));
	free(keys);
}

const struct jwk *
account_keys_get(struct account_keys *keys, int64_t account_id)
{
	struct entry *entry = *find(keys, account_id);

	if (entry == NULL)
		return NULL;
	TAILQ_REMOVE(&keys->used, entry, of_age);
	TAILQ_INSERT_TAIL(&keys->used, entry, of_age);
	return &entry->key;
}

void
account_keys_del(struct account_keys *keys, int64_t account_id)
{
	struct entry **at = find(keys, account_id);

	if (*at != NULL)
		drop(keys, at);
}

const struct jwk *
account_keys_add(struct account_keys *keys, int64_t account_id,
    const struct jwk *key)
{
	struct entry *entry = mem_zalloc(sizeof(*entry)), **at;

	account_keys_del(keys, account_id);
	if (keys->count == keys->max)
		drop(keys, find(keys,
		    TAILQ_FIRST(&keys->used)->account_id));
	entry->account_id = account_id;
	entry->key = *key;
	at = find(keys, account_id);
	*at = entry;
	TAILQ_INSERT_TAIL(&keys->used, entry, of_age);
	keys->count++;
	return &entry->key;
}
