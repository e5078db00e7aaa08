/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_STORE_STORE_OPS_H
#define SIGNET_STORE_STORE_OPS_H

/*
 * store_ops: what a driver of the store implements: one member for each verb
 * of store.h, with the same contract. A driver's struct starts with a struct
 * store.
 */

#include "store/store.h"

struct store_ops {
	void (*free)(struct store *store);
	int (*begin)(struct store *store, struct err *err);
	int (*commit)(struct store *store, struct err *err);
	void (*rollback)(struct store *store);
	int (*last_id)(struct store *store, int64_t *ret, struct err *err);

	int (*account_add)(struct store *store, const struct account *account,
	    struct err *err);
	int (*account_get)(struct store *store, int64_t id,
	    struct arena *arena, struct account *ret, struct err *err);
	int (*account_find_key)(struct store *store, struct span key_spki,
	    struct err *err);
	int (*account_get_by_key)(struct store *store,
	    const uint8_t thumbprint[JWK_THUMBPRINT_SIZE],
	    struct arena *arena, struct account *ret, struct err *err);
	int (*account_advance)(struct store *store, enum account_status from,
	    const struct account *account, struct err *err);

	int (*order_add)(struct store *store, const struct store_order *order,
	    struct err *err);
	int (*order_get)(struct store *store, int64_t id, struct arena *arena,
	    struct store_order *ret, struct err *err);
	int (*order_advance)(struct store *store, enum order_status from,
	    const struct store_order *order, struct err *err);
	int (*order_list)(struct store *store, int64_t account_id,
	    int64_t before_id, int64_t now, size_t max, int64_t *ret_ids,
	    size_t *ret_count, struct err *err);

	int (*authz_add)(struct store *store, const struct store_authz *authz,
	    struct err *err);
	int (*authz_get)(struct store *store, int64_t id, struct arena *arena,
	    struct store_authz *ret, struct err *err);
	int (*authz_advance)(struct store *store, enum authz_status from,
	    enum challenge_status from_attempted,
	    const struct store_authz *authz, struct err *err);
	int (*authz_find_valid)(struct store *store, int64_t account_id,
	    const struct ident *ident, bool wildcard, int64_t expires_min,
	    struct arena *arena, struct store_authz *ret, struct err *err);
	int (*authz_list_processing)(struct store *store, int64_t after_id,
	    size_t max, int64_t *ret_ids, size_t *ret_count, struct err *err);

	int (*finalize_add)(struct store *store, int64_t order_id,
	    enum store_slot slot, struct span evidence, struct err *err);
	int (*finalize_get)(struct store *store, int64_t order_id,
	    struct arena *arena, struct store_finalize *ret, struct err *err);
	int (*finalize_take)(struct store *store, int64_t order_id,
	    struct arena *arena, struct store_finalize *ret, struct err *err);
	int (*finalize_del)(struct store *store, int64_t order_id,
	    enum store_slot slot, struct err *err);
	int (*finalize_list)(struct store *store, int64_t after_id,
	    size_t max, int64_t *ret_ids, size_t *ret_count, struct err *err);

	int (*certificate_add)(struct store *store,
	    const struct store_certificate *certificate, struct err *err);
	int (*certificate_get)(struct store *store, int64_t id,
	    struct arena *arena, struct store_certificate *ret,
	    struct err *err);
	int (*certificate_get_by_serial)(struct store *store,
	    struct span serial, struct arena *arena,
	    struct store_certificate *ret, struct err *err);

	int (*expire)(struct store *store, int64_t expired_before,
	    int64_t id_before, size_t max, size_t *ret_deleted,
	    struct err *err);
};

#endif
