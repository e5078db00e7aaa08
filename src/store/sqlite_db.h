/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_STORE_SQLITE_DB_H
#define SIGNET_STORE_SQLITE_DB_H

/*
 * sqlite_db: a SQLite connection with prepared statements that are kept, and
 * reading and writing of their parameters and columns in order:
 *
 *   struct sqlite_db_use use = sqlite_db_use(db, SQL_ORDER_GET);
 *   sqlite_db_put_int(&use, id);
 *   r = sqlite_db_row(&use, err);      1: a row, 0: none, negative: error
 *   x = sqlite_db_int(&use);           columns from left to right
 *   sqlite_db_done(&use);              always
 *
 * Statements are numbers into the table of texts that sqlite_db_open takes;
 * each is prepared when it is first used.
 */

#include <sqlite3.h>

#include "base/bld.h"
#include "base/err.h"
#include "base/mem.h"

#define SQLITE_DB_STATEMENTS_MAX 48

struct sqlite_db {
	sqlite3 *sqlite;
	const char *const *texts;
	sqlite3_stmt *statements[SQLITE_DB_STATEMENTS_MAX];
};

struct sqlite_db_use {
	struct sqlite_db *db;
	sqlite3_stmt *statement; /* NULL: it could not be prepared */
	int parameter;           /* last one put */
	int column;              /* next one to be read */
};

/* From the first statement on, pragmas included, another's lock is waited for,
 * busy_ms at most: who is the last to close a database locks it, too. */
int sqlite_db_open(struct sqlite_db *db, const char *path, int busy_ms,
    const char *const *texts, struct err *err);
void sqlite_db_close(struct sqlite_db *db);

/* Statements without parameters and rows, not kept: schema and pragmas. */
int sqlite_db_exec(struct sqlite_db *db, const char *text, struct err *err);

struct sqlite_db_use sqlite_db_use(struct sqlite_db *db, size_t statement);
void sqlite_db_put_int(struct sqlite_db_use *use, int64_t value);
/* The bytes must live until sqlite_db_done. put_blob: NULL if empty. */
void sqlite_db_put_text(struct sqlite_db_use *use, struct span value);
void sqlite_db_put_bytes(struct sqlite_db_use *use, struct span value);
void sqlite_db_put_blob(struct sqlite_db_use *use, struct span value);

int sqlite_db_row(struct sqlite_db_use *use, struct err *err);
int64_t sqlite_db_int(struct sqlite_db_use *use);
/* Text or bytes, copied into arena; empty for NULL. */
struct span sqlite_db_span(struct sqlite_db_use *use, struct arena *arena);
/* Exactly size bytes, or zeroes. */
void sqlite_db_copy(struct sqlite_db_use *use, void *out, size_t size);
void sqlite_db_done(struct sqlite_db_use *use);

/* Runs a statement that gives ids, takes at most max, and ends its use. */
int sqlite_db_ids(struct sqlite_db_use *use, size_t max, int64_t *ret_ids,
    size_t *ret_count, struct err *err);

/* Runs a statement that gives no row, and ends its use. *ret_changed (may be
 * NULL) is the number of rows that it wrote. -ERR_CONFLICT for a key that
 * exists. */
int sqlite_db_run(struct sqlite_db_use *use, int *ret_changed,
    struct err *err);

#endif
