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
 * Memory never becomes executable, other executables are never run, and
 * descriptors can only be received from a sibling.
 *
 * A sandbox is a const value, one a role, beside the role's main; the jail
 * test (tests/jail) enters each and tries all that is forbidden.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Groups of system calls; the common ones (memory, time, event loop, reading
 * and writing of open descriptors, receiving more from master) are always
 * there. Without SANDBOX_FILES opening a path does not kill but fails with
 * EACCES: libraries look for files (time zone, configuration) on rare paths
 * and do without. */
enum sandbox_calls {
	SANDBOX_DIAL = 1 << 0,    /* socket(AF_INET*) of TCP and UDP, connect,
	                             setsockopt; of TCP alone where there is a
	                             connect_port */
	SANDBOX_ACCEPT = 1 << 1,  /* accept4 on sockets it was given */
	SANDBOX_FILES = 1 << 2,   /* open, rename, unlink, ftruncate, locks: within
	                             the Landlock paths */
	SANDBOX_LINKS = 1 << 4,   /* with SANDBOX_FILES: make hard and symbolic
	                             links */
	SANDBOX_SPAWN = 1 << 3    /* master: fork, exec, wait, kill, listen, and
	                             entering a sandbox. A filter is inherited, so
	                             this one also has all of the above, lets
	                             memory become executable for the dynamic
	                             linker, and refuses instead of killing */
};

struct sandbox_path {
	const char *path;
	bool write;
	bool execute;
	bool links;  /* with write: symbolic links may be made */
	bool remove; /* only: remove empty folders directly inside */
};

struct sandbox {
	unsigned calls;         /* enum sandbox_calls, or-ed */
	const struct sandbox_path *paths; /* what stays reachable; NULL-path end */
	uid_t uid;              /* 0: keep (not started as root) */
	gid_t gid;
	uint16_t connect_port;  /* with SANDBOX_DIAL: the only TCP port to dial
	                           where Landlock can tell; 0: any */
	bool bind_any;          /* the same: source addresses may be chosen */
	uint64_t keep_caps;     /* 1 << CAP_...: master's; 0 for all others */
};

/* Enters it. What the kernel cannot do (no Landlock) is told in
 * ret_missing, a static text or NULL, for the caller to log once. Any other
 * failure is an error and the caller must exit. */
int sandbox_enter(const struct sandbox *sandbox, const char **ret_missing,
    struct err *err);

#endif
