/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_SIGNER_KEY_CACHE_H
#define SIGNET_SIGNER_KEY_CACHE_H

/*
 * key_cache: account keys, parsed, by their SubjectPublicKeyInfo. A fixed
 * number of sets of places; a new key takes the place of that of its set which
 * was not used for the longest time.
 */

#include "base/mem.h"
#include "jose/jwk.h"

#define KEY_CACHE_SETS 1024
#define KEY_CACHE_WAYS 4 /* places of a set */
#define KEY_CACHE_SIZE (KEY_CACHE_SETS * KEY_CACHE_WAYS) /* keys */

struct key_cache_place {
	struct span spki; /* on the heap; empty: free */
	struct jwk key;
};

struct key_cache {
	/* Of each set, the place that was used last is the first. */
	struct key_cache_place sets[KEY_CACHE_SETS][KEY_CACHE_WAYS];
};

/* The key, which stays the cache's until the next get. */
int key_cache_get(struct key_cache *cache, struct span spki,
    const struct jwk **ret, struct err *err);
void key_cache_done(struct key_cache *cache);

#endif
