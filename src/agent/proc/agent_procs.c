/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/proc/agent_procs.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/proc/agent_dirs.h"
#include "agent/proc/agent_spawn.h"
#include "base/mem.h"

struct procs_child {
	struct agent_procs *procs;
	enum agent_role role;
	pid_t pid;      /* 0: not started */
	int pidfd;
	struct event *death;
	int fd;         /* judge's end, until agent_procs_link; else -1 */
	struct link *link;
	int (*frame)(void *ctx, uint16_t type, uint64_t id,
	    struct span payload, struct err *err);
	void *ctx;
};

struct agent_procs {
	struct loop *loop;
	void (*died)(void *ctx, enum agent_role role, const char *text);
	void *died_ctx;
	struct procs_child children[AGENT_ROLE_COUNT];
};

/* Who may talk to whom. No other socket exists between two processes. */
static const struct {
	enum agent_role a, b;
} rows[] = {
	{ AGENT_JUDGE, AGENT_NET },
	{ AGENT_JUDGE, AGENT_ACCOUNT },
	{ AGENT_JUDGE, AGENT_CERTKEY },
	{ AGENT_JUDGE, AGENT_FILES },
	{ AGENT_JUDGE, AGENT_LISTENER },
	{ AGENT_JUDGE, AGENT_ALPN },
	{ AGENT_JUDGE, AGENT_PROBE },
	{ AGENT_JUDGE, AGENT_DNS },
	{ AGENT_NET, AGENT_ACCOUNT },
	{ AGENT_CERTKEY, AGENT_FILES },
};
#define NUM_ROWS (sizeof(rows) / sizeof(rows[0]))

/* Both ends of each row, while processes are started. */
struct sockets {
	int fds[NUM_ROWS][2];
};

static bool
plan_has(const struct agent_plan *plan, enum agent_role role)
{
	return role == AGENT_JUDGE || (plan->roles >> role & 1) != 0;
}

static int
open_sockets(const struct agent_plan *plan, struct sockets *ret,
    struct err *err)
{
	memset(ret->fds, -1, sizeof(ret->fds));
	for (size_t i = 0; i < NUM_ROWS; i++) {
		if (plan_has(plan, rows[i].a) && plan_has(plan, rows[i].b) &&
		    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
		    ret->fds[i]) < 0)
			return err_errno(err, "cannot make a socket pair");
	}
	return 0;
}

static void
close_sockets(struct sockets *sockets)
{
	for (size_t i = 0; i < 2 * NUM_ROWS; i++) {
		if (sockets->fds[i / 2][i % 2] >= 0)
			close(sockets->fds[i / 2][i % 2]);
	}
}

/* The ends of sockets that are role's, by peer. */
static void
take_ends(const struct sockets *sockets, enum agent_role role,
    int ret[AGENT_ROLE_COUNT])
{
	for (int peer = 0; peer < AGENT_ROLE_COUNT; peer++)
		ret[peer] = -1;
	for (size_t i = 0; i < NUM_ROWS; i++) {
		if (rows[i].a == role)
			ret[rows[i].b] = sockets->fds[i][0];
		else if (rows[i].b == role)
			ret[rows[i].a] = sockets->fds[i][1];
	}
}

/* Once only: what follows of the same end is no news. */
static void
tell_died(struct agent_procs *procs, enum agent_role role, const char *text)
{
	void (*died)(void *ctx, enum agent_role role, const char *text) =
	    procs->died;

	procs->died = NULL;
	if (died != NULL)
		died(procs->died_ctx, role, text);
}

static void
say_how(const struct procs_child *child, int status, char *out, size_t size)
{
	const char *name = agent_proc_name(child->role);

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		snprintf(out, size, "the %s process tried what its sandbox "
		    "forbids and was ended; please report this", name);
	else if (WIFSIGNALED(status))
		snprintf(out, size, "the %s process was ended by signal %d "
		    "(%s)", name, WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		snprintf(out, size, "the %s process ended with status %d; what "
		    "it said stands above", name, WEXITSTATUS(status));
}

static void
reap(struct procs_child *child, int *ret_status)
{
	while (waitpid(child->pid, ret_status, 0) < 0 && errno == EINTR)
		continue;
	child->pid = 0;
	event_free(child->death);
	child->death = NULL;
	close(child->pidfd);
}

static void
on_death(evutil_socket_t fd, short what, void *arg)
{
	struct procs_child *child = arg;
	char text[128];
	int status = 0;

	(void)fd;
	(void)what;
	reap(child, &status);
	say_how(child, status, text, sizeof(text));
	tell_died(child->procs, child->role, text);
}

static int
watch(struct agent_procs *procs, enum agent_role role, pid_t pid, int fd,
    struct err *err)
{
	struct procs_child *child = &procs->children[role];

	*child = (struct procs_child){ .procs = procs, .role = role,
		.pid = pid, .fd = fd };
	child->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (child->pidfd < 0) {
		err_errno(err, "cannot watch a process");
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		child->pid = 0;
		return -(int)ERR_IO;
	}
	child->death = event_new(loop_base(procs->loop), child->pidfd, EV_READ,
	    on_death, child);
	event_add(child->death, NULL);
	return 0;
}

static int
start_one(struct agent_procs *procs, const struct agent_plan *plan,
    struct sockets *sockets, enum agent_role role, struct err *err)
{
	int mine[AGENT_ROLE_COUNT];
	struct agent_spawn spawn = { .plan = plan, .role = role };
	pid_t pid;
	int r;

	r = agent_dirs_open(plan->dir, role, &spawn.fd_dir, err);
	if (r < 0)
		return r;
	take_ends(sockets, role, spawn.links);
	take_ends(sockets, AGENT_JUDGE, mine);
	r = agent_spawn(&spawn, &pid, err);
	if (spawn.fd_dir >= 0)
		close(spawn.fd_dir);
	if (r == 0)
		r = watch(procs, role, pid, fcntl(mine[role], F_DUPFD_CLOEXEC,
		    AGENT_GIVEN_FD), err);
	return r;
}

int
agent_procs_start(struct agent_procs **ret, struct loop *loop,
    const struct agent_plan *plan, struct err *err)
{
	struct sockets sockets;
	int r;

	if (*ret == NULL)
		*ret = mem_zalloc(sizeof(**ret));
	(*ret)->loop = loop;
	if (plan->died != NULL) {
		(*ret)->died = plan->died;
		(*ret)->died_ctx = plan->ctx;
	}
	r = open_sockets(plan, &sockets, err);
	for (int role = AGENT_NET; r == 0 && role < AGENT_ROLE_COUNT; role++) {
		if (plan_has(plan, (enum agent_role)role))
			r = start_one(*ret, plan, &sockets,
			    (enum agent_role)role, err);
	}
	close_sockets(&sockets);
	if (r < 0) {
		agent_procs_stop(*ret);
		*ret = NULL;
	}
	return r;
}

static int
on_frame(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	const struct procs_child *child = ctx;

	return child->frame(child->ctx, type, id, payload, err);
}

/* The end of a process closes its link, and on_death will tell how it ended;
 * one that lives and talks nonsense is ended. */
static void
on_closed(void *ctx, const struct err *err)
{
	struct procs_child *child = ctx;
	char text[ERR_TEXT_SIZE];

	child->link = NULL;
	if (err->kind == ERR_NONE)
		return;
	snprintf(text, sizeof(text), "the %s process is not to be trusted: "
	    "%.400s", agent_proc_name(child->role), err->text);
	if (child->pid > 0)
		kill(child->pid, SIGKILL);
	tell_died(child->procs, child->role, text);
}

bool
agent_procs_link(struct agent_procs *procs, enum agent_role role,
    int (*frame)(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err), void *ctx)
{
	static const struct link_ops ops = {
		.frame = on_frame,
		.closed = on_closed,
	};
	struct procs_child *child = &procs->children[role];

	if (child->procs == NULL || child->fd < 0)
		return false;
	child->frame = frame;
	child->ctx = ctx;
	child->link = link_new(procs->loop, child->fd, &ops, child);
	if (agent_proc_secret(role))
		link_wipes(child->link);
	child->fd = -1;
	return true;
}

bool
agent_procs_has(const struct agent_procs *procs, enum agent_role role)
{
	return procs != NULL && procs->children[role].link != NULL;
}

void
agent_procs_send(struct agent_procs *procs, enum agent_role role,
    uint16_t type, uint64_t id, struct span payload)
{
	if (procs->children[role].link != NULL)
		link_send(procs->children[role].link, type, id, payload);
}

/* Waits for one, at most as long as there is of timeout_ms. */
static void
await(struct procs_child *child, int timeout_ms)
{
	struct pollfd end = { .fd = child->pidfd, .events = POLLIN };
	int status;

	if (poll(&end, 1, timeout_ms) <= 0)
		kill(child->pid, SIGKILL);
	reap(child, &status);
}

void
agent_procs_end(struct agent_procs *procs, enum agent_role role)
{
	struct procs_child *child = &procs->children[role];

	link_free(child->link);
	child->link = NULL;
	if (child->procs != NULL && child->fd >= 0)
		close(child->fd);
	if (child->pid > 0)
		await(child, AGENT_PROCS_STOP_MS);
	child->procs = NULL;
}

/* Those that go on: waited for when there is an occasion. */
#define LEFT_MAX 16
static pid_t left[LEFT_MAX];

static void
reap_left(void)
{
	for (size_t i = 0; i < LEFT_MAX; i++)
		if (left[i] > 0 && waitpid(left[i], NULL, WNOHANG) != 0)
			left[i] = 0;
}

void
agent_procs_leave(struct agent_procs *procs, enum agent_role role)
{
	struct procs_child *child = &procs->children[role];
	size_t i = 0;

	reap_left();
	while (i < LEFT_MAX && left[i] > 0)
		i++;
	if (i == LEFT_MAX || child->pid <= 0) {
		agent_procs_end(procs, role);
		return;
	}
	left[i] = child->pid;
	link_free(child->link);
	if (child->fd >= 0)
		close(child->fd);
	event_free(child->death);
	close(child->pidfd);
	*child = (struct procs_child){ 0 };
}

void
agent_procs_stop(struct agent_procs *procs)
{
	if (procs == NULL)
		return;
	for (int role = 0; role < AGENT_ROLE_COUNT; role++) {
		struct procs_child *child = &procs->children[role];

		if (child->procs == NULL)
			continue;
		link_free(child->link);
		if (child->fd >= 0)
			close(child->fd);
	}
	for (int role = 0; role < AGENT_ROLE_COUNT; role++) {
		if (procs->children[role].pid > 0)
			await(&procs->children[role], AGENT_PROCS_STOP_MS);
	}
	free(procs);
}
