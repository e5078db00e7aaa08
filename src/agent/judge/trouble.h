/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_JUDGE_TROUBLE_H
#define SIGNET_AGENT_JUDGE_TROUBLE_H

/*
 * trouble: what a CA's refusal means for us: what is done next, and what a
 * person can do about it, in words. Pure.
 */

#include "client/client_types.h"

enum trouble_next {
	TROUBLE_OTHER_CA = 1, /* another CA may do it, now */
	TROUBLE_OTHER_KEY,    /* the same, but not for this key */
	TROUBLE_OURS,         /* none can, until something is changed here */
};

#define TROUBLE_TEXT_SIZE 1024  /* bytes, with the final NUL */

struct trouble {
	enum trouble_next next;
	int64_t retry_at;             /* the CA said: not before; 0: nothing */
	char text[TROUBLE_TEXT_SIZE]; /* what went wrong */
	char remedy[TROUBLE_TEXT_SIZE];
};

void trouble_judge(const struct client_problem *problem, struct trouble *ret);

/* Whether what went wrong is about ident: all are meant when none is named. */
bool trouble_concerns(const struct client_problem *problem,
    const struct ident *ident);

#endif
