/* SPDX-License-Identifier: Apache-2.0 */
/* Operations of one question or a few: renewal information, revocation, the
 * list of orders, the end of an authorization. */
#include <stdio.h>

#include "base/text.h"
#include "client/client_names.h"
#include "client/client_private.h"
#include "client/client_text.h"

#define ORDER_PAGES_MAX 20 /* RFC 8555 7.1.2.1: "next" links followed */

struct once_op {
	struct client_op op;
	struct span text;      /* of renewal the id, of deactivation the URL */
	struct span der;
	int reason;
	bool by_certificate_key;
	size_t num_pages;
	size_t num_urls;
	struct span *urls;
};

static void
give_done(struct client_op *op)
{
	client_op_done(op, &(struct client_result){
		.type = CLIENT_RESULT_DONE });
}

/* RFC 9773 4.3.2, 4.3.3. */
static int64_t
look_again(const struct client_response *response, int64_t now)
{
	int64_t ms;

	if (client_text_retry_after(response->retry_after, now, &ms) < 0)
		ms = CLIENT_RENEWAL_DEFAULT_MS;
	if (ms < CLIENT_RENEWAL_MIN_MS)
		ms = CLIENT_RENEWAL_MIN_MS;
	return now + (ms > CLIENT_RENEWAL_MAX_MS ? CLIENT_RENEWAL_MAX_MS : ms);
}

static void
on_renewal(void *arg, const struct client_reply *reply)
{
	struct client_op *op = arg;
	struct client_result result = { .type = CLIENT_RESULT_RENEWAL };
	struct client_answer_from from = { .arena = &op->arena };
	struct err err = ERR_INIT;

	if (reply->problem != NULL) {
		client_op_fail(op, reply->problem);
		return;
	}
	from.body = reply->response->body;
	if (client_answer_renewal(&from, &result.renewal, &err) < 0) {
		client_op_fail_err(op, CLIENT_NONSENSE, &err);
		return;
	}
	result.renewal.retry_at = look_again(reply->response,
	    env_now(op->client->env));
	client_op_done(op, &result);
}

static void
renewal_begin(struct client_op *op)
{
	struct span url =
	    op->client->directory.urls[CLIENT_URL_RENEWAL_INFO];
	struct bld full;

	if (url.len == 0) {
		client_op_fail_text(op, CLIENT_SETUP, "this CA gives no "
		    "renewal information (RFC 9773)");
		return;
	}
	if (url.data[url.len - 1] == '/')
		url.len--;
	bld_init(&full, CLIENT_URL_MAX + CLIENT_CERT_ID_MAX + 1);
	bld_span(&full, url);
	bld_u8(&full, '/');
	bld_span(&full, ((struct once_op *)op)->text);
	client_call_start(op->client, &(struct client_call_plan){
		.type = CLIENT_CALL_GET,
		.op = op->id,
		.url = bld_view(&full),
	}, &op->call, on_renewal, op);
	bld_free(&full);
}

static const struct client_op_class renewal_class = {
	.need = CLIENT_NEED_DIRECTORY, .begin = renewal_begin
};

void
client_renewal_info(struct client *client, uint64_t id, struct span cert_id)
{
	struct once_op *op = client_op_new(client, id, &renewal_class,
	    sizeof(*op));

	op->text = arena_dup(&op->op.arena, cert_id);
}

static void
on_revoked(void *arg, const struct client_reply *reply)
{
	struct client_op *op = arg;

	if (reply->problem == NULL ||
	    client_problem_is(reply->problem, "alreadyRevoked"))
		give_done(op);
	else
		client_op_fail(op, reply->problem);
}

static void
revoke_begin(struct client_op *op)
{
	struct once_op *once = (struct once_op *)op;
	struct span url = op->client->directory.urls[CLIENT_URL_REVOKE_CERT];
	struct bld payload;

	if (url.len == 0) {
		client_op_fail_text(op, CLIENT_LACKING, "this CA offers no "
		    "revocation over ACME");
		return;
	}
	bld_init(&payload, CLIENT_PAYLOAD_MAX);
	bld_str(&payload, "{\"certificate\":\"");
	text_base64url(&payload, once->der);
	bld_u8(&payload, '"');
	if (once->reason >= 0)
		bld_fmt(&payload, ",\"reason\":%d", once->reason);
	bld_u8(&payload, '}');
	if (bld_end(&payload) < 0)
		client_op_fail_text(op, CLIENT_SETUP, "the certificate has "
		    "too many bytes to be revoked");
	else
		client_call_start(op->client, &(struct client_call_plan){
			.type = once->by_certificate_key ?
			    CLIENT_CALL_CERTIFICATE : CLIENT_CALL_KID,
			.op = op->id,
			.url = url,
			.payload = bld_view(&payload),
		}, &op->call, on_revoked, op);
	bld_free(&payload);
}

static const struct client_op_class revoke_by_account = {
	.need = CLIENT_NEED_ACCOUNT, .begin = revoke_begin
};
static const struct client_op_class revoke_by_certificate = {
	.need = CLIENT_NEED_DIRECTORY, .begin = revoke_begin
};

void
client_revoke(struct client *client, uint64_t id, struct span der, int reason,
    bool by_certificate_key)
{
	struct once_op *op = client_op_new(client, id, by_certificate_key ?
	    &revoke_by_certificate : &revoke_by_account, sizeof(*op));

	op->der = arena_dup(&op->op.arena, der);
	op->reason = reason;
	op->by_certificate_key = by_certificate_key;
}

static void on_orders(void *arg, const struct client_reply *reply);

static void
get_page(struct once_op *once, struct span url)
{
	client_call_start(once->op.client, &(struct client_call_plan){
		.type = CLIENT_CALL_KID,
		.op = once->op.id,
		.url = url,
	}, &once->op.call, on_orders, once);
}

static void
on_orders(void *arg, const struct client_reply *reply)
{
	struct once_op *once = arg;
	struct client_op *op = &once->op;
	struct client_answer_from from = {
		.http_too = op->client->http_too, .arena = &op->arena
	};
	struct err err = ERR_INIT;
	struct span next;

	if (reply->problem != NULL) {
		client_op_fail(op, reply->problem);
		return;
	}
	from.body = reply->response->body;
	if (client_answer_orders(&from, once->urls, &once->num_urls,
	    &err) < 0) {
		client_op_fail_err(op, CLIENT_NONSENSE, &err);
		return;
	}
	next = client_text_link(&op->arena, reply->response, reply->url,
	    "next", 0);
	if (client_url_check(next, op->client->http_too, NULL) == 0 &&
	    ++once->num_pages < ORDER_PAGES_MAX &&
	    once->num_urls < CLIENT_ORDERS_MAX)
		get_page(once, next);
	else
		client_op_done(op, &(struct client_result){
			.type = CLIENT_RESULT_ORDERS,
			.orders = { once->num_urls, once->urls },
		});
}

static void
on_account(void *arg, const struct client_reply *reply)
{
	struct once_op *once = arg;
	struct client_op *op = &once->op;
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
	else if (answer.orders.len == 0)
		client_op_fail_text(op, CLIENT_LACKING, "this CA does not list "
		    "an account's orders (RFC 8555 7.1.2.1)");
	else
		get_page(once, answer.orders);
}

static void
orders_begin(struct client_op *op)
{
	struct once_op *once = (struct once_op *)op;

	once->urls = arena_alloc(&op->arena,
	    CLIENT_ORDERS_MAX * sizeof(*once->urls));
	client_call_start(op->client, &(struct client_call_plan){
		.type = CLIENT_CALL_KID,
		.op = op->id,
		.url = op->client->options.kid,
	}, &op->call, on_account, op);
}

static const struct client_op_class orders_class = {
	.need = CLIENT_NEED_ACCOUNT, .begin = orders_begin
};

void
client_orders(struct client *client, uint64_t id)
{
	struct client_op *op = client_op_new(client, id, &orders_class,
	    sizeof(struct once_op));

	op->only_existing = true;
}

static void
on_ended(void *arg, const struct client_reply *reply)
{
	if (reply->problem != NULL)
		client_op_fail(arg, reply->problem);
	else
		give_done(arg);
}

static void
authz_begin(struct client_op *op)
{
	struct span url = ((struct once_op *)op)->text;
	struct err err = ERR_INIT;

	if (client_url_check(url, op->client->http_too, &err) < 0)
		client_op_fail_err(op, CLIENT_SETUP, &err);
	else
		client_call_start(op->client, &(struct client_call_plan){
			.type = CLIENT_CALL_KID,
			.op = op->id,
			.url = url,
			.payload = SPAN_LIT("{\"status\":\"deactivated\"}"),
		}, &op->call, on_ended, op);
}

static const struct client_op_class authz_class = {
	.need = CLIENT_NEED_ACCOUNT, .begin = authz_begin
};

void
client_deactivate_authz(struct client *client, uint64_t id, struct span url)
{
	struct once_op *op = client_op_new(client, id, &authz_class,
	    sizeof(*op));

	op->text = arena_dup(&op->op.arena, url);
	op->op.only_existing = true;
}
