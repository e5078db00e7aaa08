/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_sqlite.h"

#include <inttypes.h>

#include "store/schema_sqlite.h"
#include "store/store_sqlite_private.h"

#define SCHEMA_VERSION (sizeof(schema_sqlite) / sizeof(schema_sqlite[0]))
#define SCRATCH_MAX (256 * 1024) /* bytes of one blob that we build */
#define BUSY_MS 1000 /* nobody but an operator with sqlite3 locks it */

/* Numbers that stand in the schema's partial indexes and in texts below. */
_Static_assert(AUTHZ_VALID == 2, "authzs_valid");
_Static_assert(CHALLENGE_PROCESSING == 2, "authzs_processing");
_Static_assert(ORDER_VALID == 4 && ORDER_INVALID == 5, "SQL_ORDER_LIST");

#define ACCOUNT_COLUMNS \
	"id, status, terms_agreed, created_at, thumbprint, key_spki, contacts"
#define AUTHZ_COLUMNS \
	"id, account_id, order_id, status, expires_at, ident_type, wildcard," \
	" offered, attempted, attempted_status, validated_at, ident, token," \
	" problem, attestations"
#define CERTIFICATE_COLUMNS \
	"id, account_id, order_id, issuer, not_after, serial, der"

static const char *const texts[SQLITE_DB_STATEMENTS_MAX] = {
	/* The write lock is taken at once: a transaction of the only writer
	 * never fails half-way because another one came first. */
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_DATA_VERSION] = "PRAGMA data_version",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_LAST_ID] = "SELECT MAX(id) FROM ("
	    "SELECT MAX(id) AS id FROM accounts"
	    " UNION ALL SELECT MAX(id) FROM orders"
	    " UNION ALL SELECT MAX(id) FROM authzs"
	    " UNION ALL SELECT MAX(id) FROM certificates)",

	[SQL_ACCOUNT_ADD] = "INSERT INTO accounts (" ACCOUNT_COLUMNS ")"
	    " VALUES (?, ?, ?, ?, ?, ?, ?)",
	[SQL_ACCOUNT_GET] = "SELECT " ACCOUNT_COLUMNS
	    " FROM accounts WHERE id = ?",
	[SQL_ACCOUNT_FIND_KEY] =
	    "SELECT id FROM accounts WHERE key_spki = ?",
	[SQL_ACCOUNT_GET_BY_KEY] = "SELECT " ACCOUNT_COLUMNS
	    " FROM accounts WHERE thumbprint = ?",
	[SQL_ACCOUNT_ADVANCE] = "UPDATE accounts"
	    " SET status = ?, terms_agreed = ?, contacts = ?"
	    " WHERE id = ? AND status = ?",

	[SQL_ORDER_ADD] = "INSERT INTO orders (id, account_id, status,"
	    " expires_at, not_before, not_after, authz_left, certificate_id,"
	    " profile, idents, authz_ids, problem, finalized)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[SQL_ORDER_GET] = "SELECT id, account_id, status, expires_at,"
	    " not_before, not_after, authz_left, certificate_id, profile,"
	    " idents, authz_ids, problem, finalized"
	    " FROM orders WHERE id = ?",
	[SQL_ORDER_ADVANCE] = "UPDATE orders SET status = ?, expires_at = ?,"
	    " authz_left = ?, certificate_id = ?, problem = ?, finalized = ?"
	    " WHERE id = ? AND status = ?",
	[SQL_ORDER_LIST] = "SELECT id FROM orders"
	    " WHERE account_id = ? AND id < ?"
	    " AND (status = 4 OR (status <> 5 AND expires_at > ?))"
	    " ORDER BY id DESC LIMIT ?",

	[SQL_AUTHZ_ADD] = "INSERT INTO authzs (" AUTHZ_COLUMNS ")"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[SQL_AUTHZ_GET] = "SELECT " AUTHZ_COLUMNS
	    " FROM authzs WHERE id = ?",
	[SQL_AUTHZ_ADVANCE] = "UPDATE authzs SET status = ?, expires_at = ?,"
	    " attempted = ?, attempted_status = ?, validated_at = ?,"
	    " problem = ?, attestations = ?"
	    " WHERE id = ? AND status = ? AND attempted_status = ?",
	[SQL_AUTHZ_FIND_VALID] = "SELECT " AUTHZ_COLUMNS " FROM authzs"
	    " WHERE account_id = ? AND ident = ? AND ident_type = ?"
	    " AND wildcard = ? AND status = 2 AND expires_at >= ?"
	    " ORDER BY expires_at DESC LIMIT 1",
	[SQL_AUTHZ_LIST_PROCESSING] = "SELECT id FROM authzs"
	    " WHERE attempted_status = 2 AND id > ? ORDER BY id LIMIT ?",

	[SQL_FINALIZE_ADD_UNVERIFIED] = "INSERT INTO finalizes"
	    " (order_id, unverified) VALUES (?, ?)"
	    " ON CONFLICT (order_id) DO UPDATE"
	    " SET unverified = excluded.unverified"
	    " WHERE finalizes.unverified IS NULL",
	[SQL_FINALIZE_ADD_VERIFIED] = "INSERT INTO finalizes"
	    " (order_id, verified) VALUES (?, ?)"
	    " ON CONFLICT (order_id) DO UPDATE"
	    " SET verified = excluded.verified"
	    " WHERE finalizes.verified IS NULL",
	[SQL_FINALIZE_GET] = "SELECT unverified, verified"
	    " FROM finalizes WHERE order_id = ?",
	[SQL_FINALIZE_TAKE] = "DELETE FROM finalizes WHERE order_id = ?",
	[SQL_FINALIZE_LIST] = "SELECT order_id FROM finalizes"
	    " WHERE order_id > ? ORDER BY order_id LIMIT ?",
	[SQL_FINALIZE_DEL_UNVERIFIED] = "DELETE FROM finalizes"
	    " WHERE order_id = ? AND verified IS NULL",
	[SQL_FINALIZE_DEL_VERIFIED] = "DELETE FROM finalizes"
	    " WHERE order_id = ? AND unverified IS NULL",
	[SQL_FINALIZE_CLEAR_UNVERIFIED] = "UPDATE finalizes"
	    " SET unverified = NULL WHERE order_id = ?",
	[SQL_FINALIZE_CLEAR_VERIFIED] = "UPDATE finalizes"
	    " SET verified = NULL WHERE order_id = ?",

	[SQL_CERTIFICATE_ADD] = "INSERT INTO certificates ("
	    CERTIFICATE_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?)",
	[SQL_CERTIFICATE_GET] = "SELECT " CERTIFICATE_COLUMNS
	    " FROM certificates WHERE id = ?",
	[SQL_CERTIFICATE_GET_BY_SERIAL] = "SELECT " CERTIFICATE_COLUMNS
	    " FROM certificates WHERE serial = ?",

	[SQL_EXPIRE_ORDERS] = "DELETE FROM orders WHERE id IN ("
	    "SELECT id FROM orders WHERE id < ? AND expires_at < ?"
	    " AND NOT EXISTS (SELECT 1 FROM finalizes"
	    " WHERE finalizes.order_id = orders.id) ORDER BY id LIMIT ?)",
	[SQL_EXPIRE_AUTHZS] = "DELETE FROM authzs WHERE id IN ("
	    "SELECT id FROM authzs WHERE id < ? AND expires_at < ?"
	    " ORDER BY id LIMIT ?)",
};
_Static_assert(SQL_COUNT <= SQLITE_DB_STATEMENTS_MAX, "room");

/*
 * Pages of 4096 bytes, 2 MB of them in memory. The log is copied back into
 * the database after 16 MB: rarely, so that pages written again and again
 * are copied once, and soon enough that opening after a crash stays quick.
 */
static const char pragmas[] =
	"PRAGMA page_size = 4096;"
	"PRAGMA journal_mode = WAL;"
	"PRAGMA synchronous = FULL;"
	"PRAGMA foreign_keys = ON;"
	"PRAGMA cache_size = -2048;"
	"PRAGMA mmap_size = 0;"
	"PRAGMA temp_store = MEMORY;"
	"PRAGMA wal_autocheckpoint = 4096;"
	"PRAGMA journal_size_limit = 33554432;";

struct bld *
store_sqlite_scratch(struct store_sqlite *s, size_t n)
{
	bld_reset(&s->scratch[n]);
	return &s->scratch[n];
}

void
store_sqlite_keep(struct store_sqlite *s, enum store_sqlite_row kind,
    int64_t id)
{
	if (bld_end(&s->row) == 0)
		row_cache_put(&s->rows, kind, id, bld_view(&s->row));
	else
		row_cache_del(&s->rows, kind, id);
}

struct span
store_sqlite_recall(struct store_sqlite *s, enum store_sqlite_row kind,
    int64_t id, struct arena *arena)
{
	struct span row = row_cache_get(&s->rows, kind, id);

	return row.len == 0 ? row : arena_dup(arena, row);
}

int
store_sqlite_write(struct sqlite_db_use *use, const char *what, int64_t id,
    struct err *err)
{
	int changed, r = sqlite_db_run(use, &changed, err);

	if (r == 0 && changed != 1)
		return err_set(err, ERR_CONFLICT, NULL,
		    "%s %" PRId64 " is in another state by now", what, id);
	return r;
}

int
store_sqlite_missing(const char *what, int64_t id, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND, NULL, "no %s %" PRId64, what, id);
}

struct span
store_sqlite_problem(struct store_sqlite *s, size_t n,
    const struct problem *problem)
{
	struct bld *bld = store_sqlite_scratch(s, n);

	if (problem->kind != ERR_NONE)
		problem_encode(bld, problem);
	return bld_view(bld);
}

int
store_sqlite_get_problem(struct span blob, struct arena *arena,
    struct problem *ret, struct err *err)
{
	struct cur cur = CUR_OF(blob);

	*ret = (struct problem){ .kind = ERR_NONE };
	if (blob.len == 0)
		return 0;
	problem_decode(&cur, arena, ret);
	if (cur_end(&cur) < 0)
		return err_set(err, ERR_IO, NULL,
		    "the store: a problem is not of its form");
	return 0;
}

static void
rollback(struct store *store)
{
	struct sqlite_db_use use =
	    sqlite_db_use(&store_sqlite_of(store)->db, SQL_ROLLBACK);

	/* Fails only if SQLite has rolled back by itself. */
	sqlite_db_run(&use, NULL, NULL);
	row_cache_clear(&store_sqlite_of(store)->rows);
}

/* Rows that are kept may be others now when another connection wrote, as an
 * operator's with sqlite3. */
static int
see_others(struct store_sqlite *s, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&s->db, SQL_DATA_VERSION);
	int r = sqlite_db_row(&use, err);
	int64_t version = r == 1 ? sqlite_db_int(&use) : 0;

	sqlite_db_done(&use);
	if (version != s->data_version)
		row_cache_clear(&s->rows);
	s->data_version = version;
	return r < 0 ? r : 0;
}

static int
begin(struct store *store, struct err *err)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct sqlite_db_use use = sqlite_db_use(&s->db, SQL_BEGIN);
	int r = sqlite_db_run(&use, NULL, err);

	if (r == 0 && (r = see_others(s, err)) < 0)
		rollback(store);
	return r;
}

static int
commit(struct store *store, struct err *err)
{
	struct sqlite_db_use use =
	    sqlite_db_use(&store_sqlite_of(store)->db, SQL_COMMIT);
	int r = sqlite_db_run(&use, NULL, err);

	if (r < 0)
		rollback(store);
	return r;
}

static int
last_id(struct store *store, int64_t *ret, struct err *err)
{
	struct sqlite_db_use use =
	    sqlite_db_use(&store_sqlite_of(store)->db, SQL_LAST_ID);
	int r = sqlite_db_row(&use, err);

	*ret = r == 1 ? sqlite_db_int(&use) : 0;
	sqlite_db_done(&use);
	return r < 0 ? r : 0;
}

static int
expire_some(struct store_sqlite *s, enum sql sql, int64_t expired_before,
    int64_t id_before, size_t max, size_t *deleted, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&s->db, sql);
	int changed, r;

	sqlite_db_put_int(&use, id_before);
	sqlite_db_put_int(&use, expired_before);
	sqlite_db_put_int(&use, (int64_t)max);
	r = sqlite_db_run(&use, &changed, err);
	if (r == 0)
		*deleted += (size_t)changed;
	return r;
}

static int
expire(struct store *store, int64_t expired_before, int64_t id_before,
    size_t max, size_t *ret_deleted, struct err *err)
{
	struct store_sqlite *s = store_sqlite_of(store);
	int r;

	*ret_deleted = 0;
	row_cache_clear(&s->rows);
	r = expire_some(s, SQL_EXPIRE_ORDERS, expired_before, id_before, max,
	    ret_deleted, err);
	if (r < 0)
		return r;
	return expire_some(s, SQL_EXPIRE_AUTHZS, expired_before, id_before,
	    max, ret_deleted, err);
}

static void
free_store(struct store *store)
{
	struct store_sqlite *s = store_sqlite_of(store);

	sqlite_db_close(&s->db);
	row_cache_done(&s->rows);
	bld_free(&s->row);
	for (size_t i = 0; i < STORE_SQLITE_SCRATCH; i++)
		bld_free(&s->scratch[i]);
	free(s);
}

static const struct store_ops ops = {
	.free = free_store,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.last_id = last_id,
	.account_add = store_sqlite_account_add,
	.account_get = store_sqlite_account_get,
	.account_find_key = store_sqlite_account_find_key,
	.account_get_by_key = store_sqlite_account_get_by_key,
	.account_advance = store_sqlite_account_advance,
	.order_add = store_sqlite_order_add,
	.order_get = store_sqlite_order_get,
	.order_advance = store_sqlite_order_advance,
	.order_list = store_sqlite_order_list,
	.authz_add = store_sqlite_authz_add,
	.authz_get = store_sqlite_authz_get,
	.authz_advance = store_sqlite_authz_advance,
	.authz_find_valid = store_sqlite_authz_find_valid,
	.authz_list_processing = store_sqlite_authz_list_processing,
	.finalize_add = store_sqlite_finalize_add,
	.finalize_get = store_sqlite_finalize_get,
	.finalize_take = store_sqlite_finalize_take,
	.finalize_del = store_sqlite_finalize_del,
	.finalize_list = store_sqlite_finalize_list,
	.certificate_add = store_sqlite_certificate_add,
	.certificate_get = store_sqlite_certificate_get,
	.certificate_get_by_serial = store_sqlite_certificate_get_by_serial,
	.expire = expire,
};

/* The number of migrations that the database has seen. */
static int
schema_version(struct sqlite_db *db, int64_t *ret, struct err *err)
{
	sqlite3_stmt *statement = NULL;
	int r, rc;

	r = sqlite_db_exec(db, "CREATE TABLE IF NOT EXISTS schema_version"
	    " (version INTEGER PRIMARY KEY) STRICT", err);
	if (r < 0)
		return r;
	rc = sqlite3_prepare_v2(db->sqlite,
	    "SELECT COALESCE(MAX(version), 0) FROM schema_version", -1,
	    &statement, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(statement);
	*ret = rc == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	sqlite3_finalize(statement);
	if (rc != SQLITE_ROW)
		return err_set(err, ERR_IO, NULL, "the store: %s",
		    sqlite3_errmsg(db->sqlite));
	return 0;
}

static int
migrate_one(struct sqlite_db *db, int64_t version, struct err *err)
{
	char record[80];
	int r;

	snprintf(record, sizeof(record),
	    "INSERT INTO schema_version (version) VALUES (%" PRId64 ")",
	    version);
	r = sqlite_db_exec(db, "BEGIN IMMEDIATE", err);
	if (r == 0)
		r = sqlite_db_exec(db, schema_sqlite[version - 1], err);
	if (r == 0)
		r = sqlite_db_exec(db, record, err);
	if (r == 0)
		return sqlite_db_exec(db, "COMMIT", err);
	sqlite_db_exec(db, "ROLLBACK", NULL);
	return err_prefix(err, "migration %" PRId64, version);
}

static int
migrate(struct sqlite_db *db, struct err *err)
{
	int64_t version;
	int r = schema_version(db, &version, err);

	if (r < 0)
		return r;
	if (version > (int64_t)SCHEMA_VERSION)
		return err_set(err, ERR_CONFIG, NULL, "the database has schema "
		    "version %" PRId64 ", and this signetd knows versions up to "
		    "%zu: run the release that made it, or a later one",
		    version, SCHEMA_VERSION);
	while (r == 0 && version < (int64_t)SCHEMA_VERSION)
		r = migrate_one(db, ++version, err);
	return r;
}

void
store_sqlite_prepare(void)
{
	uint8_t seed;

	/* One thread, and nobody asks how much memory there is: no locks and
	 * no counting in each allocation. Too late (another store is open)
	 * is no harm. */
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_initialize();
	sqlite3_randomness(sizeof(seed), &seed);
}

int
store_sqlite_open(const char *path, struct store **ret, struct err *err)
{
	struct store_sqlite *s = mem_zalloc(sizeof(*s));
	int r;

	s->store.ops = &ops;
	for (size_t i = 0; i < STORE_SQLITE_SCRATCH; i++)
		bld_init(&s->scratch[i], SCRATCH_MAX);
	bld_init(&s->row, ROW_CACHE_ROW_MAX);
	r = sqlite_db_open(&s->db, path, BUSY_MS, texts, err);
	if (r == 0)
		r = sqlite_db_exec(&s->db, pragmas, err);
	if (r == 0)
		r = migrate(&s->db, err);
	if (r < 0) {
		err_prefix(err, "%s", path);
		free_store(&s->store);
		return r;
	}
	*ret = &s->store;
	return 0;
}
