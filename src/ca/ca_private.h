/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CA_CA_PRIVATE_H
#define SIGNET_CA_CA_PRIVATE_H

/*
 * ca_private: what the files of ca share. A handler serves one type of
 * request: it looks at all that may be refused before it writes.
 */

#include "ca/ca.h"

struct ca_call {
	struct ca *ca;
	const struct web_core_request *request;
	struct account account; /* the actor's, checked */
	int64_t now;
	struct arena *arena;
	struct ca_result *ret;
};

/* A new id, greater than all before. */
int64_t ca_new_id(struct ca *ca);
/* The least id that could have been made at that time. */
int64_t ca_id_at(int64_t ms);

void ca_changed(struct ca_effect *effect, int64_t id);

/* An object of the account. Another account's object does not exist for it,
 * so that nobody learns which ids are in use. */
int ca_own_order(struct ca *ca, int64_t account_id, int64_t order_id,
    struct arena *arena, struct store_order *ret, struct err *err);
int ca_own_authz(struct ca *ca, int64_t account_id, int64_t authz_id,
    struct arena *arena, struct store_authz *ret, struct err *err);

/* What time has made of it: an expired order shows as invalid, an expired
 * authorization as expired (RFC 8555 7.1.6), without a write. */
void ca_order_view(struct order *order, int64_t now);
/* Why an order fails whose authorization was deactivated. */
extern const struct problem ca_authz_deactivated;
void ca_authz_view(struct authz *authz, int64_t now);

/* Sets the answer. */
void ca_answer_order(struct ca_call *call, const struct order *order);
void ca_answer_authz(struct ca_call *call, const struct authz *authz);

/* The order loses an authorization: it becomes invalid if it can. */
int ca_order_fail(struct ca *ca, int64_t order_id,
    const struct problem *problem, struct arena *arena,
    struct ca_effect *effect, struct err *err);
/* One more authorization of the order is valid, until expires_at. */
int ca_order_authorized(struct ca *ca, int64_t order_id, int64_t expires_at,
    struct arena *arena, struct ca_effect *effect, struct err *err);

/* The hash of a stored finalize's payload. */
int ca_finalize_hash(struct span evidence, uint8_t out[CA_PAYLOAD_HASH_SIZE],
    struct err *err);

/* The attestations that an authorization has, for the arena's time. -ERR_IO
 * when the store's bytes are not of their form. */
int ca_authz_attestations(const struct store_authz *row,
    struct attestation ret[ATTESTATIONS_PER_IDENT_MAX], size_t *ret_count,
    struct err *err);

/* Handlers. */
int ca_account_key(struct ca_call *call, struct err *err);
int ca_account_new(struct ca_call *call, struct err *err);
int ca_account_update(struct ca_call *call, struct err *err);
int ca_account_orders(struct ca_call *call, struct err *err);
int ca_order_new(struct ca_call *call, struct err *err);
int ca_order_get(struct ca_call *call, struct err *err);
int ca_authz_get(struct ca_call *call, struct err *err);
int ca_authz_deactivate(struct ca_call *call, struct err *err);
int ca_challenge_get(struct ca_call *call, struct err *err);
int ca_challenge_respond(struct ca_call *call, struct err *err);
int ca_finalize_request(struct ca_call *call, struct err *err);
int ca_certificate_get(struct ca_call *call, struct err *err);

/* ca_wait_check for what the handler of that type made wait. */
int ca_finalize_wait(struct ca_call *call, const struct ca_wait *wait,
    bool last, struct err *err);

#endif
