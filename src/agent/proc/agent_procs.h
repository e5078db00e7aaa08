/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_PROC_AGENT_PROCS_H
#define SIGNET_AGENT_PROC_AGENT_PROCS_H

/*
 * agent_procs: judge's side: starts the processes of a run, each with a
 * socketpair for every row of one const table (agent_procs.c) whose two ends
 * are there, sees them die, and ends them.
 *
 * account, certkey and files are forked: judge starts them before it has read
 * anything in a run; where it has been through others, they are exec'd, too. It
 * may call again for roles that talk to nobody but judge
 * (listener, alpn, dns, probe): those are exec'd, and have nothing of judge's
 * memory.
 */

#include "agent/proc/agent_proc.h"
#include "base/log.h"

struct agent_plan {
	unsigned roles;       /* 1 << enum agent_role, or-ed: which to start */
	const char *dir;      /* of the state, absolute; its folders are made */
	/* What each role does; returns the exit status. NULL for those that are
	 * programs: net and probe, and listener, alpn and dns (agent_exec.h). */
	int (*mains[AGENT_ROLE_COUNT])(struct agent_proc *proc);
	bool afresh;          /* judge may know what others said in earlier runs:
	                         nothing is forked, mains are not called */
	const char *net_program; /* NULL: signet-net beside this program, else in
	                            its libexec folder */
	const char *resolver; /* probe's: "host:port", or NULL */
	const struct sandbox_path *files_paths; /* folders of foreign layouts and
	                            of copies, all with write; NULL-path end */
	const int *import_fds;   /* account's */
	size_t num_import_fds;
	const int *listen_fds;   /* listener's or alpn's */
	size_t num_listen_fds;
	const struct listener_backend *backend; /* alpn's, or NULL */
	enum log_level log_level; /* of what the processes write to stderr */
	/* A process ended though nobody told it to, or said what is not of its
	 * conversation's form. text says which and how ("the certkey process
	 * was ended by signal 31"). Called once at most, from the loop: the run
	 * is over, and what is left is to call agent_procs_stop after it. */
	void (*died)(void *ctx, enum agent_role role, const char *text);
	void *ctx;               /* both stay as they are if died is NULL */
};

struct agent_procs; /* all of a run */

/* *ret is made by the first call and added to by later ones (NULL at first).
 * Nothing runs after an error. */
int agent_procs_start(struct agent_procs **ret, struct loop *loop,
    const struct agent_plan *plan, struct err *err);

/* Takes up the link to a role: handler gets its frames. Once a role; false if
 * it was not started. */
bool agent_procs_link(struct agent_procs *procs, enum agent_role role,
    int (*frame)(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err), void *ctx);

/* Was it started and linked? */
bool agent_procs_has(const struct agent_procs *procs, enum agent_role role);

/* Queues a frame; dropped if the process is gone: died says so. */
void agent_procs_send(struct agent_procs *procs, enum agent_role role,
    uint16_t type, uint64_t id, struct span payload);

/* Ends one that is not needed any more, and what it listens on is free again.
 * It may be started anew. Nothing happens if it does not run. */
void agent_procs_end(struct agent_procs *procs, enum agent_role role);

/* The same of one that goes on by itself until its work is over. */
void agent_procs_leave(struct agent_procs *procs, enum agent_role role);

/* Closes all links, waits for all to end, kills what does not within
 * AGENT_PROCS_STOP_MS. NULL is fine. */
#define AGENT_PROCS_STOP_MS 2000
void agent_procs_stop(struct agent_procs *procs);

#endif
