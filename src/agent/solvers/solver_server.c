/* SPDX-License-Identifier: Apache-2.0 */
/*
 * nginx, apache, haproxy: the running server answers http-01 (RFC 8555 8.3).
 * Asking and changing it takes a while and reads what it says, so each setup
 * and takedown is a process of its own (agent/proc/command.h).
 */
#include <stdlib.h>

#include "agent/proc/command.h"
#include "agent/server/server.h"
#include "agent/solvers/solver.h"

struct work {
	const struct server *server;
	struct server_world world;
	bool present;
	size_t count;
	struct server_task *items;
	struct solver_task **tasks;
	struct arena arena;
};

static int
call(void *arg, struct err *err)
{
	const struct work *work = arg;

	return (work->present ? server_present : server_withdraw)(
	    work->server, &work->world, work->items, work->count, err);
}

static void
finish(struct work *work, const struct err *err)
{
	/* Who is told of the last may free the rest. */
	for (size_t i = 0; i < work->count; i++) {
		struct solver_task *task = work->tasks[i];

		(work->present ? task->ready : task->gone)(task, err);
	}
	arena_free(&work->arena);
	free(work);
}

static void
on_done(void *ctx, const struct err *err, struct span output)
{
	(void)output;
	finish(ctx, err);
}

static void
start(const struct server *server, bool present,
    const struct solver_world *world, const char *argument,
    struct solver_task *const *tasks, size_t count)
{
	struct work *work = mem_zalloc(sizeof(*work));
	struct err err = ERR_INIT;

	*work = (struct work){ .server = server, .present = present,
	    .count = count };
	work->world.dir = arena_str(&work->arena, span_str(world->dir));
	work->world.argument = arena_str(&work->arena, span_str(argument));
	work->items = arena_alloc(&work->arena, count *
	    sizeof(*work->items));
	work->tasks = arena_alloc(&work->arena, count *
	    sizeof(struct solver_task *));
	for (size_t i = 0; i < count; i++) {
		work->tasks[i] = tasks[i];
		work->items[i] = (struct server_task){
		    .name = arena_str(&work->arena, tasks[i]->ident.value),
		    .token = arena_str(&work->arena, tasks[i]->token),
		    .key_authorization = arena_str(&work->arena,
		    tasks[i]->key_authorization) };
	}
	if (command_call(world->loop, call, work, on_done, work, &err) == NULL)
		finish(work, &err);
}

#define SERVER_SOLVER(NAME, ARGUMENT) \
	static void \
	setup_##NAME(const struct solver_world *world, const char *argument, \
	    struct solver_task *const *tasks, size_t count) \
	{ \
		start(&server_##NAME, true, world, argument, tasks, count); \
	} \
	static void \
	takedown_##NAME(const struct solver_world *world, \
	    const char *argument, struct solver_task *const *tasks, \
	    size_t count) \
	{ \
		start(&server_##NAME, false, world, argument, tasks, count); \
	} \
	const struct solver solver_##NAME = { \
		.name = #NAME, .argument = ARGUMENT, \
		.methods = CLIENT_METHOD_BIT(CLIENT_HTTP_01), \
		.setup = setup_##NAME, .takedown = takedown_##NAME, \
	}

SERVER_SOLVER(nginx, "FILE");
SERVER_SOLVER(apache, "FILE");
SERVER_SOLVER(haproxy, "SOCKET");
