/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/deploy/deploy.h"
#include "agent/server/server.h"

struct work {
	const struct server *server;
	struct server_world world;
	struct server_cert cert;
};

static int
call(void *arg, struct err *err)
{
	const struct work *work = arg;

	return server_install(work->server, &work->world, &work->cert, err);
}

struct command *
deploy_server(struct loop *loop, const char *argument,
    const struct deploy_cert *cert, void (*done)(void *ctx,
    const struct err *err, struct span output), void *ctx, struct err *err)
{
	struct arena arena = { 0 };
	struct command *ret = NULL;
	struct work work = {
		/* Not of the certificate's path: a folder of another program
		 * may lie in one of another user's. */
		.world.dir = cert->dir,
		.cert = { .site = cert->site->name,
		    .folder = arena_str(&arena, cert->path),
		    .names = &cert->site->names },
	};

	work.server = server_parse(argument, &work.world.argument);
	if (work.server == NULL)
		err_set(err, ERR_CONFIG, NULL, "there is no server \"%s\" to "
		    "install into; write nginx, apache or haproxy", argument);
	else
		ret = command_call(loop, call, &work, done, ctx, err);
	arena_free(&arena);
	return ret;
}
