/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_WEB_KEY_CACHE_H
#define SIGNET_WEB_KEY_CACHE_H

/*
 * key_cache: parsed account keys by account id, so that a busy account's
 * request costs neither a question to core nor the decoding of its key. Holds
 * as many as it was made for; the least recently used goes. An empty one
 * holds a table of pointers and nothing else.
 */

#include "jose/jwk.h"

struct key_cache;

struct key_cache *key_cache_new(size_t max);
void key_cache_free(struct key_cache *cache);

/* NULL if not there. Good until the next add or del. */
const struct jwk *key_cache_get(struct key_cache *cache, int64_t account_id);

/* Takes over *key, also over an older one of the same account. */
const struct jwk *key_cache_add(struct key_cache *cache, int64_t account_id,
    const struct jwk *key);

void key_cache_del(struct key_cache *cache, int64_t account_id);

#endif
