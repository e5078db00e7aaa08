/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_DEPLOY_HOOK_EVENT_H
#define SIGNET_AGENT_DEPLOY_HOOK_EVENT_H

/*
 * hook_event: what hooks are told besides challenges and new certificates:
 * certbot's pre and post hooks, and the other calls of dehydrated's hook,
 * which is any that via or deploy_hook names as such (docs/hooks.md).
 */

#include "agent/conf/site_conf.h"
#include "agent/proc/command.h"
#include "agent/proc/hook_env.h"
#include "base/mem.h"

#define HOOK_EVENT_CALLS_MAX 64
#define HOOK_EVENT_ARGS_MAX 8
#define HOOK_EVENT_VARIABLES_MAX 16
#define HOOK_EVENT_NAMES_MAX 100000 /* bytes of RENEWED_DOMAINS */

enum hook_event {
	HOOK_EVENT_PRE = 1,   /* a CA is about to be asked */
	HOOK_EVENT_POST,      /* the run is over */
	HOOK_EVENT_CSR,       /* may print a certification request */
	HOOK_EVENT_UNCHANGED, /* it was looked at, and is not due */
	HOOK_EVENT_FAILURE    /* the CA refused a request */
};

struct hook_event_facts {
	struct span path;         /* the folder of the files */
	const char *renewed;      /* POST: names with a space between */
	const char *failed;
	const char *error;        /* POST: the first; NULL: none */
	unsigned status;          /* FAILURE: HTTP */
	struct span type, detail; /* FAILURE */
};

struct hook_event_call {
	const char *argv[HOOK_EVENT_ARGS_MAX];
	const char *variables[HOOK_EVENT_VARIABLES_MAX];
	const char *name;         /* the command, for people; what is the same
	                             runs once */
	bool needed;              /* without it, nothing goes on */
};

/* The calls of a site, in their order, in the arena. */
size_t hook_event_list(const struct site_conf *site, enum hook_event event,
    const struct hook_event_facts *facts, struct arena *arena,
    struct hook_event_call ret[HOOK_EVENT_CALLS_MAX]);

/* Starts one of them, with the site's environment and limit: as command_exec. */
struct command *hook_event_start(struct loop *loop,
    const struct site_conf *site, const struct hook_env *environment,
    const struct hook_event_call *call, void (*done)(void *ctx,
    const struct err *err, struct span output), void *ctx, struct err *err);

/* Programs in FOLDER/SUB of each of the site's hook_dir, in order; in the
 * arena. Gives how many. */
size_t hook_event_folder(const struct site_conf *site, const char *sub,
    struct arena *arena, const char *ret[HOOK_EVENT_CALLS_MAX]);

#endif
