/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_sqlite_private.h"

int
store_sqlite_finalize_add(struct store *store, int64_t order_id,
    enum store_slot slot, struct span evidence, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&store_sqlite_of(store)->db,
	    slot == STORE_VERIFIED ? SQL_FINALIZE_ADD_VERIFIED :
	    SQL_FINALIZE_ADD_UNVERIFIED);

	sqlite_db_put_int(&use, order_id);
	sqlite_db_put_bytes(&use, evidence);
	return store_sqlite_write(&use, "the finalize of order", order_id,
	    err);
}

static int
finalize_read(struct store_sqlite *s, enum sql sql, int64_t order_id,
    struct arena *arena, struct store_finalize *ret, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&s->db, sql);
	int r;

	sqlite_db_put_int(&use, order_id);
	r = sqlite_db_row(&use, err);
	if (r == 1) {
		ret->order_id = sqlite_db_int(&use);
		ret->unverified = sqlite_db_span(&use, arena);
		ret->verified = sqlite_db_span(&use, arena);
		r = 0;
	} else if (r == 0) {
		r = store_sqlite_missing("finalize of order", order_id, err);
	}
	sqlite_db_done(&use);
	return r;
}

int
store_sqlite_finalize_get(struct store *store, int64_t order_id,
    struct arena *arena, struct store_finalize *ret, struct err *err)
{
	return finalize_read(store_sqlite_of(store), SQL_FINALIZE_GET,
	    order_id, arena, ret, err);
}

int
store_sqlite_finalize_take(struct store *store, int64_t order_id,
    struct arena *arena, struct store_finalize *ret, struct err *err)
{
	/* SQLite deletes all rows before it gives the first. */
	return finalize_read(store_sqlite_of(store), SQL_FINALIZE_TAKE,
	    order_id, arena, ret, err);
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

int
store_sqlite_certificate_add(struct store *store,
    const struct store_certificate *certificate, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&store_sqlite_of(store)->db,
	    SQL_CERTIFICATE_ADD);

	sqlite_db_put_int(&use, certificate->id);
	sqlite_db_put_int(&use, certificate->account_id);
	sqlite_db_put_int(&use, certificate->order_id);
	sqlite_db_put_int(&use, certificate->issuer);
	sqlite_db_put_int(&use, certificate->not_after);
	sqlite_db_put_bytes(&use, certificate->serial);
	sqlite_db_put_bytes(&use, certificate->der);
	return store_sqlite_write(&use, "certificate", certificate->id, err);
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
	struct sqlite_db_use use = sqlite_db_use(&store_sqlite_of(store)->db,
	    SQL_CERTIFICATE_GET);
	int r;

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
