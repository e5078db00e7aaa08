/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/state/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/state/run_lock.h"

struct fix {
	char dir[64];
	struct state *state;
	struct arena arena;
	struct err err;
};

static int
setup(void **at)
{
	struct fix *fix = mem_zalloc(sizeof(*fix));

	snprintf(fix->dir, sizeof(fix->dir), "/tmp/signet-state-XXXXXX");
	if (mkdtemp(fix->dir) == NULL)
		return -1;
	if (state_open(fix->dir, true, &fix->state, &fix->err) != 0) {
		fprintf(stderr, "%s\n", fix->err.text);
		return -1;
	}
	*at = fix;
	return 0;
}

static int
teardown(void **at)
{
	static const char *const names[] = {
		"signet.db", "signet.db-wal", "signet.db-shm", "lock"
	};
	struct fix *fix = *at;
	char path[128];

	state_close(fix->state);
	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/%s", fix->dir, names[i]);
		unlink(path);
	}
	rmdir(fix->dir);
	arena_free(&fix->arena);
	free(fix);
	return 0;
}

static int64_t
add_site(struct fix *fix, const char *name)
{
	struct state_site site = { .origin = STATE_FROM_COMMAND,
	    .name = span_str(name), .options = SPAN_LIT("key=ec256\n") };

	assert_int_equal(state_site_set(fix->state, &site, &fix->err), 0);
	return site.id;
}

static void
reopen(struct fix *fix)
{
	state_close(fix->state);
	assert_int_equal(state_open(fix->dir, false, &fix->state, &fix->err),
	    0);
}

static void
test_open(void **at)
{
	struct fix *fix = *at;
	struct state *none;
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/signet.db", fix->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(state_open("/nonexistent", false, &none, &fix->err),
	    -ERR_NOT_FOUND);
	reopen(fix);
}

static void
test_sites(void **at)
{
	struct fix *fix = *at;
	int64_t a = add_site(fix, "b.example"), b = add_site(fix, "a.example");
	struct state_site site;

	assert_int_not_equal(a, b);
	assert_int_equal(add_site(fix, "b.example"), a);
	assert_int_equal(state_site_next(fix->state, SPAN_NONE, &fix->arena,
	    &site, &fix->err), 0);
	assert_true(span_equal_str(site.name, "a.example"));
	assert_int_equal(state_site_next(fix->state, site.name, &fix->arena,
	    &site, &fix->err), 0);
	assert_int_equal(site.id, a);
	assert_int_equal(state_site_next(fix->state, site.name, &fix->arena,
	    &site, &fix->err), -ERR_NOT_FOUND);
	assert_int_equal(state_site_del(fix->state, a, &fix->err), 0);
	assert_int_equal(state_site_get(fix->state, SPAN_LIT("b.example"),
	    &fix->arena, &site, &fix->err), -ERR_NOT_FOUND);
}

/* A certificate, all of its members, and what hangs on it. */
static void
test_certs(void **at)
{
	struct fix *fix = *at;
	int64_t site = add_site(fix, "a.example"), ids[STATE_CERTS_PER_SITE];
	struct state_deployment step = { .step = SPAN_LIT("reload"),
	    .tries = 2, .next_at = 7, .error = SPAN_LIT("no") };
	struct state_cert cert = { 0 }, back = { 0 };
	size_t count;

	assert_int_equal(state_cert_add(fix->state, site, 1, false,
	    &fix->err), 0);
	assert_int_equal(state_cert_add(fix->state, site, 1, false,
	    &fix->err), 0);
	assert_int_equal(state_cert_add(fix->state, site, 3, true,
	    &fix->err), 0);
	assert_int_equal(state_cert_list(fix->state, site, ids, &count,
	    &fix->err), 0);
	assert_int_equal(count, 2);
	cert = (struct state_cert){ .id = ids[0], .due_at = 1,
	    .directory = SPAN_LIT("https://ca/dir"), .leaf_hash = { 9 },
	    .serial = SPAN_LIT("02"), .not_after = 5, .renew_at = 4,
	    .reason = STATE_REASON_ARI, .error = SPAN_LIT("e"),
	    .failures = 3, .error_at = 8 };
	assert_int_equal(state_cert_set(fix->state, &cert, &fix->err), 0);
	assert_int_equal(state_deployment_set(fix->state, ids[0], &step,
	    &fix->err), 0);
	reopen(fix);
	assert_int_equal(state_cert_get(fix->state, ids[0], &fix->arena,
	    &back, &fix->err), 0);
	assert_int_equal(back.key_type, 1);
	assert_int_equal(back.error_at, 8);
	assert_int_equal(back.leaf_hash[0], 9);
	assert_true(span_equal_str(back.error, "e"));
	step = (struct state_deployment){ 0 };
	assert_int_equal(state_deployment_next(fix->state, ids[0], SPAN_NONE,
	    &fix->arena, &step, &fix->err), 0);
	assert_int_equal(step.tries, 2);
	assert_int_equal(state_site_del(fix->state, site, &fix->err), 0);
	assert_int_equal(state_cert_get(fix->state, ids[0], &fix->arena,
	    &back, &fix->err), -ERR_NOT_FOUND);
	assert_int_equal(state_deployment_get(fix->state, ids[0],
	    SPAN_LIT("reload"), &fix->arena, &step, &fix->err),
	    -ERR_NOT_FOUND);
}

static void
test_due(void **at)
{
	struct fix *fix = *at;
	struct state_cert cert = { 0 };
	int64_t ids[4], next;
	size_t count;

	assert_int_equal(state_cert_next_due(fix->state, &next, &fix->err), 0);
	assert_int_equal(next, STATE_NEVER);
	for (int i = 1; i <= 5; i++) {
		char name[32];

		snprintf(name, sizeof(name), "%d.example", i);
		assert_int_equal(state_cert_add(fix->state,
		    add_site(fix, name), 1, false, &fix->err), 0);
		cert.id = i;
		cert.due_at = 100 - i;
		assert_int_equal(state_cert_set(fix->state, &cert,
		    &fix->err), 0);
	}
	assert_int_equal(state_cert_due(fix->state, 97, ids, 4, &count,
	    &fix->err), 0);
	assert_int_equal(count, 3);
	assert_int_equal(ids[0], 5);
	assert_int_equal(state_cert_next_due(fix->state, &next, &fix->err), 0);
	assert_int_equal(next, 95);
}

static void
test_small(void **at)
{
	struct fix *fix = *at;
	struct state_account account = { .directory = SPAN_LIT("d"),
	    .created_at = 5 }, back;
	struct state_failure failure = { 2, 99 };
	struct state_authority authority = { STATE_FROM_FILE, SPAN_LIT("ca"),
	    SPAN_LIT("x=y") };
	struct span text;

	assert_int_equal(state_account_add(fix->state, &account, &fix->err),
	    0);
	account.kid = SPAN_LIT("kid");
	assert_int_equal(state_account_set(fix->state, &account, &fix->err),
	    0);
	assert_int_equal(state_account_get(fix->state, SPAN_LIT("d"),
	    &fix->arena, &back, &fix->err), 0);
	assert_true(span_equal_str(back.kid, "kid"));
	assert_int_equal(state_failure_set(fix->state, SPAN_LIT("n"),
	    SPAN_LIT("d"), &failure, &fix->err), 0);
	failure = (struct state_failure){ 0 };
	assert_int_equal(state_failure_get(fix->state, SPAN_LIT("n"),
	    SPAN_LIT("d"), &failure, &fix->err), 0);
	assert_int_equal(failure.until_at, 99);
	assert_int_equal(state_authority_set(fix->state, &authority,
	    &fix->err), 0);
	assert_int_equal(state_authority_del_file(fix->state, &fix->err), 0);
	assert_int_equal(state_authority_get(fix->state, SPAN_LIT("ca"),
	    &fix->arena, &authority, &fix->err), -ERR_NOT_FOUND);
	assert_int_equal(state_meta_set(fix->state, "k", SPAN_LIT("v"),
	    &fix->err), 0);
	assert_int_equal(state_meta_get(fix->state, "k", &fix->arena, &text,
	    &fix->err), 0);
	assert_true(span_equal_str(text, "v"));
}

/* What a clock that was ahead has put off comes now; all else stays. */
static void
test_clock_back(void **at)
{
	struct fix *fix = *at;
	struct state_failure failure = { .count = 2, .until_at = 5000 };
	struct state_deployment step = { .step = SPAN_LIT("reload x"),
	    .next_at = 5000 };
	int64_t ids[STATE_CERTS_PER_SITE];
	struct state_cert cert;
	size_t count;

	assert_int_equal(state_cert_add(fix->state, add_site(fix,
	    "a.example"), 1, false, &fix->err), 0);
	assert_int_equal(state_cert_list(fix->state, 1, ids, &count,
	    &fix->err), 0);
	assert_int_equal(state_cert_get(fix->state, ids[0], &fix->arena, &cert,
	    &fix->err), 0);
	cert.not_after = 9000;
	cert.renew_at = cert.due_at = cert.retry_at = cert.ari_check_at = 5000;
	cert.ocsp_at = STATE_NEVER;
	assert_int_equal(state_cert_set(fix->state, &cert, &fix->err), 0);
	assert_int_equal(state_deployment_set(fix->state, cert.id, &step,
	    &fix->err), 0);
	assert_int_equal(state_failure_set(fix->state, SPAN_LIT("n"),
	    SPAN_LIT("d"), &failure, &fix->err), 0);
	assert_int_equal(state_clock_back(fix->state, 1000, 5000, &fix->err),
	    0);
	state_cert_get(fix->state, cert.id, &fix->arena, &cert, &fix->err);
	assert_int_equal(cert.due_at, 5000);
	assert_int_equal(state_clock_back(fix->state, 1000, 4999, &fix->err),
	    0);
	state_cert_get(fix->state, cert.id, &fix->arena, &cert, &fix->err);
	assert_int_equal(cert.due_at, 0);
	assert_int_equal(cert.retry_at, 1000);
	assert_int_equal(cert.ari_check_at, 1000);
	assert_int_equal(cert.renew_at, 5000);
	assert_true(cert.ocsp_at == STATE_NEVER);
	state_failure_get(fix->state, SPAN_LIT("n"), SPAN_LIT("d"), &failure,
	    &fix->err);
	assert_int_equal(failure.until_at, 1000);
	assert_int_equal(state_deployment_get(fix->state, cert.id, step.step,
	    &fix->arena, &step, &fix->err), 0);
	assert_int_equal(step.next_at, 1000);
}

static void
test_transaction(void **at)
{
	struct fix *fix = *at;
	struct state_site site;

	assert_int_equal(state_begin(fix->state, &fix->err), 0);
	add_site(fix, "a.example");
	assert_int_equal(state_end(fix->state, -ERR_IO, &fix->err), -ERR_IO);
	assert_int_equal(state_site_get(fix->state, SPAN_LIT("a.example"),
	    &fix->arena, &site, &fix->err), -ERR_NOT_FOUND);
}

static void
test_lock(void **at)
{
	struct fix *fix = *at;
	char who[RUN_LOCK_WHO_SIZE];
	struct run_lock one, two;
	int status;
	pid_t pid;

	assert_int_equal(run_lock_take(&one, fix->dir, "renew", false, who,
	    &fix->err), 0);
	assert_int_equal(run_lock_take(&two, fix->dir, "get", false, who,
	    &fix->err), -ERR_BUSY);
	assert_non_null(strstr(who, "signet renew, process "));
	pid = fork();
	if (pid == 0) {
		close(one.fd); /* it shares the lock */
		_exit(run_lock_take(&two, fix->dir, "get", true, who,
		    NULL) == 0 ? 0 : 1);
	}
	run_lock_release(&one);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* As who closes it as the last one does, for a moment. */
static sqlite3 *
lock_out(struct fix *fix)
{
	char path[128];
	sqlite3 *ret;

	snprintf(path, sizeof(path), "%s/signet.db", fix->dir);
	assert_int_equal(sqlite3_open(path, &ret), SQLITE_OK);
	assert_int_equal(sqlite3_exec(ret, "PRAGMA locking_mode = EXCLUSIVE;"
	    "BEGIN EXCLUSIVE; UPDATE meta SET value = value", NULL, NULL,
	    NULL), SQLITE_OK);
	return ret;
}

/* Opens it once it is told to, and says when it is done. */
static pid_t
start_opener(struct fix *fix, const int ends[2])
{
	pid_t pid = fork();
	bool good;
	char c;

	if (pid != 0)
		return pid;
	close(ends[0]);
	good = read(ends[1], &c, 1) == 1 &&
	    state_open(fix->dir, false, &fix->state, &fix->err) == 0;
	state_close(fix->state);
	_exit(write(ends[1], "", 1) == 1 && good ? 0 : 1);
}

/* Nothing is said before the lock is gone. */
static void
test_locked(void **at)
{
	struct fix *fix = *at;
	struct pollfd said = { .events = POLLIN };
	int ends[2], status;
	sqlite3 *locker;
	pid_t pid;

	state_close(fix->state);
	fix->state = NULL;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	pid = start_opener(fix, ends);
	locker = lock_out(fix);
	assert_int_equal(write(ends[0], "", 1), 1);
	said.fd = ends[0];
	assert_int_equal(poll(&said, 1, 100), 0);
	assert_int_equal(sqlite3_close(locker), SQLITE_OK);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(ends[0]);
	close(ends[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sites, setup, teardown),
		cmocka_unit_test_setup_teardown(test_certs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_due, setup, teardown),
		cmocka_unit_test_setup_teardown(test_small, setup, teardown),
		cmocka_unit_test_setup_teardown(test_clock_back, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_transaction, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_lock, setup, teardown),
		cmocka_unit_test_setup_teardown(test_locked, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
