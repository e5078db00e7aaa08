/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/proc/agent_proc.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

struct proc_link {
	struct agent_proc *proc;
	enum agent_role peer;
	struct link *link;
	int (*frame)(void *ctx, uint16_t type, uint64_t id,
	    struct span payload, struct err *err);
	void *ctx;
};

struct agent_proc_private {
	bool given[AGENT_ROLE_COUNT]; /* links that were there at the start: a
	                                 number that is free is soon another's */
	struct proc_link links[AGENT_ROLE_COUNT];
	int status;
};

static const char *const names[AGENT_ROLE_COUNT] = {
	[AGENT_JUDGE] = "judge",
	[AGENT_NET] = "net",
	[AGENT_ACCOUNT] = "account",
	[AGENT_CERTKEY] = "certkey",
	[AGENT_FILES] = "files",
	[AGENT_LISTENER] = "listener",
	[AGENT_ALPN] = "alpn",
	[AGENT_PROBE] = "probe",
	[AGENT_DNS] = "dns",
};

const char *
agent_proc_name(enum agent_role role)
{
	return role >= AGENT_JUDGE && role < AGENT_ROLE_COUNT ? names[role] :
	    "unknown";
}

bool
agent_proc_secret(enum agent_role role)
{
	return role == AGENT_ACCOUNT || role == AGENT_CERTKEY ||
	    role == AGENT_FILES || role == AGENT_DNS;
}

enum log_level
agent_proc_log_level(int argc, char **argv)
{
	uint64_t level;

	return argc < 2 || text_uint(span_str(argv[1]), LOG_ERROR, &level) < 0 ?
	    LOG_INFO : (enum log_level)level;
}

/* Signals are judge's business: those of a terminal go to all processes. */
static void
ignore_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
		SIGPIPE, SIGUSR1, SIGUSR2 };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
}

int
agent_proc_begin(struct agent_proc *proc, enum agent_role role,
    enum log_level level, struct err *err)
{
	char name[16]; /* what the kernel keeps */

	proc->role = role;
	proc->root = geteuid() == 0;
	log_init(agent_proc_name(role), level);
	if (fcntl(AGENT_LINK_FD(AGENT_JUDGE), F_GETFD) < 0)
		return err_set(err, ERR_IO, NULL, "there is no judge on "
		    "descriptor %d; this program is started by `signet`",
		    AGENT_LINK_FD(AGENT_JUDGE));
	ignore_signals();
	snprintf(name, sizeof(name), "signet-%s", agent_proc_name(role));
	prctl(PR_SET_NAME, name, 0, 0, 0);
	proc->fd_dir = fcntl(AGENT_DIR_FD, F_GETFD) < 0 ? -1 : AGENT_DIR_FD;
	for (size_t i = 0; i < proc->num_fds; i++)
		proc->fds[i] = AGENT_GIVEN_FD + (int)i;
	proc->priv = mem_zalloc(sizeof(*proc->priv));
	for (int peer = AGENT_JUDGE; peer < AGENT_ROLE_COUNT; peer++)
		proc->priv->given[peer] = fcntl(AGENT_LINK_FD(peer),
		    F_GETFD) >= 0;
	proc->loop = loop_new();
	loop_env(proc->loop, &proc->env);
	return 0;
}

void
agent_proc_end(struct agent_proc *proc)
{
	if (proc->priv == NULL)
		return;
	for (int peer = 0; peer < AGENT_ROLE_COUNT; peer++)
		link_free(proc->priv->links[peer].link);
	loop_free(proc->loop);
	free(proc->priv);
	*proc = (struct agent_proc){ 0 };
}

int
agent_proc_sandbox(struct agent_proc *proc, const struct sandbox *sandbox,
    struct err *err)
{
	struct sandbox own = *sandbox;
	char quoted[LOG_QUOTE_SIZE];
	const char *missing;
	int r;

	/* Whoever changes owners stays root and keeps what that takes. */
	if (proc->root && own.keep_caps == 0)
		own.uid = own.gid = AGENT_UID_BASE + (uid_t)proc->role;
	r = sandbox_enter(&own, &missing, err);
	if (r == 0 && missing != NULL)
		log_event(LOG_INFO, "sandbox-incomplete", "missing=%s",
		    log_quote(quoted, missing, strlen(missing)));
	return r;
}

static int
on_frame(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	const struct proc_link *from = ctx;

	return from->frame(from->ctx, type, id, payload, err);
}

static void
on_closed(void *ctx, const struct err *err)
{
	struct proc_link *from = ctx;
	struct err copy = *err;

	from->link = NULL;
	if (err->kind != ERR_NONE) {
		err_prefix(&copy, "link to %s", agent_proc_name(from->peer));
		log_err(LOG_ERROR, "link-failed", &copy);
		from->proc->priv->status = 1;
	} else if (from->peer != AGENT_JUDGE) {
		/* At a run's end all go, in any order: judge decides. */
		return;
	}
	loop_stop(from->proc->loop);
}

bool
agent_proc_link(struct agent_proc *proc, enum agent_role peer,
    int (*frame)(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err), void *ctx)
{
	static const struct link_ops ops = {
		.frame = on_frame,
		.closed = on_closed,
	};
	struct proc_link *to = &proc->priv->links[peer];

	if (!proc->priv->given[peer])
		return false;
	*to = (struct proc_link){ proc, peer, NULL, frame, ctx };
	to->link = link_new(proc->loop, AGENT_LINK_FD(peer), &ops, to);
	if (agent_proc_secret(proc->role) || agent_proc_secret(peer))
		link_wipes(to->link);
	return true;
}

void
agent_proc_send(struct agent_proc *proc, enum agent_role peer, uint16_t type,
    uint64_t id, struct span payload)
{
	struct link *link = proc->priv->links[peer].link;

	if (link != NULL)
		link_send(link, type, id, payload);
}

int
agent_proc_run(struct agent_proc *proc)
{
	loop_run(proc->loop);
	return proc->priv->status;
}
