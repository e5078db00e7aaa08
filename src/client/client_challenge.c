/* SPDX-License-Identifier: Apache-2.0 */
/* One challenge, from client_solved or client_declined to its end: RFC 8555
 * 7.5.1, 8. */
#include "client/client_order.h"
#include "client/client_text.h"

static void on_polled(void *arg, const struct client_reply *reply);

static void
on_poll_timer(void *arg)
{
	struct client_authz *authz = arg;

	authz->timer = NULL;
	client_challenge_fetch(authz, on_polled);
}

static void
poll_later(struct client_authz *authz, const struct client_response *response)
{
	const struct env *env = authz->order->op.client->env;
	int64_t asked, delay;

	authz->state = CLIENT_AUTHZ_POLLED;
	delay = client_order_delay(authz->order, authz->polls++, response,
	    &asked);
	if (delay < 0)
		client_round_bad_text(authz, CLIENT_TIMEOUT, "the CA has not "
		    "checked it within %d s%s",
		    (int)(client_step_max_ms(authz->order->op.client) / 1000),
		    asked > 0 ? " and asks to wait longer" : "");
	else
		authz->timer = env->timer_start(env->ctx, delay,
		    on_poll_timer, authz);
}

static const struct client_answer_challenge *
find_challenge(const struct client_answer_authz *answer,
    enum client_method method)
{
	for (size_t i = 0; i < answer->num_challenges; i++) {
		if (answer->challenges[i].method == method)
			return &answer->challenges[i];
	}
	return NULL;
}

static void
bad_challenge(struct client_authz *authz,
    const struct client_answer_challenge *challenge)
{
	authz->may_be_pending = false;
	if (challenge != NULL && challenge->has_problem)
		client_round_bad(authz, &challenge->problem);
	else
		client_round_bad_text(authz, CLIENT_REFUSED,
		    "the CA says that it failed, and not why");
}

/* How an authorization stands whose challenge was sent. */
static void
take_polled(struct client_authz *authz,
    const struct client_answer_authz *answer,
    const struct client_response *response)
{
	const struct client_answer_challenge *challenge =
	    find_challenge(answer, authz->method);

	switch (answer->status) {
	case AUTHZ_VALID:
		client_round_ok(authz);
		return;
	case AUTHZ_PENDING:
		if (challenge != NULL && challenge->status ==
		    CHALLENGE_INVALID)
			bad_challenge(authz, challenge);
		else
			poll_later(authz, response);
		return;
	case AUTHZ_INVALID:
		bad_challenge(authz, challenge);
		return;
	case AUTHZ_DEACTIVATED:
	case AUTHZ_EXPIRED:
	case AUTHZ_REVOKED:
		authz->may_be_pending = false;
		client_round_bad_text(authz, CLIENT_REFUSED, "the authorization is "
		    "%s", authz_status_name(answer->status));
		return;
	}
}

int
client_challenge_parse(const struct client_authz *authz,
    const struct client_response *response,
    struct arena *arena, struct client_answer_authz *ret, struct err *err)
{
	struct client_answer_from from = {
		.body = response->body,
		.http_too = authz->order->op.client->http_too,
		.arena = arena,
	};

	return client_answer_authz(&from, ret, err);
}

static void
on_polled(void *arg, const struct client_reply *reply)
{
	struct client_authz *authz = arg;
	struct client_answer_authz answer;
	struct arena arena = { 0 };
	struct err err = ERR_INIT;

	if (reply->problem != NULL)
		client_round_fail(authz->order, reply->problem);
	else if (client_challenge_parse(authz, reply->response, &arena, &answer, &err) < 0)
		client_round_nonsense(authz, &err);
	else
		take_polled(authz, &answer, reply->response);
	arena_free(&arena);
}

void
client_challenge_fetch(struct client_authz *authz,
    void (*done)(void *arg, const struct client_reply *reply))
{
	client_call_start(authz->order->op.client, &(struct client_call_plan){
		.type = CLIENT_CALL_KID,
		.op = authz->order->op.id,
		.url = authz->url,
	}, &authz->call, done, authz);
}

/* A challenge that the CA refuses to take: one that it took before is refused
 * by some, so its authorization says. */
static void
on_refused_challenge(void *arg, const struct client_reply *reply)
{
	struct client_authz *authz = arg;
	struct client_answer_authz answer;
	const struct client_answer_challenge *challenge;
	struct arena arena = { 0 };
	struct err err = ERR_INIT;

	if (reply->problem != NULL) {
		client_round_fail(authz->order, reply->problem);
	} else if (client_challenge_parse(authz, reply->response, &arena, &answer, &err) < 0) {
		client_round_nonsense(authz, &err);
	} else {
		challenge = find_challenge(&answer, authz->method);
		if (answer.status == AUTHZ_PENDING && (challenge == NULL ||
		    challenge->status == CHALLENGE_PENDING))
			client_round_bad(authz, &authz->problem);
		else
			take_polled(authz, &answer, reply->response);
	}
	arena_free(&arena);
}

static void
on_challenge(void *arg, const struct client_reply *reply)
{
	struct client_authz *authz = arg;
	struct client_answer_challenge challenge;
	struct arena arena = { 0 };
	struct client_answer_from from = {
		.http_too = authz->order->op.client->http_too, .arena = &arena
	};
	struct err err = ERR_INIT;

	if (reply->problem != NULL && reply->problem->cause == CLIENT_REFUSED) {
		client_problem_copy(&authz->order->arena, reply->problem,
		    &authz->problem);
		client_challenge_fetch(authz, on_refused_challenge);
		return;
	}
	if (reply->problem != NULL) {
		client_round_fail(authz->order, reply->problem);
		return;
	}
	from.body = reply->response->body;
	if (client_answer_challenge(&from, &challenge, &err) < 0)
		client_round_nonsense(authz, &err);
	else if (challenge.status == CHALLENGE_VALID)
		client_round_ok(authz); /* RFC 8555 7.1.6: and so is the other */
	else if (challenge.status == CHALLENGE_INVALID)
		bad_challenge(authz, &challenge);
	else
		poll_later(authz, reply->response);
	arena_free(&arena);
}

static struct client_authz *
find(struct client *client, uint64_t id, uint16_t number)
{
	struct client_order_op *order = client_order_find(client, id);

	return order != NULL && number < order->num_authzs ?
	    &order->authzs[number] : NULL;
}

void
client_solved(struct client *client, uint64_t id, uint16_t number,
    enum client_method method)
{
	struct client_authz *authz = find(client, id, number);
	const struct client_answer_challenge *challenge;

	if (authz == NULL || authz->state != CLIENT_AUTHZ_OFFERED ||
	    (authz->offered & CLIENT_METHOD_BIT(method)) == 0)
		return;
	challenge = find_challenge(&authz->answer, method);
	if (challenge == NULL)
		return;
	authz->state = CLIENT_AUTHZ_SENT;
	authz->method = method;
	/* Each name's time runs from when the last was sent. */
	authz->order->deadline = env_now(client->env) +
	    client_step_max_ms(client);
	client_round_tell(authz, CLIENT_STEP_VALIDATING, SPAN_NONE);
	client_call_start(client, &(struct client_call_plan){
		.type = CLIENT_CALL_KID,
		.op = id,
		.url = challenge->url,
		.payload = SPAN_LIT("{}"),
	}, &authz->call, on_challenge, authz);
}

static void
end_declined(struct client_op *op)
{
	client_round_settle((struct client_order_op *)op);
}

void
client_declined(struct client *client, uint64_t id, uint16_t number,
    struct span text)
{
	struct client_authz *authz = find(client, id, number);

	if (authz == NULL || authz->state != CLIENT_AUTHZ_OFFERED)
		return;
	authz->state = CLIENT_AUTHZ_BAD;
	authz->declined = true;
	authz->problem = (struct client_problem){
		.cause = CLIENT_DECLINED,
		.detail = client_text_clean(&authz->order->arena, text),
	};
	client_round_tell(authz, CLIENT_STEP_FAILED, authz->problem.detail);
	/* In a turn of its own: others may be declined with it. */
	client_op_wait(&authz->order->op, 0, end_declined);
}
