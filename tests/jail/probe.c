/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jail_probe ROLE DIR: enters the role's sandbox once for each attempt and
 * tries it there. DIR is the directory of a CA. One line each:
 *
 *   OUTCOME WANTED NAME
 *
 * OUTCOME: worked, killed (SIGSYS), refused ERRNO, failed ERRNO (for another
 * reason than being forbidden: the attempt itself is wrong), died SIGNAL.
 * WANTED: allowed, forbidden, or any. ROLE "none" has no sandbox, to see that
 * the attempts are real. The exit status is 0 when all are as wanted.
 */
#include "attempts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/account/account_main.h"
#include "agent/certkey/certkey_main.h"
#include "agent/dns/dns_main.h"
#include "agent/files/files_main.h"
#include "agent/listener/listener_main.h"
#include "agent/net/net_main.h"
#include "agent/probe/probe_main.h"
#include "agent/proc/agent_dirs.h"
#include "base/log.h"
#include "core/core_sandbox.h"
#include "dev/dev_sandbox.h"
#include "master/master_sandbox.h"
#include "signer/signer_sandbox.h"
#include "validator/validator_sandbox.h"
#include "web/web_sandbox.h"

#define UID_BASE 64200
#define BACKEND_PORT 1 /* that nobody here listens on */
#define STATUS_NO_SANDBOX 255
#define STATUS_FAILED 254 /* with errno 0 */

static const struct attempt *const tables[] = { attempts_files, attempts_net,
	attempts_kernel, attempts_needed, attempts_agent };

/* A role of the CA, or ROLE_COUNT and one of the agent; 0 for no sandbox. */
static unsigned
role_of(const char *name)
{
	static const char agent[] = "agent-";

	for (unsigned role = AGENT_NET; role < AGENT_ROLE_COUNT; role++) {
		if (strncmp(name, agent, strlen(agent)) == 0 &&
		    strcmp(name + strlen(agent),
		    agent_proc_name((enum agent_role)role)) == 0)
			return ROLE_COUNT + role;
	}
	return role_from_name(name);
}

/* All but files', which is made for each run. */
static const struct sandbox *const agent_sandboxes[AGENT_ROLE_COUNT] = {
	[AGENT_NET] = &net_main_sandbox,
	[AGENT_ACCOUNT] = &account_main_sandbox,
	[AGENT_CERTKEY] = &certkey_main_sandbox,
	[AGENT_DNS] = &dns_main_sandbox,
	[AGENT_LISTENER] = &listener_main_sandbox,
	[AGENT_ALPN] = &listener_main_sandbox_backend,
	[AGENT_PROBE] = &probe_main_sandbox,
};

static int
agent_sandbox_of(enum agent_role role, const char *dir, struct sandbox *ret)
{
	static struct sandbox_path paths[FILES_MAIN_PATHS_MAX + 4];
	struct agent_proc proc = { .role = role, .root = geteuid() == 0 };
	char state[4096];
	int fd;

	snprintf(state, sizeof(state), "%s/agent", dir);
	if (agent_dirs_open(state, role, &fd, NULL) < 0 ||
	    (fd < 0 ? chdir("/") : fchdir(fd)) != 0)
		return -1;
	if (role == AGENT_FILES)
		return files_main_sandbox(&proc, paths, ret, NULL);
	*ret = *agent_sandboxes[role];
	if (role == AGENT_ALPN)
		ret->connect_port = BACKEND_PORT;
	if (proc.root)
		ret->uid = ret->gid = AGENT_UID_BASE + (uid_t)role;
	return 0;
}

static int
sandbox_of(enum role role, const char *dir, struct sandbox *ret)
{
	static struct master_sandbox master;
	static struct core_sandbox core;

	switch (role) {
	case ROLE_MASTER:
		master_sandbox_init(&master, dir, false);
		*ret = master.sandbox;
		return 0; /* keeps its user */
	case ROLE_CORE:
		core_sandbox_init(&core, ".");
		*ret = core.sandbox;
		break;
	case ROLE_WEB:
		*ret = web_sandbox;
		break;
	case ROLE_VALIDATOR:
		*ret = validator_sandbox;
		break;
	case ROLE_SIGNER:
		*ret = signer_sandbox;
		break;
	case ROLE_DEV:
		*ret = dev_sandbox;
		break;
	case ROLE_COUNT:
		return -1;
	}
	if (geteuid() == 0)
		ret->uid = ret->gid = UID_BASE + (uid_t)role;
	return 0;
}

/* As proc_sandbox does, after what a role's main does before. */
static void
enter(unsigned role, const char *dir)
{
	struct sandbox sandbox;
	struct err err = ERR_INIT;
	const char *missing;
	int r;

	r = role > ROLE_COUNT ? agent_sandbox_of(
	    (enum agent_role)(role - ROLE_COUNT), dir, &sandbox) :
	    sandbox_of((enum role)role, dir, &sandbox);
	if (r != 0 || sandbox_enter(&sandbox, &missing, &err) != 0) {
		fprintf(stderr, "role %u: %s\n", role, err.text);
		_exit(STATUS_NO_SANDBOX);
	}
}

static void
listen_here(struct jail *jail)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int client = socket(AF_INET, SOCK_STREAM, 0);

	jail->socket = socket(AF_INET, SOCK_STREAM, 0);
	jail->listener = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(jail->listener, (struct sockaddr *)&address, len) != 0 ||
	    listen(jail->listener, 8) != 0 || getsockname(jail->listener,
	    (struct sockaddr *)&address, &len) != 0 ||
	    connect(client, (struct sockaddr *)&address, len) != 0) {
		perror("listener");
		_exit(STATUS_NO_SANDBOX);
	}
	jail->port = ntohs(address.sin_port);
}

/* What a process of the past left open. */
static void
furnish(struct jail *jail)
{
	int master;

	listen_here(jail);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, jail->unix_pair) != 0)
		_exit(STATUS_NO_SANDBOX);
	jail->journal = open("journal.jail", O_RDWR | O_CREAT | O_APPEND,
	    0600);
	close(open(jail->outside, O_WRONLY | O_CREAT, 0600));
	master = posix_openpt(O_RDWR | O_NOCTTY);
	jail->terminal = master >= 0 && grantpt(master) == 0 &&
	    unlockpt(master) == 0 ? open(ptsname(master), O_RDWR | O_NOCTTY) :
	    -1;
}

static int
try(const struct attempt *attempt, unsigned role, struct jail *jail)
{
	int r;

	furnish(jail);
	if (role != 0)
		enter(role, jail->dir);
	errno = 0;
	r = attempt->run(jail);
	if (r == 0)
		return 0;
	return errno == 0 ? STATUS_FAILED : errno;
}

static bool
is_refusal(int error)
{
	return error == EPERM || error == EACCES || error == EAFNOSUPPORT ||
	    error == ENOSYS;
}

enum outcome { WORKED, REFUSED, OTHER };

static enum outcome
describe(int status, char *text, size_t size)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) {
		snprintf(text, size, "killed");
		return REFUSED;
	}
	if ((WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) ||
	    (WIFEXITED(status) && code == 0)) {
		snprintf(text, size, "worked");
		return WORKED;
	}
	if (WIFSIGNALED(status)) {
		snprintf(text, size, "died %d", WTERMSIG(status));
		return OTHER;
	}
	snprintf(text, size, "%s %s", is_refusal(code) ? "refused" : "failed",
	    strerrorname_np(code) == NULL ? "?" : strerrorname_np(code));
	return is_refusal(code) ? REFUSED : OTHER;
}

static pid_t
make_victim(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid;
}

static int
landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	return abi < 0 ? 0 : (int)abi;
}

/* Gives whether it came out as wanted. */
static bool
judge(const struct attempt *attempt, unsigned role, struct jail *jail)
{
	bool allowed = (attempt->allowed & BIT(role)) != 0;
	bool any = role == 0 || (attempt->any & BIT(role)) != 0 ||
	    (!allowed && landlock_abi() < attempt->landlock_needed);
	enum outcome outcome;
	char text[64];
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(try(attempt, role, jail));
	waitpid(pid, &status, 0);
	outcome = describe(status, text, sizeof(text));
	printf("%-16s %-9s %s\n", text,
	    any ? "any" : allowed ? "allowed" : "forbidden", attempt->name);
	return any || outcome == (allowed ? WORKED : REFUSED);
}

/* The agent's state, with a key of each kind. Its folders become their
 * processes' when those begin. */
static void
make_agent(const char *dir)
{
	static const char *const names[] = { "agent", "agent/accounts",
		"agent/accounts/1.key", "agent/pending",
		"agent/pending/www.example.org.ec256.key", "agent/live",
		"agent/live/www.example.org",
		"agent/live/www.example.org/privkey.pem", "agent/archive" };
	char path[4096];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *dot = strrchr(names[i], '.');

		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		if (dot != NULL && (strcmp(dot, ".key") == 0 ||
		    strcmp(dot, ".pem") == 0))
			close(open(path, O_WRONLY | O_CREAT, 0400));
		else
			mkdir(path, 0700);
	}
}

int
main(int argc, char **argv)
{
	char outside[4096];
	struct jail jail;
	unsigned role;
	bool good = true;

	if (argc != 3 || ((role = role_of(argv[1])) == 0 &&
	    strcmp(argv[1], "none") != 0) || chdir(argv[2]) != 0 ||
	    chdir("store") != 0) {
		fprintf(stderr, "usage: jail_probe ROLE DIR\n");
		return 2;
	}
	log_init("probe", LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	snprintf(outside, sizeof(outside), "%s.outside", argv[2]);
	jail.dir = argv[2];
	jail.outside = outside;
	make_agent(argv[2]);
	jail.victim = make_victim();
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct attempt *a = tables[i]; a->name != NULL; a++)
			if (role != 0 || !a->harmful)
				good &= judge(a, role, &jail);
	}
	kill(jail.victim, SIGKILL);
	unlink(outside);
	return good ? 0 : 1;
}
