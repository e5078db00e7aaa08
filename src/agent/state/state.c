/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/state/state_private.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/state/agent_schema.h"

#define SCHEMA_VERSION (sizeof(agent_schema) / sizeof(agent_schema[0]))
#define BUSY_MS 10000 /* longer than any command holds the write lock */

#define ACCOUNT_COLUMNS "id, directory, kid, contacts, terms_url, created_at"
#define SITE_COLUMNS "id, origin, name, options"
#define CERT_COLUMNS \
	"id, site_id, key_type, second, due_at, directory, leaf_hash," \
	" spki_hash, serial, cert_id, issuer, path, not_before, not_after," \
	" renew_at, reason, ari_start, ari_end, ari_check_at, ari_url," \
	" order_url, order_at_ca, failures, retry_at, error, remedy, error_at," \
	" ocsp_status, ocsp_this, ocsp_next, ocsp_at, ocsp_tries, ocsp_error"
#define DEPLOYMENT_COLUMNS "step, done_at, tries, next_at, error"

static const char *const texts[SQLITE_DB_STATEMENTS_MAX] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_META_GET] = "SELECT value FROM meta WHERE key = ?",
	[SQL_META_SET] = "INSERT OR REPLACE INTO meta (key, value)"
	    " VALUES (?, ?)",
	[SQL_AUTHORITY_SET] = "INSERT OR REPLACE INTO authorities"
	    " (origin, name, options) VALUES (?, ?, ?)",
	[SQL_AUTHORITY_GET] = "SELECT origin, name, options FROM authorities"
	    " WHERE name = ?",
	[SQL_AUTHORITY_DEL_FILE] = "DELETE FROM authorities WHERE origin = 2",
	[SQL_ACCOUNT_ADD] = "INSERT INTO accounts (directory, kid, contacts,"
	    " terms_url, created_at) VALUES (?, ?, ?, ?, ?)"
	    " ON CONFLICT (directory) DO UPDATE SET directory = directory"
	    " RETURNING id",
	[SQL_ACCOUNT_SET] = "UPDATE accounts SET kid = ?, contacts = ?,"
	    " terms_url = ? WHERE id = ?",
	[SQL_ACCOUNT_GET] = "SELECT " ACCOUNT_COLUMNS
	    " FROM accounts WHERE directory = ?",
	[SQL_ACCOUNT_DEL] = "DELETE FROM accounts WHERE id = ?",
	[SQL_ACCOUNT_NEXT] = "SELECT " ACCOUNT_COLUMNS
	    " FROM accounts WHERE id > ? ORDER BY id LIMIT 1",
	[SQL_SITE_SET] = "INSERT INTO sites (origin, name, options)"
	    " VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE"
	    " SET origin = excluded.origin, options = excluded.options"
	    " RETURNING id",
	[SQL_SITE_GET] = "SELECT " SITE_COLUMNS
	    " FROM sites WHERE name = ?",
	[SQL_SITE_GET_ID] = "SELECT " SITE_COLUMNS
	    " FROM sites WHERE id = ?",
	[SQL_SITE_NEXT] = "SELECT " SITE_COLUMNS
	    " FROM sites WHERE name > ? ORDER BY name LIMIT 1",
	[SQL_SITE_DEL] = "DELETE FROM sites WHERE id = ?",
	[SQL_CERT_ADD] = "INSERT OR IGNORE INTO certs"
	    " (site_id, key_type, second, due_at) VALUES (?, ?, ?, 0)",
	[SQL_CERT_SET] = "UPDATE certs SET second = ?, due_at = ?,"
	    " directory = ?, leaf_hash = ?, spki_hash = ?, serial = ?,"
	    " cert_id = ?, issuer = ?, path = ?, not_before = ?,"
	    " not_after = ?, renew_at = ?, reason = ?, ari_start = ?,"
	    " ari_end = ?, ari_check_at = ?, ari_url = ?, order_url = ?,"
	    " order_at_ca = ?, failures = ?, retry_at = ?, error = ?,"
	    " remedy = ?, error_at = ?, ocsp_status = ?, ocsp_this = ?,"
	    " ocsp_next = ?, ocsp_at = ?, ocsp_tries = ?, ocsp_error = ?"
	    " WHERE id = ?",
	[SQL_CERT_GET] = "SELECT " CERT_COLUMNS " FROM certs WHERE id = ?",
	[SQL_CERT_DEL] = "DELETE FROM certs WHERE id = ?",
	[SQL_CERT_LIST] = "SELECT id FROM certs WHERE site_id = ?"
	    " ORDER BY second, key_type LIMIT ?",
	[SQL_CERT_DUE] = "SELECT id FROM certs WHERE due_at <= ?"
	    " ORDER BY due_at LIMIT ?",
	[SQL_CERT_NEXT_DUE] = "SELECT due_at FROM certs"
	    " ORDER BY due_at LIMIT 1",
	[SQL_FAILURE_GET] = "SELECT count, until_at FROM failures"
	    " WHERE ident = ? AND directory = ?",
	[SQL_FAILURE_SET] = "INSERT OR REPLACE INTO failures"
	    " (ident, directory, count, until_at) VALUES (?, ?, ?, ?)",
	[SQL_FAILURE_DEL] = "DELETE FROM failures"
	    " WHERE ident = ? AND directory = ?",
	[SQL_DEPLOYMENT_SET] = "INSERT OR REPLACE INTO deployments"
	    " (cert_id, " DEPLOYMENT_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?)",
	[SQL_DEPLOYMENT_GET] = "SELECT " DEPLOYMENT_COLUMNS
	    " FROM deployments WHERE cert_id = ? AND step = ?",
	[SQL_DEPLOYMENT_DEL] = "DELETE FROM deployments WHERE cert_id = ?",
	[SQL_DEPLOYMENT_NEXT] = "SELECT " DEPLOYMENT_COLUMNS
	    " FROM deployments WHERE cert_id = ? AND step > ?"
	    " ORDER BY step LIMIT 1",
	[SQL_RECORD_SET] = "INSERT OR REPLACE INTO records"
	    " (site_id, ident, until_at, seen_at, warned_at)"
	    " VALUES (?, ?, ?, ?, ?)",
	[SQL_RECORD_NEXT] = "SELECT ident, until_at, seen_at, warned_at"
	    " FROM records WHERE site_id = ? AND ident > ?"
	    " ORDER BY ident LIMIT 1",
	[SQL_CLOCK_RETRY] = "UPDATE certs SET retry_at = ?1, due_at = 0"
	    " WHERE retry_at > ?2",
	[SQL_CLOCK_ARI] = "UPDATE certs SET ari_check_at = ?1, due_at = 0"
	    " WHERE ari_check_at > ?2 AND not_after != 0",
	[SQL_CLOCK_OCSP] = "UPDATE certs SET ocsp_at = ?1, due_at = 0"
	    " WHERE ocsp_at > max(?2, ocsp_next)"
	    " AND ocsp_at != 9223372036854775807",
	[SQL_CLOCK_FAILURE] = "UPDATE failures SET until_at = ?1"
	    " WHERE until_at > ?2",
	[SQL_CLOCK_DEPLOYMENT] = "UPDATE deployments SET next_at = ?1"
	    " WHERE next_at > ?2 AND done_at = 0",
	[SQL_CLOCK_DEPLOYED] = "UPDATE certs SET due_at = ?1"
	    " WHERE due_at > ?1 AND id IN (SELECT cert_id FROM deployments"
	    " WHERE next_at = ?1 AND done_at = 0)",
};
_Static_assert(SQL_COUNT <= SQLITE_DB_STATEMENTS_MAX, "room");

/* FULL, too, because our VFS (store/sqlite_vfs.h) writes the log when it is
 * synced: with NORMAL a commit would not outlive kill -9. */
static const char pragmas[] =
	"PRAGMA journal_mode = WAL;"
	"PRAGMA synchronous = FULL;"
	"PRAGMA foreign_keys = ON;"
	"PRAGMA cache_size = -1024;"
	"PRAGMA mmap_size = 0;";

static int
read_version(struct state *s, int64_t *ret, struct err *err)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(s->db.sqlite, "PRAGMA user_version", -1,
	    &statement, NULL) != SQLITE_OK ||
	    sqlite3_step(statement) != SQLITE_ROW) {
		sqlite3_finalize(statement);
		return err_set(err, ERR_IO, NULL, "%s",
		    sqlite3_errmsg(s->db.sqlite));
	}
	*ret = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return 0;
}

/* Numbered migrations, each with its number in one transaction. Another run
 * may be at it, too: the number is read again under the write lock. */
static int
migrate(struct state *s, struct err *err)
{
	char set[64];
	int64_t version = 0;
	int r = read_version(s, &version, err);

	while (r == 0 && version < (int64_t)SCHEMA_VERSION) {
		r = sqlite_db_exec(&s->db, "BEGIN IMMEDIATE", err);
		if (r == 0)
			r = read_version(s, &version, err);
		if (r == 0 && version < (int64_t)SCHEMA_VERSION)
			r = sqlite_db_exec(&s->db, agent_schema[version++],
			    err);
		snprintf(set, sizeof(set), "PRAGMA user_version = %" PRId64
		    "; COMMIT", version);
		if (r == 0)
			r = sqlite_db_exec(&s->db, set, err);
	}
	if (r == 0 && version > (int64_t)SCHEMA_VERSION)
		r = err_set(err, ERR_CONFIG, NULL, "it was written by a newer "
		    "signet; use that one, or another --dir");
	return r;
}

static int
open_db(struct state *s, const char *path, bool there, struct err *err)
{
	int r = sqlite_db_open(&s->db, path, BUSY_MS, texts, err);

	if (r == 0)
		r = sqlite_db_exec(&s->db, there ? strchr(pragmas, ';') + 1 :
		    pragmas, err);
	return r == 0 ? migrate(s, err) : r;
}

int
state_open(const char *dir, bool create, struct state **ret, struct err *err)
{
	char path[PATH_MAX];
	struct state *s;
	mode_t mask;
	bool there;
	int r;

	if (snprintf(path, sizeof(path), "%s/%s", dir, STATE_FILE) >=
	    (int)sizeof(path))
		return err_set(err, ERR_CONFIG, NULL, "the path of --dir is "
		    "too long; give a shorter one");
	there = access(path, F_OK) == 0;
	if (!create && !there)
		return err_set(err, ERR_NOT_FOUND, NULL, "there is no %s yet; "
		    "`signet get NAME` makes the first certificate", path);
	s = mem_zalloc(sizeof(*s));
	/* For the log and its index, too. */
	mask = umask(077);
	r = open_db(s, path, there, err);
	umask(mask);
	if (r == 0) {
		*ret = s;
		return 0;
	}
	err_prefix(err, "%s", path);
	state_close(s);
	return r;
}

void
state_close(struct state *state)
{
	if (state == NULL)
		return;
	sqlite_db_close(&state->db);
	free(state);
}

int
state_begin(struct state *state, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_BEGIN);

	return sqlite_db_run(&use, NULL, err);
}

int
state_end(struct state *state, int r, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db,
	    r == 0 ? SQL_COMMIT : SQL_ROLLBACK);
	int ended = sqlite_db_run(&use, NULL, r == 0 ? err : NULL);

	if (r == 0 && ended != 0) {
		use = sqlite_db_use(&state->db, SQL_ROLLBACK);
		sqlite_db_run(&use, NULL, NULL);
	}
	return r == 0 ? ended : r;
}

int
state_missing(struct err *err, const char *what)
{
	return err_set(err, ERR_NOT_FOUND, NULL, "there is no such %s", what);
}

int
state_meta_get(struct state *state, const char *key, struct arena *arena,
    struct span *ret, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_META_GET);
	int r;

	*ret = SPAN_NONE;
	sqlite_db_put_text(&use, span_str(key));
	r = sqlite_db_row(&use, err);
	if (r == 1)
		*ret = sqlite_db_span(&use, arena);
	sqlite_db_done(&use);
	return r < 0 ? r : 0;
}

int
state_meta_set(struct state *state, const char *key, struct span value,
    struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_META_SET);

	sqlite_db_put_text(&use, span_str(key));
	sqlite_db_put_text(&use, value);
	return sqlite_db_run(&use, NULL, err);
}

/* What was to come at a time that a clock said which was ahead. */
int
state_clock_back(struct state *state, int64_t now, int64_t late,
    struct err *err)
{
	int r = state_begin(state, err);

	if (r < 0)
		return r;
	for (enum state_sql sql = SQL_CLOCK_RETRY; r == 0 &&
	    sql <= SQL_CLOCK_DEPLOYED; sql++) {
		struct sqlite_db_use use = sqlite_db_use(&state->db, sql);

		sqlite_db_put_int(&use, now);
		if (sql != SQL_CLOCK_DEPLOYED)
			sqlite_db_put_int(&use, late);
		r = sqlite_db_run(&use, NULL, err);
	}
	return state_end(state, r, err);
}

int
state_failure_get(struct state *state, struct span ident,
    struct span directory, struct state_failure *ret, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_FAILURE_GET);
	int r;

	*ret = (struct state_failure){ 0 };
	sqlite_db_put_text(&use, ident);
	sqlite_db_put_text(&use, directory);
	r = sqlite_db_row(&use, err);
	if (r == 1) {
		ret->count = sqlite_db_int(&use);
		ret->until_at = sqlite_db_int(&use);
	}
	sqlite_db_done(&use);
	return r < 0 ? r : 0;
}

int
state_failure_set(struct state *state, struct span ident,
    struct span directory, const struct state_failure *failure,
    struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_FAILURE_SET);

	sqlite_db_put_text(&use, ident);
	sqlite_db_put_text(&use, directory);
	sqlite_db_put_int(&use, failure->count);
	sqlite_db_put_int(&use, failure->until_at);
	return sqlite_db_run(&use, NULL, err);
}

int
state_failure_del(struct state *state, struct span ident,
    struct span directory, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_FAILURE_DEL);

	sqlite_db_put_text(&use, ident);
	sqlite_db_put_text(&use, directory);
	return sqlite_db_run(&use, NULL, err);
}
