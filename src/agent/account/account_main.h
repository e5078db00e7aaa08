/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_ACCOUNT_ACCOUNT_MAIN_H
#define SIGNET_AGENT_ACCOUNT_ACCOUNT_MAIN_H

/*
 * account_main: the account process. Its working folder is DIR/accounts; the
 * plan gives it the files that keys are to be imported from.
 */

#include "agent/proc/agent_proc.h"

#define ACCOUNT_MAIN_ACCOUNTS_MAX 64 /* open in one run */

extern const struct sandbox account_main_sandbox;

int account_main(struct agent_proc *proc);

#endif
