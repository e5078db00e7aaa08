/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_ROLES_H
#define SIGNET_MASTER_ROLES_H

/*
 * roles: the processes that master starts: one row a role.
 */

#include <stddef.h>

#include "proc/proc.h"

#define ROLES_PROCESSES_MAX 64 /* all processes together */

enum roles_program {
	ROLES_SIGNETD,
	ROLES_SIGNETD_SIGNER, /* docs/decisions/0001 */
	ROLES_PROGRAM_COUNT
};

/* Processes of one phase stop together, before those of the next. */
enum roles_stop {
	ROLES_STOP_FRONT,  /* finish what clients began */
	ROLES_STOP_CORE,
	ROLES_STOP_BACK,   /* those that core asks */
	ROLES_STOP_COUNT
};

struct roles_row {
	enum role role;
	enum roles_program program;
	enum roles_stop stop;
	unsigned (*count)(const struct config *config);
};

extern const struct roles_row roles_rows[];
extern const size_t roles_rows_count;

/* The file name of a program, in the folder of signetd. */
const char *roles_program_name(enum roles_program program);

#endif
