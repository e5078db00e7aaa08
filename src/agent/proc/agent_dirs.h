/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_PROC_AGENT_DIRS_H
#define SIGNET_AGENT_PROC_AGENT_DIRS_H

/*
 * agent_dirs: the folders of the agent's state, made when they are missing and
 * owned by the user of the process that works in them (one const table). Where
 * the run is root's, what is in them is given to that user, too: state that
 * was made without root, or moved from another machine, goes on working.
 */

#include "agent/proc/agent_proc.h"

/* DIR itself: for judge, before it opens its database. */
int agent_dirs_make(const char *dir, struct err *err);

/* The role's own folder; *ret_fd is the caller's, -1 if it has none. */
int agent_dirs_open(const char *dir, enum agent_role role, int *ret_fd,
    struct err *err);

#endif
