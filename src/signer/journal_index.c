/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/journal_index.h"

#include "base/mem.h"

#define FIRST_SIZE 64

/* The digest is as good a hash as there is. */
static size_t
slot_of(const struct journal_index *index, const uint8_t *key)
{
	uint64_t hash;

	memcpy(&hash, key, sizeof(hash));
	return (size_t)hash & (index->size - 1);
}

static struct journal_index_entry *
probe(const struct journal_index *index, const uint8_t *key)
{
	size_t i = slot_of(index, key);

	while (index->entries[i].offset != 0 &&
	    memcmp(index->entries[i].key, key, JOURNAL_INDEX_KEY_SIZE) != 0)
		i = (i + 1) & (index->size - 1);
	return &index->entries[i];
}

static bool
is_old(const struct journal_index_entry *entry, int64_t now_s)
{
	return (int64_t)entry->order_at_s + JOURNAL_INDEX_AGE_S < now_s;
}

/* Twice the room, unless dropping what is old makes enough. */
static void
grow(struct journal_index *index, int64_t now_s)
{
	struct journal_index old = *index;
	size_t young = 0;

	for (size_t i = 0; i < old.size; i++)
		young += old.entries[i].offset != 0 &&
		    !is_old(&old.entries[i], now_s);
	index->size = FIRST_SIZE;
	while (index->size < 2 * (young + 1))
		index->size *= 2;
	index->count = young;
	index->entries = mem_zalloc(index->size * sizeof(*index->entries));
	for (size_t i = 0; i < old.size; i++)
		if (old.entries[i].offset != 0 &&
		    !is_old(&old.entries[i], now_s))
			*probe(index, old.entries[i].key) = old.entries[i];
	free(old.entries);
}

void
journal_index_add(struct journal_index *index,
    const uint8_t digest[JOURNAL_DIGEST_SIZE], uint64_t offset,
    int64_t order_at_s, int64_t now_s)
{
	struct journal_index_entry *entry;

	if ((index->count + 1) * 4 > index->size * 3)
		grow(index, now_s);
	entry = probe(index, digest);
	index->count += entry->offset == 0;
	memcpy(entry->key, digest, JOURNAL_INDEX_KEY_SIZE);
	entry->offset = offset;
	/* After 2106: never dropped. */
	entry->order_at_s = order_at_s > UINT32_MAX ? UINT32_MAX :
	    (uint32_t)order_at_s;
}

const struct journal_index_entry *
journal_index_find(const struct journal_index *index,
    const uint8_t digest[JOURNAL_DIGEST_SIZE])
{
	const struct journal_index_entry *entry;

	if (index->size == 0)
		return NULL;
	entry = probe(index, digest);
	return entry->offset == 0 ? NULL : entry;
}

void
journal_index_done(struct journal_index *index)
{
	free(index->entries);
	*index = (struct journal_index){ 0 };
}
