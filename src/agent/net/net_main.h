/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_NET_NET_MAIN_H
#define SIGNET_AGENT_NET_NET_MAIN_H

/* net_main: the process that talks to CAs, wired to the real network. */

#include "agent/proc/agent_proc.h"

/* All of signet-net; returns its exit status. */
int net_main(enum log_level level);

/* What net may do: dial. Nothing of the file system is left to it. */
extern const struct sandbox net_main_sandbox;

#endif
