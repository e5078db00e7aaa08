/* SPDX-License-Identifier: Apache-2.0 */

/* What is SQLite's own: migrations, plans, trouble. The verbs are tested by
 * store_test.c. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/sqlite_db.h"
#include "store/store_sqlite.h"

static char path[] = "/tmp/signet-sqlite-XXXXXX";

static int
set_up(void **state)
{
	int fd;

	(void)state;
	strcpy(path + sizeof(path) - 7, "XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	return 0;
}

static int
tear_down(void **state)
{
	char other[64];

	(void)state;
	unlink(path);
	snprintf(other, sizeof(other), "%s-wal", path);
	unlink(other);
	snprintf(other, sizeof(other), "%s-shm", path);
	unlink(other);
	return 0;
}

/* One text value of a statement that is not kept. */
static void
query(const char *text, char *out, size_t out_size)
{
	sqlite3 *db;
	sqlite3_stmt *statement;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &statement, NULL),
	    SQLITE_OK);
	out[0] = '\0';
	while (sqlite3_step(statement) == SQLITE_ROW) {
		const unsigned char *value = sqlite3_column_text(statement,
		    sqlite3_column_count(statement) - 1);

		snprintf(out + strlen(out), out_size - strlen(out), "%s\n",
		    (const char *)value);
	}
	sqlite3_finalize(statement);
	sqlite3_close(db);
}

static void
test_open_twice(void **state)
{
	struct store *store;
	struct err err = ERR_INIT;
	char out[256];

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_sqlite_open(path, &store, &err), 0);
		store_free(store);
	}
	query("SELECT group_concat(version) FROM schema_version", out,
	    sizeof(out));
	assert_string_equal(out, "1,2\n");
	query("PRAGMA journal_mode", out, sizeof(out));
	assert_string_equal(out, "wal\n");
	/* One of an earlier Signet gets what it lacks. */
	query("DROP INDEX accounts_key", out, sizeof(out));
	query("DELETE FROM schema_version WHERE version = 2", out,
	    sizeof(out));
	assert_int_equal(store_sqlite_open(path, &store, &err), 0);
	store_free(store);
	query("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'accounts_key'",
	    out, sizeof(out));
	assert_string_equal(out, "1\n");
}

static void
test_newer_schema(void **state)
{
	struct store *store;
	struct err err = ERR_INIT;
	char out[256];

	(void)state;
	assert_int_equal(store_sqlite_open(path, &store, &err), 0);
	store_free(store);
	query("INSERT INTO schema_version VALUES (99)", out, sizeof(out));
	assert_int_equal(store_sqlite_open(path, &store, &err), -ERR_CONFIG);
	assert_non_null(strstr(err.text, "schema version 99"));
	assert_non_null(strstr(err.text, path));
}

static void
test_not_a_database(void **state)
{
	FILE *file = fopen(path, "w");
	struct store *store;
	struct err err = ERR_INIT;

	(void)state;
	for (int i = 0; i < 200; i++)
		fputs("this is no database, but long enough", file);
	fclose(file);
	assert_int_equal(store_sqlite_open(path, &store, &err), -ERR_IO);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(store_sqlite_open("/nonexistent/x.db", &store, &err),
	    -ERR_IO);
}

/* The lookups of the hot path use an index. */
static void
test_plans(void **state)
{
	static const char *const rows[][2] = {
		{ "SELECT * FROM authzs WHERE account_id = 1 AND ident = 'a'"
		  " AND ident_type = 1 AND wildcard = 0 AND status = 2"
		  " AND expires_at >= 5 ORDER BY expires_at DESC LIMIT 1",
		  "USING INDEX authzs_valid" },
		{ "SELECT id FROM authzs WHERE attempted_status = 2"
		  " AND id > 5 ORDER BY id LIMIT 3",
		  "INDEX authzs_processing" },
		{ "SELECT id FROM orders WHERE account_id = 1 AND id < 9"
		  " ORDER BY id DESC LIMIT 3", "INDEX orders_account" },
		{ "SELECT * FROM certificates WHERE serial = x'00'",
		  "USING INDEX" },
		{ "SELECT * FROM accounts WHERE thumbprint = x'00'",
		  "USING INDEX" },
		{ "SELECT id FROM accounts WHERE key_spki = x'00'",
		  "USING COVERING INDEX accounts_key" },
	};
	struct store *store;
	struct err err = ERR_INIT;
	char text[512], out[512];

	(void)state;
	assert_int_equal(store_sqlite_open(path, &store, &err), 0);
	store_free(store);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN %s",
		    rows[i][0]);
		query(text, out, sizeof(out));
		assert_non_null(strstr(out, rows[i][1]));
		assert_null(strstr(out, "TEMP B-TREE"));
	}
}

/* Another writer is waited for, then it is an error, not a crash. */
static void
test_locked(void **state)
{
	struct store *store, *other;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(store_sqlite_open(path, &store, &err), 0);
	assert_int_equal(store_sqlite_open(path, &other, &err), 0);
	assert_int_equal(store_begin(other, &err), 0);
	assert_int_equal(store_begin(store, &err), -ERR_IO);
	store_rollback(other);
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(store_commit(store, &err), 0);
	store_free(other);
	store_free(store);
}

static struct account
some_account(int64_t id, uint8_t mark)
{
	struct account account = {
		.id = id, .status = ACCOUNT_VALID,
		.key_spki = SPAN_LIT("spki"), .created_at = 1000 + id,
		.num_contacts = 1,
		.contacts = { SPAN_LIT("mailto:a@example.org") },
	};

	memset(account.thumbprint, mark, sizeof(account.thumbprint));
	return account;
}

static struct account
get_account(struct store *store, int64_t id, struct arena *arena)
{
	struct account account;
	struct err err = ERR_INIT;

	assert_int_equal(store_account_get(store, id, arena, &account, &err),
	    0);
	return account;
}

/* Accounts are remembered as the transaction has them, not longer. */
static void
test_account_remembered(void **state)
{
	struct account account = some_account(1, 1), got;
	struct arena arena = { 0 };
	struct store *store;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(store_sqlite_open(path, &store, &err), 0);
	assert_int_equal(store_account_add(store, &account, &err), 0);
	get_account(store, 1, &arena);
	account.status = ACCOUNT_DEACTIVATED;
	account.num_contacts = 0;
	assert_int_equal(store_begin(store, &err), 0);
	assert_int_equal(store_account_advance(store, ACCOUNT_VALID, &account,
	    &err), 0);
	for (int i = 0; i < 2; i++) {
		got = get_account(store, 1, &arena);
		assert_int_equal(got.status, ACCOUNT_DEACTIVATED);
		assert_int_equal(got.num_contacts, 0);
	}
	store_rollback(store);
	for (int i = 0; i < 2; i++) {
		got = get_account(store, 1, &arena);
		assert_int_equal(got.status, ACCOUNT_VALID);
		assert_true(span_equal_str(got.key_spki, "spki"));
		assert_int_equal(got.num_contacts, 1);
		assert_true(span_equal_str(got.contacts[0],
		    "mailto:a@example.org"));
	}
	arena_free(&arena);
	store_free(store);
}

/* Also where their ids are alike. */
static void
test_account_alike(void **state)
{
	struct account account, got;
	struct arena arena = { 0 };
	struct store *store;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(store_sqlite_open(path, &store, &err), 0);
	for (uint8_t i = 1; i < 5; i++) {
		account = some_account((int64_t)i << 20, i);
		assert_int_equal(store_account_add(store, &account, &err), 0);
	}
	for (int i = 0; i < 16; i++) {
		int which = 1 + i * i % 4;

		got = get_account(store, (int64_t)which << 20, &arena);
		assert_int_equal(got.id, (int64_t)which << 20);
		assert_int_equal(got.thumbprint[0], which);
		assert_int_equal(got.created_at, 1000 + got.id);
	}
	arena_free(&arena);
	store_free(store);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) { #f, f, set_up, tear_down, NULL }
		TEST(test_open_twice), TEST(test_newer_schema),
		TEST(test_not_a_database), TEST(test_plans),
		TEST(test_locked), TEST(test_account_remembered),
		TEST(test_account_alike),
	};

	return cmocka_run_group_tests_name("store_sqlite", tests, NULL, NULL);
}
