/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/key_cache.h"

/* FNV-1a. A core that makes keys collide loses time and nothing else. */
static struct key_cache_place *
set_of(struct key_cache *cache, struct span spki)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < spki.len; i++)
		hash = (hash ^ spki.data[i]) * 16777619u;
	return cache->sets[hash % KEY_CACHE_SETS];
}

static void
forget(struct key_cache_place *place)
{
	if (place->spki.len == 0)
		return;
	jwk_done(&place->key);
	mem_span_free(place->spki);
	place->spki = SPAN_NONE;
}

/* Where spki is in its set; the last place if it is in none. */
static size_t
find(const struct key_cache_place *set, struct span spki)
{
	size_t i = 0;

	while (i < KEY_CACHE_WAYS - 1 && !span_equal(set[i].spki, spki))
		i++;
	return i;
}

int
key_cache_get(struct key_cache *cache, struct span spki,
    const struct jwk **ret, struct err *err)
{
	struct key_cache_place *set = set_of(cache, spki), found;
	size_t i = find(set, spki);
	int r;

	found = set[i];
	if (found.spki.len == 0 || !span_equal(found.spki, spki)) {
		r = jwk_from_spki(spki, &found.key, err);
		if (r < 0)
			return r;
		forget(&set[i]);
		found.spki = mem_span_dup(spki);
	}
	memmove(set + 1, set, i * sizeof(*set));
	set[0] = found;
	*ret = &set[0].key;
	return 0;
}

void
key_cache_done(struct key_cache *cache)
{
	for (size_t i = 0; i < KEY_CACHE_SETS; i++)
		for (size_t j = 0; j < KEY_CACHE_WAYS; j++)
			forget(&cache->sets[i][j]);
}
