/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_DEPLOY_DEPLOY_DIALECT_H
#define SIGNET_AGENT_DEPLOY_DEPLOY_DIALECT_H

/*
 * deploy_dialect: deploy hooks that were written for other ACME clients, by
 * what stands before their path in deploy_hook:
 *
 *   dehydrated:/PATH   sync_cert, deploy_cert, deploy_ocsp of a hook.sh
 *   lego:/PATH         a --renew-hook of lego 4, a --deploy-hook of lego 5
 *   acme.sh:NAME[,DIR] a script of its folder deploy
 *
 * What has none of these is a shell command as certbot's and acme.sh's.
 */

#include "agent/conf/hook_argument.h"
#include "agent/deploy/deploy.h"

#define DEPLOY_DIALECT_ARGS_MAX 16
#define DEPLOY_DIALECT_VARIABLES_MAX 16
#define DEPLOY_DIALECT_SHELL_VARIABLES 5

struct deploy_dialect {
	const char *argv[DEPLOY_DIALECT_ARGS_MAX];
	const char *variables[DEPLOY_DIALECT_VARIABLES_MAX];
	/* Files that a shell takes commands from. */
	const char *sources[HOOK_ARGUMENT_SOURCES_MAX];
};

bool deploy_dialect_is(const char *argument);

/* Of the calls that make a step, the one that cert says; false if there is no
 * such any more. All in the arena. */
bool deploy_dialect_make(const char *argument, const struct deploy_cert *cert,
    struct arena *arena, struct deploy_dialect *ret);

/* What shell commands are told as acme.sh tells them. */
void deploy_dialect_shell(const struct deploy_cert *cert, struct arena *arena,
    const char **ret);

/* Where the certificate's files are, whoever lays them out. */
struct deploy_dialect_paths {
	const char *key, *cert, *chain, *fullchain;
};
void deploy_dialect_find(const struct site_conf *conf, struct span folder,
    struct arena *arena, struct deploy_dialect_paths *ret);

#endif
