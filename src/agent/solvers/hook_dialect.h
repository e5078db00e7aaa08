/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SOLVERS_HOOK_DIALECT_H
#define SIGNET_AGENT_SOLVERS_HOOK_DIALECT_H

/*
 * hook_dialect: how other ACME clients call the hooks that were written for
 * them: arguments and environment, exactly as each documents it.
 */

#include "agent/conf/hook_argument.h"
#include "agent/solvers/solver.h"
#include "base/mem.h"

#define HOOK_ARGS_MAX (3 * IDENT_LIST_MAX + 8)
#define HOOK_VARIABLES_MAX 24

/* One call, and which of several that belong together. */
struct hook_call {
	const struct solver_task *task; /* the first of tasks */
	struct solver_task *const *tasks;
	size_t count;              /* 1, unless the dialect chains */
	size_t step;               /* 0, then 1, and so on if there are several */
	const char *argument;      /* of the solver */
	bool takedown;
	const char *dir;           /* of the state */
	const char *auth_output;   /* of the setup, for its takedown */
	const char *fqdn;          /* of the TXT record, at its aliases' end */
};

/* What is to be run; with NULL at the end of both. All in the arena. */
struct hook_command {
	const char *argv[HOOK_ARGS_MAX];
	const char *variables[HOOK_VARIABLES_MAX];
	/* Files that a shell takes commands from. */
	const char *sources[HOOK_ARGUMENT_SOURCES_MAX];
};

struct hook_dialect {
	bool follows;              /* fqdn is wanted at the aliases' end */
	bool status_ignored;       /* what it exits with says nothing */
	bool several;              /* there may be more calls than one */
	const char *timeout;       /* variables that tell how long to wait for */
	const char *interval;      /* the record, and between looks; NULL */
	/* false: nothing is to be run, or nothing more. */
	bool (*make)(const struct hook_call *call, struct arena *arena,
	    struct hook_command *ret);
	/* As struct solver's. */
	int (*check)(const char *argument, struct err *err);
	/* Are all challenges told in one call? NULL: never. */
	bool (*chains)(const char *argument);
	/* What is done here beside the hook, before its setup and after its
	 * takedown. NULL: nothing. */
	int (*beside)(const struct hook_call *call, struct err *err);
};

enum {
	HOOK_CERTBOT_HTTP, HOOK_CERTBOT_DNS, HOOK_DEHYDRATED_HTTP,
	HOOK_DEHYDRATED_DNS, HOOK_UACME, HOOK_LEGO_EXEC, HOOK_LEGO_EXEC_RAW,
	HOOK_LEGO_HTTPREQ, HOOK_ACMESH
};

extern const struct hook_dialect hook_dialects[];

#endif
