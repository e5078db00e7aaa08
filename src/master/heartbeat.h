/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_HEARTBEAT_H
#define SIGNET_MASTER_HEARTBEAT_H

/*
 * heartbeat: notices a process that hangs, which is not dead but of no use,
 * and has it killed: its death is handled as any other. Tells the service
 * manager, if it asked, that master does not hang.
 */

#include "master/master_private.h"

#define HEARTBEAT_INTERVAL_MS 5000
/* So many intervals without an answer are enough: a minute. A slow disk may
 * hold a process up for long; clients have given up by then. */
#define HEARTBEAT_MISSED_MAX 12

void heartbeat_start(struct master *master);
void heartbeat_done(struct master *master);

/* A process has answered. */
void heartbeat_answer(struct child *child);

#endif
