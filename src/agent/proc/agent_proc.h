/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_PROC_AGENT_PROC_H
#define SIGNET_AGENT_PROC_AGENT_PROC_H

/*
 * agent_proc: the side of its life that a process of the agent sees. Each
 * ROLE's function (struct agent_plan, agent_procs.h) shows the same steps:
 *
 *   1. open            what its sandbox will not let it open
 *   2. agent_proc_sandbox
 *   3. agent_proc_link each link it has; from here on bytes come in
 *   4. agent_proc_run  until judge is gone
 *   5. release, and return the exit status
 *
 * A link that fails ends the process, and so does the end of judge's. A run
 * with a process missing is over, and judge says why.
 */

#include "base/env.h"
#include "base/link.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/sandbox.h"

enum agent_role {
	AGENT_JUDGE = 1,
	AGENT_NET,
	AGENT_ACCOUNT,
	AGENT_CERTKEY,
	AGENT_FILES,
	AGENT_DNS,
	AGENT_LISTENER, /* http-01 */
	AGENT_ALPN,     /* tls-alpn-01; the same code on another port */
	AGENT_PROBE,
	AGENT_ROLE_COUNT
};

/* Where a role's user id starts when the run was started as root; files stays
 * root, with the three capabilities that changing owners takes. */
#define AGENT_UID_BASE 64300

#define AGENT_FDS_MAX 16

/* Where a process finds its descriptors: the link to a peer, its folder, then
 * what the plan gives it. */
#define AGENT_LINK_FD(peer) (2 + (int)(peer))
#define AGENT_DIR_FD (2 + (int)AGENT_ROLE_COUNT)
#define AGENT_GIVEN_FD (AGENT_DIR_FD + 1)

struct agent_proc {
	enum agent_role role;
	const char *dir;       /* of the state, absolute; NULL in signet-net */
	int fd_dir;            /* the working folder, which is the role's own:
	                          DIR/accounts of account, DIR/pending of certkey,
	                          DIR/dns of dns, DIR of files; else -1 and the
	                          working folder is "/" */
	size_t num_fds;        /* given by the plan: listening sockets of
	                          listener and alpn, import files of account */
	int fds[AGENT_FDS_MAX];
	const struct sandbox_path *paths; /* files: beyond DIR; or NULL */
	bool root;             /* the run was started as root */
	const struct listener_backend *backend; /* alpn: who gets what is no
	                          challenge; or NULL */
	struct loop *loop;
	struct env env;        /* loop_env() filled */
	struct agent_proc_private *priv;
};

/* "account"; never NULL. */
const char *agent_proc_name(enum agent_role role);

/* Has it keys? Its links leave nothing in memory that they carried. */
bool agent_proc_secret(enum agent_role role);

/* The log's level as the first argument of a program that was exec'd gives it;
 * LOG_INFO if it does not. */
enum log_level agent_proc_log_level(int argc, char **argv);

/* agent_procs.c does it for forked roles; a program that was exec'd
 * (signet-net, whose only argument is the log's level) begins with it. What is
 * NULL or empty in *proc may be filled before. */
int agent_proc_begin(struct agent_proc *proc, enum agent_role role,
    enum log_level level, struct err *err);
void agent_proc_end(struct agent_proc *proc);

/* Enters sandbox, with the role's own user id if this is root. */
int agent_proc_sandbox(struct agent_proc *proc, const struct sandbox *sandbox,
    struct err *err);

/* Takes up the link to peer: handler gets its frames from now on. peer must be
 * in the role's row of the table; false if it was not started. */
bool agent_proc_link(struct agent_proc *proc, enum agent_role peer,
    int (*frame)(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err), void *ctx);

/* Queues a frame. To a peer that is gone it is dropped: judge has seen it go,
 * too, and ends the run. */
void agent_proc_send(struct agent_proc *proc, enum agent_role peer,
    uint16_t type, uint64_t id, struct span payload);

/* 0 when judge is done, 1 when a link failed (logged). */
int agent_proc_run(struct agent_proc *proc);

#endif
