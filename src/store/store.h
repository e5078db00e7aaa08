/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_STORE_STORE_H
#define SIGNET_STORE_STORE_H

/*
 * store: what the CA must not forget, as verbs of its own domain. No SQL and
 * no driver shows here; a driver is one const struct store_ops
 * (store_sqlite.c) that passes store_test.c.
 *
 * Only core has a store, and uses one transaction for each turn of its loop.
 * A verb outside a transaction is one of its own. Every row that a verb gives
 * is copied into the caller's arena.
 *
 * Verbs named advance are compare-and-set: they write what may change in a
 * row, if its state is still `from`, and give -ERR_CONFLICT if it is not. All
 * else of the object must be as get gave it.
 *
 * Errors: -ERR_NOT_FOUND, -ERR_CONFLICT (the state differs, or a row with that
 * key exists), -ERR_IO (all else; what was done in the transaction so far must
 * be rolled back).
 */

#include "acme/objects.h"

#define STORE_LIST_MAX 1000 /* ids that one list verb gives */
#define STORE_SERIAL_MAX 20 /* bytes, RFC 5280 4.1.2.2 */

/* An order with what only core knows of it. */
struct store_order {
	struct order order;
	uint32_t authz_left;   /* authorizations that are not yet valid */
	struct span finalized; /* hash of the finalize payload that led to the
	                          certificate; empty until then */
};

struct store_authz {
	struct authz authz;
	int64_t order_id;         /* the order that it was made for */
	struct span attestations; /* encoded, one after the other */
};

/*
 * A finalize request is kept from before the signer is asked until its answer
 * is recorded, so that no certificate that the signer made is ever lost. An
 * order has room for one whose JWS nobody has verified yet and for one that
 * web has verified (docs/decisions/0002).
 */
enum store_slot { STORE_UNVERIFIED = 1, STORE_VERIFIED = 2 };

struct store_finalize {
	int64_t order_id;
	struct span unverified; /* encoded; empty if there is none */
	struct span verified;
};

struct store_certificate {
	int64_t id;
	int64_t account_id;
	int64_t order_id;
	struct span serial;  /* big-endian, without leading zero */
	uint32_t issuer;     /* index in the signer's chain answer */
	int64_t not_after;   /* Unix milliseconds */
	struct span der;
};

struct store_ops;

struct store {
	const struct store_ops *ops;
};

void store_free(struct store *store); /* NULL is fine */

/* begin inside a transaction is a bug. After a failed commit the transaction
 * is rolled back. */
int store_begin(struct store *store, struct err *err);
int store_commit(struct store *store, struct err *err);
void store_rollback(struct store *store);

/* The greatest id of any object, 0 if there is none. */
int store_last_id(struct store *store, int64_t *ret, struct err *err);

int store_account_add(struct store *store, const struct account *account,
    struct err *err);
int store_account_get(struct store *store, int64_t id, struct arena *arena,
    struct account *ret, struct err *err);
int store_account_get_by_key(struct store *store,
    const uint8_t thumbprint[JWK_THUMBPRINT_SIZE], struct arena *arena,
    struct account *ret, struct err *err);
/* 0 if an account, whatever its status, has this key; else -ERR_NOT_FOUND. */
int store_account_find_key(struct store *store, struct span key_spki,
    struct err *err);
/* Writes status, terms_agreed and contacts. */
int store_account_advance(struct store *store, enum account_status from,
    const struct account *account, struct err *err);

int store_order_add(struct store *store, const struct store_order *order,
    struct err *err);
int store_order_get(struct store *store, int64_t id, struct arena *arena,
    struct store_order *ret, struct err *err);
/* Writes status, expires_at, authz_left, certificate_id, problem and
 * finalized. */
int store_order_advance(struct store *store, enum order_status from,
    const struct store_order *order, struct err *err);
/* Ids of the account's orders below before_id (0: all), newest first, without
 * those that are invalid or, not being valid, expired before now. */
int store_order_list(struct store *store, int64_t account_id,
    int64_t before_id, int64_t now, size_t max, int64_t *ret_ids,
    size_t *ret_count, struct err *err);

int store_authz_add(struct store *store, const struct store_authz *authz,
    struct err *err);
int store_authz_get(struct store *store, int64_t id, struct arena *arena,
    struct store_authz *ret, struct err *err);
/* Writes status, expires_at, attempted, attempted_status, validated_at,
 * problem and attestations. */
int store_authz_advance(struct store *store, enum authz_status from,
    enum challenge_status from_attempted, const struct store_authz *authz,
    struct err *err);
/* The account's valid authorization for the identifier that expires last, if
 * that is at expires_min or later. */
int store_authz_find_valid(struct store *store, int64_t account_id,
    const struct ident *ident, bool wildcard, int64_t expires_min,
    struct arena *arena, struct store_authz *ret, struct err *err);
/* Ids above after_id of authorizations whose challenge is in processing. */
int store_authz_list_processing(struct store *store, int64_t after_id,
    size_t max, int64_t *ret_ids, size_t *ret_count, struct err *err);

/* -ERR_CONFLICT if the slot is taken. */
int store_finalize_add(struct store *store, int64_t order_id,
    enum store_slot slot, struct span evidence, struct err *err);
int store_finalize_get(struct store *store, int64_t order_id,
    struct arena *arena, struct store_finalize *ret, struct err *err);
/* As get, and empties both slots. */
int store_finalize_take(struct store *store, int64_t order_id,
    struct arena *arena, struct store_finalize *ret, struct err *err);
/* Empties one slot. */
int store_finalize_del(struct store *store, int64_t order_id,
    enum store_slot slot, struct err *err);
/* Order ids above after_id that have a finalize. */
int store_finalize_list(struct store *store, int64_t after_id, size_t max,
    int64_t *ret_ids, size_t *ret_count, struct err *err);

int store_certificate_add(struct store *store,
    const struct store_certificate *certificate, struct err *err);
int store_certificate_get(struct store *store, int64_t id,
    struct arena *arena, struct store_certificate *ret, struct err *err);
int store_certificate_get_by_serial(struct store *store, struct span serial,
    struct arena *arena, struct store_certificate *ret, struct err *err);

/* Deletes at most max orders and max authorizations that expired before
 * expired_before and whose ids are below id_before (ids grow with time: this
 * bounds the search). Orders with a finalize stay. */
int store_expire(struct store *store, int64_t expired_before,
    int64_t id_before, size_t max, size_t *ret_deleted, struct err *err);

#endif
