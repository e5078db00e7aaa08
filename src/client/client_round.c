/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of the authorizations of one order, and with them of the order:
 * when all are OK or BAD it goes on, starts anew with other methods, or
 * ends. */
#include <stdarg.h>
#include <stdio.h>

#include "client/client_order.h"

const struct ident *
client_round_ident(const struct client_authz *authz)
{
	return &authz->order->order.idents.items[authz->ident];
}

/* It waits for nothing any more. */
static void
silence(struct client_authz *authz)
{
	const struct env *env = authz->order->op.client->env;

	client_call_cancel(&authz->call);
	if (authz->timer != NULL)
		env->timer_cancel(env->ctx, authz->timer);
	authz->timer = NULL;
}

void
client_round_release(struct client_order_op *order)
{
	for (size_t i = 0; i < order->num_authzs; i++)
		silence(&order->authzs[i]);
	order->num_authzs = 0;
}

void
client_round_clean(struct client_order_op *order)
{
	struct client *client = order->op.client;

	if (order->cleaning_owed && !client->closing)
		client->ops->clean(client->ctx, order->op.id);
	order->cleaning_owed = false;
}

/* Tells what became of a name. */
void
client_round_tell(const struct client_authz *authz, enum client_step step, struct span text)
{
	client_op_progress(&authz->order->op, &(struct client_progress){
		.step = step,
		.ident = *client_round_ident(authz),
		.method = authz->method,
		.text = text,
	});
}

void
client_round_ok(struct client_authz *authz)
{
	authz->state = CLIENT_AUTHZ_OK;
	authz->may_be_pending = false;
	client_round_tell(authz, CLIENT_STEP_VALIDATED, SPAN_NONE);
	client_round_settle(authz->order);
}

void
client_round_bad(struct client_authz *authz, const struct client_problem *problem)
{
	authz->state = CLIENT_AUTHZ_BAD;
	client_problem_copy(&authz->order->arena, problem, &authz->problem);
	client_round_tell(authz, CLIENT_STEP_FAILED, authz->problem.detail);
	client_round_settle(authz->order);
}

void
client_round_bad_text(struct client_authz *authz, enum client_cause cause,
    const char *fmt, ...)
{
	struct client_problem problem = { .cause = cause };
	char text[CLIENT_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	client_problem_say(&authz->order->arena, &problem, "%s", text);
	client_round_bad(authz, &problem);
}

static void
on_deactivated(void *arg, const struct client_reply *reply)
{
	struct client_authz *authz = arg;

	/* Whether it worked or not: it was a courtesy. */
	(void)reply;
	authz->may_be_pending = false;
	client_round_end(authz->order, &authz->order->problem);
}

/* RFC 8555 7.5.2. Pending authorizations count against limits of CAs. */
void
client_round_end(struct client_order_op *order,
    const struct client_problem *problem)
{
	bool waiting = false;

	client_round_clean(order);
	if (problem != &order->problem)
		client_problem_copy(&order->op.arena, problem,
		    &order->problem);
	for (size_t i = 0; i < order->num_authzs; i++) {
		struct client_authz *authz = &order->authzs[i];

		if (!authz->may_be_pending ||
		    order->problem.cause == CLIENT_UNREACHABLE)
			continue;
		waiting = true;
		if (authz->call == NULL)
			client_call_start(order->op.client,
			    &(struct client_call_plan){
				.type = CLIENT_CALL_KID,
				.op = order->op.id,
				.url = authz->url,
				.payload = SPAN_LIT(
				    "{\"status\":\"deactivated\"}"),
				.once = true,
			    }, &authz->call, on_deactivated, authz);
	}
	if (!waiting)
		client_op_fail(&order->op, &order->problem);
}

/* Stops all that goes on: what comes next is the end. */
void
client_round_stop(struct client_order_op *order)
{
	for (size_t i = 0; i < order->num_authzs; i++) {
		struct client_authz *authz = &order->authzs[i];

		silence(authz);
		if (authz->state < CLIENT_AUTHZ_OK)
			authz->state = CLIENT_AUTHZ_STOPPED;
	}
}

void
client_round_fail(struct client_order_op *order, const struct client_problem *problem)
{
	struct client_problem copy;

	/* It may be in a call that is stopped. */
	client_problem_copy(&order->op.arena, problem, &copy);
	client_round_stop(order);
	client_round_end(order, &copy);
}

static void
say_one(struct client_order_op *order, const struct client_authz *authz,
    struct client_problem *ret)
{
	ret->type = authz->problem.type;
	ret->status = authz->problem.status;
	ret->instance = authz->problem.instance;
	ret->retry_at = authz->problem.retry_at;
	client_problem_say(&order->arena, ret, "%.*s%s%s: %.*s",
	    SPAN_FMT(client_round_ident(authz)->value),
	    authz->method != 0 ? ", " : "", authz->method != 0 ?
	    client_method_name(authz->method) : "",
	    SPAN_FMT(authz->problem.detail));
}

/* One name's failure is the problem; several become its subproblems, and their
 * cause is its cause if they have one: what nobody here could prove, the CA
 * did not refuse. */
static void
fail_round(struct client_order_op *order)
{
	struct client_subproblem *subs = arena_alloc(&order->arena,
	    order->num_authzs * sizeof(*subs));
	struct client_problem problem = { .cause = CLIENT_REFUSED,
		.subs = subs };
	const struct client_authz *last = NULL;

	for (size_t i = 0; i < order->num_authzs; i++) {
		const struct client_authz *authz = &order->authzs[i];

		if (authz->state != CLIENT_AUTHZ_BAD)
			continue;
		problem.cause = last == NULL ||
		    authz->problem.cause == problem.cause ?
		    authz->problem.cause : CLIENT_REFUSED;
		last = authz;
		subs[problem.num_subs++] = (struct client_subproblem){
			.type = authz->problem.type,
			.detail = authz->problem.detail,
			.ident = *client_round_ident(authz),
			.method = authz->method,
		};
	}
	if (problem.num_subs > 1) {
		problem.type = SPAN_LIT("compound");
		client_problem_say(&order->arena, &problem, "control over %zu "
		    "of %zu names was not proven", problem.num_subs,
		    order->num_authzs);
	} else if (last != NULL) {
		say_one(order, last, &problem);
	}
	client_round_fail(order, &problem);
}

/* Strikes off what failed; whether every name that failed has a method
 * left. */
static bool
others_left(struct client_order_op *order)
{
	bool left = true;

	for (size_t i = 0; i < order->num_authzs; i++) {
		struct client_authz *authz = &order->authzs[i];
		uint32_t bit = CLIENT_METHOD_BIT(authz->method);

		if (authz->state != CLIENT_AUTHZ_BAD)
			continue;
		if (authz->method == 0 || (authz->offered & ~bit) == 0)
			left = false;
		else
			order->tried[authz->ident] |= bit;
	}
	return left;
}

/* Goes on as soon as all authorizations are OK or BAD, or one was declined,
 * which leaves no hope for the others. */
void
client_round_settle(struct client_order_op *order)
{
	bool bad = false, declined = false, waiting = false;

	for (size_t i = 0; i < order->num_authzs; i++) {
		enum client_authz_state state = order->authzs[i].state;

		bad |= state == CLIENT_AUTHZ_BAD;
		declined |= order->authzs[i].declined;
		waiting |= state < CLIENT_AUTHZ_OK;
	}
	if (waiting && !declined)
		return;
	if (!bad) {
		client_round_clean(order);
		order->authorized = true;
		client_issue_finalize(order);
	} else if (!declined && order->round + 1 < CLIENT_ROUNDS_MAX &&
	    (order->resumed || others_left(order))) {
		client_round_clean(order);
		client_order_again(order);
	} else {
		fail_round(order);
	}
}

void
client_round_nonsense(struct client_authz *authz, const struct err *err)
{
	struct client_problem problem;

	client_problem_of(&authz->order->op.arena, CLIENT_NONSENSE, err,
	    &problem);
	client_round_fail(authz->order, &problem);
}
