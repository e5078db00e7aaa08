/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_HAPROXY_ANSWER_H
#define SIGNET_AGENT_SERVER_HAPROXY_ANSWER_H

/*
 * haproxy_answer: what HAProxy says on its runtime socket, read. What is
 * returned is in the arena.
 */

#include "base/mem.h"
#include "base/span.h"

#define HAPROXY_ANSWER_NAMES_MAX 200 /* of one certificate */

/* One certificate file that HAProxy has loaded. */
struct haproxy_cert {
	char *file;
	size_t num_names;
	char **names;
	bool rsa;
};

/* A line that is not empty and no comment, NUL-terminated; NULL at the end. */
char *haproxy_answer_line(struct arena *arena, struct span *rest);

/* Of "show info"; 0: it does not say. */
int haproxy_answer_pid(struct span answer);

/* Of "show map": the file of the map whose path ends with name, or NULL. */
char *haproxy_answer_map(struct span answer, const char *name,
    struct arena *arena);

/* Of "show ssl cert FILE": names and type of key. */
void haproxy_answer_cert(struct span answer, struct arena *arena,
    struct haproxy_cert *ret);

#endif
