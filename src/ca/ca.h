/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CA_CA_H
#define SIGNET_CA_CA_H

/*
 * ca: what the CA does with each request and each answer of a validator or of
 * the signer: state machines over the store, and nothing else. It makes no
 * system call, holds no timer and knows no process: clock, randomness and
 * store come through struct env, and what must follow (an object changed, a
 * challenge is to be validated, the signer is to be asked) is told in a
 * struct ca_effect that src/core carries out after its commit.
 *
 * All functions run inside the caller's transaction. What clients may see as
 * a refusal comes back as an error of a kind that acme/problem.h knows; such
 * a refusal has written nothing. Any other kind (ERR_IO, ERR_CONFLICT,
 * ERR_INTERNAL) means: roll the transaction back.
 */

#include "base/env.h"
#include "conf/config.h"
#include "rpc/core_signer.h"
#include "rpc/core_validator.h"
#include "rpc/web_core.h"
#include "store/store.h"

#define CA_PAYLOAD_HASH_SIZE 32 /* bytes: SHA-256 of a finalize payload */

struct ca {
	const struct env *env;
	const struct config *config;
	int64_t last_id;
	bool signer_up;      /* as core last saw it */
	size_t chain_count;  /* 0: the signer has not told yet */
	struct span chain[CORE_SIGNER_CHAIN_MAX]; /* on the heap */
};

/*
 * A request that may be answered later, when the object changes: what is
 * needed to answer it then. object_id 0: do not wait.
 */
struct ca_wait {
	int64_t object_id; /* order or authorization; CA_WAIT_CHAIN */
	enum web_core_type type;
	enum challenge_type challenge;
	int64_t account_id;
	int64_t certificate_id;
	bool verified;     /* ORDER_FINALIZE */
	uint8_t payload_hash[CA_PAYLOAD_HASH_SIZE]; /* ORDER_FINALIZE */
};
#define CA_WAIT_CHAIN 1 /* in object_id: until the signer tells its chain */

#define CA_CHANGED_MAX 2

/* What follows once the transaction is committed. Spans live in the arena of
 * the call. */
struct ca_effect {
	/* Objects that changed: whoever waits for them can be answered (in
	 * the same transaction, with ca_wait_check). */
	size_t num_changed;
	int64_t changed[CA_CHANGED_MAX];
	/* A validator is to be asked; its answer goes to ca_attested or
	 * ca_validation_failed. 0: none. */
	int64_t validate_authz_id;
	struct validate_request validate;
	/* The signer is to be asked; its answer goes to ca_issued or
	 * ca_refused. 0: none. */
	int64_t issue_order_id;
	enum store_slot issue_slot;
	struct issue_request issue;
	/* The finalize in this slot of this order was refused: whoever waits
	 * for it gets the problem. 0: none. */
	int64_t refused_order_id;
	enum store_slot refused_slot;
};

struct ca_result {
	struct web_core_answer answer; /* what is true now */
	struct ca_wait wait;           /* worth waiting for something newer? */
	struct ca_effect effect;
};

/* Reads the greatest id from env->store. env and config stay the caller's. */
int ca_init(struct ca *ca, const struct env *env,
    const struct config *config, struct err *err);
void ca_done(struct ca *ca);

/* The signer's chain: issuer first, root last. Copied. */
void ca_set_chain(struct ca *ca, const struct issue_answer *answer);

/* Whether a request of that type may write: what only reads need not wait for
 * a commit. */
bool ca_writes(enum web_core_type type);

/* One request of web. */
int ca_request(struct ca *ca, const struct web_core_request *request,
    struct arena *arena, struct ca_result *ret, struct err *err);

/* Answers a request that waits. If last, ret->wait is empty and the answer is
 * final, which may write (an order whose finalize outlasts the wait shows as
 * processing from then on). */
int ca_wait_check(struct ca *ca, const struct ca_wait *wait, bool last,
    struct arena *arena, struct ca_result *ret, struct err *err);

/* A validator's answer. Late answers (the authorization is no longer pending)
 * change nothing. */
int ca_attested(struct ca *ca, int64_t authz_id,
    const struct attestation *attestation, struct arena *arena,
    struct ca_effect *ret, struct err *err);
int ca_validation_failed(struct ca *ca, int64_t authz_id,
    const struct problem *problem, struct arena *arena,
    struct ca_effect *ret, struct err *err);

/* The signer's answer to the finalize in a slot. ca_refused is for refusals
 * of the evidence; trouble of the signer itself is not told to ca: ask
 * again. */
int ca_issued(struct ca *ca, int64_t order_id, enum store_slot slot,
    struct span der, uint32_t issuer, struct arena *arena,
    struct ca_effect *ret, struct err *err);
int ca_refused(struct ca *ca, int64_t order_id, enum store_slot slot,
    const struct problem *problem, struct arena *arena,
    struct ca_effect *ret, struct err *err);

/* Builds a question again from the store: after a restart, for a peer that
 * died. ret's validate_authz_id or issue_order_id is 0 if there is nothing to
 * ask any more. */
int ca_validate_question(struct ca *ca, int64_t authz_id,
    struct arena *arena, struct ca_effect *ret, struct err *err);
int ca_issue_question(struct ca *ca, int64_t order_id, struct arena *arena,
    struct ca_effect *ret, struct err *err);

/* Deletes what expired long ago, at most max rows of each kind. */
#define CA_RETENTION_MS (7 * 24 * 3600 * INT64_C(1000)) /* after expiry */
int ca_expire(struct ca *ca, size_t max, size_t *ret_deleted,
    struct err *err);

#endif
