/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/proc/agent_spawn.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/proc/agent_exec.h"
#include "base/mem.h"
#include "base/sanitized.h"

#define HIGH_FD 64        /* above all that a process is given */
#define FDS_MAX (AGENT_GIVEN_FD + AGENT_FDS_MAX)
#define ENVIRONMENT_MAX 16

/* What net and probe need to reach a CA from where it is; a hook's credentials, which
 * judge may have, are none of its business. */
static const char *const net_environment[] = { "http_proxy=", "https_proxy=",
	"HTTPS_PROXY=", "no_proxy=", "NO_PROXY=", "all_proxy=", "ALL_PROXY=",
	"SSL_CERT_FILE=", "SSL_CERT_DIR=", NULL };

/* Of builds for tests; for all. */
static const char *const test_environment[] = { "ASAN_OPTIONS=",
	"UBSAN_OPTIONS=", "LSAN_OPTIONS=", NULL };

/* Roles that are programs of their own: only they need libraries that a run
 * with nothing to do must not pay for. */
static const char *
program_name(enum agent_role role)
{
	return role == AGENT_NET ? "signet-net" :
	    role == AGENT_PROBE ? "signet-probe" : NULL;
}

/* This program anew; tests have functions in its place. */
static bool
is_exec(const struct agent_spawn *spawn)
{
	return program_name(spawn->role) == NULL && (spawn->plan->afresh ||
	    (agent_exec_has(spawn->role) &&
	    spawn->plan->mains[spawn->role] == NULL));
}

/* By the number that it is to have; -1: nothing. */
struct layout {
	int fds[FDS_MAX];
};

static bool
listens(enum agent_role role)
{
	return role == AGENT_LISTENER || role == AGENT_ALPN;
}

static void
lay_out(const struct agent_spawn *spawn, int null, const int *paths,
    struct layout *ret)
{
	const struct agent_plan *plan = spawn->plan;
	const int *given = NULL;
	size_t num = 0;

	if (spawn->role == AGENT_ACCOUNT) {
		given = plan->import_fds;
		num = plan->num_import_fds;
	} else if (listens(spawn->role)) {
		given = plan->listen_fds;
		num = plan->num_listen_fds;
	} else if (*paths >= 0) {
		given = paths;
		num = 1;
	}
	assert(num <= AGENT_FDS_MAX);
	memset(ret->fds, -1, sizeof(ret->fds));
	ret->fds[STDIN_FILENO] = null;
	/* What judge prints on its standard output is judge's alone to say. */
	ret->fds[STDOUT_FILENO] = ret->fds[STDERR_FILENO] = STDERR_FILENO;
	for (int peer = AGENT_JUDGE; peer < AGENT_ROLE_COUNT; peer++)
		ret->fds[AGENT_LINK_FD(peer)] = spawn->links[peer];
	ret->fds[AGENT_DIR_FD] = spawn->fd_dir;
	for (size_t i = 0; i < num; i++)
		ret->fds[AGENT_GIVEN_FD + i] = given[i];
}

/* Up out of the way first, so that none is overwritten before its turn. */
static int
move_fds(struct layout *layout)
{
	for (int i = 0; i < FDS_MAX; i++) {
		if (layout->fds[i] >= 0 &&
		    (layout->fds[i] = fcntl(layout->fds[i], F_DUPFD,
		    HIGH_FD)) < 0)
			return -1;
	}
	for (int i = 0; i < FDS_MAX; i++) {
		if (layout->fds[i] < 0)
			close(i);
		else if (dup2(layout->fds[i], i) < 0)
			return -1;
	}
	return (int)syscall(SYS_close_range, FDS_MAX, ~0U, 0);
}

/* Of judge's environment, what begins as one of wanted does. */
static void
choose(const char *const *wanted, char *out[ENVIRONMENT_MAX + 1])
{
	size_t count = 0;

	while (out[count] != NULL)
		count++;
	for (char **at = environ; at != NULL && *at != NULL; at++) {
		for (const char *const *want = wanted; *want != NULL; want++) {
			if (count < ENVIRONMENT_MAX &&
			    strncmp(*at, *want, strlen(*want)) == 0)
				out[count++] = *at;
		}
	}
}

/* This program again, without anything that judge knows. */
static void __attribute__((noreturn))
exec_self(const struct agent_spawn *spawn)
{
	static char *environment[ENVIRONMENT_MAX + 1];
	struct agent_exec args;

	agent_exec_make(spawn->plan, spawn->role, &args);
	choose(test_environment, environment);
	execve("/proc/self/exe", args.argv, environment);
	fprintf(stderr, "signet: cannot run itself as %s: %s; is /proc "
	    "mounted?\n", args.name, strerror(errno));
	_exit(127);
}

static void __attribute__((noreturn))
exec_program(const struct agent_spawn *spawn, const char *program)
{
	static char *environment[ENVIRONMENT_MAX + 1];
	char level[12], none[] = "";
	char *resolver = spawn->plan->resolver == NULL ? none :
	    mem_strdup(spawn->plan->resolver);
	char *name = mem_strdup(program_name(spawn->role));
	char *argv[] = { name, level, spawn->role == AGENT_PROBE ? resolver :
	    NULL, NULL };

	choose(net_environment, environment);
	choose(test_environment, environment);
	snprintf(level, sizeof(level), "%d", (int)spawn->plan->log_level);
	execve(program, argv, environment);
	fprintf(stderr, "signet: cannot run %s: %s\n", program,
	    strerror(errno));
	_exit(127);
}

/* The strings stay in memory when their list goes. */
static void
wipe_environment(void)
{
	for (char **at = SANITIZED ? NULL : environ; at != NULL && *at != NULL;
	    at++)
		mem_wipe(*at, strlen(*at));
	environ = NULL;
}

static void __attribute__((noreturn))
run_forked(const struct agent_spawn *spawn)
{
	const struct agent_plan *plan = spawn->plan;
	struct agent_proc proc = { .dir = plan->dir };
	struct err err = ERR_INIT;
	int status = 1;

	if (spawn->role == AGENT_ALPN)
		proc.backend = plan->backend;
	if (spawn->role == AGENT_ACCOUNT)
		proc.num_fds = plan->num_import_fds;
	else if (listens(spawn->role))
		proc.num_fds = plan->num_listen_fds;
	else if (spawn->role == AGENT_FILES)
		proc.paths = plan->files_paths;
	wipe_environment();
	if (agent_proc_begin(&proc, spawn->role, plan->log_level, &err) < 0)
		log_err(LOG_ERROR, "start-failed", &err);
	else
		status = plan->mains[spawn->role](&proc);
	agent_proc_end(&proc);
	_exit(status);
}

/* Beside this program, or where a package keeps such programs. */
static int
find_program(const struct agent_spawn *spawn, char out[PATH_MAX], struct err *err)
{
	static const char *const places[] = { "", "/../libexec/signet" };
	const char *name = program_name(spawn->role);
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (spawn->role == AGENT_NET && spawn->plan->net_program != NULL) {
		snprintf(out, PATH_MAX, "%s", spawn->plan->net_program);
		return 0;
	}
	self[len < 0 ? 0 : len] = '\0';
	slash = strrchr(self, '/');
	if (slash != NULL)
		*slash = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (snprintf(out, PATH_MAX, "%s%s/%s", self, places[i], name) <
		    PATH_MAX && access(out, X_OK) == 0)
			return 0;
	}
	return err_set(err, ERR_CONFIG, NULL, "the program %s is not beside "
	    "this one in %.200s; install it", name, self);
}

int
agent_spawn(const struct agent_spawn *spawn, pid_t *ret_pid, struct err *err)
{
	char program[PATH_MAX] = "";
	struct layout layout;
	int null, paths = -1, r = 0;

	if (program_name(spawn->role) != NULL)
		r = find_program(spawn, program, err);
	if (r < 0)
		return r;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return err_errno(err, "cannot open /dev/null");
	if (spawn->role == AGENT_FILES && is_exec(spawn) &&
	    (paths = agent_exec_paths(spawn->plan->files_paths)) < 0) {
		close(null);
		return err_errno(err, "cannot tell files what its paths are");
	}
	lay_out(spawn, null, &paths, &layout);
	*ret_pid = fork();
	if (*ret_pid == 0) {
		if (move_fds(&layout) < 0 ||
		    (spawn->fd_dir < 0 ? chdir("/") : fchdir(AGENT_DIR_FD)) < 0)
			_exit(126);
		if (program_name(spawn->role) != NULL)
			exec_program(spawn, program);
		if (is_exec(spawn))
			exec_self(spawn);
		run_forked(spawn);
	}
	close(null);
	if (paths >= 0)
		close(paths);
	return *ret_pid < 0 ? err_errno(err, "cannot make a process") : 0;
}
