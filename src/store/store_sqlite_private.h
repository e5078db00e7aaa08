/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_STORE_STORE_SQLITE_PRIVATE_H
#define SIGNET_STORE_STORE_SQLITE_PRIVATE_H

/*
 * store_sqlite_private: what the files of the SQLite driver share: one table
 * of statements, and the verbs that store_sqlite.c puts into its ops.
 */

#include "store/row_cache.h"
#include "store/sqlite_db.h"
#include "store/store_ops.h"

enum sql {
	SQL_BEGIN, SQL_DATA_VERSION, SQL_COMMIT, SQL_ROLLBACK, SQL_LAST_ID,
	SQL_ACCOUNT_ADD, SQL_ACCOUNT_GET, SQL_ACCOUNT_FIND_KEY, SQL_ACCOUNT_GET_BY_KEY,
	SQL_ACCOUNT_ADVANCE,
	SQL_ORDER_ADD, SQL_ORDER_GET, SQL_ORDER_ADVANCE, SQL_ORDER_LIST,
	SQL_AUTHZ_ADD, SQL_AUTHZ_GET, SQL_AUTHZ_ADVANCE, SQL_AUTHZ_FIND_VALID,
	SQL_AUTHZ_LIST_PROCESSING,
	SQL_FINALIZE_ADD_UNVERIFIED, SQL_FINALIZE_ADD_VERIFIED,
	SQL_FINALIZE_GET, SQL_FINALIZE_TAKE, SQL_FINALIZE_LIST,
	SQL_FINALIZE_DEL_UNVERIFIED, SQL_FINALIZE_DEL_VERIFIED,
	SQL_FINALIZE_CLEAR_UNVERIFIED, SQL_FINALIZE_CLEAR_VERIFIED,
	SQL_CERTIFICATE_ADD, SQL_CERTIFICATE_GET,
	SQL_CERTIFICATE_GET_BY_SERIAL,
	SQL_EXPIRE_ORDERS, SQL_EXPIRE_AUTHZS,
	SQL_COUNT
};

#define STORE_SQLITE_SCRATCH 3 /* builders for one statement's blobs */

/* What is kept in memory of rows that were written or read lately. Half a dozen
 * requests for one certificate ask for the same account, order and
 * authorization. */
enum store_sqlite_row {
	STORE_SQLITE_ACCOUNT, STORE_SQLITE_ORDER, STORE_SQLITE_AUTHZ,
	STORE_SQLITE_FINALIZE, STORE_SQLITE_CERTIFICATE
};

struct store_sqlite {
	struct store store; /* first */
	struct sqlite_db db;
	struct bld scratch[STORE_SQLITE_SCRATCH];
	struct row_cache rows; /* as the open transaction sees them */
	struct bld row;        /* one of them, while it is made */
	int64_t data_version;  /* SQLite's, changed when others write */
};

static inline struct store_sqlite *
store_sqlite_of(struct store *store)
{
	return (struct store_sqlite *)store;
}

/* An empty builder that lives until the next verb. */
struct bld *store_sqlite_scratch(struct store_sqlite *s, size_t n);

/* Runs a statement that must write one row: -ERR_CONFLICT if it wrote none. */
int store_sqlite_write(struct sqlite_db_use *use, const char *what,
    int64_t id, struct err *err);

/* -ERR_NOT_FOUND with the object's name and number. */
int store_sqlite_missing(const char *what, int64_t id, struct err *err);

/* A problem as a blob in builder n, empty for none; and back. */
struct span store_sqlite_problem(struct store_sqlite *s, size_t n,
    const struct problem *problem);
int store_sqlite_get_problem(struct span blob, struct arena *arena,
    struct problem *ret, struct err *err);

/* Keeps the row that was built in s->row, or none if it is too large. */
void store_sqlite_keep(struct store_sqlite *s, enum store_sqlite_row kind,
    int64_t id);
/* A copy of what is kept, empty if there is nothing. */
struct span store_sqlite_recall(struct store_sqlite *s,
    enum store_sqlite_row kind, int64_t id, struct arena *arena);

int store_sqlite_account_add(struct store *store,
    const struct account *account, struct err *err);
int store_sqlite_account_get(struct store *store, int64_t id,
    struct arena *arena, struct account *ret, struct err *err);
int store_sqlite_account_find_key(struct store *store, struct span key_spki,
    struct err *err);
int store_sqlite_account_get_by_key(struct store *store,
    const uint8_t thumbprint[JWK_THUMBPRINT_SIZE], struct arena *arena,
    struct account *ret, struct err *err);
int store_sqlite_account_advance(struct store *store,
    enum account_status from, const struct account *account,
    struct err *err);

int store_sqlite_order_add(struct store *store,
    const struct store_order *order, struct err *err);
int store_sqlite_order_get(struct store *store, int64_t id,
    struct arena *arena, struct store_order *ret, struct err *err);
int store_sqlite_order_advance(struct store *store, enum order_status from,
    const struct store_order *order, struct err *err);
int store_sqlite_order_list(struct store *store, int64_t account_id,
    int64_t before_id, int64_t now, size_t max, int64_t *ret_ids,
    size_t *ret_count, struct err *err);

int store_sqlite_authz_add(struct store *store,
    const struct store_authz *authz, struct err *err);
int store_sqlite_authz_get(struct store *store, int64_t id,
    struct arena *arena, struct store_authz *ret, struct err *err);
int store_sqlite_authz_advance(struct store *store, enum authz_status from,
    enum challenge_status from_attempted, const struct store_authz *authz,
    struct err *err);
int store_sqlite_authz_find_valid(struct store *store, int64_t account_id,
    const struct ident *ident, bool wildcard, int64_t expires_min,
    struct arena *arena, struct store_authz *ret, struct err *err);
int store_sqlite_authz_list_processing(struct store *store,
    int64_t after_id, size_t max, int64_t *ret_ids, size_t *ret_count,
    struct err *err);

int store_sqlite_finalize_add(struct store *store, int64_t order_id,
    enum store_slot slot, struct span evidence, struct err *err);
int store_sqlite_finalize_get(struct store *store, int64_t order_id,
    struct arena *arena, struct store_finalize *ret, struct err *err);
int store_sqlite_finalize_take(struct store *store, int64_t order_id,
    struct arena *arena, struct store_finalize *ret, struct err *err);
int store_sqlite_finalize_del(struct store *store, int64_t order_id,
    enum store_slot slot, struct err *err);
int store_sqlite_finalize_list(struct store *store, int64_t after_id,
    size_t max, int64_t *ret_ids, size_t *ret_count, struct err *err);

int store_sqlite_certificate_add(struct store *store,
    const struct store_certificate *certificate, struct err *err);
int store_sqlite_certificate_get(struct store *store, int64_t id,
    struct arena *arena, struct store_certificate *ret, struct err *err);
int store_sqlite_certificate_get_by_serial(struct store *store,
    struct span serial, struct arena *arena, struct store_certificate *ret,
    struct err *err);

#endif
