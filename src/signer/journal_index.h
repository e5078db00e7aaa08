/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_SIGNER_JOURNAL_INDEX_H
#define SIGNET_SIGNER_JOURNAL_INDEX_H

/*
 * journal_index: where in the journal the certificate of a finalize request
 * is: 32 bytes for each, in one open-addressed table that is three quarters
 * full at most. What is of an order older than JOURNAL_INDEX_AGE_S is dropped
 * when the table must grow: the signer takes no finalize of such an order.
 */

#include "base/span.h"

#define JOURNAL_INDEX_AGE_S (92 * 86400) /* orders live 90 days at most, and
                                            one more in issue_read.c */
#define JOURNAL_DIGEST_SIZE 32           /* bytes: SHA-256 */
#define JOURNAL_INDEX_KEY_SIZE 16        /* bytes of it that are kept */

struct journal_index_entry {
	uint8_t key[JOURNAL_INDEX_KEY_SIZE];
	uint64_t offset; /* 0, where no record can be: free */
	uint32_t order_at_s;
};

struct journal_index {
	struct journal_index_entry *entries; /* NULL: none yet */
	size_t size;                         /* a power of two */
	size_t count;
};

/* order_at_s is when the order was made, now_s the time to drop by. The
 * newest entry of a digest counts. */
void journal_index_add(struct journal_index *index,
    const uint8_t digest[JOURNAL_DIGEST_SIZE], uint64_t offset,
    int64_t order_at_s, int64_t now_s);
/* NULL if there is none. */
const struct journal_index_entry *journal_index_find(
    const struct journal_index *index,
    const uint8_t digest[JOURNAL_DIGEST_SIZE]);
void journal_index_done(struct journal_index *index);

#endif
