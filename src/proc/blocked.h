/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PROC_BLOCKED_H
#define SIGNET_PROC_BLOCKED_H

/*
 * blocked: the list of blocked keys in a process that looks at keys, from the
 * file that master opened.
 */

#include "pkix/blocked_keys.h"
#include "proc/proc.h"

/* *ret is NULL if the configuration names no list. At the start, and again
 * inside a reload's prepare. */
int blocked_read(const struct proc *proc, const struct config *config,
    struct blocked_keys **ret, struct err *err);

#endif
