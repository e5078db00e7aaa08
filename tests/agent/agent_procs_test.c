/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's forked processes together, in their sandboxes: this is judge.
 * With --cost it only says what starting them takes. */
#include "agent_procs_fixture.h"

static size_t
count_files(const char *folder)
{
	char path[128];
	struct dirent *entry;
	size_t count = 0;
	DIR *list;

	snprintf(path, sizeof(path), "%s/%s", dir, folder);
	list = opendir(path);
	assert_non_null(list);
	while ((entry = readdir(list)) != NULL)
		count += entry->d_name[0] != '.';
	closedir(list);
	return count;
}

static void
test_publish(void **state)
{
	const struct agent_plan plan = plan_of(ROLES);
	uint8_t first[CERTKEY_HASH_SIZE], next[CERTKEY_HASH_SIZE];
	bool reused;

	(void)state;
	start(&plan);
	publish("www.example.org", CERTKEY_NEW, first, &reused);
	assert_false(reused);
	publish("www.example.org", CERTKEY_REUSE, next, &reused);
	assert_true(reused);
	assert_memory_equal(first, next, sizeof(first));
	publish("www.example.org", CERTKEY_NEW, next, &reused);
	assert_memory_not_equal(first, next, sizeof(first));
	publish("new.example.org", CERTKEY_REUSE, next, &reused);
	assert_false(reused);
	assert_int_equal(count_files("pending"), 0);
	assert_int_equal(count_files("publish"), 0);
	assert_int_equal(count_files("live"), 2);
	agent_procs_stop(procs);
	assert_string_equal(death, "");
}

/* A crash after the CA has certified: the key is still there, and the next run
 * finishes. */
static void
test_crash(void **state)
{
	const struct agent_plan plan = plan_of(ROLES);
	struct judge_certkey_request csr = csr_request("crash.example",
	    CERTKEY_NEW);
	struct judge_files_request files = files_request(JUDGE_FILES_PUBLISH,
	    "crash.example");
	uint8_t hash[CERTKEY_HASH_SIZE];
	struct judge_certkey_answer made;

	(void)state;
	start(&plan);
	made = ask_certkey(&csr);
	memcpy(hash, made.spki_hash, sizeof(hash));
	files.chain = certify(arena_dup(&fixture.arena, made.csr));
	memcpy(files.spki_hash, hash, sizeof(hash));
	agent_procs_stop(procs);
	assert_int_equal(count_files("pending"), 1);
	start(&plan);
	made = ask_certkey(&csr);
	assert_memory_equal(made.spki_hash, hash, sizeof(hash));
	tell_site("crash.example");
	assert_int_equal(ask_files(&files).type, JUDGE_FILES_PUBLISHED);
	csr.policy = CERTKEY_FRESH;
	made = ask_certkey(&csr);
	assert_memory_not_equal(made.spki_hash, hash, sizeof(hash));
	agent_procs_stop(procs);
}

/* What a CA may send instead of what was asked for. */
static void
test_lies(void **state)
{
	const struct agent_plan plan = plan_of(ROLES);
	struct judge_certkey_request csr = csr_request("lies.example",
	    CERTKEY_NEW);
	struct judge_files_request files = files_request(JUDGE_FILES_PUBLISH,
	    "lies.example");
	struct judge_files_answer got;
	struct files_set other;
	struct span good;

	(void)state;
	start(&plan);
	tell_site("lies.example");
	files_fixture_set(&fixture, "lies.example", NULL, &other);
	good = certify(arena_dup(&fixture.arena, ask_certkey(&csr).csr));
	files.chain = other.pem;
	got = ask_files(&files);
	assert_int_equal(got.type, JUDGE_FILES_REFUSED);
	assert_non_null(strstr(got.err.text, "another key"));
	memcpy(files.spki_hash, other.spki_hash, sizeof(files.spki_hash));
	files.names.items[0].value = SPAN_LIT("other.example");
	got = ask_files(&files);
	assert_non_null(strstr(got.err.text, "other names"));
	files.names.items[0].value = SPAN_LIT("lies.example");
	/* The right form, but nobody here has the key. */
	got = ask_files(&files);
	assert_int_equal(got.type, JUDGE_FILES_REFUSED);
	assert_non_null(strstr(got.err.text, "is gone"));
	files.chain = SPAN_LIT("nothing");
	assert_int_equal(ask_files(&files).type, JUDGE_FILES_REFUSED);
	assert_int_equal(count_files("publish"), 0);
	assert_true(good.len > 0);
	EVP_PKEY_free(other.key);
	agent_procs_stop(procs);
}

static void
test_revoke(void **state)
{
	const struct agent_plan plan = plan_of(ROLES);
	struct judge_certkey_request revoke = { .type = JUDGE_CERTKEY_REVOKE,
		.site = SPAN_LIT("gone.example"), .key_type = SITE_KEY_EC256,
		.url = SPAN_LIT("https://ca.example/revoke"),
		.nonce = SPAN_LIT("abc"), .reason = 1 };
	struct judge_certkey_answer got;
	struct arena arena = { 0 };
	struct files_set other;
	struct span pem[2];
	struct jws jws;
	struct bld text;
	char path[128];
	FILE *file;
	size_t count;
	bool reused;

	(void)state;
	start(&plan);
	publish("gone.example", CERTKEY_NEW, revoke.spki_hash, &reused);
	snprintf(path, sizeof(path), "%s/live/gone.example/fullchain.pem", dir);
	file = fopen(path, "r");
	assert_non_null(file);
	bld_init(&text, FILES_CHAIN_MAX);
	text.len = fread(bld_grow(&text, 65536), 1, 65536, file);
	fclose(file);
	assert_int_equal(pki_from_pem(bld_view(&text), &arena, pem, 2, &count,
	    NULL), 0);
	revoke.certificate = pem[0];
	got = ask_certkey(&revoke);
	assert_int_equal(got.type, JUDGE_CERTKEY_JWS);
	assert_int_equal(jws_parse(got.jws, &arena, &jws, NULL), 0);
	assert_true(span_equal_str(jws.header.nonce, "abc"));
	jws_done(&jws);
	/* A certificate of another key is not revoked by this one. */
	files_fixture_set(&fixture, "gone.example", NULL, &other);
	revoke.certificate = other.der;
	assert_int_equal(ask_certkey(&revoke).type, JUDGE_CERTKEY_REFUSED);
	EVP_PKEY_free(other.key);
	bld_free(&text);
	arena_free(&arena);
	agent_procs_stop(procs);
}

static void
test_account(void **state)
{
	const struct agent_plan plan = plan_of(1u << AGENT_ACCOUNT);
	struct judge_account_request request = { .type = JUDGE_ACCOUNT_OPEN,
		.id = 1, .num_origins = 1,
		.origins = { SPAN_LIT("https://ca.example") } };
	struct judge_account_answer got, next;

	(void)state;
	start(&plan);
	got = ask_account(&request);
	assert_int_equal(got.type, JUDGE_ACCOUNT_REFUSED);
	assert_non_null(strstr(got.err.text, "1.key"));
	request.alg = JWK_ES256;
	got = ask_account(&request);
	assert_int_equal(got.type, JUDGE_ACCOUNT_OPENED);
	assert_true(got.opened.created);
	request.type = JUDGE_ACCOUNT_ROLL;
	request.alg = JWK_RS256;
	next = ask_account(&request);
	assert_true(next.opened.next);
	agent_procs_stop(procs);
	/* The run ended before the CA answered. */
	start(&plan);
	request.type = JUDGE_ACCOUNT_OPEN;
	request.alg = 0;
	got = ask_account(&request);
	assert_true(got.opened.next);
	assert_memory_equal(got.opened.next_thumbprint,
	    next.opened.next_thumbprint, JWK_THUMBPRINT_SIZE);
	request.type = JUDGE_ACCOUNT_USE_NEXT;
	got = ask_account(&request);
	assert_memory_equal(got.opened.thumbprint,
	    next.opened.next_thumbprint, JWK_THUMBPRINT_SIZE);
	request.type = JUDGE_ACCOUNT_COMMIT;
	got = ask_account(&request);
	assert_false(got.opened.next);
	assert_int_equal(got.opened.alg, JWK_RS256);
	assert_int_equal(count_files("accounts"), 1);
	agent_procs_stop(procs);
}

/* A key from a file that judge opened and did not read. */
static void
test_import(void **state)
{
	struct agent_plan plan = plan_of(1u << AGENT_ACCOUNT);
	struct judge_account_request request = {
		.type = JUDGE_ACCOUNT_IMPORT, .id = 2 };
	struct files_set set;
	FILE *file = tmpfile();
	int fd = fileno(file);

	(void)state;
	files_fixture_set(&fixture, "key.example", NULL, &set);
	fwrite(set.key_pem.data, 1, set.key_pem.len, file);
	fflush(file);
	rewind(file);
	plan.import_fds = &fd;
	plan.num_import_fds = 1;
	start(&plan);
	assert_int_equal(ask_account(&request).type, JUDGE_ACCOUNT_DONE);
	request.import = 1;
	assert_int_equal(ask_account(&request).type, JUDGE_ACCOUNT_REFUSED);
	request.type = JUDGE_ACCOUNT_OPEN;
	assert_int_equal(ask_account(&request).type, JUDGE_ACCOUNT_OPENED);
	request.type = JUDGE_ACCOUNT_REMOVE;
	assert_int_equal(ask_account(&request).type, JUDGE_ACCOUNT_DONE);
	agent_procs_stop(procs);
	EVP_PKEY_free(set.key);
	fclose(file);
}

/* Without judge nothing goes on: when it is killed, all end. */
static void
test_no_judge(void **state)
{
	const struct agent_plan plan = plan_of(ROLES);
	int status, ended = 0;
	pid_t pid;

	(void)state;
	/* Orphans are ours. */
	assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	pid = fork();
	if (pid == 0) {
		struct loop *loop = loop_new();

		procs = NULL;
		if (agent_procs_start(&procs, loop, &plan, NULL) == 0)
			kill(getpid(), SIGKILL);
		_exit(1);
	}
	while ((pid = waitpid(-1, &status, 0)) > 0) {
		ended++;
		if (WIFEXITED(status))
			assert_int_equal(WEXITSTATUS(status), 0);
		else
			assert_int_equal(WTERMSIG(status), SIGKILL);
	}
	assert_int_equal(ended, 4);
	prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
}

/* Keys are nobody's but the process's that has them. */
static void
test_owners(void **state)
{
	char path[128];
	struct stat st;

	(void)state;
	snprintf(path, sizeof(path), "%s/accounts/1.key", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(st.st_uid, geteuid() == 0 ?
	    AGENT_UID_BASE + AGENT_ACCOUNT : geteuid());
	snprintf(path, sizeof(path), "%s/accounts", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	snprintf(path, sizeof(path), "%s/live/www.example.org/privkey.pem",
	    dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_uid, geteuid());
}

static void
test_death(void **state)
{
	const struct agent_plan plan = plan_of(1u << AGENT_LISTENER);
	const struct agent_plan more = plan_of(1u << AGENT_CERTKEY);

	(void)state;
	start(&plan);
	loop_run(fixture.loop);
	assert_string_equal(death, "the listener process ended with status 3; "
	    "what it said stands above");
	agent_procs_stop(procs);
	/* Nonsense from judge ends a process, and judge hears of it. */
	start(&more);
	agent_procs_send(procs, AGENT_CERTKEY, 999, 7, SPAN_NONE);
	loop_run(fixture.loop);
	assert_non_null(strstr(death, "certkey"));
	agent_procs_stop(procs);
}

static int64_t
cpu_us(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) *
	    INT64_C(1000000) + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

#define COST_ROUNDS 100

static int
say_cost(void)
{
	const struct agent_plan plan = plan_of(ROLES);
	int64_t self = 0, children = 0;

	for (int i = -1; i < COST_ROUNDS; i++) {
		if (i == 0) {
			self = cpu_us(RUSAGE_SELF);
			children = cpu_us(RUSAGE_CHILDREN);
		}
		start(&plan);
		agent_procs_stop(procs);
	}
	printf("starting and ending account, certkey and files: %lld us CPU of "
	    "judge, %lld us of all three\n",
	    (long long)(cpu_us(RUSAGE_SELF) - self) / COST_ROUNDS,
	    (long long)(cpu_us(RUSAGE_CHILDREN) - children) / COST_ROUNDS);
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_publish),
		cmocka_unit_test(test_crash),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_revoke),
		cmocka_unit_test(test_account),
		cmocka_unit_test(test_import),
		cmocka_unit_test(test_no_judge),
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_death),
	};

	if (!begin_all())
		return 1;
	return end_all(argc > 1 && strcmp(argv[1], "--cost") == 0 ?
	    say_cost() : cmocka_run_group_tests(tests, NULL, NULL));
}
