/* SPDX-License-Identifier: Apache-2.0 */
#include "core/core.h"

#include <inttypes.h>

#include "core/core_private.h"
#include "rpc/dev_core.h"

int
core_new(const struct env *env, const struct config *config,
    const struct core_ops *ops, void *ctx, struct core **ret,
    struct err *err)
{
	struct core *core = mem_zalloc(sizeof(*core));
	int r;

	core->env = env;
	core->config = config;
	core->ops = ops;
	core->ctx = ctx;
	r = ca_init(&core->ca, env, config, err);
	if (r == 0)
		r = core_ask_resume(core, err);
	if (r < 0) {
		core_free(core);
		return r;
	}
	core->sweep_at = env_now(env) + CORE_SWEEP_MS;
	core_wake_at(core, core->sweep_at);
	*ret = core;
	return 0;
}

void
core_free(struct core *core)
{
	if (core->in_turn)
		store_rollback(core->env->store);
	if (core->timer != NULL)
		core->env->timer_cancel(core->env->ctx, core->timer);
	core_hold_free_all(core);
	core_ask_free_all(core);
	ca_done(&core->ca);
	bld_free(&core->out);
	free(core->frames);
	arena_free(&core->arena);
	free(core);
}

void
core_set_gather(struct core *core, int64_t gather_ms)
{
	core->gather_ms = gather_ms;
}

void
core_set_config(struct core *core, const struct config *config)
{
	core->config = config;
	core->ca.config = config;
}

static void
refuse(struct core *core, unsigned peer, uint64_t id, const struct err *err)
{
	struct problem problem = problem_of(err);

	core_turn_problem(core, peer, id, &problem, NULL);
}

/* Answers now, or later if the object is about to change. */
static void
answer(struct core *core, unsigned peer, uint64_t id)
{
	struct ca_wait *wait = &core->result.wait;
	struct err err = ERR_INIT;
	int r;

	if (wait->object_id != 0 && core_hold_add(core, wait, peer, id))
		return;
	if (wait->object_id == 0) {
		core_turn_answer(core, peer, id, &core->result.answer, NULL);
		return;
	}
	r = ca_wait_check(&core->ca, wait, true, &core->arena, &core->held,
	    &err);
	if (r == 0) {
		core_turn_answer(core, peer, id, &core->held.answer, NULL);
		return;
	}
	if (!err_is_refusal(r))
		core_turn_doom(core, &err);
	refuse(core, peer, id, &err);
}

int
core_web_request(struct core *core, unsigned peer, uint64_t id,
    uint16_t type, struct span payload, struct err *err)
{
	struct err why = ERR_INIT;
	int r;

	r = web_core_request_decode(type, payload, &core->arena,
	    &core->request, err);
	if (r < 0)
		return r;
	if (!(ca_writes(core->request.type) ? core_turn_begin_write(core) :
	    core_turn_begin(core))) {
		err_set(&why, ERR_BUSY, NULL, "the turn is lost");
		refuse(core, peer, id, &why);
		return 0;
	}
	r = ca_request(&core->ca, &core->request, &core->arena,
	    &core->result, &why);
	if (r == 0) {
		answer(core, peer, id);
		core_turn_effect(core, &core->result.effect, NULL);
	} else {
		if (!err_is_refusal(r))
			core_turn_doom(core, &why);
		refuse(core, peer, id, &why);
	}
	arena_reset(&core->arena);
	return 0;
}

int
core_dev_request(struct core *core, unsigned peer, uint64_t id,
    uint16_t type, struct span payload, struct err *err)
{
	struct core_frame frame = {
		.to = CORE_FRAME_DEV, .peer = peer, .id = id,
	};
	struct dev_core_answer out = { .type = DEV_CORE_BUSY };
	struct store_certificate row;
	struct dev_core_request request;
	int r = dev_core_request_decode(type, payload, &request, err);

	if (r < 0)
		return r;
	r = !core_turn_begin(core) ? -ERR_BUSY :
	    store_certificate_get_by_serial(core->env->store, request.serial,
	    &core->arena, &row, NULL);
	if (r == -ERR_NOT_FOUND)
		out.type = DEV_CORE_NONE;
	if (r == 0) {
		out.type = DEV_CORE_CERTIFICATE;
		out.status = DEV_CORE_VALID;
		out.der = row.der;
	}
	frame.type = (uint16_t)out.type;
	core_turn_frame_begin(core);
	dev_core_answer_encode(&core->out, &out);
	core_turn_frame_end(core, &frame);
	arena_reset(&core->arena);
	return 0;
}

void
core_peer_gone(struct core *core, unsigned peer)
{
	core_hold_peer_gone(core, peer);
}

static void
sweep(struct core *core, int64_t now)
{
	struct err err = ERR_INIT;
	size_t deleted;

	core->sweep_at = now + CORE_SWEEP_MS;
	if (!core_turn_begin_write(core))
		return;
	if (ca_expire(&core->ca, CORE_SWEEP_ROWS, &deleted, &err) < 0)
		core_turn_doom(core, &err);
	else if (deleted >= CORE_SWEEP_ROWS)
		core->sweep_at = now + 1000; /* there is more */
}

static void
on_timer(void *arg)
{
	struct core *core = arg;
	int64_t now = env_now(core->env);

	core->timer = NULL;
	core->timer_at = 0;
	core_hold_due(core, now);
	core_ask_due(core, now);
	arena_reset(&core->arena);
	if (now >= core->sweep_at)
		sweep(core, now);
	core_wake_at(core, core->sweep_at);
}

void
core_wake_at(struct core *core, int64_t at)
{
	int64_t now = env_now(core->env);

	if (core->timer != NULL && core->timer_at <= at)
		return;
	if (core->timer != NULL)
		core->env->timer_cancel(core->env->ctx, core->timer);
	core->timer_at = at;
	core->timer = core->env->timer_start(core->env->ctx,
	    at > now ? at - now : 0, on_timer, core);
}

void
core_stop(struct core *core)
{
	core->stopping = true;
	core_hold_due(core, env_now(core->env));
	arena_reset(&core->arena);
}

size_t
core_busy(const struct core *core)
{
	return core->asks.count;
}
