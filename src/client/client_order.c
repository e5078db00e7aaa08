/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client_order.h"

#include "base/json.h"
#include "base/text.h"
#include "client/client_names.h"
#include "client/client_text.h"

#define POLL_MIN_MS 100 /* a Retry-After of 0 is no reason to storm */

static void new_order(struct client_order_op *order);

static void
put_time(struct bld *out, const char *name, int64_t at)
{
	char text[TEXT_TIME_SIZE];

	if (at == 0)
		return;
	text_time(text, at);
	bld_fmt(out, ",\"%s\":\"%s\"", name, text);
}

static void
put_text(struct bld *out, const char *name, struct span text)
{
	if (text.len == 0)
		return;
	bld_fmt(out, ",\"%s\":", name);
	json_put_string(out, text);
}

/* RFC 9773 5: not to a CA that does not know what it is. */
static bool
replaces(const struct client_order_op *order)
{
	return order->order.replaces.len > 0 && !order->without_replaces &&
	    order->op.client->directory.info.has_renewal_info;
}

static void
put_order(struct bld *out, const struct client_order_op *op)
{
	const struct client_order *order = &op->order;

	bld_str(out, "{\"identifiers\":[");
	for (size_t i = 0; i < order->idents.count; i++) {
		const struct ident *ident = &order->idents.items[i];

		bld_fmt(out, "%s{\"type\":\"%s\",\"value\":", i > 0 ? "," : "",
		    ident_type_name(ident->type));
		json_put_string(out, ident->value);
		bld_u8(out, '}');
	}
	bld_u8(out, ']');
	put_time(out, "notBefore", order->not_before);
	put_time(out, "notAfter", order->not_after);
	put_text(out, "profile", order->profile);
	if (replaces(op))
		put_text(out, "replaces", order->replaces);
	bld_u8(out, '}');
}

/* Whether the order that a CA gave is for the names that were asked for. */
static bool
same_names(const struct client_order_op *order,
    const struct client_answer_order *answer)
{
	struct ident_list wanted = order->order.idents;

	ident_list_sort(&wanted);
	return ident_list_equal(&wanted, &answer->idents);
}

/* In an arena of the caller's that goes with the answer: polls must not pile
 * up what a CA says. */
int
client_order_parse(const struct client_order_op *order,
    const struct client_response *response, struct arena *arena,
    struct client_answer_order *ret, struct err *err)
{
	struct client_answer_from from = {
		.body = response->body,
		.http_too = order->op.client->http_too,
		.arena = arena,
	};
	int r = client_answer_order(&from, ret, err);

	if (r < 0)
		return r;
	/* Not every CA repeats them. */
	if (ret->idents.count > 0 && !same_names(order, ret))
		return err_set(err, ERR_MALFORMED, "RFC 8555 7.4", "the order "
		    "that the CA sent is for other names than were asked for");
	if (order->order.profile.len > 0 && ret->profile.len > 0 &&
	    !span_equal(ret->profile, order->order.profile))
		return err_set(err, ERR_MALFORMED, "draft-ietf-acme-profiles "
		    "4", "the order that the CA sent is for the profile "
		    "\"%.*s\", and \"%.*s\" was asked for",
		    SPAN_FMT(ret->profile), SPAN_FMT(order->order.profile));
	return 0;
}

/* The CA's word on what "replaces" names: RFC 9773 5 wants alreadyReplaced,
 * CAs have others. Anything about the names or the account would come again
 * and is then told. */
static bool
refuses_replaces(const struct client_problem *problem)
{
	static const char *const types[] = {
		"alreadyReplaced", "malformed", "unauthorized", "conflict",
		"serverInternal"
	};

	if (problem->status == 409)
		return true;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (client_problem_is(problem, types[i]))
			return true;
	}
	return false;
}

static void
on_refused(struct client_order_op *order, const struct client_problem *problem)
{
	if (client_problem_is(problem, "accountDoesNotExist") &&
	    !order->op.account_vanished) {
		client_op_restart(&order->op);
	} else if (replaces(order) && refuses_replaces(problem)) {
		order->without_replaces = true;
		new_order(order);
	} else {
		client_op_fail(&order->op, problem);
	}
}

static void
on_new_order(void *arg, const struct client_reply *reply)
{
	struct client_order_op *order = arg;
	struct client_answer_order answer;
	struct arena arena = { 0 };
	struct err err = ERR_INIT;
	int r;

	if (reply->problem != NULL) {
		on_refused(order, reply->problem);
		return;
	}
	order->url = client_text_resolve(&order->arena, reply->url,
	    reply->response->location);
	r = client_url_check(order->url, order->op.client->http_too, &err);
	if (r < 0)
		err_prefix(&err, "the CA made an order without saying where "
		    "(Location)");
	else
		r = client_order_parse(order, reply->response, &arena, &answer,
		    &err);
	if (r == 0 && !same_names(order, &answer))
		r = err_set(&err, ERR_MALFORMED, "RFC 8555 7.1.3", "the CA "
		    "made an order without saying for which names");
	if (r < 0) {
		client_op_fail_err(&order->op, CLIENT_NONSENSE, &err);
	} else {
		client_op_progress(&order->op, &(struct client_progress){
			.step = CLIENT_STEP_ORDERED, .url = order->url });
		client_order_take(order, &answer, reply->response);
	}
	arena_free(&arena);
}

static void
new_order(struct client_order_op *order)
{
	struct client *client = order->op.client;
	struct bld payload;

	bld_init(&payload, CLIENT_PAYLOAD_MAX);
	put_order(&payload, order);
	client_call_start(client, &(struct client_call_plan){
		.type = CLIENT_CALL_KID,
		.op = order->op.id,
		.url = client->directory.urls[CLIENT_URL_NEW_ORDER],
		.payload = bld_view(&payload),
	}, &order->op.call, on_new_order, order);
	bld_free(&payload);
}

static void
reset_round(struct client_order_op *order)
{
	client_round_release(order);
	arena_reset(&order->arena);
	order->url = order->finalize = order->certificate = SPAN_NONE;
	order->authorized = order->finalized = order->resumed = false;
	order->finalizes = order->polls = 0;
	order->deadline = 0;
}

void
client_order_again(struct client_order_op *order)
{
	reset_round(order);
	order->round++;
	new_order(order);
}

int64_t
client_order_delay(const struct client_order_op *order, unsigned polls,
    const struct client_response *response, int64_t *ret_asked)
{
	int64_t now = env_now(order->op.client->env);
	int64_t delay = CLIENT_POLL_FIRST_MS, asked;

	for (unsigned i = 0; i < polls && delay < CLIENT_POLL_MAX_MS; i++)
		delay += delay / 2;
	if (delay > CLIENT_POLL_MAX_MS)
		delay = CLIENT_POLL_MAX_MS;
	*ret_asked = 0;
	if (response->retry_after.len > 0 &&
	    client_text_retry_after(response->retry_after, now, &asked) == 0) {
		delay = asked < POLL_MIN_MS ? POLL_MIN_MS : asked;
		*ret_asked = asked;
	}
	/* One look at once: a CA may hold its answer until there is one, and
	 * then no time is lost. */
	if (polls == 0 && *ret_asked <= CLIENT_LOOK_RETRY_MS)
		delay = CLIENT_LOOK_MS;
	return now + delay > order->deadline || polls >= CLIENT_POLLS_MAX ?
	    -1 : delay;
}

static void
on_polled(void *arg, const struct client_reply *reply)
{
	struct client_order_op *order = arg;
	struct client_answer_order answer;
	struct arena arena = { 0 };
	struct err err = ERR_INIT;

	if (reply->problem != NULL)
		client_op_fail(&order->op, reply->problem);
	else if (client_order_parse(order, reply->response, &arena, &answer,
	    &err) < 0)
		client_op_fail_err(&order->op, CLIENT_NONSENSE, &err);
	else
		client_order_take(order, &answer, reply->response);
	arena_free(&arena);
}

static void
fetch(struct client_order_op *order, struct span url,
    void (*done)(void *arg, const struct client_reply *reply))
{
	client_call_start(order->op.client, &(struct client_call_plan){
		.type = CLIENT_CALL_KID, .op = order->op.id, .url = url,
	}, &order->op.call, done, order);
}

static void
poll_now(struct client_op *op)
{
	struct client_order_op *order = (struct client_order_op *)op;

	fetch(order, order->url, on_polled);
}

/* The CA takes longer than we wait, or says that it will. */
static void
fail_timeout(struct client_order_op *order, int64_t asked)
{
	struct client_problem problem = { .cause = CLIENT_TIMEOUT };
	int64_t now = env_now(order->op.client->env);

	client_problem_say(&order->arena, &problem, "the CA has not issued "
	    "the certificate within %d s%s; the order stays and can be "
	    "resumed", (int)(client_step_max_ms(order->op.client) / 1000),
	    asked > 0 ? " and asks to wait longer" : "");
	if (asked > 0)
		problem.retry_at = now + asked;
	client_op_fail(&order->op, &problem);
}

static void
wait_and_poll(struct client_order_op *order,
    const struct client_response *response)
{
	int64_t asked, delay;

	if (order->deadline == 0)
		order->deadline = env_now(order->op.client->env) +
		    client_step_max_ms(order->op.client);
	delay = client_order_delay(order, order->polls++, response, &asked);
	if (delay < 0)
		fail_timeout(order, asked);
	else
		client_op_wait(&order->op, delay, poll_now);
}

static void
on_invalid(struct client_order_op *order,
    const struct client_answer_order *answer)
{
	struct client_problem problem = answer->problem;

	/* An order to be resumed that is of no use any more. */
	if (order->resumed) {
		client_order_again(order);
		return;
	}
	if (!answer->has_problem) {
		problem = (struct client_problem){ .cause = CLIENT_REFUSED };
		client_problem_say(&order->arena, &problem,
		    "the CA gave up the order without a reason");
	}
	client_round_end(order, &problem);
}

static void
keep_url(struct client_order_op *order, struct span *kept, struct span url)
{
	if (!span_equal(*kept, url))
		*kept = arena_dup(&order->arena, url);
}

void
client_order_take(struct client_order_op *order,
    const struct client_answer_order *answer,
    const struct client_response *response)
{
	keep_url(order, &order->finalize, answer->finalize);
	keep_url(order, &order->certificate, answer->certificate);
	switch (answer->status) {
	case ORDER_PENDING:
		if (order->authorized)
			wait_and_poll(order, response);
		else
			client_authz_start(order, answer);
		return;
	case ORDER_READY:
		order->authorized = true;
		if (order->finalized)
			wait_and_poll(order, response);
		else
			client_issue_finalize(order);
		return;
	case ORDER_PROCESSING:
		if (order->polls == 0)
			client_op_progress(&order->op,
			    &(struct client_progress){
				.step = CLIENT_STEP_ISSUING,
				.url = order->url });
		wait_and_poll(order, response);
		return;
	case ORDER_VALID:
		client_issue_download(order);
		return;
	case ORDER_INVALID:
		on_invalid(order, answer);
		return;
	}
}

/* An order that is gone, not ours or for other names is no reason to stop. */
static void
on_resumed(void *arg, const struct client_reply *reply)
{
	struct client_order_op *order = arg;
	struct client_answer_order answer;
	struct arena arena = { 0 };

	if (reply->problem != NULL &&
	    reply->problem->cause != CLIENT_REFUSED) {
		client_op_fail(&order->op, reply->problem);
	} else if (reply->problem != NULL ||
	    client_order_parse(order, reply->response, &arena, &answer,
	    NULL) < 0 || !same_names(order, &answer)) {
		client_order_again(order);
	} else {
		order->resumed = true;
		order->url = arena_dup(&order->arena, order->order.resume_url);
		client_op_progress(&order->op, &(struct client_progress){
			.step = CLIENT_STEP_ORDERED, .url = order->url });
		client_order_take(order, &answer, reply->response);
	}
	arena_free(&arena);
}

/* draft-ietf-acme-profiles 4: not one that the CA does not show. */
static bool
has_profile(const struct client_order_op *order)
{
	const struct client_directory *info =
	    &order->op.client->directory.info;

	for (size_t i = 0; i < info->num_profiles; i++) {
		if (span_equal(info->profiles[i].name, order->order.profile))
			return true;
	}
	return order->order.profile.len == 0;
}

static void
fail_profile(struct client_order_op *order)
{
	const struct client_directory *info =
	    &order->op.client->directory.info;
	struct client_problem problem = { .cause = CLIENT_SETUP };
	struct bld names;

	bld_init(&names, CLIENT_TEXT_MAX / 2);
	for (size_t i = 0; i < info->num_profiles; i++)
		bld_fmt(&names, "%s%.*s", i > 0 ? ", " : ": ",
		    SPAN_FMT(info->profiles[i].name));
	client_problem_say(&order->arena, &problem, "this CA has no profile "
	    "\"%.*s\"; it has %s%.*s", SPAN_FMT(order->order.profile),
	    info->num_profiles == 0 ? "none" : "these", SPAN_FMT(bld_view(&names)));
	bld_free(&names);
	problem.type = SPAN_LIT("invalidProfile");
	client_op_fail(&order->op, &problem);
}

/* What the CA issues would not be valid here, again and again; if it is the
 * CA's clock that is wrong, for others neither. */
static bool
check_clock(struct client_op *op)
{
	const struct client *client = op->client;
	int64_t ahead = client->directory_at - client->ca_at;
	char ours[TEXT_TIME_SIZE], theirs[TEXT_TIME_SIZE];

	if (client->ca_at == 0 || (ahead <= CLIENT_CLOCK_AHEAD_MAX_MS &&
	    ahead >= -CLIENT_CLOCK_BEHIND_MAX_MS))
		return true;
	text_time(ours, client->directory_at);
	text_time(theirs, client->ca_at);
	client_op_fail_text(op, CLIENT_SETUP, "this machine's clock says %s, "
	    "and the CA's %s; set it, and keep it right: timedatectl set-ntp "
	    "true", ours, theirs);
	return false;
}

static void
order_begin(struct client_op *op)
{
	struct client_order_op *order = (struct client_order_op *)op;

	if (!check_clock(op))
		return;
	reset_round(order);
	if (!has_profile(order)) {
		fail_profile(order);
	} else if (!order->resume_tried &&
	    client_url_check(order->order.resume_url, op->client->http_too,
	    NULL) == 0) {
		order->resume_tried = true;
		fetch(order, order->order.resume_url, on_resumed);
	} else {
		new_order(order);
	}
}

static void
order_release(struct client_op *op)
{
	struct client_order_op *order = (struct client_order_op *)op;

	client_round_release(order);
	client_round_clean(order);
	arena_free(&order->arena);
}

static const struct client_op_class order_class = {
	.need = CLIENT_NEED_ACCOUNT, .begin = order_begin,
	.release = order_release
};

struct client_order_op *
client_order_find(struct client *client, uint64_t id)
{
	struct client_op *op;

	LIST_EACH(op, &client->all_ops, of_client) {
		if (op->id == id && op->class == &order_class)
			return (struct client_order_op *)op;
	}
	return NULL;
}

void
client_order(struct client *client, uint64_t id,
    const struct client_order *order)
{
	struct client_order_op *op = client_op_new(client, id, &order_class,
	    sizeof(*op));
	struct arena *arena = &op->op.arena;

	op->order = *order;
	for (size_t i = 0; i < order->idents.count; i++)
		op->order.idents.items[i].value = arena_dup(arena,
		    order->idents.items[i].value);
	op->order.csr = arena_dup(arena, order->csr);
	op->order.profile = arena_dup(arena, order->profile);
	op->order.replaces = arena_dup(arena, order->replaces);
	op->order.preferred_chain = arena_dup(arena, order->preferred_chain);
	op->order.resume_url = arena_dup(arena, order->resume_url);
}
