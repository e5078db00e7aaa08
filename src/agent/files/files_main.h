/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_FILES_FILES_MAIN_H
#define SIGNET_AGENT_FILES_FILES_MAIN_H

/*
 * files_main: the files process. It works in the folders live, archive and
 * publish of the agent's state, and in those that the plan names for foreign
 * layouts and copies.
 */

#include "agent/proc/agent_proc.h"

#define FILES_MAIN_PATHS_MAX 256 /* folders beyond the state's */

/* paths: DIR's own, then proc->paths; the caller's, of FILES_MAIN_PATHS_MAX +
 * 4. For tests/jail, too. */
int files_main_sandbox(const struct agent_proc *proc,
    struct sandbox_path *paths, struct sandbox *ret, struct err *err);

int files_main(struct agent_proc *proc);

#endif
