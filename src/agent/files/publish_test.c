/* SPDX-License-Identifier: Apache-2.0 */
/* Publication in every layout, stopped at every step: a reader never sees a
 * key without its certificate, and doing it again finishes. */
#include "agent/files/files_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/files/fs.h"
#include "agent/files/intent.h"
#include "agent/files/publish.h"
#include "agent/proc/key_file.h"

#define STEPS_MAX 200
#define STOPPED 77 /* exit status of who is stopped in the middle */

static struct files_fixture fixture;
static struct files_set first, second;
static char top[64]; /* of one test */
static char dir[96]; /* the agent's state in it */

static int
setup(void **state)
{
	(void)state;
	files_fixture_init(&fixture);
	files_fixture_set(&fixture, "www.example.org", NULL, &first);
	files_fixture_set(&fixture, "www.example.org", NULL, &second);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(first.key);
	EVP_PKEY_free(second.key);
	files_fixture_done(&fixture);
	return 0;
}

static void __attribute__((format(printf, 1, 2)))
run(const char *format, ...)
{
	char command[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(command, sizeof(command), format, ap);
	va_end(ap);
	assert_int_equal(system(command), 0);
}

static void
make_top(void)
{
	snprintf(top, sizeof(top), "%s/signet-publish-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(top));
	snprintf(dir, sizeof(dir), "%s/state", top);
	run("mkdir -p %s/live %s/archive %s/publish", dir, dir, dir);
}

static void
drop_top(void)
{
	run("rm -rf %s", top);
}

/* A site in each layout, in folders as its program leaves them. */
static void
make_site(enum site_layout layout, struct site *ret)
{
	static char folder[96];

	*ret = (struct site){ .name = SPAN_LIT("www.example.org"),
		.key_type = SITE_KEY_EC256, .layout = layout,
		.uid = SITE_KEEP_ID, .gid = SITE_KEEP_ID, .key_mode = 0600 };
	if (layout == SITE_LAYOUT_SIGNET)
		return;
	snprintf(folder, sizeof(folder), "%s/foreign", top);
	run("mkdir -p %s && cd %s && mkdir -p live/www.example.org "
	    "archive/www.example.org www.example.org/backup && "
	    "for at in . www.example.org live/www.example.org; "
	    "do echo hello >$at/README; done && "
	    "ln -sfn README www.example.org/link", folder, folder);
	ret->folder = span_str(folder);
	ret->lineage = ret->name;
}

static int
publish_set(const struct site *site, const struct files_set *set,
    int64_t at_s, struct err *err)
{
	const struct publish publish = { .dir = dir, .site = site,
		.chain = &set->chain, .key = set->key_pem, .at_s = at_s };
	struct err pruned = ERR_INIT;
	int r = publish_target(&publish, &pruned, err);

	assert_int_equal(pruned.kind, ERR_NONE);
	return r == 0 ? publish_copies(&publish, err) : r;
}

/* Which of the two a reader sees: 0 none, 1, 2; a mixed pair fails. */
static int
seen(const struct site *site)
{
	struct arena arena = { 0 };
	struct chain live;
	struct bld key;
	int which = 0;

	bld_init(&key, PUBLISH_KEY_MAX);
	assert_int_equal(publish_live(site, dir, &arena, &live, NULL), 0);
	if (live.leaf.exists) {
		which = span_equal(live.certificates[0], first.der) ? 1 : 2;
		assert_int_equal(publish_live_key(site, dir,
		    live.leaf.spki_hash, &key, NULL), 0);
		assert_true(span_equal(bld_view(&key),
		    which == 1 ? first.key_pem : second.key_pem));
	} else {
		assert_int_not_equal(publish_live_key(site, dir, NULL, &key,
		    NULL), 0);
	}
	bld_free(&key);
	arena_free(&arena);
	return which;
}

static int steps_left;

static void
count_step(void)
{
	if (steps_left-- == 0)
		_exit(STOPPED);
}

/* Publishes in a process that stops before its n-th step; whether it did. */
static bool
publish_stopped(const struct site *site, const struct files_set *set, int n)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		steps_left = n;
		fs_before_step = count_step;
		_exit(publish_set(site, set, 2000, NULL) == 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_true(WEXITSTATUS(status) == 0 ||
	    WEXITSTATUS(status) == STOPPED);
	return WEXITSTATUS(status) == STOPPED;
}

/* No name that a stop left behind. */
static void
check_tidy(const struct site *site)
{
	assert_int_equal(seen(site), 2);
	run("test -z \"$(find %s -name '.*.signet' -o -name '.*.aside')\"",
	    top);
}

static void
stop_everywhere(enum site_layout layout, bool replaces)
{
	struct err err = ERR_INIT;
	struct site site;
	bool stopped = true;
	int n = 0, before;

	for (; stopped; n++) {
		assert_true(n < STEPS_MAX);
		make_top();
		make_site(layout, &site);
		if (replaces)
			assert_int_equal(publish_set(&site, &first, 1000,
			    &err), 0);
		stopped = publish_stopped(&site, &second, n);
		before = seen(&site);
		assert_true(before == 2 || before == (replaces ? 1 : 0) ||
		    (before == 0 && fs_no_exchange));
		if (publish_set(&site, &second, 2000, &err) != 0)
			fail_msg("step %d: %s", n, err.text);
		check_tidy(&site);
		drop_top();
	}
	assert_true(n > 10);
}

static void
test_signet(void **state)
{
	(void)state;
	stop_everywhere(SITE_LAYOUT_SIGNET, false);
	stop_everywhere(SITE_LAYOUT_SIGNET, true);
}

/* No file for a moment, but no wrong pair. */
static void
test_no_exchange(void **state)
{
	(void)state;
	fs_no_exchange = true;
	stop_everywhere(SITE_LAYOUT_SIGNET, true);
	stop_everywhere(SITE_LAYOUT_ACMESH, true);
	fs_no_exchange = false;
}

static void
test_certbot(void **state)
{
	(void)state;
	stop_everywhere(SITE_LAYOUT_CERTBOT, false);
	stop_everywhere(SITE_LAYOUT_CERTBOT, true);
}

static void
test_dehydrated(void **state)
{
	(void)state;
	stop_everywhere(SITE_LAYOUT_DEHYDRATED, true);
}

static void
test_lego(void **state)
{
	(void)state;
	stop_everywhere(SITE_LAYOUT_LEGO, true);
}

static void
test_acmesh(void **state)
{
	(void)state;
	stop_everywhere(SITE_LAYOUT_ACMESH, true);
}

static void
expect_file(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", top, name);
	if (access(path, F_OK) != 0)
		fail_msg("there is no %s", path);
}

static void
expect_link(const char *name, const char *target)
{
	char path[256], got[256];
	ssize_t len;

	snprintf(path, sizeof(path), "%s/%s", top, name);
	len = readlink(path, got, sizeof(got) - 1);
	assert_true(len > 0);
	got[len] = '\0';
	assert_string_equal(got, target);
}

/* What each program would have left, and what it had besides stays. */
static void
test_names(void **state)
{
	struct site site;

	(void)state;
	make_top();
	make_site(SITE_LAYOUT_CERTBOT, &site);
	assert_int_equal(publish_set(&site, &first, 1000, NULL), 0);
	assert_int_equal(publish_set(&site, &second, 2000, NULL), 0);
	expect_link("foreign/live/www.example.org/privkey.pem",
	    "../../archive/www.example.org/privkey2.pem");
	expect_link("foreign/live/www.example.org/fullchain.pem",
	    "../../archive/www.example.org/fullchain2.pem");
	expect_file("foreign/archive/www.example.org/cert1.pem");
	expect_file("foreign/live/www.example.org/README");
	make_site(SITE_LAYOUT_DEHYDRATED, &site);
	assert_int_equal(publish_set(&site, &first, 1000, NULL), 0);
	assert_int_equal(publish_set(&site, &second, 2000, NULL), 0);
	expect_link("foreign/www.example.org/cert.pem", "cert-2000.pem");
	expect_file("foreign/www.example.org/privkey-1000.pem");
	expect_file("foreign/www.example.org/README");
	expect_file("foreign/www.example.org/backup");
	expect_link("foreign/www.example.org/link", "README");
	drop_top();
}

static void
test_acmesh_names(void **state)
{
	struct site site;

	(void)state;
	make_top();
	make_site(SITE_LAYOUT_ACMESH, &site);
	site.lineage = SPAN_LIT("www.example.org_ecc");
	assert_int_equal(publish_set(&site, &first, 1000, NULL), 0);
	expect_file("foreign/www.example.org_ecc/www.example.org.cer");
	expect_file("foreign/www.example.org_ecc/www.example.org.key");
	expect_file("foreign/www.example.org_ecc/ca.cer");
	expect_file("foreign/www.example.org_ecc/fullchain.cer");
	make_site(SITE_LAYOUT_LEGO, &site);
	assert_int_equal(publish_set(&site, &first, 1000, NULL), 0);
	expect_file("foreign/www.example.org.crt");
	expect_file("foreign/www.example.org.key");
	expect_file("foreign/www.example.org.issuer.crt");
	expect_file("foreign/README");
	expect_file("foreign/www.example.org/backup");
	drop_top();
}

static void
test_modes(void **state)
{
	char path[256];
	struct stat st;
	struct site site;

	(void)state;
	make_top();
	make_site(SITE_LAYOUT_SIGNET, &site);
	site.key_mode = 0640;
	site.num_copies = 1;
	snprintf(path, sizeof(path), "%s/haproxy.pem", top);
	site.copies[0] = (struct site_copy){ SITE_COMBINED, span_str(path),
		SITE_KEEP_ID, SITE_KEEP_ID, 0600 };
	assert_int_equal(publish_set(&site, &first, 1000, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	snprintf(path, sizeof(path), "%s/live/www.example.org/privkey.pem",
	    dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	snprintf(path, sizeof(path), "%s/live/www.example.org", dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	drop_top();
}

/* A copy that cannot be made does not keep the certificate from being live. */
static void
test_bad_copy(void **state)
{
	struct err err = ERR_INIT;
	struct site site;

	(void)state;
	make_top();
	make_site(SITE_LAYOUT_SIGNET, &site);
	site.num_copies = 1;
	site.copies[0] = (struct site_copy){ SITE_COMBINED,
		SPAN_LIT("/no/such/folder/x.pem"), SITE_KEEP_ID, SITE_KEEP_ID,
		0600 };
	assert_int_not_equal(publish_set(&site, &first, 1000, &err), 0);
	assert_non_null(strstr(err.text, "/no/such/folder"));
	assert_int_equal(seen(&site), 1);
	drop_top();
}

/* The last few are kept, and their keys found. */
static void
test_archive(void **state)
{
	struct err pruned = ERR_INIT;
	struct site site;
	struct bld key;
	char path[256];

	(void)state;
	make_top();
	make_site(SITE_LAYOUT_SIGNET, &site);
	for (int i = 0; i < PUBLISH_ARCHIVED_MAX + 4; i++)
		assert_int_equal(publish_set(&site, i % 2 == 0 ? &first :
		    &second, 1000, NULL), 0);
	snprintf(path, sizeof(path), "%s/archive/www.example.org", dir);
	run("test $(ls %s | wc -l) = 5", path);
	bld_init(&key, PUBLISH_KEY_MAX);
	assert_int_equal(publish_live_key(&site, dir, second.spki_hash, &key,
	    NULL), 0);
	assert_true(span_equal(bld_view(&key), second.key_pem));
	bld_reset(&key);
	assert_int_equal(publish_live_key(&site, dir,
	    (const uint8_t[FILES_HASH_SIZE]){ 1 }, &key, NULL),
	    -(int)ERR_NOT_FOUND);
	assert_int_equal(key.len, 0);
	assert_int_equal(publish_remove(&site, dir, &pruned, NULL), 0);
	assert_int_equal(pruned.kind, ERR_NONE);
	assert_int_equal(seen(&site), 0);
	bld_free(&key);
	drop_top();
}

/* What cannot be removed is told, hinders nothing, and keeps nothing else. */
static void
test_archive_stays(void **state)
{
	struct publish publish = { .dir = dir, .chain = &second.chain,
		.key = second.key_pem, .at_s = 1000 };
	struct err pruned = ERR_INIT, err = ERR_INIT;
	struct site site;

	(void)state;
	make_top();
	make_site(SITE_LAYOUT_SIGNET, &site);
	publish.site = &site;
	assert_int_equal(publish_set(&site, &first, 1000, NULL), 0);
	run("cd %s/archive && mkdir -p www.example.org/1/folder/deep "
	    "www.example.org/2 www.example.org/9", dir);
	if (publish_target(&publish, &pruned, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(seen(&site), 2);
	assert_non_null(strstr(pruned.text, "could be removed"));
	run("test \"$(ls %s/archive/www.example.org | tr '\\n' ' ')\" = "
	    "'1 10 9 '", dir);
	drop_top();
}

/* What else stands in a key's file does not go with it to where root's servers
 * read it. */
static void
test_key_alone(void **state)
{
	struct site site;
	struct bld key;

	(void)state;
	make_top();
	make_site(SITE_LAYOUT_SIGNET, &site);
	assert_int_equal(publish_set(&site, &first, 1000, NULL), 0);
	run("echo 'ssl_engine evil;' >>%s/live/www.example.org/privkey.pem",
	    dir);
	bld_init(&key, PUBLISH_KEY_MAX);
	assert_int_equal(publish_live_key(&site, dir, first.spki_hash, &key,
	    NULL), 0);
	assert_true(span_equal(bld_view(&key), first.key_pem));
	bld_free(&key);
	drop_top();
}

/* Nobody is held up by what is not a file. */
static void
test_fifo(void **state)
{
	struct arena arena = { 0 };
	struct chain live;
	struct err err = ERR_INIT;
	struct site site;

	(void)state;
	make_top();
	make_site(SITE_LAYOUT_SIGNET, &site);
	assert_int_equal(publish_set(&site, &first, 1000, NULL), 0);
	run("cd %s/live/www.example.org && rm -f fullchain.pem && "
	    "mkfifo fullchain.pem", dir);
	assert_int_equal(publish_live(&site, dir, &arena, &live, &err),
	    -(int)ERR_CONFIG);
	assert_non_null(strstr(err.text, "not a regular file"));
	arena_free(&arena);
	drop_top();
}

static void
test_intent(void **state)
{
	struct intent intent = { .at_s = 1000, .chain = first.pem }, got;
	struct arena arena = { 0 };
	struct site site;

	(void)state;
	make_top();
	make_site(SITE_LAYOUT_SIGNET, &site);
	assert_int_equal(intent_read(dir, &site, &arena, &got, NULL),
	    -(int)ERR_NOT_FOUND);
	memcpy(intent.spki_hash, first.spki_hash, FILES_HASH_SIZE);
	assert_int_equal(intent_write(dir, &site, &intent, NULL), 0);
	assert_int_equal(intent_read(dir, &site, &arena, &got, NULL), 0);
	assert_true(span_equal(got.chain, first.pem));
	assert_memory_equal(got.spki_hash, first.spki_hash, FILES_HASH_SIZE);
	assert_int_equal(intent_remove(dir, &site, NULL), 0);
	assert_int_equal(intent_remove(dir, &site, NULL), 0);
	assert_int_equal(intent_read(dir, &site, &arena, &got, NULL),
	    -(int)ERR_NOT_FOUND);
	arena_free(&arena);
	drop_top();
}

/* Who may write on the way to a folder could lead root to another. */
static void
test_links(void **state)
{
	char path[160];
	struct bld text;
	int fd, r;

	(void)state;
	make_top();
	run("cd %s && mkdir -p real/in && echo kept >real/in/file && "
	    "ln -s real roots && ln -s ../real/in real/theirs", top);
	snprintf(path, sizeof(path), "%s/roots/in", top);
	assert_int_equal(fs_open(AT_FDCWD, path, &fd, NULL), 0);
	close(fd);
	if (geteuid() == 0)
		run("chown -h nobody %s/real/theirs", top);
	snprintf(path, sizeof(path), "%s/real/theirs", top);
	r = fs_open(AT_FDCWD, path, &fd, NULL);
	assert_int_equal(r, geteuid() == 0 ? -(int)ERR_CONFIG : 0);
	if (r == 0)
		close(fd);
	/* So could a link in the place of a key. */
	run("cd %s && ln -s in/file real/ours && ln -s in/file real/other", top);
	if (geteuid() == 0)
		run("chown -h nobody %s/real/other", top);
	snprintf(path, sizeof(path), "%s/real", top);
	assert_int_equal(fs_open(AT_FDCWD, path, &fd, NULL), 0);
	bld_init(&text, 64);
	assert_int_equal(fs_read(fd, "ours", true, &text, NULL), 0);
	assert_int_equal(text.len, strlen("kept\n"));
	assert_true(fs_read(fd, "ours", false, &text, NULL) < 0);
	assert_true((fs_read(fd, "other", true, &text, NULL) < 0) ==
	    (geteuid() == 0));
	bld_free(&text);
	close(fd);
	/* A link in the place of what we make goes; what it leads to stays. */
	snprintf(path, sizeof(path), "%s/real", top);
	assert_int_equal(fs_open(AT_FDCWD, path, &fd, NULL), 0);
	assert_true(fs_open(fd, "theirs", &r, NULL) < 0);
	assert_int_equal(fs_remove_folder(fd, "theirs", NULL), 0);
	assert_false(fs_exists(fd, "theirs"));
	close(fd);
	run("test -f %s/real/in/file", top);
	drop_top();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signet),
		cmocka_unit_test(test_no_exchange),
		cmocka_unit_test(test_certbot),
		cmocka_unit_test(test_dehydrated),
		cmocka_unit_test(test_lego),
		cmocka_unit_test(test_acmesh),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_acmesh_names),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_bad_copy),
		cmocka_unit_test(test_archive),
		cmocka_unit_test(test_archive_stays),
		cmocka_unit_test(test_key_alone),
		cmocka_unit_test(test_fifo),
		cmocka_unit_test(test_intent),
		cmocka_unit_test(test_links),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
