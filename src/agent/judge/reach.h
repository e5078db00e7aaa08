/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_JUDGE_REACH_H
#define SIGNET_AGENT_JUDGE_REACH_H

/*
 * reach: which folders files has to get at in this run, beyond the state's;
 * and which sites a run before this one left in the middle of a publication.
 */

#include "agent/judge/judge_private.h"

struct reach { /* zeroed is valid */
	struct row_list folders;
	struct sandbox_path *paths; /* for the plan; they borrow from folders */
};

/* Of all that is in judge's queue. A folder that is not there is left out:
 * files will say so, for that site alone. */
void reach_make(struct judge *judge, struct reach *ret);
void reach_done(struct reach *reach);

/* Adds what DIR/publish names to judge's queue. */
int reach_unfinished(struct judge *judge, struct err *err);

#endif
