/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CLIENT_PROBLEM_H
#define SIGNET_CLIENT_PROBLEM_H

/*
 * client_problem: makes problems, a CA's and our own. All of them live in an
 * arena.
 */

#include <jansson.h>

#include "client/client_types.h"

/* A problem document, RFC 7807 with RFC 8555 6.7: texts cleaned, subproblems
 * bounded. Cause and status are the caller's. */
void client_problem_read(struct arena *arena, const json_t *json,
    struct client_problem *ret);

/* Sets detail. */
void client_problem_say(struct arena *arena, struct client_problem *problem,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A problem of our own, from an error. */
void client_problem_of(struct arena *arena, enum client_cause cause,
    const struct err *err, struct client_problem *ret);

/* As deep as it goes. */
void client_problem_copy(struct arena *arena,
    const struct client_problem *problem, struct client_problem *ret);

bool client_problem_is(const struct client_problem *problem,
    const char *type);

#endif
