/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_SANDBOX_H
#define SIGNET_BASE_SANDBOX_H

/*
 * sandbox: gives up, for good, all that a role does not need: user and group
 * ids, supplementary groups, capabilities, new privileges, core dumps, the
 * file system (Landlock), TCP (Landlock, where the kernel knows it) and
 * system calls (seccomp allow-list; anything else kills the process, so that
 * a break-out attempt is seen and logged by master).
 *
 * A sandbox is a const value, one a role, beside the role's main; the jail
 * test (tests/jail) enters each and tries all that is forbidden.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Groups of system calls; the common ones (memory, time, event loop, reading
 * and writing of open descriptors) are always there. */
enum sandbox_calls {
	SANDBOX_DIAL = 1 << 0,    /* socket(AF_INET*), connect, setsockopt */
	SANDBOX_ACCEPT = 1 << 1,  /* accept4 on sockets it was given */
	SANDBOX_FILES = 1 << 2,   /* open, rename, unlink, ftruncate, locks: within
	                             the Landlock paths */
	SANDBOX_RECV_FDS = 1 << 3 /* recvmsg: every role has its master's */
};

struct sandbox_path {
	const char *path;
	bool write;
};

struct sandbox {
	unsigned calls;         /* enum sandbox_calls, or-ed */
	const struct sandbox_path *paths; /* what stays reachable; NULL-path end */
	uid_t uid;              /* 0: keep (not started as root) */
	gid_t gid;
};

/* Enters it. What the kernel cannot do (no Landlock) is told in
 * ret_missing, a static text or NULL, for the caller to log once. Any other
 * failure is an error and the caller must exit. */
int sandbox_enter(const struct sandbox *sandbox, const char **ret_missing,
    struct err *err);

#endif
