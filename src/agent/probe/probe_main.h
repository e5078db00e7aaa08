/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_PROBE_PROBE_MAIN_H
#define SIGNET_AGENT_PROBE_PROBE_MAIN_H

/*
 * probe_main: what signet-probe does: questions of judge go to the logic,
 * which looks outside through a resolver and an HTTP client.
 */

#include "agent/proc/agent_proc.h"

#define PROBE_MAIN_CHECKS_MAX 100 /* names at a time */

extern const struct sandbox probe_main_sandbox;

/* resolver: "host:port" to ask instead of the name servers themselves; its
 * answers are not validated. "" for none. */
int probe_main(enum log_level level, const char *resolver);

#endif
