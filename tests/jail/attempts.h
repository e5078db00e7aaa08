/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_JAIL_ATTEMPTS_H
#define SIGNET_JAIL_ATTEMPTS_H

/*
 * attempts: what a role tries once it is in its sandbox. Most must fail there;
 * a few must work. Each is tried in a process of its own.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "agent/proc/agent_proc.h"
#include "proc/proc.h"

#define BIT(role) (1U << (role))
/* The agent's roles come after the CA's. */
#define AGENT_BIT(role) BIT((unsigned)ROLE_COUNT + (unsigned)(role))
#define ALL (BIT((unsigned)ROLE_COUNT + (unsigned)AGENT_ROLE_COUNT) - 1)

/* What stands ready before the sandbox, as it would for a process that had
 * more in the past. */
struct jail {
	const char *dir;  /* the CA's directory */
	const char *outside; /* a file beside it that no role has to do with */
	pid_t victim;     /* a process outside that does nothing */
	int socket;       /* TCP, neither bound nor connected */
	int listener;     /* TCP on 127.0.0.1, with a client that waits */
	int port;         /* its port */
	int unix_pair[2];
	int journal;      /* a file open for appending */
	int terminal;     /* our side of a pseudo terminal, or -1 */
};

struct attempt {
	const char *name;
	/* 0 if it worked, -1 and errno if not. */
	int (*run)(const struct jail *jail);
	unsigned allowed;     /* BIT(role) where it must work */
	bool harmful;         /* would hurt the machine without a sandbox */
	int landlock_needed;  /* ABI from which on it is refused everywhere that
	                         it is not allowed; 0: any */
	unsigned any;         /* BIT(role) where it depends on the user */
};

extern const struct attempt attempts_files[];
extern const struct attempt attempts_net[];
extern const struct attempt attempts_kernel[];
extern const struct attempt attempts_needed[];
extern const struct attempt attempts_agent[];

#endif
