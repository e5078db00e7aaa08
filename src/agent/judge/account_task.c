/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thing that is done with an account at a CA, as a run of its own.
 */
#include "agent/judge/judge_private.h"

struct account_task {
	enum judge_account what;
	const char *name;
	struct judge_ca *ca;
	struct arena arena;
	struct err err;
	bool done;
};

static void
end(struct judge *judge)
{
	loop_stop(judge->loop);
}

static void
refuse(struct judge *judge, const char *text, const char *remedy)
{
	err_set(&judge->account_task->err, ERR_IO, NULL, "%s%s%s", text,
	    remedy == NULL ? "" : "; ", remedy == NULL ? "" : remedy);
	end(judge);
}

/* ---- account's answers --------------------------------------------------- */

static bool
decode(struct judge *judge, uint16_t type, struct span payload,
    struct judge_account_answer *ret)
{
	struct err err = ERR_INIT;

	if (judge_account_answer_decode(type, payload, ret, &err) < 0)
		judge_end(judge, &err);
	else if (ret->type == JUDGE_ACCOUNT_REFUSED)
		refuse(judge, ret->err.text, NULL);
	else
		return true;
	return false;
}

static bool
on_settled(void *ctx, uint16_t type, struct span payload)
{
	struct judge *judge = ctx;
	struct judge_account_answer answer;

	if (!decode(judge, type, payload, &answer))
		return true;
	judge->account_task->done =
	    judge->account_task->err.kind == ERR_NONE;
	end(judge);
	return true;
}

static void
settle(struct judge *judge, enum judge_account_type type)
{
	struct judge_ca *ca = judge->account_task->ca;
	const struct judge_account_request request = { .type = type,
	    .id = ca->account.id };

	judge_ca_ask(ca, &request, on_settled, judge);
}

/* ---- the CA's answer ----------------------------------------------------- */

static void
on_good(struct judge *judge, const struct client_result *result)
{
	struct account_task *task = judge->account_task;
	struct err err = ERR_INIT;

	switch (task->what) {
	case JUDGE_UPDATE:
		if (result->type == CLIENT_RESULT_ACCOUNT)
			judge_ca_account(judge, task->ca->number,
			    &result->account);
		task->done = true;
		end(judge);
		break;
	case JUDGE_ROLLOVER:
		settle(judge, JUDGE_ACCOUNT_COMMIT);
		break;
	case JUDGE_DEACTIVATE:
		if (state_account_del(judge->state, task->ca->account.id,
		    &err) < 0)
			judge_end(judge, &err);
		else
			settle(judge, JUDGE_ACCOUNT_REMOVE);
		break;
	}
}

/* Where the CA refused, the new key is of no use. Where it is not known what
 * it did, both stay, and the next run asks it. */
static void
on_problem(struct judge *judge, const struct client_problem *problem)
{
	struct account_task *task = judge->account_task;
	struct trouble trouble;

	trouble_judge(problem, &trouble);
	if (task->what == JUDGE_ROLLOVER &&
	    (problem->cause == CLIENT_REFUSED ||
	    problem->cause == CLIENT_SETUP ||
	    problem->cause == CLIENT_LACKING)) {
		err_set(&task->err, ERR_IO, NULL, "%s; %s", trouble.text,
		    trouble.remedy);
		settle(judge, JUDGE_ACCOUNT_ABANDON);
	} else {
		refuse(judge, trouble.text, trouble.remedy);
	}
}

static bool
on_net(void *ctx, uint16_t type, struct span payload)
{
	struct judge *judge = ctx;
	struct judge_net_tell tell;
	struct arena arena = { 0 };
	struct err err = ERR_INIT;
	bool last = true;

	if (judge_net_tell_decode(type, payload, &arena, &tell, &err) < 0)
		judge_end(judge, &err);
	else if (tell.type != NET_JUDGE_RESULT)
		last = false;
	else if (tell.result.type == CLIENT_RESULT_PROBLEM)
		on_problem(judge, &tell.result.problem);
	else
		on_good(judge, &tell.result);
	arena_free(&arena);
	return last;
}

static void
ask_ca(struct judge *judge, struct judge_net_ask *ask)
{
	ask->ca = judge->account_task->ca->number;
	ask_net(judge, ask, on_net, judge);
}

/* ---- the beginning ------------------------------------------------------- */

/* account has been told of it, so that it signs what net comes with now. */
static bool
on_allowed(void *ctx, uint16_t type, struct span payload)
{
	struct judge *judge = ctx;
	struct account_task *task = judge->account_task;
	struct judge_net_ask ask = { .type = JUDGE_NET_DEACTIVATE };
	struct judge_account_answer answer;

	if (!decode(judge, type, payload, &answer))
		return true;
	if (task->what == JUDGE_UPDATE) {
		ask.type = JUDGE_NET_UPDATE;
		judge_ca_registration(task->ca, &task->arena,
		    &ask.registration);
	}
	ask_ca(judge, &ask);
	return true;
}

static bool
on_rolled(void *ctx, uint16_t type, struct span payload)
{
	struct judge *judge = ctx;
	struct judge_net_ask ask = { .type = JUDGE_NET_ROLLOVER };
	struct judge_account_answer answer;

	if (!decode(judge, type, payload, &answer))
		return true;
	memcpy(ask.thumbprint, answer.opened.next_thumbprint,
	    JWK_THUMBPRINT_SIZE);
	ask_ca(judge, &ask);
	return true;
}

static void
on_ca(void *ctx, struct judge_ca *ca, const struct err *why)
{
	struct judge *judge = ctx;
	struct account_task *task = judge->account_task;
	bool rollover = task->what == JUDGE_ROLLOVER;
	struct judge_account_request request = { .alg = JWK_ES256,
	    .type = rollover ? JUDGE_ACCOUNT_ROLL : JUDGE_ACCOUNT_CHANGE };

	if (ca == NULL) {
		refuse(judge, why->text, NULL);
		return;
	}
	task->ca = ca;
	request.id = ca->account.id;
	judge_ca_ask(ca, &request, rollover ? on_rolled : on_allowed, judge);
}

static void
start(struct judge *judge)
{
	judge_ca_need(judge, judge->account_task->name, on_ca, judge);
}

int
judge_run_account(struct judge *judge, enum judge_account what,
    const char *ca, struct err *err)
{
	struct account_task task = { .what = what, .name = ca };
	int r;

	judge->account_task = &task;
	r = judge_run_task(judge, start, err);
	judge->account_task = NULL;
	arena_free(&task.arena);
	if (r == 0 && !task.done) {
		*err = task.err;
		r = -(int)task.err.kind;
	}
	return r;
}
