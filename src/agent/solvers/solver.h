/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SOLVERS_SOLVER_H
#define SIGNET_AGENT_SOLVERS_SOLVER_H

/*
 * solver: sets up what a CA looks for, and takes it down. Solvers stand in one
 * table by the name that --via has for them: "webroot=DIR" is the solver
 * "webroot" with the argument "DIR".
 *
 * All challenges of an order that one solver answers come in one call, so that
 * it can do them side by side. What was handed to setup is handed to takedown,
 * whatever happened in between; both answer for each task, in any order, also
 * before they return. Tokens have been checked (client/client_names.h).
 */

#include "agent/proc/agent_procs.h"
#include "agent/proc/hook_env.h"
#include "client/client_types.h"

struct listening;

struct solver_task {
	struct ident ident;           /* without "*." */
	bool wildcard;
	enum client_method method;    /* one of the solver's */
	struct span token;
	struct span key_authorization;
	struct span account_url;
	struct span issuers[CLIENT_ISSUERS_MAX]; /* dns-persist-01 */
	size_t num_issuers;
	struct span all_names;        /* of the order, with a comma between */
	size_t remaining;             /* tasks of this setup that follow */
	const struct hook_env *environment; /* of hooks */
	int hook_timeout_s;           /* 0: the usual */
	/* At takedown: the CA has refused it, and says why. */
	bool failed;
	struct span failure;
	/* The answers. err (kind other than ERR_NONE) says in words why it
	 * could not be set up, and the remedy; a takedown that fails is told,
	 * too. */
	void (*ready)(struct solver_task *task, const struct err *err);
	void (*gone)(struct solver_task *task, const struct err *err);
	int64_t persist_until_s;      /* filled by ready of dns-persist-01: when
	                                 the record ends; 0: never */
	void *ctx;                    /* judge's */
	void *own;                    /* the solver's, from setup to takedown */
};

/* What a solver may use. */
struct solver_world {
	struct loop *loop;
	const struct env *env;
	struct agent_procs **procs;   /* for roles that talk to judge alone */
	const char *dir;              /* of the state */
	bool dry_run;
	enum log_level log_level;     /* of processes that a solver starts */
	struct listening **listening; /* two, NULL at first: listening.h's */
};

struct solver {
	const char *name;             /* "webroot" */
	const char *argument;         /* "DIR"; NULL: it takes none */
	unsigned methods;             /* CLIENT_METHOD_BIT, or-ed */
	/* Is the argument of the right form, and could it work here?
	 * -ERR_CONFIG with what is wrong and the remedy. NULL: always. */
	int (*check)(const char *argument, struct err *err);
	void (*setup)(const struct solver_world *world, const char *argument,
	    struct solver_task *const *tasks, size_t count);
	void (*takedown)(const struct solver_world *world,
	    const char *argument, struct solver_task *const *tasks,
	    size_t count);
};

/* Of "webroot=DIR"; *ret_argument is "DIR" within via, or "". -ERR_CONFIG with
 * what there is when there is none of that name. */
int solver_find(const char *via, const struct solver **ret,
    const char **ret_argument, struct err *err);

/* As solver_find, and checks the argument. */
int solver_check(const char *via, struct err *err);

extern const struct solver solver_standalone;
extern const struct solver solver_tls_alpn;
extern const struct solver solver_webroot;
extern const struct solver solver_nginx;
extern const struct solver solver_apache;
extern const struct solver solver_haproxy;
extern const struct solver solver_dns, solver_persist;
extern const struct solver solver_certbot_http, solver_certbot_dns,
    solver_dehydrated_http, solver_dehydrated_dns,
    solver_uacme, solver_lego_exec, solver_lego_exec_raw,
    solver_lego_httpreq, solver_acmesh;

#endif
