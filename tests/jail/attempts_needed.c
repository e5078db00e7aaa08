/* SPDX-License-Identifier: Apache-2.0 */
/* What must go on working. */
#include "attempts.h"

#include <fcntl.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/loop.h"
#include "proc/control.h"

static int
send_bytes(const struct jail *jail)
{
	char c;

	return write(jail->unix_pair[0], "x", 1) == 1 &&
	    read(jail->unix_pair[1], &c, 1) == 1 ? 0 : -1;
}

static int
pass_descriptor(const struct jail *jail)
{
	struct control link = { .type = CONTROL_LINK, .role = ROLE_CORE,
		.num_fds = 1, .fds = { jail->journal } };
	uint8_t *buf = malloc(CONTROL_SIZE_MAX);
	struct control got;
	int r;

	r = control_send(jail->unix_pair[0], &link, NULL) == 0 &&
	    control_receive(jail->unix_pair[1], buf, &got, NULL) == 1 &&
	    fcntl(got.fds[0], F_GETFD) == FD_CLOEXEC ? 0 : -1;
	free(buf);
	return r;
}

static int
know_time_and_chance(const struct jail *jail)
{
	struct timespec now;
	char text[64];
	struct tm tm;

	(void)jail;
	/* The time zone's file cannot be read: UTC then. */
	return clock_gettime(CLOCK_REALTIME, &now) == 0 &&
	    getrandom(text, sizeof(text), 0) == sizeof(text) &&
	    localtime_r(&now.tv_sec, &tm) != NULL ? 0 : -1;
}

static int
use_much_memory(const struct jail *jail)
{
	char *p = malloc(8 << 20);

	(void)jail;
	if (p == NULL)
		return -1;
	memset(p, 1, 8 << 20);
	p = realloc(p, 16 << 20);
	free(p);
	return p == NULL ? -1 : 0;
}

static int
sign(const struct jail *jail)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t signature[256];
	size_t len = sizeof(signature);
	int ok;

	(void)jail;
	ok = key != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL,
	    key) == 1 && EVP_DigestSign(ctx, signature, &len,
	    (const uint8_t *)"x", 1) == 1;
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	return ok ? 0 : -1;
}

static int
append_durably(const struct jail *jail)
{
	struct stat st;

	return write(jail->journal, "x", 1) == 1 &&
	    fdatasync(jail->journal) == 0 && fstat(jail->journal, &st) == 0 ?
	    0 : -1;
}

static void
stop(void *arg)
{
	loop_stop(arg);
}

/* Made before, as every role does; here only turned. */
static int
turn_loop(const struct jail *jail)
{
	struct pollfd pollfd = { .fd = jail->unix_pair[0], .events = POLLOUT };

	return poll(&pollfd, 1, 0) == 1 ? 0 : -1;
}

/* A role makes its loop before the sandbox: master can always. */
static int
make_loop(const struct jail *jail)
{
	struct loop *loop = loop_new();
	struct env env;

	(void)jail;
	loop_env(loop, &env);
	env.timer_start(env.ctx, 1, stop, loop);
	loop_run(loop);
	loop_free(loop);
	return 0;
}

static int
handle_files(const struct jail *jail)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET,
		.l_len = 1 };
	int fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *at;

	(void)jail;
	if (fd < 0 || fcntl(fd, F_SETLK, &lock) != 0 ||
	    ftruncate(fd, 4096) != 0 || fdatasync(fd) != 0)
		return -1;
	at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED || munmap(at, 4096) != 0)
		return -1;
	close(fd);
	return rename("file", "other") == 0 ? unlink("other") : -1;
}

static int
use_sqlite(const struct jail *jail)
{
	sqlite3 *db;
	int r;

	(void)jail;
	r = sqlite3_open("jail.db", &db);
	if (r == SQLITE_OK)
		r = sqlite3_exec(db, "PRAGMA journal_mode=WAL; "
		    "PRAGMA synchronous=FULL; CREATE TABLE t (a); "
		    "INSERT INTO t VALUES (1); SELECT * FROM t; "
		    "PRAGMA wal_checkpoint(TRUNCATE); DROP TABLE t", NULL,
		    NULL, NULL);
	sqlite3_close(db);
	return r == SQLITE_OK ? 0 : -1;
}

static int
call_abort(const struct jail *jail)
{
	(void)jail;
	abort(); /* must end in SIGABRT, not in the sandbox's SIGSYS */
}

const struct attempt attempts_needed[] = {
	{ "send bytes", send_bytes, ALL, false, 0, 0 },
	{ "pass a descriptor", pass_descriptor, ALL, false, 0, 0 },
	{ "time and chance", know_time_and_chance, ALL, false, 0, 0 },
	{ "much memory", use_much_memory, ALL, false, 0, 0 },
	{ "sign", sign, ALL, false, 0, 0 },
	{ "append durably", append_durably, ALL, false, 0, 0 },
	{ "poll", turn_loop, ALL, false, 0, 0 },
	{ "abort", call_abort, ALL, false, 0, 0 },
	{ "make a loop", make_loop, BIT(ROLE_MASTER), false, 0, 0 },
	{ "files in the store", handle_files, BIT(ROLE_CORE) |
	    AGENT_BIT(AGENT_ACCOUNT) | AGENT_BIT(AGENT_CERTKEY), false, 0,
	    BIT(ROLE_MASTER) },
	{ "SQLite", use_sqlite, BIT(ROLE_CORE), false, 0, BIT(ROLE_MASTER) |
	    AGENT_BIT(AGENT_ACCOUNT) | AGENT_BIT(AGENT_CERTKEY) |
	    AGENT_BIT(AGENT_FILES) },
	{ NULL, NULL, 0, false, 0, 0 },
};
