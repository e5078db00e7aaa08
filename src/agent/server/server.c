/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/server.h"

#include "agent/server/change.h"

const struct server *const server_all[] = {
	&server_nginx,
	&server_apache,
	&server_haproxy,
	NULL
};

const struct server *
server_find(const char *name)
{
	for (size_t i = 0; server_all[i] != NULL; i++)
		if (strcmp(server_all[i]->name, name) == 0)
			return server_all[i];
	return NULL;
}

struct repair {
	const char *dir;
	void (*say)(void *ctx, const char *server, const struct err *err);
	void *ctx;
};

static void
repair_one(void *ctx, const char *name, const char *argument)
{
	const struct repair *repair = ctx;
	const struct server *server = server_find(name);
	struct server_world world = { .dir = repair->dir,
	    .argument = argument };
	struct err err = ERR_INIT;

	if (server != NULL && server->present(&world, NULL, 0, &err) < 0)
		repair->say(repair->ctx, name, &err);
}

void
server_repair(const char *dir, void (*say)(void *ctx, const char *server,
    const struct err *err), void *ctx)
{
	struct repair repair = { .dir = dir, .say = say, .ctx = ctx };

	change_each_pending(dir, repair_one, &repair);
}
