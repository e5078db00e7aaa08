/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_sqlite_private.h"

/* Both slots; both empty say that there is no finalize. */
static void
keep_finalize(struct store_sqlite *s, int64_t order_id,
    struct span unverified, struct span verified)
{
	bld_reset(&s->row);
	bld_span32(&s->row, unverified);
	bld_span32(&s->row, verified);
	store_sqlite_keep(s, STORE_SQLITE_FINALIZE, order_id);
}

/* A slot was filled: keeps what is known of both, if it is. */
static void
keep_slot(struct store_sqlite *s, int64_t order_id, enum store_slot slot,
    struct span evidence)
{
	struct cur cur = CUR_OF(row_cache_get(&s->rows, STORE_SQLITE_FINALIZE,
	    order_id));
	struct span unverified = cur_span32(&cur);
	struct span verified = cur_span32(&cur);

	if (cur_end(&cur) < 0)
		return;
	if (slot == STORE_VERIFIED)
		keep_finalize(s, order_id, unverified, evidence);
	else
		keep_finalize(s, order_id, evidence, verified);
}

int
store_sqlite_finalize_add(struct store *store, int64_t order_id,
    enum store_slot slot, struct span evidence, struct err *err)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct sqlite_db_use use = sqlite_db_use(&s->db,
	    slot == STORE_VERIFIED ? SQL_FINALIZE_ADD_VERIFIED :
	    SQL_FINALIZE_ADD_UNVERIFIED);
	int r;

	sqlite_db_put_int(&use, order_id);
	sqlite_db_put_bytes(&use, evidence);
	r = store_sqlite_write(&use, "the finalize of order", order_id, err);
	if (r == 0)
		keep_slot(s, order_id, slot, evidence);
	return r;
}

static int
finalize_read(struct store_sqlite *s, int64_t order_id, struct arena *arena,
    struct store_finalize *ret, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&s->db, SQL_FINALIZE_GET);
	int r;

	*ret = (struct store_finalize){ .order_id = order_id };
	sqlite_db_put_int(&use, order_id);
	r = sqlite_db_row(&use, err);
	if (r == 1) {
		ret->unverified = sqlite_db_span(&use, arena);
		ret->verified = sqlite_db_span(&use, arena);
	}
	sqlite_db_done(&use);
	if (r >= 0)
		keep_finalize(s, order_id, ret->unverified, ret->verified);
	return r < 0 ? r : 0;
}

int
store_sqlite_finalize_get(struct store *store, int64_t order_id,
    struct arena *arena, struct store_finalize *ret, struct err *err)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct cur cur = CUR_OF(store_sqlite_recall(s, STORE_SQLITE_FINALIZE,
	    order_id, arena));
	int r;

	ret->order_id = order_id;
	ret->unverified = cur_span32(&cur);
	ret->verified = cur_span32(&cur);
	r = cur_end(&cur) == 0 ? 0 :
	    finalize_read(s, order_id, arena, ret, err);
	if (r == 0 && ret->unverified.len == 0 && ret->verified.len == 0)
		return store_sqlite_missing("finalize of order", order_id,
		    err);
	return r;
}

int
store_sqlite_finalize_take(struct store *store, int64_t order_id,
    struct arena *arena, struct store_finalize *ret, struct err *err)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct sqlite_db_use use;
	int r = store_sqlite_finalize_get(store, order_id, arena, ret, err);

	if (r < 0)
		return r;
	row_cache_del(&s->rows, STORE_SQLITE_FINALIZE, order_id);
	/* Not with RETURNING, for which SQLite makes a table. */
	use = sqlite_db_use(&s->db, SQL_FINALIZE_TAKE);
	sqlite_db_put_int(&use, order_id);
	return store_sqlite_write(&use, "the finalize of order", order_id,
	    err);
}

static int
run_with_id(struct store_sqlite *s, enum sql sql, int64_t id,
    int *ret_changed, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&s->db, sql);

	sqlite_db_put_int(&use, id);
	return sqlite_db_run(&use, ret_changed, err);
}

int
store_sqlite_finalize_del(struct store *store, int64_t order_id,
    enum store_slot slot, struct err *err)
{
	struct store_sqlite *s = store_sqlite_of(store);
	bool verified = slot == STORE_VERIFIED;
	int changed, r;

	row_cache_del(&s->rows, STORE_SQLITE_FINALIZE, order_id);
	r = run_with_id(s, verified ? SQL_FINALIZE_DEL_VERIFIED :
	    SQL_FINALIZE_DEL_UNVERIFIED, order_id, &changed, err);
	if (r < 0 || changed == 1)
		return r;
	/* The other slot is taken, too: the row stays. */
	return run_with_id(s, verified ? SQL_FINALIZE_CLEAR_VERIFIED :
	    SQL_FINALIZE_CLEAR_UNVERIFIED, order_id, NULL, err);
}

int
store_sqlite_finalize_list(struct store *store, int64_t after_id,
    size_t max, int64_t *ret_ids, size_t *ret_count, struct err *err)
{
	struct sqlite_db_use use =
	    sqlite_db_use(&store_sqlite_of(store)->db, SQL_FINALIZE_LIST);

	sqlite_db_put_int(&use, after_id);
	sqlite_db_put_int(&use, (int64_t)max);
	return sqlite_db_ids(&use, max, ret_ids, ret_count, err);
}

static void
keep_certificate(struct store_sqlite *s,
    const struct store_certificate *certificate)
{
	bld_reset(&s->row);
	bld_i64(&s->row, certificate->id);
	bld_i64(&s->row, certificate->account_id);
	bld_i64(&s->row, certificate->order_id);
	bld_u32(&s->row, certificate->issuer);
	bld_i64(&s->row, certificate->not_after);
	bld_span16(&s->row, certificate->serial);
	bld_span16(&s->row, certificate->der);
	store_sqlite_keep(s, STORE_SQLITE_CERTIFICATE, certificate->id);
}

static bool
recall_certificate(struct store_sqlite *s, int64_t id, struct arena *arena,
    struct store_certificate *ret)
{
	struct cur cur = CUR_OF(store_sqlite_recall(s,
	    STORE_SQLITE_CERTIFICATE, id, arena));

	ret->id = cur_i64(&cur);
	ret->account_id = cur_i64(&cur);
	ret->order_id = cur_i64(&cur);
	ret->issuer = cur_u32(&cur);
	ret->not_after = cur_i64(&cur);
	ret->serial = cur_span16(&cur);
	ret->der = cur_span16(&cur);
	return cur_end(&cur) == 0;
}

int
store_sqlite_certificate_add(struct store *store,
    const struct store_certificate *certificate, struct err *err)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct sqlite_db_use use = sqlite_db_use(&s->db, SQL_CERTIFICATE_ADD);
	int r;

	sqlite_db_put_int(&use, certificate->id);
	sqlite_db_put_int(&use, certificate->account_id);
	sqlite_db_put_int(&use, certificate->order_id);
	sqlite_db_put_int(&use, certificate->issuer);
	sqlite_db_put_int(&use, certificate->not_after);
	sqlite_db_put_bytes(&use, certificate->serial);
	sqlite_db_put_bytes(&use, certificate->der);
	r = store_sqlite_write(&use, "certificate", certificate->id, err);
	if (r == 0)
		keep_certificate(s, certificate);
	return r;
}

/* 1, 0 if there is none, or an error. */
static int
certificate_row(struct sqlite_db_use *use, struct arena *arena,
    struct store_certificate *ret, struct err *err)
{
	int r = sqlite_db_row(use, err);

	*ret = (struct store_certificate){ 0 };
	if (r != 1)
		return r;
	ret->id = sqlite_db_int(use);
	ret->account_id = sqlite_db_int(use);
	ret->order_id = sqlite_db_int(use);
	ret->issuer = (uint32_t)sqlite_db_int(use);
	ret->not_after = sqlite_db_int(use);
	ret->serial = sqlite_db_span(use, arena);
	ret->der = sqlite_db_span(use, arena);
	return 1;
}

int
store_sqlite_certificate_get(struct store *store, int64_t id,
    struct arena *arena, struct store_certificate *ret, struct err *err)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct sqlite_db_use use;
	int r;

	if (recall_certificate(s, id, arena, ret))
		return 0;
	use = sqlite_db_use(&s->db, SQL_CERTIFICATE_GET);
	sqlite_db_put_int(&use, id);
	r = certificate_row(&use, arena, ret, err);
	sqlite_db_done(&use);
	if (r == 0)
		return store_sqlite_missing("certificate", id, err);
	return r < 0 ? r : 0;
}

int
store_sqlite_certificate_get_by_serial(struct store *store,
    struct span serial, struct arena *arena, struct store_certificate *ret,
    struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&store_sqlite_of(store)->db,
	    SQL_CERTIFICATE_GET_BY_SERIAL);
	int r;

	sqlite_db_put_bytes(&use, serial);
	r = certificate_row(&use, arena, ret, err);
	sqlite_db_done(&use);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, NULL,
		    "no certificate has this serial number");
	return r < 0 ? r : 0;
}
