/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_DEPLOY_DEPLOY_DIALECT_H
#define SIGNET_AGENT_DEPLOY_DEPLOY_DIALECT_H

/*
 * deploy_dialect: deploy hooks that were written for other ACME clients, by
 * what stands before their path in deploy_hook:
 *
 *   dehydrated:/PATH   deploy_cert of a hook.sh
 *   lego:/PATH         a --renew-hook of lego 4, a --deploy-hook of lego 5
 *   acme.sh:NAME[,DIR] a script of its folder deploy
 *
 * What has none of these is a shell command as certbot's.
 */

#include "agent/deploy/deploy.h"

#define DEPLOY_DIALECT_ARGS_MAX 16
#define DEPLOY_DIALECT_VARIABLES_MAX 16

struct deploy_dialect {
	const char *argv[DEPLOY_DIALECT_ARGS_MAX];
	const char *variables[DEPLOY_DIALECT_VARIABLES_MAX];
};

/* False if it is none of them. All in the arena. */
bool deploy_dialect_make(const char *argument, const struct deploy_cert *cert,
    int64_t now_s, struct arena *arena, struct deploy_dialect *ret);

#endif
