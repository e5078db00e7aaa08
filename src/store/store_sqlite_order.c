/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_sqlite_private.h"

static void
keep_order(struct store_sqlite *s, const struct store_order *order)
{
	bld_reset(&s->row);
	order_encode(&s->row, &order->order);
	bld_u32(&s->row, order->authz_left);
	bld_span16(&s->row, order->finalized);
	store_sqlite_keep(s, STORE_SQLITE_ORDER, order->order.id);
}

/* False if it is not kept. */
static bool
recall_order(struct store_sqlite *s, int64_t id, struct arena *arena,
    struct store_order *ret)
{
	struct cur cur = CUR_OF(store_sqlite_recall(s, STORE_SQLITE_ORDER, id,
	    arena));

	if (cur.rest.len == 0)
		return false;
	order_decode(&cur, arena, &ret->order);
	ret->authz_left = cur_u32(&cur);
	ret->finalized = cur_span16(&cur);
	return cur_end(&cur) == 0;
}

static void
keep_authz(struct store_sqlite *s, const struct store_authz *authz)
{
	bld_reset(&s->row);
	authz_encode(&s->row, &authz->authz);
	bld_i64(&s->row, authz->order_id);
	bld_span16(&s->row, authz->attestations);
	store_sqlite_keep(s, STORE_SQLITE_AUTHZ, authz->authz.id);
}

static bool
recall_authz(struct store_sqlite *s, int64_t id, struct arena *arena,
    struct store_authz *ret)
{
	struct cur cur = CUR_OF(store_sqlite_recall(s, STORE_SQLITE_AUTHZ, id,
	    arena));

	if (cur.rest.len == 0)
		return false;
	authz_decode(&cur, arena, &ret->authz);
	ret->order_id = cur_i64(&cur);
	ret->attestations = cur_span16(&cur);
	return cur_end(&cur) == 0;
}

int
store_sqlite_order_add(struct store *store, const struct store_order *order,
    struct err *err)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct sqlite_db_use use = sqlite_db_use(&s->db, SQL_ORDER_ADD);
	struct bld *idents = store_sqlite_scratch(s, 0);
	struct bld *authzs = store_sqlite_scratch(s, 1);
	const struct order *o = &order->order;
	int r;

	ident_list_encode(idents, &o->idents);
	for (size_t i = 0; i < o->idents.count; i++)
		bld_u64(authzs, (uint64_t)o->authz_ids[i]);
	sqlite_db_put_int(&use, o->id);
	sqlite_db_put_int(&use, o->account_id);
	sqlite_db_put_int(&use, o->status);
	sqlite_db_put_int(&use, o->expires_at);
	sqlite_db_put_int(&use, o->not_before);
	sqlite_db_put_int(&use, o->not_after);
	sqlite_db_put_int(&use, order->authz_left);
	sqlite_db_put_int(&use, o->certificate_id);
	sqlite_db_put_text(&use, o->profile);
	sqlite_db_put_bytes(&use, bld_view(idents));
	sqlite_db_put_bytes(&use, bld_view(authzs));
	sqlite_db_put_blob(&use, store_sqlite_problem(s, 2, &o->problem));
	sqlite_db_put_blob(&use, order->finalized);
	r = store_sqlite_write(&use, "order", o->id, err);
	if (r == 0)
		keep_order(s, order);
	return r;
}

/* The two lists of an order: as many authorizations as identifiers. */
static int
lists_read(struct span idents, struct span authzs, struct order *ret,
    struct err *err)
{
	struct cur cur = CUR_OF(idents), ids = CUR_OF(authzs);

	ident_list_decode(&cur, &ret->idents);
	for (size_t i = 0; i < ret->idents.count; i++)
		ret->authz_ids[i] = (int64_t)cur_u64(&ids);
	if (cur_end(&cur) < 0 || cur_end(&ids) < 0)
		return err_set(err, ERR_IO, NULL,
		    "the store: an order is not of its form");
	return 0;
}

static int
order_row(struct sqlite_db_use *use, struct arena *arena,
    struct store_order *ret, struct err *err)
{
	struct order *o = &ret->order;
	struct span idents, authzs;
	int r;

	o->id = sqlite_db_int(use);
	o->account_id = sqlite_db_int(use);
	o->status = (enum order_status)sqlite_db_int(use);
	o->expires_at = sqlite_db_int(use);
	o->not_before = sqlite_db_int(use);
	o->not_after = sqlite_db_int(use);
	ret->authz_left = (uint32_t)sqlite_db_int(use);
	o->certificate_id = sqlite_db_int(use);
	o->profile = sqlite_db_span(use, arena);
	idents = sqlite_db_span(use, arena);
	authzs = sqlite_db_span(use, arena);
	r = store_sqlite_get_problem(sqlite_db_span(use, arena), arena,
	    &o->problem, err);
	ret->finalized = sqlite_db_span(use, arena);
	return r < 0 ? r : lists_read(idents, authzs, o, err);
}

int
store_sqlite_order_get(struct store *store, int64_t id, struct arena *arena,
    struct store_order *ret, struct err *err)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct sqlite_db_use use;
	int r;

	if (recall_order(s, id, arena, ret))
		return 0;
	use = sqlite_db_use(&s->db, SQL_ORDER_GET);
	sqlite_db_put_int(&use, id);
	r = sqlite_db_row(&use, err);
	if (r == 1)
		r = order_row(&use, arena, ret, err);
	else if (r == 0)
		r = store_sqlite_missing("order", id, err);
	sqlite_db_done(&use);
	if (r == 0)
		keep_order(s, ret);
	return r;
}

int
store_sqlite_order_advance(struct store *store, enum order_status from,
    const struct store_order *order, struct err *err)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct sqlite_db_use use = sqlite_db_use(&s->db, SQL_ORDER_ADVANCE);
	const struct order *o = &order->order;
	int r;

	sqlite_db_put_int(&use, o->status);
	sqlite_db_put_int(&use, o->expires_at);
	sqlite_db_put_int(&use, order->authz_left);
	sqlite_db_put_int(&use, o->certificate_id);
	sqlite_db_put_blob(&use, store_sqlite_problem(s, 0, &o->problem));
	sqlite_db_put_blob(&use, order->finalized);
	sqlite_db_put_int(&use, o->id);
	sqlite_db_put_int(&use, from);
	r = store_sqlite_write(&use, "order", o->id, err);
	if (r == 0)
		keep_order(s, order);
	else
		row_cache_del(&s->rows, STORE_SQLITE_ORDER, o->id);
	return r;
}

int
store_sqlite_order_list(struct store *store, int64_t account_id,
    int64_t before_id, int64_t now, size_t max, int64_t *ret_ids,
    size_t *ret_count, struct err *err)
{
	struct sqlite_db_use use =
	    sqlite_db_use(&store_sqlite_of(store)->db, SQL_ORDER_LIST);

	sqlite_db_put_int(&use, account_id);
	sqlite_db_put_int(&use, before_id == 0 ? INT64_MAX : before_id);
	sqlite_db_put_int(&use, now);
	sqlite_db_put_int(&use, (int64_t)max);
	return sqlite_db_ids(&use, max, ret_ids, ret_count, err);
}

int
store_sqlite_authz_add(struct store *store, const struct store_authz *authz,
    struct err *err)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct sqlite_db_use use = sqlite_db_use(&s->db, SQL_AUTHZ_ADD);
	const struct authz *a = &authz->authz;
	int r;

	sqlite_db_put_int(&use, a->id);
	sqlite_db_put_int(&use, a->account_id);
	sqlite_db_put_int(&use, authz->order_id);
	sqlite_db_put_int(&use, a->status);
	sqlite_db_put_int(&use, a->expires_at);
	sqlite_db_put_int(&use, a->ident.type);
	sqlite_db_put_int(&use, a->wildcard);
	sqlite_db_put_int(&use, a->offered);
	sqlite_db_put_int(&use, a->attempted);
	sqlite_db_put_int(&use, a->attempted_status);
	sqlite_db_put_int(&use, a->validated_at);
	sqlite_db_put_text(&use, a->ident.value);
	sqlite_db_put_text(&use, span_of(a->token, ACME_TOKEN_SIZE));
	sqlite_db_put_blob(&use, store_sqlite_problem(s, 0, &a->problem));
	sqlite_db_put_blob(&use, authz->attestations);
	r = store_sqlite_write(&use, "authorization", a->id, err);
	if (r == 0)
		keep_authz(s, authz);
	return r;
}

static int
authz_row(struct sqlite_db_use *use, struct arena *arena,
    struct store_authz *ret, struct err *err)
{
	struct authz *a = &ret->authz;
	int r;

	a->id = sqlite_db_int(use);
	a->account_id = sqlite_db_int(use);
	ret->order_id = sqlite_db_int(use);
	a->status = (enum authz_status)sqlite_db_int(use);
	a->expires_at = sqlite_db_int(use);
	a->ident.type = (enum ident_type)sqlite_db_int(use);
	a->wildcard = sqlite_db_int(use) != 0;
	a->offered = (uint32_t)sqlite_db_int(use);
	a->attempted = (enum challenge_type)sqlite_db_int(use);
	a->attempted_status = (enum challenge_status)sqlite_db_int(use);
	a->validated_at = sqlite_db_int(use);
	a->ident.value = sqlite_db_span(use, arena);
	sqlite_db_copy(use, a->token, ACME_TOKEN_SIZE);
	r = store_sqlite_get_problem(sqlite_db_span(use, arena), arena,
	    &a->problem, err);
	ret->attestations = sqlite_db_span(use, arena);
	return r;
}

int
store_sqlite_authz_get(struct store *store, int64_t id, struct arena *arena,
    struct store_authz *ret, struct err *err)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct sqlite_db_use use;
	int r;

	if (recall_authz(s, id, arena, ret))
		return 0;
	use = sqlite_db_use(&s->db, SQL_AUTHZ_GET);
	sqlite_db_put_int(&use, id);
	r = sqlite_db_row(&use, err);
	if (r == 1)
		r = authz_row(&use, arena, ret, err);
	else if (r == 0)
		r = store_sqlite_missing("authorization", id, err);
	sqlite_db_done(&use);
	if (r == 0)
		keep_authz(s, ret);
	return r;
}

int
store_sqlite_authz_advance(struct store *store, enum authz_status from,
    enum challenge_status from_attempted, const struct store_authz *authz,
    struct err *err)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct sqlite_db_use use = sqlite_db_use(&s->db, SQL_AUTHZ_ADVANCE);
	const struct authz *a = &authz->authz;
	int r;

	sqlite_db_put_int(&use, a->status);
	sqlite_db_put_int(&use, a->expires_at);
	sqlite_db_put_int(&use, a->attempted);
	sqlite_db_put_int(&use, a->attempted_status);
	sqlite_db_put_int(&use, a->validated_at);
	sqlite_db_put_blob(&use, store_sqlite_problem(s, 0, &a->problem));
	sqlite_db_put_blob(&use, authz->attestations);
	sqlite_db_put_int(&use, a->id);
	sqlite_db_put_int(&use, from);
	sqlite_db_put_int(&use, from_attempted);
	r = store_sqlite_write(&use, "authorization", a->id, err);
	if (r == 0)
		keep_authz(s, authz);
	else
		row_cache_del(&s->rows, STORE_SQLITE_AUTHZ, a->id);
	return r;
}

int
store_sqlite_authz_find_valid(struct store *store, int64_t account_id,
    const struct ident *ident, bool wildcard, int64_t expires_min,
    struct arena *arena, struct store_authz *ret, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&store_sqlite_of(store)->db,
	    SQL_AUTHZ_FIND_VALID);
	int r;

	sqlite_db_put_int(&use, account_id);
	sqlite_db_put_text(&use, ident->value);
	sqlite_db_put_int(&use, ident->type);
	sqlite_db_put_int(&use, wildcard);
	sqlite_db_put_int(&use, expires_min);
	r = sqlite_db_row(&use, err);
	if (r == 1)
		r = authz_row(&use, arena, ret, err);
	else if (r == 0)
		r = err_set(err, ERR_NOT_FOUND, NULL,
		    "no valid authorization for %.*s", SPAN_FMT(ident->value));
	sqlite_db_done(&use);
	return r;
}

int
store_sqlite_authz_list_processing(struct store *store, int64_t after_id,
    size_t max, int64_t *ret_ids, size_t *ret_count, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&store_sqlite_of(store)->db,
	    SQL_AUTHZ_LIST_PROCESSING);

	sqlite_db_put_int(&use, after_id);
	sqlite_db_put_int(&use, (int64_t)max);
	return sqlite_db_ids(&use, max, ret_ids, ret_count, err);
}
