/* SPDX-License-Identifier: Apache-2.0 */

/* What of a database is on the disk, and when. */

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/mem.h"
#include "store/sqlite_vfs.h"

static char folder[] = "/tmp/signet-vfs-XXXXXX";
static sqlite3 *db;

static sqlite3 *
open_in(const char *name)
{
	sqlite3 *ret;

	sqlite_vfs_register();
	assert_int_equal(sqlite3_open_v2(name, &ret, SQLITE_OPEN_READWRITE |
	    SQLITE_OPEN_CREATE, SQLITE_VFS), SQLITE_OK);
	return ret;
}

static int
run(const char *text)
{
	return sqlite3_exec(db, text, NULL, NULL, NULL);
}

static void
ok(const char *text)
{
	if (run(text) != SQLITE_OK)
		fail_msg("%s: %s", text, sqlite3_errmsg(db));
}

static int64_t
number(sqlite3 *of, const char *text)
{
	sqlite3_stmt *statement;
	int64_t ret;

	assert_int_equal(sqlite3_prepare_v2(of, text, -1, &statement, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	ret = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return ret;
}

static int
set_up(void **state)
{
	(void)state;
	strcpy(folder + sizeof(folder) - 7, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	db = open_in("a.db");
	ok("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	    "CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB)");
	return 0;
}

static int
tear_down(void **state)
{
	static const char *const files[] = {
		"a.db", "a.db-wal", "a.db-shm", "b.db", "b.db-wal", "b.db-shm",
	};

	(void)state;
	sqlite3_close(db);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(files[i]);
	return rmdir(folder);
}

static void
copy(const char *from, const char *to)
{
	uint8_t chunk[4096];
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	size_t n;

	assert_true(in != NULL && out != NULL);
	while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0)
		assert_int_equal(fwrite(chunk, 1, n, out), n);
	fclose(in);
	assert_int_equal(fclose(out), 0);
}

/* What the next process finds when this one is killed here. */
static int64_t
rows_after_kill(void)
{
	sqlite3 *found;
	int64_t rows;

	copy("a.db", "b.db");
	copy("a.db-wal", "b.db-wal");
	found = open_in("b.db");
	rows = number(found, "SELECT count(*) FROM t");
	assert_int_equal(number(found, "SELECT integrity_check = 'ok'"
	    " FROM pragma_integrity_check"), 1);
	sqlite3_close(found);
	return rows;
}

static int64_t
size_of_log(void)
{
	struct stat st;

	assert_int_equal(stat("a.db-wal", &st), 0);
	return st.st_size;
}

/* A commit that returned is in the file, whole; before it nothing is. */
static void
test_commit(void **state)
{
	(void)state;
	for (int64_t i = 0; i < 20; i++) {
		int64_t size = size_of_log();

		ok("BEGIN; INSERT INTO t (data) VALUES (randomblob(9000))");
		assert_int_equal(size_of_log(), size);
		assert_int_equal(rows_after_kill(), i);
		ok("COMMIT");
		assert_true(size_of_log() > size);
		assert_int_equal(rows_after_kill(), i + 1);
	}
}

/* More than waits at once, and more than SQLite's own cache holds: it reads
 * back what it has just written. */
static void
test_large(void **state)
{
	(void)state;
	ok("PRAGMA cache_size = 10; BEGIN");
	for (int i = 0; i < 300; i++)
		ok("INSERT INTO t (data) VALUES (randomblob(3000))");
	ok("UPDATE t SET data = zeroblob(5000) WHERE id % 3 = 0");
	assert_int_equal(number(db, "SELECT sum(length(data)) FROM t"),
	    200 * 3000 + 100 * 5000);
	assert_int_equal(rows_after_kill(), 0);
	ok("COMMIT");
	assert_int_equal(rows_after_kill(), 300);
}

/* The log starts again from its beginning when all of it is copied. */
static void
test_checkpoint(void **state)
{
	(void)state;
	ok("PRAGMA wal_autocheckpoint = 5");
	for (int i = 0; i < 40; i++) {
		ok("INSERT INTO t (data) VALUES (randomblob(5000))");
		assert_int_equal(rows_after_kill(), i + 1);
	}
	ok("PRAGMA wal_checkpoint(TRUNCATE)");
	assert_int_equal(size_of_log(), 0);
	assert_int_equal(rows_after_kill(), 40);
}

/* A commit that cannot be written fails, and what follows is sound. */
static void
test_full(void **state)
{
	struct rlimit before, limit;

	(void)state;
	ok("INSERT INTO t (data) VALUES (1)");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit = before;
	limit.rlim_cur = (rlim_t)size_of_log() + 5000;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ok("BEGIN; INSERT INTO t (data) VALUES (randomblob(50000))");
	assert_int_not_equal(run("COMMIT"), SQLITE_OK);
	run("ROLLBACK");
	assert_int_equal(number(db, "SELECT count(*) FROM t"), 1);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(rows_after_kill(), 1);
	ok("INSERT INTO t (data) VALUES (randomblob(50000))");
	assert_int_equal(rows_after_kill(), 2);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) { #f, f, set_up, tear_down, NULL }
		TEST(test_commit), TEST(test_large), TEST(test_checkpoint),
		TEST(test_full),
	};

	return cmocka_run_group_tests_name("sqlite_vfs", tests, NULL, NULL);
}
