/* SPDX-License-Identifier: Apache-2.0 */
/* From an order that is ready to the chain: RFC 8555 7.4, 7.4.2. */
#include "base/text.h"
#include "client/client_chain.h"
#include "client/client_names.h"
#include "client/client_order.h"
#include "client/client_text.h"

#define FINALIZES_MAX 4 /* of one order */
#define CHAIN_TYPE "application/pem-certificate-chain"

static void ask_order(struct client_op *op);

/* The order, after finalize was refused as untimely: the CA has it already,
 * or has not noticed yet that all is proven. */
static void
on_order(void *arg, const struct client_reply *reply)
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
	else if (answer.status == ORDER_READY &&
	    order->finalizes >= FINALIZES_MAX)
		client_op_fail_text(&order->op, CLIENT_NONSENSE, "the CA says "
		    "that the order is ready and that it is not");
	else
		client_order_take(order, &answer, reply->response);
	arena_free(&arena);
}

static void
ask_order(struct client_op *op)
{
	struct client_order_op *order = (struct client_order_op *)op;

	client_call_start(op->client, &(struct client_call_plan){
		.type = CLIENT_CALL_KID, .op = op->id, .url = order->url,
	}, &op->call, on_order, order);
}

static void
on_finalized(void *arg, const struct client_reply *reply)
{
	struct client_order_op *order = arg;
	struct client_answer_order answer;
	struct arena arena = { 0 };
	struct err err = ERR_INIT;

	if (reply->problem != NULL) {
		if (client_problem_is(reply->problem, "orderNotReady"))
			client_op_wait(&order->op, CLIENT_POLL_FIRST_MS,
			    ask_order);
		else
			client_op_fail(&order->op, reply->problem);
		return;
	}
	order->finalized = true;
	if (client_order_parse(order, reply->response, &arena, &answer,
	    &err) < 0)
		client_op_fail_err(&order->op, CLIENT_NONSENSE, &err);
	else
		client_order_take(order, &answer, reply->response);
	arena_free(&arena);
}

void
client_issue_finalize(struct client_order_op *order)
{
	struct client *client = order->op.client;
	struct bld payload;

	order->finalizes++;
	if (order->finalizes == 1)
		order->deadline = env_now(client->env) +
		    client_step_max_ms(client);
	client_op_progress(&order->op, &(struct client_progress){
		.step = CLIENT_STEP_FINALIZING, .url = order->url });
	bld_init(&payload, CLIENT_PAYLOAD_MAX);
	bld_str(&payload, "{\"csr\":\"");
	text_base64url(&payload, order->order.csr);
	bld_str(&payload, "\"}");
	client_call_start(client, &(struct client_call_plan){
		.type = CLIENT_CALL_KID,
		.op = order->op.id,
		.url = order->finalize,
		.payload = bld_view(&payload),
	}, &order->op.call, on_finalized, order);
	bld_free(&payload);
}

static void
give(struct client_order_op *order, struct span chain, bool preferred)
{
	struct client_op *op = &order->op;

	client_op_done(op, &(struct client_result){
		.type = CLIENT_RESULT_CHAIN,
		.chain = {
			.pem = arena_dup(&op->arena, chain),
			.order_url = arena_dup(&op->arena, order->url),
			.preferred = preferred,
		},
	});
}

static void on_alternate(void *arg, const struct client_reply *reply);

static void
next_alternate(struct client_order_op *order)
{
	if (order->next_alternate == order->num_alternates) {
		give(order, order->chain, false);
		return;
	}
	client_call_start(order->op.client, &(struct client_call_plan){
		.type = CLIENT_CALL_KID,
		.op = order->op.id,
		.url = order->alternates[order->next_alternate++],
		.accept = CHAIN_TYPE,
		.body_max = CLIENT_CHAIN_MAX,
	}, &order->op.call, on_alternate, order);
}

/* One that cannot be had is no reason to have none. */
static void
on_alternate(void *arg, const struct client_reply *reply)
{
	struct client_order_op *order = arg;
	struct span chain = SPAN_NONE;

	if (reply->problem == NULL && client_chain_parse(reply->response->body,
	    &order->arena, &chain, NULL) == 0 &&
	    client_chain_matches(chain, order->order.preferred_chain))
		give(order, chain, true);
	else
		next_alternate(order);
}

static void
find_alternates(struct client_order_op *order, const struct client_reply *reply)
{
	bool http_too = order->op.client->http_too;

	order->num_alternates = order->next_alternate = 0;
	for (size_t i = 0; i < CLIENT_ALTERNATES_MAX; i++) {
		struct span url = client_text_link(&order->arena,
		    reply->response, reply->url, "alternate", i);

		if (client_url_check(url, http_too, NULL) < 0)
			break;
		order->alternates[order->num_alternates++] = url;
	}
}

static void
on_chain(void *arg, const struct client_reply *reply)
{
	struct client_order_op *order = arg;
	struct span wanted = order->order.preferred_chain;
	struct err err = ERR_INIT;

	if (reply->problem != NULL) {
		client_op_fail(&order->op, reply->problem);
		return;
	}
	if (client_chain_parse(reply->response->body, &order->arena,
	    &order->chain, &err) < 0) {
		client_op_fail_err(&order->op, CLIENT_NONSENSE, &err);
		return;
	}
	if (wanted.len == 0 || client_chain_matches(order->chain, wanted)) {
		give(order, order->chain, true);
		return;
	}
	find_alternates(order, reply);
	next_alternate(order);
}

void
client_issue_download(struct client_order_op *order)
{
	client_op_progress(&order->op, &(struct client_progress){
		.step = CLIENT_STEP_DOWNLOADING, .url = order->url });
	client_call_start(order->op.client, &(struct client_call_plan){
		.type = CLIENT_CALL_KID,
		.op = order->op.id,
		.url = order->certificate,
		.accept = CHAIN_TYPE,
		.body_max = CLIENT_CHAIN_MAX,
	}, &order->op.call, on_chain, order);
}
