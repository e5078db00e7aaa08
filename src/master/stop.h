/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_STOP_H
#define SIGNET_MASTER_STOP_H

/*
 * stop: the processes end in the order of their phases (master/roles.h), each
 * when those before it are gone. One that takes longer than
 * PROC_STOP_TIMEOUT_MS is killed.
 */

#include "master/master_private.h"

/* Who signals a process and then its group, as timeout(1) does, means one
 * stop. */
#define STOP_AGAIN_MS 200

/* The second time, but for STOP_AGAIN_MS, all that still runs is killed. */
void stop_begin(struct master *master, int status);

/* A process is gone. */
void stop_death(struct master *master);

void stop_done(struct master *master);

#endif
