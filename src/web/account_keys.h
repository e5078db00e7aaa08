/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_WEB_ACCOUNT_KEYS_H
#define SIGNET_WEB_ACCOUNT_KEYS_H

/*
 * account_keys: parsed account keys by account id, so that a busy account's
 * request costs neither a question to core nor the decoding of its key. Holds
 * as many as it was made for; the least recently used goes. An empty one
 * holds a table of pointers and nothing else.
 */

#include "jose/jwk.h"

struct account_keys;

struct account_keys *account_keys_new(size_t max);
void account_keys_free(struct account_keys *keys);

/* NULL if not there. Good until the next add or del. */
const struct jwk *account_keys_get(struct account_keys *keys,
    int64_t account_id);

/* Takes over *key, also over an older one of the same account. */
const struct jwk *account_keys_add(struct account_keys *keys, int64_t account_id,
    const struct jwk *key);

void account_keys_del(struct account_keys *keys, int64_t account_id);

#endif
