/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <inttypes.h>

#include "base/log.h"
#include "core/core_private.h"
#include "core/target.h"

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_MAX_MS 60000

/* The ask's state may have to be undone: settle looks at it. */
static void
touch(struct core *core, struct core_ask *ask)
{
	if (ask->in_turn_list)
		return;
	ask->in_turn_list = true;
	list_add(&core->turn_asks, &ask->in_turn);
}

static void
leave_list(struct core *core, struct core_ask *ask)
{
	switch (ask->state) {
	case CORE_ASK_READY:
		queue_del(&core->ready[ask->kind], &ask->in_queue);
		break;
	case CORE_ASK_DELAYED:
		list_del(&core->delayed, &ask->in_list);
		break;
	case CORE_ASK_SENT:
		list_del(&core->sent[ask->kind], &ask->in_list);
		if (ask->kind == CORE_ASK_VALIDATOR)
			core->validators[ask->validator].sent--;
		break;
	case CORE_ASK_DONE:
		break;
	}
}

static void
enter(struct core *core, struct core_ask *ask, enum core_ask_state state)
{
	leave_list(core, ask);
	ask->state = state;
	switch (state) {
	case CORE_ASK_READY:
		queue_add(&core->ready[ask->kind],
		    (uint64_t)ask->account_id, ask->target,
		    &ask->in_queue);
		break;
	case CORE_ASK_DELAYED:
		list_add(&core->delayed, &ask->in_list);
		break;
	case CORE_ASK_SENT:
		list_add(&core->sent[ask->kind], &ask->in_list);
		if (ask->kind == CORE_ASK_VALIDATOR)
			core->validators[ask->validator].sent++;
		break;
	case CORE_ASK_DONE:
		break;
	}
}

static void
ask_free(struct core *core, struct core_ask *ask)
{
	leave_list(core, ask);
	table_del(&core->asks, &ask->by_id);
	free(ask);
}

static struct core_ask *
ask_new(struct core *core, enum core_ask_kind kind, int64_t object_id)
{
	struct core_ask *ask = mem_zalloc(sizeof(*ask));

	ask->kind = kind;
	ask->state = CORE_ASK_DONE;
	ask->object_id = object_id;
	table_add(&core->asks, ++core->last_ask_id, &ask->by_id);
	return ask;
}

/* Not before a while, which grows with each try. */
static void
delay(struct core *core, struct core_ask *ask)
{
	int64_t ms = BACKOFF_FIRST_MS;

	for (unsigned i = 0; i < ask->tries && ms < BACKOFF_MAX_MS; i++)
		ms *= 2;
	ask->at = env_now(core->env) +
	    (ms < BACKOFF_MAX_MS ? ms : BACKOFF_MAX_MS);
	enter(core, ask, CORE_ASK_DELAYED);
}

/* Whether a question can go out now, and to which validator: the one with
 * the fewest. */
static bool
can_send(const struct core *core, enum core_ask_kind kind,
    unsigned *ret_validator)
{
	size_t least = CORE_VALIDATOR_ASKS_MAX;

	*ret_validator = 0;
	if (kind == CORE_ASK_SIGNER)
		return core->ca.signer_up &&
		    core->sent[kind].count < CORE_SIGNER_ASKS_MAX;
	for (unsigned i = 0; i < CORE_VALIDATORS_MAX; i++) {
		if (!core->validators[i].up ||
		    core->validators[i].sent >= least)
			continue;
		least = core->validators[i].sent;
		*ret_validator = i;
	}
	return least < CORE_VALIDATOR_ASKS_MAX;
}

static void
note_validate(struct core_ask *ask, const struct validate_request *request)
{
	ask->account_id = request->account_id;
	ask->target = target_of(&request->ident);
}

static void
send_ask(struct core *core, struct core_ask *ask, unsigned validator,
    const struct ca_effect *effect)
{
	struct core_frame frame = { .id = ask->by_id.key, .peer = validator };

	core_turn_frame_begin(core);
	if (ask->kind == CORE_ASK_VALIDATOR) {
		frame.to = CORE_FRAME_VALIDATOR;
		frame.type = CORE_VALIDATOR_VALIDATE;
		if (ask->target == 0)
			note_validate(ask, &effect->validate);
		validate_request_encode(&core->out, &effect->validate);
	} else {
		frame.to = CORE_FRAME_SIGNER;
		frame.type = CORE_SIGNER_ISSUE;
		issue_request_encode(&core->out, &effect->issue);
		ask->slot = effect->issue_slot;
	}
	core_turn_frame_end(core, &frame);
	ask->at = env_now(core->env);
	ask->was_sent = true;
	leave_list(core, ask);
	ask->state = CORE_ASK_DONE;
	ask->validator = validator;
	enter(core, ask, CORE_ASK_SENT);
	touch(core, ask);
}

static void
ask_start(struct core *core, enum core_ask_kind kind, int64_t object_id,
    const struct ca_effect *effect)
{
	struct core_ask *ask = ask_new(core, kind, object_id);
	unsigned validator;

	if (kind == CORE_ASK_VALIDATOR)
		note_validate(ask, &effect->validate);
	ask->is_new = true;
	touch(core, ask);
	/* Those that wait go first; the pump asks when it is their turn. */
	if (queue_first(&core->ready[kind]) == NULL &&
	    can_send(core, kind, &validator))
		send_ask(core, ask, validator, effect);
	else
		enter(core, ask, CORE_ASK_READY);
}

void
core_ask_effect(struct core *core, const struct ca_effect *effect)
{
	if (effect->validate_authz_id != 0)
		ask_start(core, CORE_ASK_VALIDATOR,
		    effect->validate_authz_id, effect);
	if (effect->issue_order_id != 0)
		ask_start(core, CORE_ASK_SIGNER, effect->issue_order_id,
		    effect);
}

/* Builds the question from the store. False: the turn is lost. */
static bool
send_again(struct core *core, struct core_ask *ask, unsigned validator)
{
	struct ca_effect effect;
	struct err err = ERR_INIT;
	int r;

	if (!core_turn_begin(core))
		return false;
	if (ask->kind == CORE_ASK_VALIDATOR)
		r = ca_validate_question(&core->ca, ask->object_id,
		    &core->arena, &effect, &err);
	else
		r = ca_issue_question(&core->ca, ask->object_id,
		    &core->arena, &effect, &err);
	if (r < 0) {
		core_turn_doom(core, &err);
		return false;
	}
	if (effect.validate_authz_id != 0 || effect.issue_order_id != 0) {
		send_ask(core, ask, validator, &effect);
	} else {
		/* It has ended otherwise. */
		enter(core, ask, CORE_ASK_DONE);
		touch(core, ask);
	}
	arena_reset(&core->arena);
	return true;
}

static void
pump(struct core *core, enum core_ask_kind kind)
{
	struct queue_item *item;
	unsigned validator;

	while (!core->doomed &&
	    (item = queue_first(&core->ready[kind])) != NULL &&
	    can_send(core, kind, &validator)) {
		struct core_ask *ask = LIST_OBJECT(item, struct core_ask,
		    in_queue);

		if (send_again(core, ask, validator))
			continue;
		/* A question that cannot be read must not stop the rest. */
		ask->tries++;
		delay(core, ask);
	}
}

void
core_ask_pump(struct core *core)
{
	pump(core, CORE_ASK_VALIDATOR);
	pump(core, CORE_ASK_SIGNER);
}

/* The validators cannot do it: the challenge has failed. */
static void
give_up(struct core *core, struct core_ask *ask)
{
	struct err err = ERR_INIT, inner;
	struct ca_effect effect;
	struct problem problem;

	if (!core_turn_begin_write(core))
		return;
	err_set(&err, ERR_INTERNAL, NULL, "no validator could answer for "
	    "authorization %" PRId64 " in %u tries", ask->object_id,
	    ask->tries);
	log_err(LOG_WARNING, "validation-lost", &err);
	problem = problem_of(&err);
	enter(core, ask, CORE_ASK_DONE);
	touch(core, ask);
	if (ca_validation_failed(&core->ca, ask->object_id, &problem,
	    &core->arena, &effect, &inner) < 0)
		core_turn_doom(core, &inner);
	else
		core_turn_effect(core, &effect, &problem);
}

/* The question came to nothing: ask again, or give up. */
static void
lost(struct core *core, struct core_ask *ask)
{
	ask->tries++;
	if (ask->kind == CORE_ASK_VALIDATOR &&
	    ask->tries >= CORE_VALIDATE_TRIES_MAX)
		give_up(core, ask);
	else if (ask->tries == 1 || ask->kind == CORE_ASK_VALIDATOR)
		enter(core, ask, CORE_ASK_READY);
	else
		delay(core, ask);
}

/* What lives but does not answer. One line, however many questions. */
static void
overdue(struct core *core, enum core_ask_kind kind, int64_t now)
{
	struct list_node *node;
	unsigned count = 0;

	while (!core->doomed && (node = core->sent[kind].first) != NULL) {
		struct core_ask *ask = LIST_OBJECT(node, struct core_ask,
		    in_list);

		if (ask->at + CORE_ASK_TIMEOUT_MS > now)
			break;
		lost(core, ask);
		count++;
	}
	if (count > 0)
		log_event(LOG_WARNING, "asked-again",
		    "peer=%s questions=%u silent_ms=%d",
		    kind == CORE_ASK_SIGNER ? "signer" : "validator", count,
		    CORE_ASK_TIMEOUT_MS);
}

void
core_ask_due(struct core *core, int64_t now)
{
	struct list_node *node, *next;

	for (node = core->delayed.first; node != NULL; node = next) {
		struct core_ask *ask = LIST_OBJECT(node, struct core_ask,
		    in_list);

		next = node->next;
		if (ask->at <= now)
			enter(core, ask, CORE_ASK_READY);
	}
	overdue(core, CORE_ASK_VALIDATOR, now);
	overdue(core, CORE_ASK_SIGNER, now);
}

int64_t
core_ask_next(struct core *core)
{
	struct list_node *node;
	int64_t next = INT64_MAX;

	for (int kind = 0; kind < 2; kind++) {
		int64_t at;

		node = core->sent[kind].first;
		if (node == NULL)
			continue;
		at = LIST_OBJECT(node, struct core_ask, in_list)->at +
		    CORE_ASK_TIMEOUT_MS;
		next = at < next ? at : next;
	}
	for (node = core->delayed.first; node != NULL; node = node->next) {
		int64_t at = LIST_OBJECT(node, struct core_ask,
		    in_list)->at;

		next = at < next ? at : next;
	}
	return next;
}

static void
take_back_ask(struct core *core, struct core_ask *ask)
{
	if (ask->is_new) {
		ask_free(core, ask);
	} else if (ask->state == CORE_ASK_DONE || ask->was_sent) {
		ask->was_sent = false;
		delay(core, ask);
	}
}

void
core_ask_settle(struct core *core, bool committed)
{
	struct list_node *node;

	while ((node = core->turn_asks.first) != NULL) {
		struct core_ask *ask = LIST_OBJECT(node, struct core_ask,
		    in_turn);

		list_del(&core->turn_asks, node);
		ask->in_turn_list = false;
		if (!committed)
			take_back_ask(core, ask);
		else if (ask->state == CORE_ASK_DONE)
			ask_free(core, ask);
		else
			ask->is_new = ask->was_sent = false;
	}
}

/* All that was sent to a peer that is gone. */
static void
lose_all(struct core *core, enum core_ask_kind kind, unsigned validator)
{
	struct list_node *node, *next;

	for (node = core->sent[kind].first; node != NULL; node = next) {
		struct core_ask *ask = LIST_OBJECT(node, struct core_ask,
		    in_list);

		next = node->next;
		if (kind == CORE_ASK_SIGNER || ask->validator == validator)
			lost(core, ask);
	}
}

void
core_validator_up(struct core *core, unsigned validator)
{
	assert(validator < CORE_VALIDATORS_MAX);
	core->validators[validator].up = true;
}

void
core_validator_down(struct core *core, unsigned validator)
{
	assert(validator < CORE_VALIDATORS_MAX);
	core->validators[validator].up = false;
	lose_all(core, CORE_ASK_VALIDATOR, validator);
}

void
core_signer_up(struct core *core)
{
	core->ca.signer_up = true;
	core->ops->ask_signer(core->ctx, 0, CORE_SIGNER_CHAIN, SPAN_NONE);
}

void
core_signer_down(struct core *core)
{
	core->ca.signer_up = false;
	lose_all(core, CORE_ASK_SIGNER, 0);
}

/* The question with that id, if its answer is still wanted. */
static struct core_ask *
find(struct core *core, enum core_ask_kind kind, uint64_t id)
{
	struct table_node *node = table_get(&core->asks, id);
	struct core_ask *ask;

	if (node == NULL)
		return NULL;
	ask = LIST_OBJECT(node, struct core_ask, by_id);
	return ask->kind == kind && ask->state == CORE_ASK_SENT ? ask : NULL;
}

/* Its rule is in the detail. */
static void
log_problem(const struct core *core, const char *event, const char *object,
    int64_t id, const struct problem *problem)
{
	char detail[LOG_QUOTE_SIZE];

	if (!log_often(LOG_INFO, env_now(core->env)))
		return;
	log_event(LOG_INFO, event, "%s=%" PRId64 " kind=%s detail=%s", object,
	    id, err_kind_name(problem->kind), log_quote(detail,
	    (const char *)problem->detail.data, problem->detail.len));
}

/* What follows from an answer. */
static int
finish(struct core *core, struct core_ask *ask, int r,
    const struct ca_effect *effect, const struct problem *problem,
    struct err *err)
{
	if (r == -ERR_FRAME)
		return r;
	enter(core, ask, CORE_ASK_DONE);
	touch(core, ask);
	if (r < 0)
		core_turn_doom(core, err);
	else
		core_turn_effect(core, effect, problem);
	arena_reset(&core->arena);
	return 0;
}

int
core_validator_answer(struct core *core, unsigned validator, uint64_t id,
    uint16_t type, struct span payload, struct err *err)
{
	struct core_ask *ask = find(core, CORE_ASK_VALIDATOR, id);
	struct validate_answer answer;
	struct ca_effect effect;
	const struct problem *problem = NULL;
	int r;

	r = validate_answer_decode(type, payload, &core->arena, &answer, err);
	if (r < 0 || ask == NULL || ask->validator != validator)
		return r;
	if (!core_turn_begin_write(core)) {
		delay(core, ask);
		return 0;
	}
	if (answer.type == CORE_VALIDATOR_ATTESTED) {
		r = ca_attested(&core->ca, ask->object_id,
		    &answer.attestation, &core->arena, &effect, err);
	} else {
		problem = &answer.problem;
		log_problem(core, "validation-failed", "authz",
		    ask->object_id, problem);
		r = ca_validation_failed(&core->ca, ask->object_id, problem,
		    &core->arena, &effect, err);
	}
	return finish(core, ask, r, &effect, problem, err);
}

static int
refused(struct core *core, struct core_ask *ask,
    const struct problem *problem, struct err *err)
{
	struct ca_effect effect;
	int r;

	log_problem(core, "issue-refused", "order", ask->object_id,
	    problem);
	if (!err_is_refusal(-(int)problem->kind)) {
		/* The signer's own trouble. */
		ask->tries++;
		delay(core, ask);
		return 0;
	}
	r = ca_refused(&core->ca, ask->object_id, ask->slot, problem,
	    &core->arena, &effect, err);
	return finish(core, ask, r, &effect, problem, err);
}

int
core_signer_answer(struct core *core, uint64_t id, uint16_t type,
    struct span payload, struct err *err)
{
	struct core_ask *ask = find(core, CORE_ASK_SIGNER, id);
	struct issue_answer answer;
	struct ca_effect effect;
	int r;

	r = issue_answer_decode(type, payload, &core->arena, &answer, err);
	if (r < 0)
		return r;
	if (answer.type == CORE_SIGNER_CHAIN_IS) {
		ca_set_chain(&core->ca, &answer);
		core_hold_changed(core, CA_WAIT_CHAIN);
		return 0;
	}
	if (ask == NULL)
		return 0;
	if (!core_turn_begin_write(core)) {
		delay(core, ask);
		return 0;
	}
	if (answer.type == CORE_SIGNER_REFUSED)
		return refused(core, ask, &answer.problem, err);
	r = ca_issued(&core->ca, ask->object_id, ask->slot,
	    answer.issued.der, answer.issued.issuer, &core->arena, &effect,
	    err);
	if (r == 0)
		log_event(LOG_INFO, "issued", "order=%" PRId64,
		    ask->object_id);
	return finish(core, ask, r, &effect, NULL, err);
}

static int
resume(struct core *core, enum core_ask_kind kind,
    int (*list)(struct store *store, int64_t after_id, size_t max,
    int64_t *ret_ids, size_t *ret_count, struct err *err), struct err *err)
{
	int64_t ids[STORE_LIST_MAX], after = 0;
	size_t count;
	int r;

	do {
		r = list(core->env->store, after, STORE_LIST_MAX, ids, &count,
		    err);
		for (size_t i = 0; r == 0 && i < count; i++) {
			after = ids[i];
			enter(core, ask_new(core, kind, after),
			    CORE_ASK_READY);
		}
	} while (r == 0 && count == STORE_LIST_MAX);
	return r;
}

int
core_ask_resume(struct core *core, struct err *err)
{
	int r = resume(core, CORE_ASK_VALIDATOR, store_authz_list_processing,
	    err);

	return r < 0 ? r : resume(core, CORE_ASK_SIGNER, store_finalize_list,
	    err);
}

void
core_ask_free_all(struct core *core)
{
	queue_done(&core->ready[CORE_ASK_VALIDATOR]);
	queue_done(&core->ready[CORE_ASK_SIGNER]);
	for (size_t i = 0; i < core->asks.num_buckets; i++) {
		struct table_node *node = core->asks.buckets[i];

		while (node != NULL) {
			struct table_node *next = node->next;

			free(LIST_OBJECT(node, struct core_ask, by_id));
			node = next;
		}
	}
	table_done(&core->asks);
}
