/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_RELOAD_H
#define SIGNET_MASTER_RELOAD_H

/*
 * reload: a new configuration at SIGHUP, in two phases: every process looks at
 * it and keeps what it made of it; when all have agreed, all change, or else
 * none does. No process is restarted and no connection is closed.
 */

#include "master/master_private.h"

void reload_begin(struct master *master);

/* The files that the configuration names have changed, it has not: for a
 * master that runs and has no reload under way. */
void reload_files(struct master *master);

/* A process has answered; text is empty if it agrees. */
void reload_answer(struct child *child, struct span text);

void reload_committed(struct child *child);

/* A process died: what it would have said is not known. */
void reload_death(struct child *child);

void reload_done(struct master *master);

#endif
