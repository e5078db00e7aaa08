/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include <assert.h>

#include "store/store_ops.h"

void
store_free(struct store *store)
{
	if (store != NULL)
		store->ops->free(store);
}

int
store_begin(struct store *store, struct err *err)
{
	return store->ops->begin(store, err);
}

int
store_commit(struct store *store, struct err *err)
{
	return store->ops->commit(store, err);
}

void
store_rollback(struct store *store)
{
	store->ops->rollback(store);
}

int
store_last_id(struct store *store, int64_t *ret, struct err *err)
{
	return store->ops->last_id(store, ret, err);
}

int
store_account_add(struct store *store, const struct account *account,
    struct err *err)
{
	return store->ops->account_add(store, account, err);
}

int
store_account_get(struct store *store, int64_t id, struct arena *arena,
    struct account *ret, struct err *err)
{
	return store->ops->account_get(store, id, arena, ret, err);
}

int
store_account_find_key(struct store *store, struct span key_spki,
    struct err *err)
{
	return store->ops->account_find_key(store, key_spki, err);
}

int
store_account_get_by_key(struct store *store,
    const uint8_t thumbprint[JWK_THUMBPRINT_SIZE], struct arena *arena,
    struct account *ret, struct err *err)
{
	return store->ops->account_get_by_key(store, thumbprint, arena, ret,
	    err);
}

int
store_account_advance(struct store *store, enum account_status from,
    const struct account *account, struct err *err)
{
	return store->ops->account_advance(store, from, account, err);
}

int
store_order_add(struct store *store, const struct store_order *order,
    struct err *err)
{
	return store->ops->order_add(store, order, err);
}

int
store_order_get(struct store *store, int64_t id, struct arena *arena,
    struct store_order *ret, struct err *err)
{
	return store->ops->order_get(store, id, arena, ret, err);
}

int
store_order_advance(struct store *store, enum order_status from,
    const struct store_order *order, struct err *err)
{
	return store->ops->order_advance(store, from, order, err);
}

int
store_order_list(struct store *store, int64_t account_id, int64_t before_id,
    int64_t now, size_t max, int64_t *ret_ids, size_t *ret_count,
    struct err *err)
{
	assert(max <= STORE_LIST_MAX);
	return store->ops->order_list(store, account_id, before_id, now, max,
	    ret_ids, ret_count, err);
}

int
store_authz_add(struct store *store, const struct store_authz *authz,
    struct err *err)
{
	return store->ops->authz_add(store, authz, err);
}

int
store_authz_get(struct store *store, int64_t id, struct arena *arena,
    struct store_authz *ret, struct err *err)
{
	return store->ops->authz_get(store, id, arena, ret, err);
}

int
store_authz_advance(struct store *store, enum authz_status from,
    enum challenge_status from_attempted, const struct store_authz *authz,
    struct err *err)
{
	return store->ops->authz_advance(store, from, from_attempted, authz,
	    err);
}

int
store_authz_find_valid(struct store *store, int64_t account_id,
    const struct ident *ident, bool wildcard, int64_t expires_min,
    struct arena *arena, struct store_authz *ret, struct err *err)
{
	return store->ops->authz_find_valid(store, account_id, ident,
	    wildcard, expires_min, arena, ret, err);
}

int
store_authz_list_processing(struct store *store, int64_t after_id,
    size_t max, int64_t *ret_ids, size_t *ret_count, struct err *err)
{
	assert(max <= STORE_LIST_MAX);
	return store->ops->authz_list_processing(store, after_id, max,
	    ret_ids, ret_count, err);
}

int
store_finalize_add(struct store *store, int64_t order_id,
    enum store_slot slot, struct span evidence, struct err *err)
{
	assert(evidence.len > 0);
	return store->ops->finalize_add(store, order_id, slot, evidence, err);
}

int
store_finalize_get(struct store *store, int64_t order_id,
    struct arena *arena, struct store_finalize *ret, struct err *err)
{
	return store->ops->finalize_get(store, order_id, arena, ret, err);
}

int
store_finalize_take(struct store *store, int64_t order_id,
    struct arena *arena, struct store_finalize *ret, struct err *err)
{
	return store->ops->finalize_take(store, order_id, arena, ret, err);
}

int
store_finalize_del(struct store *store, int64_t order_id,
    enum store_slot slot, struct err *err)
{
	return store->ops->finalize_del(store, order_id, slot, err);
}

int
store_finalize_list(struct store *store, int64_t after_id, size_t max,
    int64_t *ret_ids, size_t *ret_count, struct err *err)
{
	assert(max <= STORE_LIST_MAX);
	return store->ops->finalize_list(store, after_id, max, ret_ids,
	    ret_count, err);
}

int
store_certificate_add(struct store *store,
    const struct store_certificate *certificate, struct err *err)
{
	assert(certificate->serial.len <= STORE_SERIAL_MAX);
	return store->ops->certificate_add(store, certificate, err);
}

int
store_certificate_get(struct store *store, int64_t id, struct arena *arena,
    struct store_certificate *ret, struct err *err)
{
	return store->ops->certificate_get(store, id, arena, ret, err);
}

int
store_certificate_get_by_serial(struct store *store, struct span serial,
    struct arena *arena, struct store_certificate *ret, struct err *err)
{
	return store->ops->certificate_get_by_serial(store, serial, arena,
	    ret, err);
}

int
store_expire(struct store *store, int64_t expired_before, int64_t id_before,
    size_t max, size_t *ret_deleted, struct err *err)
{
	return store->ops->expire(store, expired_before, id_before, max,
	    ret_deleted, err);
}
