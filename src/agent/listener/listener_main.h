/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_LISTENER_LISTENER_MAIN_H
#define SIGNET_AGENT_LISTENER_LISTENER_MAIN_H

/*
 * listener_main: what the processes listener (http-01) and alpn (tls-alpn-01)
 * do (struct agent_plan). Which of the two it is, the role says: one has no
 * TLS to be attacked, the other no HTTP, and only alpn with a server behind it
 * may dial.
 */

#include "agent/proc/agent_proc.h"

#define LISTENER_MAIN_FDS 65536 /* descriptors that alpn asks for */

/* Without and with a server behind. */
extern const struct sandbox listener_main_sandbox;
extern const struct sandbox listener_main_sandbox_backend;

int listener_main(struct agent_proc *proc);

#endif
