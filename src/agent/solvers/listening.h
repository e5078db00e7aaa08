/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SOLVERS_LISTENING_H
#define SIGNET_AGENT_SOLVERS_LISTENING_H

/*
 * listening: what standalone and tls-alpn share: a process that answers on a
 * port, started with the first challenge that is set up and ended with the
 * last that is taken down. A run has at most one of each role.
 */

#include "agent/rpc/judge_listener.h"
#include "agent/solvers/port.h"
#include "agent/solvers/solver.h"

struct listening_place {
	enum agent_role role;
	struct port port;
	const struct listener_backend *backend; /* or NULL */
	const char *remedy;  /* if somebody else has the port */
};

/* Both as struct solver has them; argument tells two places apart. */
void listening_setup(const struct solver_world *world,
    const struct listening_place *place, const char *argument,
    struct solver_task *const *tasks, size_t count);
/* No setup: all of them are told why. */
void listening_refuse(struct solver_task *const *tasks, size_t count,
    const struct err *why);
void listening_takedown(const struct solver_world *world,
    enum agent_role role, struct solver_task *const *tasks, size_t count);

/* At the end of a run, in any state. */
void listening_free(struct listening *listening);

#endif
