/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/key_cache.h"

/* FNV-1a. A core that makes keys collide loses time and nothing else. */
static size_t
place_of(struct span spki)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < spki.len; i++)
		hash = (hash ^ spki.data[i]) * 16777619u;
	return hash % KEY_CACHE_SIZE;
}

static void
forget(struct key_cache *cache, size_t i)
{
	if (cache->places[i].spki.len == 0)
		return;
	jwk_done(&cache->places[i].key);
	mem_span_free(cache->places[i].spki);
	cache->places[i].spki = SPAN_NONE;
}

int
key_cache_get(struct key_cache *cache, struct span spki,
    const struct jwk **ret, struct err *err)
{
	size_t i = place_of(spki);
	struct jwk key;
	int r;

	*ret = &cache->places[i].key;
	if (cache->places[i].spki.len > 0 &&
	    span_equal(cache->places[i].spki, spki))
		return 0;
	r = jwk_from_spki(spki, &key, err);
	if (r < 0)
		return r;
	forget(cache, i);
	cache->places[i].key = key;
	cache->places[i].spki = mem_span_dup(spki);
	return 0;
}

void
key_cache_done(struct key_cache *cache)
{
	for (size_t i = 0; i < KEY_CACHE_SIZE; i++)
		forget(cache, i);
}
