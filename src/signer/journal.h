/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_SIGNER_JOURNAL_H
#define SIGNET_SIGNER_JOURNAL_H

/*
 * journal: the signer's append-only, hash-chained record of every certificate
 * with all the evidence that led to it.
 *
 *   file    "signet journal 1\n", then records
 *   record  u32 length of body, u32 length XOR JOURNAL_LENGTH_CHECK,
 *           body, 32 bytes chain = SHA-256(chain before, length, body)
 *   body    u8 type, then what the type says; see journal.c
 *
 * The first chain value is SHA-256 of the file's first line. Whoever keeps
 * the last chain value elsewhere notices any change of what came before it.
 *
 * Nothing is answered before the record is durable, so what a crash leaves
 * incomplete at the end was never seen by anyone: journal_open cuts it off. A
 * chain that does not fit anywhere else is damage or fraud, and an error.
 */

#include "base/env.h"
#include "base/mem.h"
#include "rpc/core_signer.h"
#include "signer/journal_index.h"

#define JOURNAL_MAGIC "signet journal 1\n"
#define JOURNAL_LENGTH_CHECK 0x7369676eu
#define JOURNAL_CHAIN_SIZE 32              /* bytes: SHA-256 */
#define JOURNAL_BODY_MAX (2 * 1024 * 1024) /* bytes */

enum journal_type { JOURNAL_ISSUED = 1 };

struct journal_record {
	enum journal_type type;
	int64_t at;                             /* Unix milliseconds */
	int64_t order_at;                       /* when the order was made */
	uint8_t digest[JOURNAL_DIGEST_SIZE];    /* of the finalize request */
	struct issue_request request;           /* the evidence */
	struct span certificate;                /* DER */
};

struct journal {
	const struct env *env;
	uint64_t size;                       /* with what is not yet synced */
	uint8_t chain[JOURNAL_CHAIN_SIZE];
	struct journal_index index;
	struct bld out;
	uint64_t cut;                        /* bytes cut off by open */
};

/* The name of a finalize request: SHA-256 over its header and payload as they
 * came. Not over its signature: an ECDSA signature has two forms, and one
 * request must not count as two. */
int journal_digest(struct span protected_b64, struct span payload_b64,
    uint8_t ret[JOURNAL_DIGEST_SIZE], struct err *err);

/* Replays all of it; an empty journal is begun. -ERR_IO with offset and
 * remedy if it is damaged. */
int journal_open(struct journal *journal, const struct env *env,
    struct err *err);
void journal_close(struct journal *journal);

/* Appends; durable only after journal_sync. */
int journal_append(struct journal *journal,
    const struct journal_record *record, struct err *err);
int journal_sync(struct journal *journal, struct err *err);

/* The record of this request, in arena. -ERR_NOT_FOUND without a sentence;
 * -ERR_IO if the record is not what it was. */
int journal_find(const struct journal *journal,
    const uint8_t digest[JOURNAL_DIGEST_SIZE], struct arena *arena,
    struct journal_record *ret, struct err *err);

/* Reads a journal from its start and checks every length, chain value and
 * record; nothing is changed. each (may be NULL) sees the records in order
 * and may refuse one. */
struct journal_totals {
	uint64_t records;
	uint64_t size;   /* bytes of whole records, with the first line */
	uint64_t torn;   /* bytes of an incomplete record at the end */
	uint8_t chain[JOURNAL_CHAIN_SIZE];
};
int journal_verify(const struct env *env,
    int (*each)(void *ctx, uint64_t offset,
	const struct journal_record *record, struct err *err), void *ctx,
    struct journal_totals *ret, struct err *err);

#endif
