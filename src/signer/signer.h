/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_SIGNER_SIGNER_H
#define SIGNET_SIGNER_SIGNER_H

/*
 * signer: holds the issuing key and gives certificates for evidence, never
 * for orders. What it does with one question is in issue.h; what it remembers
 * is in journal.h.
 *
 * Answers of a turn are kept back until the turn's records are durable:
 * signer_request, signer_request, ..., signer_turn_end syncs once and gives
 * them to struct signer_ops.
 */

#include "signer/issue.h"

struct signer_options {
	const struct env *env;       /* clock, randomness, journal */
	const struct config *config;
	struct span chain[CORE_SIGNER_CHAIN_MAX]; /* DER: the issuer first,
	                                             the root last */
	size_t num_chain;
	EVP_PKEY *key;               /* the issuer's */
	const struct issue_perspective *perspectives;
	size_t num_perspectives;
};

struct signer_ops {
	/* An answer to the question with this id: rpc/core_signer.h. */
	void (*answer)(void *ctx, uint64_t id, uint16_t type,
	    struct span payload);
};

struct signer;

/* Replays the journal. env, config, key and ops stay the caller's; the chain
 * and the perspectives' keys are copied. */
int signer_new(const struct signer_options *options,
    const struct signer_ops *ops, void *ctx, struct signer **ret,
    struct err *err);
void signer_free(struct signer *signer); /* as kill -9: answers nobody */

/* After a reload. */
void signer_set_config(struct signer *signer, const struct config *config);

/* From now on these keys get nothing; they stay the caller's. */
void signer_set_blocked(struct signer *signer,
    const struct blocked_keys *blocked);

/* A question of core. An error means that core talks nonsense: close the
 * link, and call signer_forget. */
int signer_request(struct signer *signer, uint64_t id, uint16_t type,
    struct span payload, struct err *err);

/* Core is gone: answers of this turn are for nobody. */
void signer_forget(struct signer *signer);

/* Makes the turn's records durable, then answers. An error means that the
 * journal cannot be trusted any longer: the process must end, answering
 * nobody, and read it again. */
int signer_turn_end(struct signer *signer, struct err *err);

/* Bytes that were cut off the journal's end when it was opened. */
uint64_t signer_cut(const struct signer *signer);

/* The pure part: one question, one answer, its record appended but not yet
 * durable. *ret lives in arena. Only the journal's failures are errors;
 * refusals are answers. */
int signer_issue(struct signer *signer, const struct issue_request *request,
    struct arena *arena, struct issue_answer *ret, struct err *err);

#endif
