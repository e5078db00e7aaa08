/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_db.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>

#include "store/sqlite_vfs.h"

/* What people can do about it. SQLite does not keep the system's word for all
 * errors. */
static const char *
remedy(struct sqlite_db *db, int rc)
{
	int number = db->sqlite == NULL ? 0 : sqlite3_system_errno(db->sqlite);

	switch (rc & 0xff) {
	case SQLITE_FULL:
		return ": make room on its disk";
	case SQLITE_IOERR:
		return number == ENOSPC || number == 0 ?
		    ": see whether its disk is full" : ": see the kernel's log";
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
		return ": see whether its disk is mounted read-only, and who "
		    "may write there";
	default:
		return "";
	}
}

static int
db_err(struct sqlite_db *db, int rc, struct err *err)
{
	if ((rc & 0xff) == SQLITE_CONSTRAINT)
		return err_set(err, ERR_CONFLICT, NULL, "the store: %s",
		    sqlite3_errmsg(db->sqlite));
	return err_set(err, ERR_IO, NULL, "the store: %s (SQLite error %d)%s",
	    db->sqlite == NULL ? sqlite3_errstr(rc) :
	    sqlite3_errmsg(db->sqlite), rc, remedy(db, rc));
}

int
sqlite_db_open(struct sqlite_db *db, const char *path, int busy_ms,
    const char *const *texts, struct err *err)
{
	int rc;

	*db = (struct sqlite_db){ .texts = texts };
	sqlite_vfs_register();
	rc = sqlite3_open_v2(path, &db->sqlite, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
	    SQLITE_VFS);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(db->sqlite, busy_ms);
	if (rc != SQLITE_OK) {
		rc = db_err(db, rc, err);
		sqlite_db_close(db);
	}
	return rc;
}

void
sqlite_db_close(struct sqlite_db *db)
{
	for (size_t i = 0; i < SQLITE_DB_STATEMENTS_MAX; i++)
		sqlite3_finalize(db->statements[i]);
	sqlite3_close(db->sqlite);
	*db = (struct sqlite_db){ 0 };
}

int
sqlite_db_exec(struct sqlite_db *db, const char *text, struct err *err)
{
	int rc = sqlite3_exec(db->sqlite, text, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : db_err(db, rc, err);
}

struct sqlite_db_use
sqlite_db_use(struct sqlite_db *db, size_t statement)
{
	sqlite3_stmt **at = &db->statements[statement];

	assert(statement < SQLITE_DB_STATEMENTS_MAX);
	/* A failure shows as a NULL statement in sqlite_db_row. */
	if (*at == NULL)
		sqlite3_prepare_v3(db->sqlite, db->texts[statement], -1,
		    SQLITE_PREPARE_PERSISTENT, at, NULL);
	return (struct sqlite_db_use){ .db = db, .statement = *at };
}

void
sqlite_db_put_int(struct sqlite_db_use *use, int64_t value)
{
	sqlite3_bind_int64(use->statement, ++use->parameter, value);
}

void
sqlite_db_put_text(struct sqlite_db_use *use, struct span value)
{
	assert(value.len <= INT_MAX);
	sqlite3_bind_text(use->statement, ++use->parameter,
	    value.len == 0 ? "" : (const char *)value.data, (int)value.len,
	    SQLITE_STATIC);
}

void
sqlite_db_put_bytes(struct sqlite_db_use *use, struct span value)
{
	assert(value.len <= INT_MAX);
	sqlite3_bind_blob(use->statement, ++use->parameter,
	    value.len == 0 ? "" : (const char *)value.data, (int)value.len,
	    SQLITE_STATIC);
}

void
sqlite_db_put_blob(struct sqlite_db_use *use, struct span value)
{
	if (value.len == 0)
		sqlite3_bind_null(use->statement, ++use->parameter);
	else
		sqlite_db_put_bytes(use, value);
}

int
sqlite_db_row(struct sqlite_db_use *use, struct err *err)
{
	int rc;

	if (use->statement == NULL)
		return db_err(use->db, sqlite3_errcode(use->db->sqlite), err);
	use->column = 0;
	rc = sqlite3_step(use->statement);
	if (rc == SQLITE_ROW)
		return 1;
	return rc == SQLITE_DONE ? 0 : db_err(use->db, rc, err);
}

int64_t
sqlite_db_int(struct sqlite_db_use *use)
{
	return sqlite3_column_int64(use->statement, use->column++);
}

/* Valid until the next step. */
static struct span
column(struct sqlite_db_use *use)
{
	const void *data = sqlite3_column_blob(use->statement, use->column);
	int len = sqlite3_column_bytes(use->statement, use->column);

	use->column++;
	return data == NULL ? SPAN_NONE : span_of(data, (size_t)len);
}

struct span
sqlite_db_span(struct sqlite_db_use *use, struct arena *arena)
{
	struct span s = column(use);

	return s.len == 0 ? SPAN_NONE : arena_dup(arena, s);
}

void
sqlite_db_copy(struct sqlite_db_use *use, void *out, size_t size)
{
	struct span s = column(use);

	if (s.data != NULL && s.len == size)
		memcpy(out, s.data, size);
	else
		memset(out, 0, size);
}

void
sqlite_db_done(struct sqlite_db_use *use)
{
	sqlite3_reset(use->statement);
	use->parameter = 0;
}

int
sqlite_db_run(struct sqlite_db_use *use, int *ret_changed, struct err *err)
{
	int r = sqlite_db_row(use, err);

	assert(r != 1);
	if (r == 0 && ret_changed != NULL)
		*ret_changed = sqlite3_changes(use->db->sqlite);
	sqlite_db_done(use);
	return r;
}

int
sqlite_db_ids(struct sqlite_db_use *use, size_t max, int64_t *ret_ids,
    size_t *ret_count, struct err *err)
{
	int r = 0;

	*ret_count = 0;
	while (*ret_count < max && (r = sqlite_db_row(use, err)) == 1)
		ret_ids[(*ret_count)++] = sqlite_db_int(use);
	sqlite_db_done(use);
	return r < 0 ? r : 0;
}
