/* SPDX-License-Identifier: Apache-2.0 */
#include "acme/objects_json.h"
#include "base/json.h"
#include "base/text.h"
#include "pkix/blocked_keys.h"
#include "pkix/key.h"
#include "web/contact.h"
#include "web/web_call.h"

/* RFC 8555 section 7.3: newAccount, accounts, and their lists of orders. */

static int
get_bool(const json_t *payload, const char *name, bool *ret, struct err *err)
{
	const json_t *member = json_object_get(payload, name);

	*ret = json_is_true(member);
	if (member == NULL || json_is_boolean(member) || json_is_null(member))
		return 0;
	return err_set(err, ERR_MALFORMED, "RFC 8555 7.1.2",
	    "member \"%s\" is neither true nor false", name);
}

static void
reply_account(struct web_call *call, const struct account *account,
    struct web_reply *reply, int status)
{
	web_reply_init(reply, call->web, status);
	account_put_json(web_reply_body(reply, "application/json"),
	    call->base, account);
	account_put_url(web_reply_header_begin(reply, "Location"), call->base,
	    account->id);
	web_reply_header_end(reply);
}

/* Contacts must outlive the JSON that they were parsed from. */
static void
keep(struct web_call *call, struct span *contacts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		contacts[i] = arena_dup(&call->arena, contacts[i]);
}

/* The key that the request brings. A bad one can only find its account. */
static int
take_key(struct web_call *call, bool find, struct span *ret, struct err *err)
{
	int r = find ? 0 : key_check(call->jwk.pkey, KEY_USE_ACCOUNT, err);

	if (r == 0)
		r = key_to_spki(call->jwk.pkey, &call->arena, ret, err);
	if (r == 0 && !find && blocked_keys_has(call->web->blocked, *ret))
		r = err_set(err, ERR_BAD_PUBLIC_KEY, "RFC 8555 6.2",
		    "others know the private half of the account's key; make "
		    "another");
	return r;
}

/* What a new account is made of: RFC 8555 7.3. */
static int
fill_wanted(struct web_call *call, const json_t *payload,
    struct web_core_request *question, struct err *err)
{
	bool there;
	int r = contact_parse(payload, &there,
	    &question->account_new.num_contacts,
	    question->account_new.contacts, err);

	if (r == 0)
		r = get_bool(payload, "termsOfServiceAgreed",
		    &question->account_new.terms_agreed, err);
	if (r == 0 && call->web->settings.terms_of_service != NULL &&
	    !question->account_new.terms_agreed)
		r = err_set(err, ERR_USER_ACTION_REQUIRED, "RFC 8555 7.3",
		    "the terms of service must be agreed to: "
		    "\"termsOfServiceAgreed\": true");
	return r;
}

/* If there is an account with this key, "any fields in the request object
 * MUST be ignored" (7.3.1): whatever is wrong with them is only said when core
 * has found none. */
static int
fill_new(struct web_call *call, const json_t *payload,
    struct web_core_request *question, struct err *err)
{
	struct problem why_not;
	struct err why;
	bool *find = &question->account_new.only_return_existing;
	int r = get_bool(payload, "onlyReturnExisting", find, err);

	if (r == 0)
		r = take_key(call, *find, &question->account_new.key_spki,
		    err);
	if (r < 0)
		return r;
	question->account_new.terms_agreed = false;
	question->account_new.num_contacts = 0;
	if (*find)
		return 0;
	if (fill_wanted(call, payload, question, &why) < 0) {
		why_not = problem_of(&why);
		web_call_remember(call, &why_not);
		question->account_new.num_contacts = 0;
		*find = true;
	}
	keep(call, question->account_new.contacts,
	    question->account_new.num_contacts);
	return 0;
}

static int
ask_new(struct web_call *call, struct web_core_request *question,
    struct web_reply *reply, struct err *err)
{
	cleanup_json json_t *payload = NULL;
	int r = web_routes_payload(call, &payload, err);

	(void)reply;
	if (r < 0)
		return r;
	question->type = WEB_CORE_ACCOUNT_NEW;
	memset(&question->actor, 0, sizeof(question->actor));
	r = fill_new(call, payload, question, err);
	return r < 0 ? r : WEB_ASK_CORE;
}

static int
tell_new(struct web_call *call, const struct web_core_answer *answer,
    struct web_reply *reply, struct err *err)
{
	(void)err;
	call->account_id = answer->account.account.id;
	reply_account(call, &answer->account.account, reply,
	    answer->account.created ? 201 : 200);
	return 0;
}

const struct web_route route_account_new = {
	.pattern = ACME_PATH_NEW_ACCOUNT,
	.allow = "POST, OPTIONS",
	.auth = WEB_AUTH_JWK,
	.answer = WEB_CORE_ACCOUNT,
	.ask = ask_new,
	.tell = tell_new,
};

/* An account's resources are its own. */
static int
check_owner(const struct web_call *call, struct err *err)
{
	if (call->object_id == call->account_id)
		return 0;
	return err_set(err, ERR_UNAUTHORIZED, "RFC 8555 7.3.2",
	    "the request is signed by another account");
}

/* All members but these are ignored (7.3.2); "status" can only say
 * "deactivated" (7.3.6). */
static int
fill_update(struct web_call *call, const json_t *payload,
    struct web_core_request *question, struct err *err)
{
	const json_t *status = json_object_get(payload, "status");
	int r;

	r = contact_parse(payload, &question->account_update.set_contacts,
	    &question->account_update.num_contacts,
	    question->account_update.contacts, err);
	if (r < 0)
		return r;
	keep(call, question->account_update.contacts,
	    question->account_update.num_contacts);
	question->account_update.deactivate = json_is_string(status) &&
	    strcmp(json_string_value(status), "deactivated") == 0;
	return 0;
}

static int
ask_account(struct web_call *call, struct web_core_request *question,
    struct web_reply *reply, struct err *err)
{
	cleanup_json json_t *payload = NULL;
	int r = check_owner(call, err);

	(void)reply;
	question->type = WEB_CORE_ACCOUNT_UPDATE;
	question->account_update.deactivate = false;
	question->account_update.set_contacts = false;
	question->account_update.num_contacts = 0;
	if (r < 0 || call->jws.payload.len == 0)
		return r < 0 ? r : WEB_ASK_CORE;
	r = web_routes_payload(call, &payload, err);
	if (r == 0)
		r = fill_update(call, payload, question, err);
	return r < 0 ? r : WEB_ASK_CORE;
}

static int
tell_account(struct web_call *call, const struct web_core_answer *answer,
    struct web_reply *reply, struct err *err)
{
	(void)err;
	if (answer->account.account.status != ACCOUNT_VALID)
		account_keys_del(call->web->keys, call->account_id);
	reply_account(call, &answer->account.account, reply, 200);
	return 0;
}

const struct web_route route_account = {
	.pattern = ACME_PATH_ACCOUNT "#",
	.allow = "POST, OPTIONS",
	.auth = WEB_AUTH_KID,
	.answer = WEB_CORE_ACCOUNT,
	.ask = ask_account,
	.tell = tell_account,
};

/* RFC 8555 7.1.2.1; "?before=<order>" goes on where a page ended. */
static int
ask_orders(struct web_call *call, struct web_core_request *question,
    struct web_reply *reply, struct err *err)
{
	const struct span cursor = SPAN_LIT("before=");
	uint64_t before = 0;
	int r = check_owner(call, err);

	(void)reply;
	if (r == 0)
		r = web_routes_empty(call, err);
	if (r < 0)
		return r;
	if (call->query.len > 0 && (!span_starts_with(call->query, cursor) ||
	    text_uint(span_from(call->query, cursor.len), INT64_MAX,
	    &before) < 0))
		return err_set(err, ERR_MALFORMED, "RFC 8555 7.1.2.1",
		    "the query is not one of a Link that this server gave");
	question->type = WEB_CORE_ACCOUNT_ORDERS;
	question->before_id = (int64_t)before;
	return WEB_ASK_CORE;
}

static int
tell_orders(struct web_call *call, const struct web_core_answer *answer,
    struct web_reply *reply, struct err *err)
{
	struct bld *out;

	(void)err;
	web_reply_init(reply, call->web, 200);
	out = web_reply_body(reply, "application/json");
	bld_str(out, "{\"orders\":[");
	for (size_t i = 0; i < answer->orders.count; i++) {
		bld_str(out, i > 0 ? ",\"" : "\"");
		order_put_url(out, call->base, answer->orders.ids[i]);
		bld_u8(out, '"');
	}
	bld_str(out, "]}");
	if (answer->orders.more && answer->orders.count > 0) {
		out = web_reply_header_begin(reply, "Link");
		bld_u8(out, '<');
		account_put_url(out, call->base, call->account_id);
		bld_fmt(out, ACME_PATH_ORDERS "?before=%lld>;rel=\"next\"",
		    (long long)answer->orders.ids[answer->orders.count - 1]);
		web_reply_header_end(reply);
	}
	return 0;
}

const struct web_route route_account_orders = {
	.pattern = ACME_PATH_ACCOUNT "#" ACME_PATH_ORDERS,
	.allow = "POST, OPTIONS",
	.auth = WEB_AUTH_KID,
	.answer = WEB_CORE_ORDERS,
	.ask = ask_orders,
	.tell = tell_orders,
};
