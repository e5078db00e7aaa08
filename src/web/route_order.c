/* SPDX-License-Identifier: Apache-2.0 */
#include "acme/objects_json.h"
#include "base/json.h"
#include "base/text.h"
#include "pkix/csr.h"
#include "pkix/ident_idna.h"
#include "web/web_call.h"

/* RFC 8555 section 7.4: newOrder, orders, finalize. */

/* Go's zero time, which caddy sends for "not given", in milliseconds. */
#define ZERO_TIME_MS (-62135596800000)

/* Identifiers that were refused, for subproblems (RFC 8555 6.7.1). */
struct refusals {
	size_t count;
	struct problem_sub subs[IDENT_LIST_MAX];
};

/* 0, which a subproblem does not show, for a type that is none of ours. */
static enum ident_type
type_of(struct span name)
{
	if (span_equal_str(name, ident_type_name(IDENT_DNS)))
		return IDENT_DNS;
	return span_equal_str(name, ident_type_name(IDENT_IP)) ? IDENT_IP : 0;
}

/* One of "identifiers". Only errors of form are returned; a bad name is put
 * to the refusals. */
static int
take_ident(struct web_call *call, const json_t *item, struct ident_list *list,
    struct refusals *refusals, struct err *err)
{
	struct ident *ident = &list->items[list->count];
	struct span type, value;
	struct err why;

	if (!json_is_object(item))
		return err_set(err, ERR_MALFORMED, "RFC 8555 7.4",
		    "an identifier is not an object");
	if (json_need_string(item, "type", &type, err) < 0 ||
	    json_need_string(item, "value", &value, err) < 0)
		return err_prefix(err, "an identifier");
	/* The signer does not ask this of a CSR again: who is refused here
	 * gets no authorization, and so no attestation, for the name. */
	if (ident_parse(type, value, &call->arena, ident, &why) == 0 &&
	    ident_idna_check(ident, &why) == 0) {
		list->count++;
		return 0;
	}
	*ident = (struct ident){ type_of(type),
		arena_dup(&call->arena, value) };
	refusals->subs[refusals->count++] = problem_sub_of(&why, ident,
	    &call->arena);
	return 0;
}

/* One bad name is the problem; several are its subproblems. */
static int
reply_refusals(struct web_call *call, const struct refusals *refusals,
    struct web_reply *reply)
{
	struct problem problem = {
		.kind = refusals->subs[0].kind,
		.detail = refusals->subs[0].detail,
		.rule = refusals->subs[0].rule,
	};

	if (refusals->count > 1) {
		problem.kind = ERR_COMPOUND;
		problem.detail = SPAN_LIT("several identifiers are refused");
		problem.rule = SPAN_LIT("RFC 8555 6.7.1");
		problem.num_subs = refusals->count;
		problem.subs = arena_alloc(&call->arena,
		    refusals->count * sizeof(problem.subs[0]));
		memcpy(problem.subs, refusals->subs,
		    refusals->count * sizeof(problem.subs[0]));
	}
	web_reply_problem(reply, call, &problem);
	return WEB_REPLY;
}

static int
take_idents(struct web_call *call, const json_t *payload,
    struct ident_list *list, struct web_reply *reply, struct err *err)
{
	const json_t *items = json_object_get(payload, "identifiers");
	struct refusals refusals;
	size_t count = json_array_size(items);

	list->count = 0;
	refusals.count = 0;
	if (!json_is_array(items) || count == 0)
		return err_set(err, ERR_MALFORMED, "RFC 8555 7.4",
		    "\"identifiers\" is not an array of at least one");
	if (count > IDENT_LIST_MAX)
		return err_set(err, ERR_MALFORMED, "RFC 8555 7.4",
		    "an order has at most %d identifiers", IDENT_LIST_MAX);
	for (size_t i = 0; i < count; i++) {
		int r = take_ident(call, json_array_get(items, i), list,
		    &refusals, err);

		if (r < 0)
			return r;
	}
	if (refusals.count > 0)
		return reply_refusals(call, &refusals, reply);
	ident_list_sort(list);
	return WEB_ASK_CORE;
}

/* A member that is absent, null, "" or a text. */
static int
get_text(const json_t *payload, const char *name, struct span *ret,
    struct err *err)
{
	*ret = SPAN_NONE;
	if (json_is_null(json_object_get(payload, name)))
		return 0;
	return json_get_string(payload, name, ret, err);
}

static int
take_time(const json_t *payload, const char *name, int64_t *ret,
    struct err *err)
{
	struct span text;
	int r = get_text(payload, name, &text, err);

	*ret = 0;
	if (r < 0 || text.len == 0)
		return r;
	if (text_untime(text, ret) < 0)
		return err_set(err, ERR_MALFORMED, "RFC 8555 7.4",
		    "\"%s\" is not a time as in RFC 3339", name);
	if (*ret == ZERO_TIME_MS)
		*ret = 0;
	else if (*ret == 0)
		return err_set(err, ERR_MALFORMED, "RFC 8555 7.4",
		    "\"%s\" is in 1970; a certificate for then cannot be had",
		    name);
	return 0;
}

static int
take_profile(struct web_call *call, const json_t *payload, struct span *ret,
    struct err *err)
{
	int r = get_text(payload, "profile", ret, err);

	if (r < 0)
		return r;
	if (ret->len > ACME_PROFILE_MAX)
		return err_set(err, ERR_INVALID_PROFILE,
		    "draft-ietf-acme-profiles 4",
		    "there is no profile of so long a name");
	*ret = arena_dup(&call->arena, *ret);
	return 0;
}

static int
ask_new(struct web_call *call, struct web_core_request *question,
    struct web_reply *reply, struct err *err)
{
	cleanup_json json_t *payload = NULL;
	int r = web_routes_payload(call, &payload, err);

	question->type = WEB_CORE_ORDER_NEW;
	if (r == 0)
		r = take_time(payload, "notBefore",
		    &question->order_new.not_before, err);
	if (r == 0)
		r = take_time(payload, "notAfter",
		    &question->order_new.not_after, err);
	if (r == 0)
		r = take_profile(call, payload, &question->order_new.profile,
		    err);
	if (r < 0)
		return r;
	return take_idents(call, payload, &question->order_new.idents, reply,
	    err);
}

static int
reply_order(struct web_call *call, const struct web_core_answer *answer,
    struct web_reply *reply, int status)
{
	const struct order *order = &answer->order;

	web_reply_init(reply, call->web, status);
	order_put_json(web_reply_body(reply, "application/json"), call->base,
	    order);
	/* On finalize too, where the RFC does not ask for it but clients
	 * poll it. */
	order_put_url(web_reply_header_begin(reply, "Location"), call->base,
	    order->id);
	web_reply_header_end(reply);
	if (order->status == ORDER_PROCESSING)
		web_reply_retry_after(reply, WEB_RETRY_AFTER_S);
	return 0;
}

static int
tell_new(struct web_call *call, const struct web_core_answer *answer,
    struct web_reply *reply, struct err *err)
{
	(void)err;
	return reply_order(call, answer, reply, 201);
}

static int
tell_order(struct web_call *call, const struct web_core_answer *answer,
    struct web_reply *reply, struct err *err)
{
	(void)err;
	return reply_order(call, answer, reply, 200);
}

static int
ask_order(struct web_call *call, struct web_core_request *question,
    struct web_reply *reply, struct err *err)
{
	int r = web_routes_empty(call, err);

	(void)reply;
	question->type = WEB_CORE_ORDER_GET;
	question->object_id = call->object_id;
	return r < 0 ? r : WEB_ASK_CORE;
}

/* The payload is the signer's to read, behind the signature over it. Core has
 * to know one thing of it: whose key is in it. */
static int
ask_finalize(struct web_call *call, struct web_core_request *question,
    struct web_reply *reply, struct err *err)
{
	struct span csr;

	(void)reply;
	if (call->jws.payload.len == 0)
		return err_set(err, ERR_MALFORMED, "RFC 8555 7.4",
		    "a finalize request must bring a certification request");
	question->type = WEB_CORE_ORDER_FINALIZE;
	question->finalize.order_id = call->object_id;
	question->finalize.verified = call->verify;
	question->finalize.protected_b64 = call->jws.protected_b64;
	question->finalize.payload_b64 = call->jws.payload_b64;
	question->finalize.signature = call->jws.signature;
	question->finalize.csr_spki = SPAN_NONE;
	if (finalize_get_csr(call->jws.payload, &call->arena, &csr, NULL) == 0)
		question->finalize.csr_spki = csr_find_spki(csr);
	return WEB_ASK_CORE;
}

const struct web_route route_order_new = {
	.pattern = ACME_PATH_NEW_ORDER,
	.allow = "POST, OPTIONS",
	.auth = WEB_AUTH_KID,
	.answer = WEB_CORE_ORDER,
	.ask = ask_new,
	.tell = tell_new,
};

const struct web_route route_order = {
	.pattern = ACME_PATH_ORDER "#",
	.allow = "POST, OPTIONS",
	.auth = WEB_AUTH_KID,
	.answer = WEB_CORE_ORDER,
	.ask = ask_order,
	.tell = tell_order,
};

const struct web_route route_order_finalize = {
	.pattern = ACME_PATH_ORDER "#" ACME_PATH_FINALIZE,
	.allow = "POST, OPTIONS",
	.auth = WEB_AUTH_SIGNER,
	.answer = WEB_CORE_ORDER,
	.ask = ask_finalize,
	.tell = tell_order,
};
