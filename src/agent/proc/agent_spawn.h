/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_PROC_AGENT_SPAWN_H
#define SIGNET_AGENT_PROC_AGENT_SPAWN_H

/*
 * agent_spawn: makes one process of the agent, with the descriptors that it is
 * to have (AGENT_LINK_FD and on) and no other, without judge's environment.
 */

#include <sys/types.h>

#include "agent/proc/agent_procs.h"

struct agent_spawn {
	const struct agent_plan *plan;
	enum agent_role role;
	int links[AGENT_ROLE_COUNT]; /* by peer; -1: none */
	int fd_dir;                  /* or -1 */
};

int agent_spawn(const struct agent_spawn *spawn, pid_t *ret_pid,
    struct err *err);

#endif
