/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_DEPLOY_DEPLOY_H
#define SIGNET_AGENT_DEPLOY_DEPLOY_H

/*
 * deploy: the steps by which a service takes a new certificate. Each has a
 * name that stands in the database and is read by people ("reload systemctl
 * reload nginx"); its outcome is stored, and it is run again until it
 * succeeds.
 *
 * Kinds of steps stand in one table: which key of a site makes them, and what
 * runs them.
 */

#include "agent/conf/site_conf.h"
#include "agent/proc/command.h"
#include "agent/proc/hook_env.h"
#include "base/mem.h"

#define DEPLOY_STEPS_MAX 64

struct deploy_cert {
	const struct site_conf *site;
	const char *dir;         /* of the state, as the run has it */
	struct span path;        /* the folder of the files */
	const char *key_name;    /* "ec256" */
	const uint8_t *leaf_hash; /* SHA-256 */
	const struct hook_env *environment; /* of hooks */
	size_t call;             /* of those that a step has: 0, then 1 */
	bool dry_run;
};

struct deploy_kind {
	const char *name;        /* "reload" */
	size_t offset;           /* of a struct row_list in struct site_conf */
	const char *folder;      /* of hook_dir, with more of them; NULL */
	/* Starts it; done is called later. NULL with err; of the kind ERR_NONE
	 * where cert.call is one more than there are. */
	struct command *(*start)(struct loop *loop, const char *argument,
	    const struct deploy_cert *cert, void (*done)(void *ctx,
	    const struct err *err, struct span output), void *ctx,
	    struct err *err);
	/* The same step of two certificates is one: it may run once for both. */
	bool shared;
	bool several;            /* it may take more than one call */
	bool ocsp;               /* it takes a new OCSP response, too */
	bool live;               /* it is nothing without a live certificate */
};

struct deploy_step {
	const struct deploy_kind *kind;
	const char *argument;    /* in the site */
	char *name;              /* "reload COMMAND", in the arena */
};

/* "nginx=FILE": lets a web server serve it (agent/server/server.h). */
struct command *deploy_server(struct loop *loop, const char *argument,
    const struct deploy_cert *cert, void (*done)(void *ctx,
    const struct err *err, struct span output), void *ctx, struct err *err);

/* "HOST:PORT", "smtp:HOST:25": must serve it by now. */
struct command *deploy_verify(struct loop *loop, const char *argument,
    const struct deploy_cert *cert, void (*done)(void *ctx,
    const struct err *err, struct span output), void *ctx, struct err *err);

/* The steps of a site, in the order in which they run. */
size_t deploy_list(const struct site_conf *site, struct arena *arena,
    struct deploy_step ret[DEPLOY_STEPS_MAX]);

#endif
