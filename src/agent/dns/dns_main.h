/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_DNS_DNS_MAIN_H
#define SIGNET_AGENT_DNS_DNS_MAIN_H

/*
 * dns_main: the dns process: holds the TSIG keys of DIR/dns and talks to name
 * servers for judge (agent/rpc/judge_dns.h).
 */

#include "agent/proc/agent_proc.h"

#define DNS_MAIN_KEYS_MAX 64
#define DNS_MAIN_JOBS_MAX 1024 /* at once */

extern const struct sandbox dns_main_sandbox;

int dns_main(struct agent_proc *proc);

#endif
