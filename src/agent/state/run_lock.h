/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_STATE_RUN_LOCK_H
#define SIGNET_AGENT_STATE_RUN_LOCK_H

/*
 * run_lock: one run at a time changes what is in DIR. The file DIR/lock says
 * who it is; the kernel ends the lock with its process.
 */

#include "base/err.h"

#define RUN_LOCK_WHO_SIZE 128
#define RUN_LOCK_FILE "lock"

struct run_lock {
	int fd; /* -1: not held */
};

/* Takes it, or gives -ERR_BUSY and in who what runs ("signet renew, process
 * 17"). Waits if wait is set. command is told to those who come later. */
int run_lock_take(struct run_lock *lock, const char *dir, const char *command,
    bool wait, char who[RUN_LOCK_WHO_SIZE], struct err *err);
void run_lock_release(struct run_lock *lock);

#endif
