/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_CMD_CHECK_H
#define SIGNET_AGENT_CMD_CHECK_H

/*
 * check: looks whether a certificate for names could be had, before anything
 * is asked of a CA that counts: a challenge is set up as --via says, and probe
 * fetches it; net asks the CA what it calls itself. No order is made.
 */

#include "agent/conf/authority.h"
#include "agent/rpc/judge_probe.h"
#include "agent/solvers/solver.h"

#define CHECK_FINDINGS_MAX 1024 /* of probe's about a name */

struct check_finding {
	struct check_finding *next;
	struct probe_finding is; /* spans in the check's arena */
};

struct check_name {
	struct ident ident;      /* without "*." */
	bool wildcard;
	const char *said;        /* as it was asked about */
	struct check_finding *first;
	enum probe_level worst;
	/* check's own */
	struct check *check;
	struct solver_task task;
	bool set_up;             /* the challenge, to be taken down */
	size_t told;             /* findings of probe's */
	bool asked;              /* probe, and it is not through yet */
};

struct check_options {
	const char *via;                /* as --via has it */
	const struct authority *ca;     /* or NULL: no CA is asked */
	const char *resolver;           /* "host:port" or NULL */
	uint16_t http_port;             /* what the CA asks: 80 */
	bool verbose;
};

/* Fills in the findings of each name; they live in arena. An error is one of
 * the check as a whole. */
int check_run(const struct check_options *options, struct check_name *names,
    size_t count, struct arena *arena, struct err *err);

#endif
