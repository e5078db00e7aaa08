/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_CHILDREN_H
#define SIGNET_MASTER_CHILDREN_H

/*
 * children: starts the processes, gives them what they need, connects them,
 * notices their deaths and starts them again.
 */

#include "master/master_private.h"

/* A process that is not ready by then is killed, and started again. */
#define CHILDREN_READY_TIMEOUT_MS 60000

/* Starts one process for each that the role table and the configuration ask
 * for, all at once. An error leaves some of them running. */
int children_start(struct master *master, struct err *err);

/* Takes note of all that died (SIGCHLD). */
void children_reap(struct master *master);

/* Sends a message, whose descriptors stay the caller's; children_tell one that
 * is a type and no more. A process that does not take it is killed. */
void children_send(struct child *child, const struct control *control);
void children_tell(struct child *child, enum control_type type);

/* Sends the configuration and fresh resources: CONTROL_START or
 * CONTROL_PREPARE. */
int children_give(struct child *child, enum control_type type,
    const struct config *config, struct err *err);

void children_kill(struct child *child);

/* Starts those that waited for the end of a reload. */
void children_resume(struct master *master);

void children_done(struct master *master);

#endif
