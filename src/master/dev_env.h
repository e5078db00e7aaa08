/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_DEV_ENV_H
#define SIGNET_MASTER_DEV_ENV_H

/*
 * dev_env: Pebble's environment switches, for `signetd dev` only:
 *
 *   PEBBLE_VA_SLEEPTIME=N      pause up to N seconds before a validation
 *   PEBBLE_VA_NOSLEEP=1        never pause, whatever PEBBLE_VA_SLEEPTIME says
 *   PEBBLE_VA_ALWAYS_VALID=1   do not validate
 *   PEBBLE_WFE_NONCEREJECT=N   refuse N percent of good nonces
 *   PEBBLE_WFE_ORDERS_PER_PAGE=N  N orders in a page of an account's list
 *   PEBBLE_AUTHZREUSE=N        reuse N percent of valid authorizations
 *
 * Unlike Pebble we neither pause nor refuse good nonces until told to. What we
 * cannot follow (PEBBLE_CHAIN_LENGTH, PEBBLE_ALTERNATE_ROOTS) is refused unless
 * it asks for what we do.
 */

#include "conf/config.h"

/* strict: refuse nonces as Pebble does when nothing is said. get is getenv,
 * or a test's. -ERR_CONFIG for a value that means nothing. */
int dev_env_apply(struct config *config, bool strict,
    char *(*get)(const char *name), struct err *err);

#endif
