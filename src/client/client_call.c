/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request with all its repetitions:
 *
 *   QUEUED -> NONCE -> SIGNING -> ASKING -> done
 *                ^        |         |
 *                +--- WAITING <-----+   trouble: a named number of times
 *                +------------------+   badNonce: the same
 *
 * An unsigned one goes to ASKING at once, a signature alone ends at SIGNING.
 */
#include "client/client_private.h"
#include "client/client_text.h"

#define CALLS_MAX 8 /* that run at a time; others queue */

enum call_state { QUEUED, NONCE, NONCE_BY_GET, SIGNING, ASKING, WAITING };

struct client_call {
	struct list_node of_client;
	struct client *client;
	struct client_call **slot;
	void (*done)(void *arg, const struct client_reply *reply);
	void *arg;
	struct client_call_plan plan; /* spans in arena */
	enum call_state state;
	uint64_t id;         /* of what is awaited from outside */
	int64_t deadline;    /* of all tries; 0: not begun */
	unsigned tries;
	unsigned bad_nonces;
	struct env_timer *timer;
	struct arena arena;
};

static void go(struct client_call *call);

static void
run_next(struct client *client)
{
	struct client_call *call;

	if (client->closing || client->num_running >= CALLS_MAX)
		return;
	LIST_EACH(call, &client->all_calls, of_client) {
		if (call->state == QUEUED) {
			client->num_running++;
			go(call);
			return;
		}
	}
}

/* Takes the call out of everything. */
static void
detach(struct client_call *call)
{
	struct client *client = call->client;

	list_del(&client->all_calls, &call->of_client);
	*call->slot = NULL;
	if (call->state != QUEUED)
		client->num_running--;
	if (call->timer != NULL)
		client->env->timer_cancel(client->env->ctx, call->timer);
	call->timer = NULL;
}

static void
release(struct client_call *call)
{
	arena_free(&call->arena);
	free(call);
}

static void
finish(struct client_call *call, const struct client_reply *reply)
{
	struct client_reply with_url = *reply;
	struct client *client = call->client;

	with_url.url = call->plan.url;
	detach(call);
	call->done(call->arg, &with_url);
	release(call);
	run_next(client);
}

static void
finish_problem(struct client_call *call, const struct client_problem *problem)
{
	finish(call, &(struct client_reply){ .problem = problem });
}

static void
fail(struct client_call *call, enum client_cause cause, const struct err *err)
{
	struct client_problem problem;

	client_problem_of(&call->arena, cause, err, &problem);
	finish_problem(call, &problem);
}

static void
ask(struct client_call *call, enum call_state state,
    const struct client_request *request)
{
	struct client *client = call->client;
	struct client_request limited = *request;
	int64_t now = env_now(client->env);

	if (call->deadline == 0)
		call->deadline = now + client_step_max_ms(client);
	limited.max_ms = call->deadline > now ? call->deadline - now : 1;
	call->state = state;
	call->id = ++client->next_id;
	client->ops->http(client->ctx, call->id, &limited);
}

/* RFC 8555 7.2: HEAD, and GET for who does not know that. */
static void
ask_nonce(struct client_call *call, enum call_state state)
{
	ask(call, state, &(struct client_request){
		.method = state == NONCE ? CLIENT_HEAD : CLIENT_GET,
		.url = call->client->directory.urls[CLIENT_URL_NEW_NONCE],
		.accept = SPAN_LIT("*/*"),
		.body_max = CLIENT_BODY_MAX,
	});
}

static void
ask_request(struct client_call *call, enum client_http_method method,
    struct span body)
{
	const char *accept = call->plan.accept;

	ask(call, ASKING, &(struct client_request){
		.method = method,
		.url = call->plan.url,
		.body = body,
		.accept = span_str(accept != NULL ? accept :
		    "application/json"),
		.body_max = call->plan.body_max > 0 ? call->plan.body_max :
		    CLIENT_BODY_MAX,
	});
}

static enum client_sign_type
sign_type(const struct client_call_plan *plan)
{
	switch (plan->type) {
	case CLIENT_CALL_JWK:
		return CLIENT_SIGN_JWK;
	case CLIENT_CALL_CERTIFICATE:
		return CLIENT_SIGN_CERTIFICATE;
	case CLIENT_CALL_INNER:
		return plan->sign_type;
	case CLIENT_CALL_GET:
	case CLIENT_CALL_KID:
		break;
	}
	return CLIENT_SIGN_KID;
}

static void
ask_signature(struct client_call *call, struct span nonce)
{
	struct client *client = call->client;
	struct client_sign sign = {
		.type = sign_type(&call->plan),
		.url = call->plan.url,
		.nonce = nonce,
		.kid = call->plan.type == CLIENT_CALL_INNER ? call->plan.kid :
		    call->plan.type == CLIENT_CALL_KID ? client->options.kid :
		    SPAN_NONE,
		.payload = call->plan.payload,
	};

	call->state = SIGNING;
	call->id = ++client->next_id;
	client->ops->sign(client->ctx, call->id, call->plan.op, &sign);
}

static void
wait(struct client_call *call, int64_t delay_ms, void (*then)(void *arg))
{
	const struct env *env = call->client->env;

	call->state = WAITING;
	call->id = 0;
	call->timer = env->timer_start(env->ctx, delay_ms, then, call);
}

static void
on_timer(void *arg)
{
	struct client_call *call = arg;

	call->timer = NULL;
	go(call);
}

/* Its caller does not expect it before it has returned. */
static void
fail_foreign(void *arg)
{
	struct client_call *call = arg;
	struct err err = ERR_INIT;

	call->timer = NULL;
	err_set(&err, ERR_MALFORMED, "RFC 8555 7.1.1", "the CA sent us to "
	    "%.*s, which is not where its directory is, nor a host that its "
	    "directory names: nothing is asked there",
	    SPAN_FMT(call->plan.url));
	fail(call, CLIENT_NONSENSE, &err);
}

static void
go(struct client_call *call)
{
	struct span nonce = SPAN_NONE;

	if (call->plan.type != CLIENT_CALL_INNER &&
	    !client_ready_owns(call->client, call->plan.url))
		wait(call, 0, fail_foreign);
	else if (call->plan.type == CLIENT_CALL_GET)
		ask_request(call, CLIENT_GET, SPAN_NONE);
	else if (call->plan.type == CLIENT_CALL_INNER ||
	    client_nonce_take(&call->client->nonces,
	    env_now(call->client->env), &nonce))
		ask_signature(call, nonce);
	else
		ask_nonce(call, NONCE);
}

/* How long until the next try; false: there is none. retry_ms is what the CA
 * asked for, negative if it did not. */
static bool
again_after(struct client_call *call, int64_t retry_ms, int64_t *ret_ms)
{
	*ret_ms = (int64_t)CLIENT_TRY_DELAY_MS << call->tries;
	if (call->plan.once || ++call->tries >= CLIENT_TRIES_MAX ||
	    retry_ms > CLIENT_RETRY_AFTER_MAX_MS)
		return false;
	if (retry_ms > *ret_ms)
		*ret_ms = retry_ms;
	return env_now(call->client->env) + *ret_ms < call->deadline;
}

static void
tell_waiting(struct client_call *call, int64_t delay_ms, struct span why)
{
	struct client *client = call->client;

	if (client->ops->progress == NULL || call->plan.op == 0)
		return;
	client->ops->progress(client->ctx, call->plan.op,
	    &(struct client_progress){
		.step = CLIENT_STEP_WAITING,
		.url = call->plan.url,
		.wait_until = env_now(client->env) + delay_ms,
		.text = client_text_clean(&call->arena, why),
	});
}

static void
on_no_answer(struct client_call *call, const struct err *err)
{
	int64_t delay_ms;

	/* An answer that passes a limit will do so again; who is not trusted
	 * or does not exist stays so. */
	if (err->kind == ERR_TOO_LARGE) {
		fail(call, CLIENT_NONSENSE, err);
	} else if (err->kind == ERR_TLS || err->kind == ERR_DNS ||
	    !again_after(call, -1, &delay_ms)) {
		fail(call, CLIENT_UNREACHABLE, err);
	} else {
		tell_waiting(call, delay_ms, span_str(err->text));
		wait(call, delay_ms, on_timer);
	}
}

static bool
in_trouble(int status)
{
	return status == 429 || status >= 500;
}

/* The pages that a problem's headers name: RFC 8555 7.3.3, 7.3.4. */
static void
add_headers(struct client_call *call, const struct client_response *response,
    struct client_problem *problem)
{
	struct client *client = call->client;
	int64_t retry_ms;

	if (client_problem_is(problem, "userActionRequired"))
		problem->terms_url = client_text_link(&call->arena, response,
		    call->plan.url, "terms-of-service", 0);
	if (response->retry_after.len > 0 &&
	    client_text_retry_after(response->retry_after,
	    env_now(client->env), &retry_ms) == 0)
		problem->retry_at = env_now(client->env) + retry_ms;
}

static void
on_refusal(struct client_call *call, const struct client_response *response)
{
	struct client *client = call->client;
	struct client_problem problem;
	int64_t retry_ms = -1, delay_ms;

	client_answer_problem(&call->arena, response, &problem);
	add_headers(call, response, &problem);
	if (problem.retry_at > 0)
		retry_ms = problem.retry_at - env_now(client->env);
	if (client_problem_is(&problem, "badNonce") &&
	    call->plan.type != CLIENT_CALL_GET) {
		/* The others are as old as this one was: only what came with
		 * the refusal is worth a try. */
		client_nonce_drop_all(&client->nonces);
		client_nonce_add(&client->nonces, response->nonce,
		    env_now(client->env));
		if (++call->bad_nonces <= CLIENT_BAD_NONCES_MAX) {
			go(call);
			return;
		}
		client_problem_say(&call->arena, &problem, "the CA refused "
		    "%d fresh nonces in a row", CLIENT_BAD_NONCES_MAX + 1);
	} else if (in_trouble(response->status) &&
	    again_after(call, retry_ms, &delay_ms)) {
		tell_waiting(call, delay_ms, problem.detail);
		wait(call, delay_ms, on_timer);
		return;
	}
	finish_problem(call, &problem);
}

static void
on_nonce(struct client_call *call, const struct client_response *response)
{
	struct err err = ERR_INIT;

	if (call->client->nonces.count > 0) {
		go(call);
	} else if (call->state == NONCE && !in_trouble(response->status)) {
		ask_nonce(call, NONCE_BY_GET);
	} else if (response->status >= 400) {
		on_refusal(call, response);
	} else {
		err_set(&err, ERR_MALFORMED, "RFC 8555 7.2",
		    "the CA's newNonce gives no nonce");
		fail(call, CLIENT_NONSENSE, &err);
	}
}

static void
on_answer(struct client_call *call, const struct client_response *response)
{
	struct err err = ERR_INIT;

	client_nonce_add(&call->client->nonces, response->nonce,
	    env_now(call->client->env));
	if (call->state != ASKING) {
		on_nonce(call, response);
	} else if (response->status >= 400) {
		on_refusal(call, response);
	} else if (response->status < 200 || response->status >= 300) {
		err_set(&err, ERR_MALFORMED, "RFC 8555 6",
		    "the CA answered with HTTP status %d, which ACME does "
		    "not use; is the directory's URL right?",
		    response->status);
		fail(call, CLIENT_NONSENSE, &err);
	} else {
		finish(call, &(struct client_reply){ .response = response });
	}
}

static struct client_call *
find(struct client *client, uint64_t id)
{
	struct client_call *call;

	LIST_EACH(call, &client->all_calls, of_client) {
		if (call->id == id && id != 0)
			return call;
	}
	return NULL;
}

void
client_http_done(struct client *client, uint64_t http_id,
    const struct client_response *response)
{
	struct client_call *call = find(client, http_id);

	if (call == NULL || call->state == SIGNING)
		return;
	call->id = 0;
	if (response->err.kind != ERR_NONE)
		on_no_answer(call, &response->err);
	else
		on_answer(call, response);
}

void
client_sign_done(struct client *client, uint64_t sign_id, struct span jws,
    const struct err *err)
{
	struct client_call *call = find(client, sign_id);

	if (call == NULL || call->state != SIGNING)
		return;
	call->id = 0;
	if (err != NULL && err->kind != ERR_NONE)
		fail(call, CLIENT_SIGNING, err);
	else if (call->plan.type == CLIENT_CALL_INNER)
		finish(call, &(struct client_reply){ .jws = jws });
	else
		ask_request(call, CLIENT_POST, jws);
}

void
client_call_start(struct client *client, const struct client_call_plan *plan,
    struct client_call **slot,
    void (*done)(void *arg, const struct client_reply *reply), void *arg)
{
	struct client_call *call = mem_zalloc(sizeof(*call));

	call->client = client;
	call->slot = slot;
	call->done = done;
	call->arg = arg;
	call->plan = *plan;
	call->plan.url = arena_dup(&call->arena, plan->url);
	call->plan.payload = arena_dup(&call->arena, plan->payload);
	call->plan.kid = arena_dup(&call->arena, plan->kid);
	*slot = call;
	list_add(&client->all_calls, &call->of_client);
	run_next(client);
}

void
client_call_cancel(struct client_call **slot)
{
	struct client_call *call = *slot;
	struct client *client;

	if (call == NULL)
		return;
	client = call->client;
	if (call->id != 0 && call->state != SIGNING)
		client->ops->http_cancel(client->ctx, call->id);
	detach(call);
	release(call);
	run_next(client);
}

void
client_call_cancel_all(struct client *client)
{
	struct client_call *call;

	LIST_EACH(call, &client->all_calls, of_client)
		client_call_cancel(call->slot);
}
