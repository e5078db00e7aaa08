/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "base/log.h"
#include "core/core_private.h"
#include "rpc/dev_core.h"

/* What one turn may say; far more than its requests can cause. */
#define OUT_MAX (1024 * 1024 * 1024) /* bytes */
/* A builder that grew beyond this is given back after the turn. */
#define OUT_KEEP (1024 * 1024) /* bytes */

/* What clients are told to wait for while the store goes on failing. */
#define LASTING_RETRY_AFTER_S 30

bool
core_turn_begin(struct core *core)
{
	struct err err = ERR_INIT;

	if (core->out.max == 0)
		bld_init(&core->out, OUT_MAX);
	if (core->doomed)
		return false;
	if (core->in_turn)
		return true;
	if (store_begin(core->env->store, &err) < 0) {
		core_turn_doom(core, &err);
		return false;
	}
	core->in_turn = true;
	return true;
}

bool
core_turn_begin_write(struct core *core)
{
	core->dirty = true;
	core->events++;
	return core_turn_begin(core);
}

/* A full disk fails every turn until somebody makes room: it is said when it
 * begins, now and then, and when it is over. */
static void
note_failure(struct core *core, const struct err *err)
{
	int64_t now = env_now(core->env);
	bool quiet = core->failed_turns > 0 &&
	    now < core->reminded_at + CORE_REMIND_MS;

	if (core->failed_turns++ == 0)
		core->failed_at = now;
	if (!quiet)
		core->reminded_at = now;
	log_err(quiet ? LOG_DEBUG : LOG_ERROR, "turn-failed", err);
}

/* Reading may go on well while nothing can be written. */
static void
note_success(struct core *core)
{
	if (core->failed_turns == 0)
		return;
	log_event(LOG_NOTICE, "turns-succeed-again", "failed=%u ms=%lld",
	    core->failed_turns,
	    (long long)(env_now(core->env) - core->failed_at));
	core->failed_turns = 0;
}

void
core_turn_doom(struct core *core, const struct err *err)
{
	if (!core->doomed)
		note_failure(core, err);
	core->doomed = true;
}

void
core_turn_frame_begin(struct core *core)
{
	if (core->num_frames == core->cap_frames) {
		core->cap_frames = core->cap_frames == 0 ? 64 :
		    2 * core->cap_frames;
		core->frames = mem_realloc(core->frames,
		    core->cap_frames * sizeof(*core->frames));
	}
	core->frames[core->num_frames].offset = core->out.len;
}

void
core_turn_frame_end(struct core *core, const struct core_frame *frame)
{
	struct core_frame *at = &core->frames[core->num_frames++];
	size_t offset = at->offset;

	assert(bld_end(&core->out) == 0);
	*at = *frame;
	at->offset = offset;
	at->len = core->out.len - offset;
	if (at->hold != NULL)
		at->hold->answered = true;
}

void
core_turn_answer(struct core *core, unsigned peer, uint64_t id,
    const struct web_core_answer *answer, struct core_hold *hold)
{
	struct core_frame frame = {
		.to = CORE_FRAME_ANSWER, .peer = peer, .id = id,
		.type = (uint16_t)answer->type, .hold = hold,
	};

	core_turn_frame_begin(core);
	web_core_answer_encode(&core->out, answer);
	core_turn_frame_end(core, &frame);
}

void
core_turn_problem(struct core *core, unsigned peer, uint64_t id,
    const struct problem *problem, struct core_hold *hold)
{
	struct web_core_answer answer = { .type = WEB_CORE_PROBLEM };

	answer.problem = *problem;
	core_turn_answer(core, peer, id, &answer, hold);
}

void
core_turn_effect(struct core *core, const struct ca_effect *effect,
    const struct problem *problem)
{
	for (size_t i = 0; i < effect->num_changed; i++)
		core_hold_changed(core, effect->changed[i]);
	if (effect->refused_order_id != 0)
		core_hold_refused(core, effect->refused_order_id,
		    effect->refused_slot, problem);
	core_ask_effect(core, effect);
}

static void
send_frame(struct core *core, const struct core_frame *frame)
{
	struct span payload = frame->len == 0 ? SPAN_NONE :
	    span_of(core->out.data + frame->offset, frame->len);

	switch (frame->to) {
	case CORE_FRAME_ANSWER:
	case CORE_FRAME_DEV:
		core->ops->answer(core->ctx, frame->peer, frame->id,
		    frame->type, payload);
		break;
	case CORE_FRAME_VALIDATOR:
		core->ops->ask_validator(core->ctx, frame->peer, frame->id,
		    frame->type, payload);
		break;
	case CORE_FRAME_SIGNER:
		core->ops->ask_signer(core->ctx, frame->id, frame->type,
		    payload);
		break;
	}
}

static void
send_lost(struct core *core, unsigned peer, uint64_t id)
{
	struct web_core_answer answer = {
		.type = WEB_CORE_PROBLEM,
		.problem = {
			.kind = ERR_BUSY,
			.detail = SPAN_LIT("The server could not store what "
			    "the request asks for; send it again later"),
			/* Once is a mishap; more take somebody to see to it. */
			.retry_after_s = core->failed_turns <= 1 ? 1 :
			    LASTING_RETRY_AFTER_S,
		},
	};

	bld_reset(&core->out);
	web_core_answer_encode(&core->out, &answer);
	core->ops->answer(core->ctx, peer, id, WEB_CORE_PROBLEM,
	    bld_view(&core->out));
}

static void
let_out(struct core *core)
{
	for (size_t i = 0; i < core->num_frames; i++) {
		struct core_frame *frame = &core->frames[i];

		send_frame(core, frame);
		if (frame->hold != NULL)
			core_hold_free(core, frame->hold);
	}
	/* The newest are at the end. */
	for (struct list_node *node = core->holds_by_age.last; node != NULL;
	    node = node->prev) {
		struct core_hold *hold = LIST_OBJECT(node, struct core_hold,
		    by_age);

		if (!hold->is_new)
			break;
		hold->is_new = false;
	}
}

/* Requests of the turn are refused; what waited before goes on waiting. */
static void
take_back(struct core *core)
{
	struct list_node *node, *prev;
	int64_t now = env_now(core->env);

	for (size_t i = 0; i < core->num_frames; i++) {
		struct core_frame *frame = &core->frames[i];

		if (frame->hold != NULL)
			frame->hold->answered = false;
		else if (frame->to == CORE_FRAME_ANSWER)
			send_lost(core, frame->peer, frame->id);
		else if (frame->to == CORE_FRAME_DEV)
			core->ops->answer(core->ctx, frame->peer, frame->id,
			    DEV_CORE_BUSY, SPAN_NONE);
	}
	for (node = core->holds_by_age.last; node != NULL; node = prev) {
		struct core_hold *hold = LIST_OBJECT(node, struct core_hold,
		    by_age);

		prev = node->prev;
		if (!hold->is_new)
			break;
		send_lost(core, hold->peer, hold->id);
		core_hold_free(core, hold);
	}
	core_hold_again(core, now);
}

/* Whether the turn goes on, to share its commit with what comes next. */
static bool
gather(struct core *core)
{
	int64_t until = core->committed_at + core->gather_ms;

	if (!core->dirty || core->doomed || core->stopping ||
	    core->gather_ms == 0 || core->last_events < CORE_GATHER_MIN ||
	    env_now(core->env) >= until)
		return false;
	core_wake_at(core, until);
	return true;
}

static void
commit(struct core *core)
{
	struct err err = ERR_INIT;

	if (core->in_turn && core->doomed)
		store_rollback(core->env->store);
	else if (core->in_turn && store_commit(core->env->store, &err) < 0)
		core_turn_doom(core, &err);
	core->in_turn = false;
	if (!core->dirty)
		return;
	if (!core->doomed)
		note_success(core);
	core->dirty = false;
	core->last_events = core->events;
	core->events = 0;
	if (core->gather_ms > 0)
		core->committed_at = env_now(core->env);
}

void
core_turn_end(struct core *core)
{
	core_ask_pump(core);
	if (gather(core))
		return;
	commit(core);
	if (core->doomed)
		take_back(core);
	else
		let_out(core);
	core_ask_settle(core, !core->doomed);
	core->doomed = false;
	core->num_frames = 0;
	if (core->out.cap > OUT_KEEP)
		bld_free(&core->out);
	bld_reset(&core->out);
	if (core_ask_next(core) != INT64_MAX)
		core_wake_at(core, core_ask_next(core));
	if (core->holds_by_age.first != NULL)
		core_wake_at(core, LIST_OBJECT(core->holds_by_age.first,
		    struct core_hold, by_age)->deadline);
}
