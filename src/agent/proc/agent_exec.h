/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_PROC_AGENT_EXEC_H
#define SIGNET_AGENT_PROC_AGENT_EXEC_H

/*
 * agent_exec: processes that start while judge is at work already (listener,
 * alpn, dns; in `signet run` all) are this same program, executed anew: what
 * strangers talk to must not have judge's memory, where configuration, hooks'
 * credentials and what was read from keys' files may lie, and what has keys
 * must not have what strangers said. They learn from their arguments what they
 * are; files, which paths are its, from a descriptor, as arguments have an end.
 */

#include "agent/proc/agent_procs.h"
#include "agent/rpc/judge_listener.h"

#define AGENT_EXEC_ARGS 5      /* name, level, number of descriptors, backend,
                                  the state's folder */
#define AGENT_EXEC_BACKEND_SIZE (2 * sizeof(struct sockaddr_storage) + 8)

struct agent_exec {
	char name[24], level[8], count[8];
	char backend[AGENT_EXEC_BACKEND_SIZE]; /* "PROXY:HEX", "s:PORT" or empty */
	char *argv[AGENT_EXEC_ARGS + 1];
};

/* Is it always one of these, unless a plan has a function for it? */
bool agent_exec_has(enum agent_role role);

/* A descriptor that says to files which paths are its. -1 with errno. */
int agent_exec_paths(const struct sandbox_path *paths);

/* The arguments; they point into *ret, and the last is plan's. */
void agent_exec_make(const struct agent_plan *plan, enum agent_role role,
    struct agent_exec *ret);

/* The role that this program was executed as, of main's argv[0]; 0: it is
 * signet, that people call. */
enum agent_role agent_exec_role(const char *name);

/* As agent_proc_begin, from main's arguments; backend becomes *proc's. */
int agent_exec_begin(struct agent_proc *proc, enum agent_role role, int argc,
    char **argv, struct listener_backend *backend, struct err *err);

#endif
