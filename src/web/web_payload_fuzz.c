/* SPDX-License-Identifier: Apache-2.0 */
/* Payloads of newOrder ('o' as the first byte), newAccount ('a') and account
 * updates ('u'): what comes of one is a question that core can read and whose
 * names and contacts are of their form, or a problem document. */
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "pkix/key.h"
#include "web/web_call.h"

#define ACCOUNT 7

static void
check_order(const struct web_core_request *question)
{
	const struct ident_list *idents = &question->order_new.idents;
	struct err err;

	if (idents->count == 0 || idents->count > IDENT_LIST_MAX ||
	    question->order_new.profile.len > ACME_PROFILE_MAX)
		abort();
	for (size_t i = 0; i < idents->count; i++) {
		if (ident_check(&idents->items[i], &err) < 0)
			abort();
		if (i > 0 && ident_compare(&idents->items[i - 1],
		    &idents->items[i]) >= 0)
			abort();
	}
}

static void
check_contacts(const struct span *contacts, size_t count)
{
	if (count > ACME_CONTACTS_MAX)
		abort();
	for (size_t i = 0; i < count; i++)
		if (contacts[i].len > ACME_CONTACT_MAX)
			abort();
}

/* Web's and core's ideas of a question are the same. */
static void
check_encoding(struct web_call *call, const struct web_core_request *question)
{
	struct web_core_request again;
	struct bld once, twice;
	struct err err;

	bld_init(&once, WEB_QUESTION_MAX);
	bld_init(&twice, WEB_QUESTION_MAX);
	web_core_request_encode(&once, question);
	if (bld_end(&once) < 0 || web_core_request_decode(
	    (uint16_t)question->type, bld_view(&once), &call->arena, &again,
	    &err) < 0)
		abort();
	web_core_request_encode(&twice, &again);
	if (!span_equal(bld_view(&once), bld_view(&twice)))
		abort();
	bld_free(&once);
	bld_free(&twice);
}

static void
check_question(struct web_call *call, const struct web_core_request *question)
{
	if (question->type == WEB_CORE_ORDER_NEW)
		check_order(question);
	else if (question->type == WEB_CORE_ACCOUNT_NEW)
		check_contacts(question->account_new.contacts,
		    question->account_new.num_contacts);
	else
		check_contacts(question->account_update.contacts,
		    question->account_update.num_contacts);
	check_encoding(call, question);
}

static void
check_reply(const struct web_reply *reply)
{
	cleanup_json json_t *body = NULL;
	struct err err;

	if (reply->response.status < 400 || bld_end(&reply->web->body) < 0 ||
	    json_parse_object(bld_view(&reply->web->body), "it", &body,
	    &err) < 0)
		abort();
}

static int64_t
now(void *ctx)
{
	(void)ctx;
	return 0;
}

static void
run(struct web_call *call)
{
	struct web_core_request question = { .type = WEB_CORE_ACCOUNT_KEY };
	struct web_reply reply;
	struct err err = ERR_INIT;
	int r = call->route->ask(call, &question, &reply, &err);

	if (r == WEB_ASK_CORE)
		check_question(call, &question);
	else if (r == WEB_REPLY)
		check_reply(&reply);
	else if (!err_is_refusal(r))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static EVP_PKEY *key;
	static struct web web;
	struct web_call call = { .web = &web, .route = &route_account_new,
		.account_id = ACCOUNT, .object_id = ACCOUNT };
	struct err err;

	if (key == NULL) {
		log_set_level(LOG_ERROR);
		web.env.now = now;
		bld_init(&web.body, WEB_BODY_TEXT_MAX);
		bld_init(&web.headers, WEB_HEADERS_TEXT_MAX);
		if (key_generate(&key, &err) < 0)
			abort();
	}
	if (size == 0)
		return 0;
	if (data[0] == 'o')
		call.route = &route_order_new;
	else if (data[0] == 'u')
		call.route = &route_account;
	call.jwk.pkey = key;
	call.jws.payload = span_of(data + 1, size - 1);
	run(&call);
	arena_free(&call.arena);
	return 0;
}
