/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_TASKS_H
#define SIGNET_AGENT_SERVER_TASKS_H

/*
 * tasks: the challenges that a server answers for us just now, of all orders
 * together, in DIR/changes/KEY.tasks. Those of a run that is over are dropped
 * when they are read.
 */

#include <sys/types.h>

#include "agent/server/change.h"
#include "agent/server/server.h"
#include "base/mem.h"

struct tasks {
	struct arena arena;
	pid_t run;            /* the judge that these are of */
	char *file;           /* that answers them, or NULL */
	size_t count;
	struct server_task items[SERVER_TASKS_MAX];
	bool stale;           /* some were dropped */
};

void tasks_load(struct tasks *tasks, const struct change *change);
/* None: the file goes. */
int tasks_save(const struct tasks *tasks, const struct change *change,
    struct err *err);
void tasks_free(struct tasks *tasks);

int tasks_add(struct tasks *tasks, const struct server_task *items,
    size_t count, struct err *err);
void tasks_remove(struct tasks *tasks, const struct server_task *items,
    size_t count);
void tasks_set_file(struct tasks *tasks, const char *file);

/* "/.well-known/acme-challenge/TOKEN" */
#define TASKS_PATH_SIZE 256
void tasks_path(const struct server_task *task, char out[TASKS_PATH_SIZE]);

#endif
