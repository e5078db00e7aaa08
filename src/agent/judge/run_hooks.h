/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_JUDGE_RUN_HOOKS_H
#define SIGNET_AGENT_JUDGE_RUN_HOOKS_H

/*
 * run_hooks: hooks around a run, each once (agent/deploy/hook_event.h).
 */

#include "agent/judge/judge_private.h"

/* Runs what is to run before a CA is asked, unless it has; then calls then,
 * perhaps at once. why is of another kind than ERR_NONE where that is no use
 * without the hook. From here on the site's hooks at the end are owed. */
void run_hooks_before(struct job *job,
    void (*then)(struct job *job, const struct err *why));
/* The run is over for all jobs: nobody's turn is next. A job that waits for its
 * turn waits for nothing else, so it goes in no other way. */
void run_hooks_stop(struct judge *judge);
/* A job that is over: its names are told at the end. */
void run_hooks_note(const struct job *job);

/* Did a run that was killed leave something to do? Costs one look. */
bool run_hooks_owed(struct judge *judge);
/* Under the lock: takes that up. */
void run_hooks_recover(struct judge *judge);
/* Runs what is owed, to its end. Gives how many failed. */
size_t run_hooks_after(struct judge *judge);

#endif
