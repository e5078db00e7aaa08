/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/solvers/listening.h"

#include <unistd.h>

#include "agent/solvers/steer.h"
#include "base/list.h"
#include "base/mem.h"

/* A question that is open. */
struct pending {
	struct list_node of_listening;
	uint64_t id;
	struct solver_task *task;
	bool dropping;
};

struct listening {
	char *argument;
	int steer;        /* steer.h's; -1: the port is ours */
	struct list pending;
	uint64_t last_id;
	size_t count;     /* challenges that are set up */
};

static struct listening **
place_of(const struct solver_world *world, enum agent_role role)
{
	return &world->listening[role == AGENT_ALPN];
}

static void
forget(struct listening *listening, struct pending *pending)
{
	list_del(&listening->pending, &pending->of_listening);
	free(pending);
}

static void
forget_pending(struct listening *listening, const struct solver_task *task)
{
	struct pending *pending;

	LIST_EACH(pending, &listening->pending, of_listening) {
		if (task == NULL || pending->task == task)
			forget(listening, pending);
	}
}

void
listening_free(struct listening *listening)
{
	if (listening == NULL)
		return;
	forget_pending(listening, NULL);
	free(listening->argument);
	if (listening->steer >= 0)
		close(listening->steer);
	free(listening);
}

static int
on_answer(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct listening *listening = ctx;
	struct pending *pending, found;
	struct judge_listener_answer answer;
	int r = judge_listener_answer_decode(type, payload, &answer, err);

	if (r < 0)
		return r;
	LIST_EACH(pending, &listening->pending, of_listening) {
		if (pending->id != id)
			continue;
		found = *pending;
		forget(listening, pending);
		if (found.dropping)
			found.task->gone(found.task, &answer.err);
		else
			found.task->ready(found.task, &answer.err);
		return 0;
	}
	return 0; /* of a task that is gone already */
}

/* A server has the port: where the kernel can, new connections come to us
 * instead for as long as challenges stand. Nothing changes with err otherwise. */
static bool
stand_before(const struct listening_place *place,
    struct listener_backend *ret, int fds[PORT_ADDRESSES_MAX],
    size_t *ret_count, int *ret_steer, struct err *err)
{
	char owner[PORT_OWNER_SIZE];
	struct err why = ERR_INIT;
	int pid;

	if (!place->port.any || !port_owner(place->port.number, owner, &pid) ||
	    steer_listen(fds, ret_count, &why) < 0)
		return false;
	if (steer_open(place->port.number, fds, *ret_count, ret_steer,
	    &why) < 0) {
		while (*ret_count > 0)
			close(fds[--*ret_count]);
		return false;
	}
	*ret = (struct listener_backend){ .proxy = LISTENER_PROXY_NONE,
	    .steered_port = place->port.number };
	err->kind = ERR_NONE;
	return true;
}

static int
start(const struct solver_world *world, const struct listening_place *place,
    const char *argument, struct err *err)
{
	int fds[PORT_ADDRESSES_MAX], steer = -1;
	struct listener_backend server = { .steered_port = 0 };
	struct agent_plan plan = { .roles = 1U << place->role,
		.dir = world->dir, .listen_fds = fds,
		.backend = place->backend, .log_level = world->log_level };
	struct listening *made;
	int r;

	r = port_listen(&place->port, place->remedy, fds,
	    &plan.num_listen_fds, err);
	if (r < 0 && place->role == AGENT_ALPN && place->backend == NULL &&
	    stand_before(place, &server, fds, &plan.num_listen_fds, &steer,
	    err)) {
		plan.backend = &server;
		r = 0;
	}
	if (r < 0)
		return r;
	r = agent_procs_start(world->procs, world->loop, &plan, err);
	for (size_t i = 0; i < plan.num_listen_fds; i++)
		close(fds[i]);
	if (r < 0) {
		if (steer >= 0)
			close(steer);
		return r;
	}
	made = mem_zalloc(sizeof(*made));
	made->steer = steer;
	made->argument = mem_strdup(argument);
	agent_procs_link(*world->procs, place->role, on_answer, made);
	*place_of(world, place->role) = made;
	return 0;
}

/* One listens, there where this place is. */
static int
need(const struct solver_world *world, const struct listening_place *place,
    const char *argument, struct err *err)
{
	const struct listening *listening = *place_of(world, place->role);

	if (listening == NULL)
		return start(world, place, argument, err);
	if (strcmp(listening->argument, argument) != 0)
		return err_set(err, ERR_CONFIG, NULL, "this run listens at "
		    "\"%s\" already and cannot at \"%s\", too; write the same "
		    "for all sites", listening->argument, argument);
	return 0;
}

static void
ask(const struct solver_world *world, enum agent_role role,
    struct solver_task *task, bool dropping)
{
	struct listening *listening = *place_of(world, role);
	struct pending *pending = mem_zalloc(sizeof(*pending));
	struct judge_listener_request request = { .token = task->token,
		.key_authorization = task->key_authorization,
		.ident = task->ident };
	struct bld out;

	if (role == AGENT_LISTENER)
		request.type = dropping ? JUDGE_LISTENER_DROP_HTTP :
		    JUDGE_LISTENER_SET_HTTP;
	else
		request.type = dropping ? JUDGE_LISTENER_DROP_TLS :
		    JUDGE_LISTENER_SET_TLS;
	client_tls_alpn_digest(request.digest, task->key_authorization);
	*pending = (struct pending){ .id = ++listening->last_id,
		.task = task, .dropping = dropping };
	list_add(&listening->pending, &pending->of_listening);
	bld_init(&out, LINK_PAYLOAD_MAX);
	judge_listener_request_encode(&out, &request);
	agent_procs_send(*world->procs, role, (uint16_t)request.type,
	    pending->id, bld_view(&out));
	bld_free(&out);
}

void
listening_setup(const struct solver_world *world,
    const struct listening_place *place, const char *argument,
    struct solver_task *const *tasks, size_t count)
{
	struct err err = ERR_INIT;
	int r = need(world, place, argument, &err);
	struct listening *listening = r < 0 ? NULL :
	    *place_of(world, place->role);

	for (size_t i = 0; i < count; i++) {
		tasks[i]->own = listening;
		if (listening == NULL) {
			tasks[i]->ready(tasks[i], &err);
			continue;
		}
		listening->count++;
		ask(world, place->role, tasks[i], false);
	}
}

/* The port is to be free for who comes next: a deployment's server, another
 * run. What else was asked to be dropped is gone with it. */
static void
finish(const struct solver_world *world, enum agent_role role)
{
	static const struct err fine = ERR_INIT;
	struct listening *listening = *place_of(world, role);
	const struct pending *pending;

	*place_of(world, role) = NULL;
	/* First nobody new comes, then it goes on with those who came. */
	if (listening->steer >= 0) {
		close(listening->steer);
		listening->steer = -1;
		agent_procs_leave(*world->procs, role);
	} else {
		agent_procs_end(*world->procs, role);
	}
	while ((pending = LIST_FIRST(&listening->pending, struct pending,
	    of_listening)) != NULL) {
		struct solver_task *task = pending->task;

		forget_pending(listening, task);
		task->gone(task, &fine);
	}
	listening_free(listening);
}

void
listening_refuse(struct solver_task *const *tasks, size_t count,
    const struct err *why)
{
	for (size_t i = 0; i < count; i++) {
		tasks[i]->own = NULL;
		tasks[i]->ready(tasks[i], why);
	}
}

void
listening_takedown(const struct solver_world *world, enum agent_role role,
    struct solver_task *const *tasks, size_t count)
{
	static const struct err fine = ERR_INIT;
	struct listening *listening = *place_of(world, role);
	bool over = false;

	for (size_t i = 0; i < count; i++) {
		if (tasks[i]->own == NULL)
			continue;
		forget_pending(listening, tasks[i]);
		over = --listening->count == 0;
	}
	if (over)
		finish(world, role);
	for (size_t i = 0; i < count; i++) {
		if (over || tasks[i]->own == NULL)
			tasks[i]->gone(tasks[i], &fine);
		else
			ask(world, role, tasks[i], true);
	}
}
