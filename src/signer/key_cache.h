/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_SIGNER_KEY_CACHE_H
#define SIGNET_SIGNER_KEY_CACHE_H

/*
 * key_cache: account keys, parsed, by their SubjectPublicKeyInfo. A fixed
 * number of places; a new key takes the place of another that falls on the
 * same one.
 */

#include "base/mem.h"
#include "jose/jwk.h"

#define KEY_CACHE_SIZE 4096 /* keys */

struct key_cache {
	struct {
		struct span spki; /* on the heap; empty: free */
		struct jwk key;
	} places[KEY_CACHE_SIZE];
};

/* The key, which stays the cache's until the next get. */
int key_cache_get(struct key_cache *cache, struct span spki,
    const struct jwk **ret, struct err *err);
void key_cache_done(struct key_cache *cache);

#endif
