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

/* An order with a finalize that is taken, and its certificate, inside a
 * transaction. */
static void
issue(struct store *store, struct arena *arena)
{
	struct store_certificate certificate = { .id = 40, .account_id = 1,
		.order_id = 20, .serial = SPAN_LIT("1"),
		.der = SPAN_LIT("der") };
	struct store_finalize finalize;
	struct store_order order;
	struct store_authz authz;

	assert_int_equal(store_begin(store, NULL), 0);
	assert_int_equal(store_authz_get(store, 21, arena, &authz, NULL), 0);
	authz.authz.status = AUTHZ_VALID;
	authz.attestations = SPAN_LIT("attested");
	assert_int_equal(store_authz_advance(store, AUTHZ_PENDING, 0, &authz,
	    NULL), 0);
	assert_int_equal(store_order_get(store, 20, arena, &order, NULL), 0);
	order.order.status = ORDER_VALID;
	order.finalized = SPAN_LIT("hash");
	assert_int_equal(store_order_advance(store, ORDER_PENDING, &order,
	    NULL), 0);
	assert_int_equal(store_finalize_take(store, 20, arena, &finalize,
	    NULL), 0);
	assert_int_equal(store_certificate_add(store, &certificate, NULL), 0);
}

/* What the store says of all that. */
static void
check_issued(struct store *store, bool issued, struct arena *arena)
{
	struct store_certificate certificate;
	struct store_finalize finalize;
	struct store_order order;
	struct store_authz authz;

	assert_int_equal(store_authz_get(store, 21, arena, &authz, NULL), 0);
	assert_int_equal(authz.authz.status,
	    issued ? AUTHZ_VALID : AUTHZ_PENDING);
	assert_true(span_equal_str(authz.attestations,
	    issued ? "attested" : ""));
	assert_true(span_equal_str(authz.authz.ident.value, "a.example"));
	assert_int_equal(store_order_get(store, 20, arena, &order, NULL), 0);
	assert_int_equal(order.order.status,
	    issued ? ORDER_VALID : ORDER_PENDING);
	assert_true(span_equal_str(order.finalized, issued ? "hash" : ""));
	assert_int_equal(order.order.authz_ids[0], 21);
	assert_int_equal(store_finalize_get(store, 20, arena, &finalize, NULL),
	    issued ? -ERR_NOT_FOUND : 0);
	if (!issued)
		assert_true(span_equal_str(finalize.unverified, "evidence"));
	assert_int_equal(store_certificate_get(store, 40, arena, &certificate,
	    NULL), issued ? 0 : -ERR_NOT_FOUND);
	if (issued)
		assert_true(span_equal_str(certificate.der, "der"));
}

static void
add_order(struct store *store, struct arena *arena)
{
	struct account account = some_account(1, 1);
	struct store_order order = { .order = { .id = 20, .account_id = 1,
		.status = ORDER_PENDING, .profile = SPAN_LIT("default"),
		.idents = { .count = 1, .items = {
		    { IDENT_DNS, SPAN_LIT("a.example") } } },
		.authz_ids = { 21 } } };
	struct store_authz authz = { .order_id = 20, .authz = { .id = 21,
		.account_id = 1, .status = AUTHZ_PENDING,
		.ident = { IDENT_DNS, SPAN_LIT("a.example") } } };
	struct store_finalize finalize;

	memset(authz.authz.token, 't', ACME_TOKEN_SIZE);
	assert_int_equal(store_account_add(store, &account, NULL), 0);
	assert_int_equal(store_authz_add(store, &authz, NULL), 0);
	assert_int_equal(store_order_add(store, &order, NULL), 0);
	assert_int_equal(store_finalize_get(store, 20, arena, &finalize, NULL),
	    -ERR_NOT_FOUND);
	assert_int_equal(store_finalize_add(store, 20, STORE_UNVERIFIED,
	    SPAN_LIT("evidence"), NULL), 0);
}

/* Rows that are remembered are as the transaction has them; the others say
 * what the database has. */
static void
test_rows_remembered(void **state)
{
	struct arena arena = { 0 };
	struct store *store;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(store_sqlite_open(path, &store, &err), 0);
	add_order(store, &arena);
	check_issued(store, false, &arena);
	issue(store, &arena);
	check_issued(store, true, &arena);
	store_rollback(store);
	for (int i = 0; i < 2; i++)
		check_issued(store, false, &arena);
	issue(store, &arena);
	assert_int_equal(store_commit(store, &err), 0);
	check_issued(store, true, &arena);
	store_free(store);
	assert_int_equal(store_sqlite_open(path, &store, &err), 0);
	for (int i = 0; i < 2; i++)
		check_issued(store, true, &arena);
	arena_free(&arena);
	store_free(store);
}

/* Compare-and-set is the database's, whatever is remembered; and what it
 * refused is not remembered. */
static void
test_remembered_wrongly(void **state)
{
	struct arena arena = { 0 };
	struct store_order order;
	struct store *store;
	struct err err = ERR_INIT;
	char out[64];

	(void)state;
	assert_int_equal(store_sqlite_open(path, &store, &err), 0);
	add_order(store, &arena);
	query("UPDATE orders SET status = 5", out, sizeof(out));
	assert_int_equal(store_order_get(store, 20, &arena, &order, &err), 0);
	order.order.status = ORDER_READY;
	assert_int_equal(store_order_advance(store, ORDER_PENDING, &order,
	    &err), -ERR_CONFLICT);
	assert_int_equal(store_order_get(store, 20, &arena, &order, &err), 0);
	assert_int_equal(order.order.status, ORDER_INVALID);
	arena_free(&arena);
	store_free(store);
}

/* What an operator writes with sqlite3 is seen by the next transaction. */
static void
test_others_write(void **state)
{
	struct arena arena = { 0 };
	struct store_order order;
	struct store *store;
	struct err err = ERR_INIT;
	char out[64];

	(void)state;
	assert_int_equal(store_sqlite_open(path, &store, &err), 0);
	add_order(store, &arena);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_begin(store, &err), 0);
		assert_int_equal(store_order_get(store, 20, &arena, &order,
		    &err), 0);
		assert_int_equal(order.order.status,
		    i == 0 ? ORDER_PENDING : ORDER_INVALID);
		assert_int_equal(store_commit(store, &err), 0);
		query("UPDATE orders SET status = 5", out, sizeof(out));
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
		TEST(test_rows_remembered), TEST(test_remembered_wrongly),
		TEST(test_others_write),
	};

	return cmocka_run_group_tests_name("store_sqlite", tests, NULL, NULL);
}
