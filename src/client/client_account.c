/* SPDX-License-Identifier: Apache-2.0 */
/* What is done with an account: RFC 8555 7.3. */
#include "client/client_private.h"

struct account_op {
	struct client_op op;
	struct bld payload;                /* of update */
	uint8_t thumbprint[JWK_THUMBPRINT_SIZE]; /* of rollover */
};

static void
release(struct client_op *op)
{
	bld_free(&((struct account_op *)op)->payload);
}

static void
open_begin(struct client_op *op)
{
	client_op_done(op, &(struct client_result){
		.type = CLIENT_RESULT_DIRECTORY,
		.directory = op->client->directory.info,
	});
}

static const struct client_op_class open_class = {
	.need = CLIENT_NEED_DIRECTORY, .begin = open_begin
};

void
client_open(struct client *client, uint64_t id)
{
	client_op_new(client, id, &open_class, sizeof(struct client_op));
}

static void
give_account(struct client_op *op, const struct client_answer_account *answer)
{
	struct client_result result = {
		.type = CLIENT_RESULT_ACCOUNT,
		.account = {
			.kid = op->client->options.kid,
			.num_contacts = answer->num_contacts,
		},
	};

	memcpy(result.account.contacts, answer->contacts,
	    sizeof(result.account.contacts));
	client_op_done(op, &result);
}

/* The answer to what was sent to the account's URL. */
static void
on_account(void *arg, const struct client_reply *reply)
{
	struct client_op *op = arg;
	struct client_answer_account answer;
	struct client_answer_from from = {
		.http_too = op->client->http_too, .arena = &op->arena
	};
	struct err err = ERR_INIT;

	if (reply->problem != NULL) {
		client_op_fail(op, reply->problem);
		return;
	}
	from.body = reply->response->body;
	if (client_answer_account(&from, &answer, &err) < 0)
		client_op_fail_err(op, CLIENT_NONSENSE, &err);
	else if (answer.status != ACCOUNT_VALID)
		client_op_fail_text(op, CLIENT_REFUSED, "the account is %s",
		    account_status_name(answer.status));
	else
		give_account(op, &answer);
}

static void
post_kid(struct client_op *op, struct span payload,
    void (*done)(void *arg, const struct client_reply *reply))
{
	client_call_start(op->client, &(struct client_call_plan){
		.type = CLIENT_CALL_KID,
		.op = op->id,
		.url = op->client->options.kid,
		.payload = payload,
	}, &op->call, done, op);
}

static void
register_begin(struct client_op *op)
{
	give_account(op, &(struct client_answer_account){ 0 });
}

static const struct client_op_class register_class = {
	.need = CLIENT_NEED_ACCOUNT, .begin = register_begin
};

void
client_register(struct client *client, uint64_t id, bool only_existing)
{
	struct client_op *op = client_op_new(client, id, &register_class,
	    sizeof(*op));

	op->only_existing = only_existing;
}

static void
update_begin(struct client_op *op)
{
	post_kid(op, bld_view(&((struct account_op *)op)->payload),
	    on_account);
}

static const struct client_op_class update_class = {
	.need = CLIENT_NEED_ACCOUNT, .begin = update_begin, .release = release
};

void
client_update(struct client *client, uint64_t id,
    const struct client_registration *registration)
{
	struct account_op *op = client_op_new(client, id, &update_class,
	    sizeof(*op));

	bld_init(&op->payload, CLIENT_PAYLOAD_MAX);
	bld_u8(&op->payload, '{');
	client_ready_put_registration(&op->payload, registration);
	bld_u8(&op->payload, '}');
}

static void
give_done(struct client_op *op)
{
	client_op_done(op, &(struct client_result){
		.type = CLIENT_RESULT_DONE });
}

static void
on_rolled_over(void *arg, const struct client_reply *reply)
{
	struct client_op *op = arg;
	struct client *client = op->client;

	if (reply->problem != NULL) {
		client_op_fail(op, reply->problem);
		return;
	}
	memcpy(client->options.thumbprint,
	    ((struct account_op *)op)->thumbprint, JWK_THUMBPRINT_SIZE);
	give_done(op);
}

static void
on_inner(void *arg, const struct client_reply *reply)
{
	struct client_op *op = arg;

	if (reply->problem != NULL) {
		client_op_fail(op, reply->problem);
		return;
	}
	client_call_start(op->client, &(struct client_call_plan){
		.type = CLIENT_CALL_KID,
		.op = op->id,
		.url = op->client->directory.urls[CLIENT_URL_KEY_CHANGE],
		.payload = reply->jws,
	}, &op->call, on_rolled_over, op);
}

static void
rollover_begin(struct client_op *op)
{
	struct client *client = op->client;

	if (!client->directory.info.has_key_change) {
		client_op_fail_text(op, CLIENT_LACKING, "this CA offers no "
		    "change of an account's key (RFC 8555 7.3.5)");
		return;
	}
	client_call_start(client, &(struct client_call_plan){
		.type = CLIENT_CALL_INNER,
		.sign_type = CLIENT_SIGN_ROLLOVER,
		.op = op->id,
		.url = client->directory.urls[CLIENT_URL_KEY_CHANGE],
		.kid = client->options.kid,
	}, &op->call, on_inner, op);
}

static const struct client_op_class rollover_class = {
	.need = CLIENT_NEED_ACCOUNT, .begin = rollover_begin,
	.release = release
};

void
client_rollover(struct client *client, uint64_t id,
    const uint8_t thumbprint[JWK_THUMBPRINT_SIZE])
{
	struct account_op *op = client_op_new(client, id, &rollover_class,
	    sizeof(*op));

	memcpy(op->thumbprint, thumbprint, JWK_THUMBPRINT_SIZE);
}

static void
on_deactivated(void *arg, const struct client_reply *reply)
{
	struct client_op *op = arg;

	if (reply->problem != NULL) {
		client_op_fail(op, reply->problem);
		return;
	}
	client_ready_forget(op->client);
	give_done(op);
}

static void
deactivate_begin(struct client_op *op)
{
	post_kid(op, SPAN_LIT("{\"status\":\"deactivated\"}"),
	    on_deactivated);
}

/* An account that is not there is not made to be deactivated. */
static const struct client_op_class deactivate_class = {
	.need = CLIENT_NEED_ACCOUNT, .begin = deactivate_begin
};

void
client_deactivate(struct client *client, uint64_t id)
{
	struct client_op *op = client_op_new(client, id, &deactivate_class,
	    sizeof(*op));

	op->only_existing = true;
}
