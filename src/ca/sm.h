/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CA_SM_H
#define SIGNET_CA_SM_H

/*
 * sm: a state machine as a const table. A pair of state and event that has no
 * row is an error, never silence. sm-graph draws the tables, and a test holds
 * docs/state-machines.md against them.
 */

#include <stddef.h>

#include "base/err.h"

struct sm_row {
	int from;
	int event;
	int to;
};

struct sm {
	const char *name;  /* "order" */
	int initial;
	const struct sm_row *rows;
	size_t num_rows;
	const char *(*state_name)(int state);
	const char *(*event_name)(int event);
};

/* Moves *state. -ERR_CONFLICT if the event is not for this state. */
int sm_step(const struct sm *sm, int *state, int event, struct err *err);

#endif
