/* SPDX-License-Identifier: Apache-2.0 */
#include "core/core_private.h"

bool
core_hold_add(struct core *core, const struct ca_wait *wait, unsigned peer,
    uint64_t id)
{
	struct core_hold *hold;

	if (core->stopping || core->config->hold_ms <= 0 ||
	    core->holds.count >= CORE_HOLDS_MAX)
		return false;
	hold = mem_zalloc(sizeof(*hold));
	hold->wait = *wait;
	hold->peer = peer;
	hold->id = id;
	hold->deadline = env_now(core->env) + core->config->hold_ms;
	hold->is_new = true;
	table_add(&core->holds, (uint64_t)wait->object_id, &hold->by_object);
	list_add(&core->holds_by_age, &hold->by_age);
	return true;
}

void
core_hold_free(struct core *core, struct core_hold *hold)
{
	table_del(&core->holds, &hold->by_object);
	list_del(&core->holds_by_age, &hold->by_age);
	free(hold);
}

/* Answers the hold if there is something new to say, or anyway if last. */
static void
check(struct core *core, struct core_hold *hold, bool last)
{
	struct err err = ERR_INIT;
	struct problem problem;
	int r;

	if (hold->answered || !(last ? core_turn_begin_write(core) :
	    core_turn_begin(core)))
		return;
	r = ca_wait_check(&core->ca, &hold->wait, last, &core->arena,
	    &core->held, &err);
	if (err_is_refusal(r)) {
		problem = problem_of(&err);
		core_turn_problem(core, hold->peer, hold->id, &problem, hold);
	} else if (r < 0) {
		core_turn_doom(core, &err);
	} else if (core->held.wait.object_id == 0) {
		core_turn_answer(core, hold->peer, hold->id,
		    &core->held.answer, hold);
	}
}

static struct core_hold *
hold_of(struct table_node *node)
{
	return node == NULL ? NULL :
	    LIST_OBJECT(node, struct core_hold, by_object);
}

void
core_hold_changed(struct core *core, int64_t object_id)
{
	struct table_node *node = table_get(&core->holds,
	    (uint64_t)object_id);

	for (; node != NULL; node = table_next(node))
		check(core, hold_of(node), false);
}

void
core_hold_refused(struct core *core, int64_t order_id, enum store_slot slot,
    const struct problem *problem)
{
	struct table_node *node = table_get(&core->holds, (uint64_t)order_id);

	for (; node != NULL; node = table_next(node)) {
		struct core_hold *hold = hold_of(node);

		if (hold->wait.type != WEB_CORE_ORDER_FINALIZE ||
		    hold->answered ||
		    hold->wait.verified != (slot == STORE_VERIFIED))
			continue;
		core_turn_problem(core, hold->peer, hold->id, problem, hold);
	}
}

void
core_hold_due(struct core *core, int64_t now)
{
	for (struct list_node *node = core->holds_by_age.first; node != NULL;
	    node = node->next) {
		struct core_hold *hold = LIST_OBJECT(node, struct core_hold,
		    by_age);

		if (hold->deadline > now && !core->stopping)
			break;
		check(core, hold, true);
		if (core->doomed)
			break;
	}
}

void
core_hold_again(struct core *core, int64_t now)
{
	struct list_node *node;

	while ((node = core->holds_by_age.first) != NULL) {
		struct core_hold *hold = LIST_OBJECT(node, struct core_hold,
		    by_age);

		if (hold->deadline > now)
			break;
		hold->deadline = now + core->config->hold_ms;
		if (hold->deadline <= now)
			hold->deadline = now + 1;
		list_del(&core->holds_by_age, node);
		list_add(&core->holds_by_age, node);
	}
}

void
core_hold_peer_gone(struct core *core, unsigned peer)
{
	struct list_node *node, *next;

	for (node = core->holds_by_age.first; node != NULL; node = next) {
		struct core_hold *hold = LIST_OBJECT(node, struct core_hold,
		    by_age);

		next = node->next;
		/* A frame of this turn may point to it: it goes with that. */
		if (hold->peer == peer && !hold->answered)
			core_hold_free(core, hold);
	}
}

void
core_hold_free_all(struct core *core)
{
	while (core->holds_by_age.first != NULL)
		core_hold_free(core, LIST_OBJECT(core->holds_by_age.first,
		    struct core_hold, by_age));
	table_done(&core->holds);
}
