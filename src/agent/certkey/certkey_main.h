/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_CERTKEY_CERTKEY_MAIN_H
#define SIGNET_AGENT_CERTKEY_CERTKEY_MAIN_H

/* certkey_main: the certkey process. Its working folder is DIR/pending. */

#include "agent/proc/agent_proc.h"

#define CERTKEY_MAIN_WAITING_MAX 1024 /* questions that wait for files */

extern const struct sandbox certkey_main_sandbox;

int certkey_main(struct agent_proc *proc);

#endif
