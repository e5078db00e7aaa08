/* SPDX-License-Identifier: Apache-2.0 */
#include "web/web.h"

#include "acme/objects_json.h"
#include "base/json.h"
#include "web/web_call.h"

static char *
copy(const char *s)
{
	return s == NULL ? NULL : mem_strdup(s);
}

static void
settings_done(struct web_settings *settings)
{
	free(settings->base_url);
	free(settings->terms_of_service);
	free(settings->website);
	free(settings->caa_identity);
}

void
web_configure(struct web *web, const struct config *config)
{
	settings_done(&web->settings);
	web->settings = (struct web_settings){
		.base_url = copy(config->base_url),
		.terms_of_service = copy(config->terms_of_service),
		.website = copy(config->website),
		.caa_identity = copy(config->caa_identity),
		.nonce_reject = config->dev ? config->dev_nonce_reject : 0,
	};
}

struct web *
web_new(const struct env *env, const struct web_ops *ops, void *ctx,
    struct nonces *nonces, const struct config *config)
{
	struct web *web = mem_zalloc(sizeof(*web));

	web->env = *env;
	web->ops = ops;
	web->ctx = ctx;
	web->nonces = nonces;
	web->keys = account_keys_new(WEB_KEYS_MAX);
	web->free_slot = UINT32_MAX;
	web->generation = 1;
	TAILQ_INIT(&web->calls);
	TAILQ_INIT(&web->spare);
	bld_init(&web->body, WEB_BODY_TEXT_MAX);
	bld_init(&web->question, WEB_QUESTION_MAX);
	bld_init(&web->headers, WEB_HEADERS_TEXT_MAX);
	/* Header values are views of this builder: it has all its memory. */
	(void)bld_grow(&web->headers, WEB_HEADERS_TEXT_MAX);
	web_configure(web, config);
	return web;
}

void
web_free(struct web *web)
{
	struct web_call *call;

	if (web == NULL)
		return;
	if (web->core_timer != NULL)
		web->env.timer_cancel(web->env.ctx, web->core_timer);
	while ((call = TAILQ_FIRST(&web->calls)) != NULL)
		web_call_free(call);
	while ((call = TAILQ_FIRST(&web->spare)) != NULL) {
		TAILQ_REMOVE(&web->spare, call, of_web);
		arena_free(&call->arena);
		free(call);
	}
	account_keys_free(web->keys);
	settings_done(&web->settings);
	bld_free(&web->body);
	bld_free(&web->headers);
	bld_free(&web->question);
	free(web->slots);
	table_done(&web->exchanges);
	free(web);
}

void
web_set_blocked(struct web *web, const struct blocked_keys *blocked)
{
	web->blocked = blocked;
}

/*
 * Asking core.
 */

static void
ask(struct web_call *call, const struct web_core_request *question,
    enum web_wait wait)
{
	struct web *web = call->web;
	struct err err;

	bld_reset(&web->question);
	web_core_request_encode(&web->question, question);
	if (bld_end(&web->question) < 0) {
		err_set(&err, ERR_TOO_LARGE, "RFC 9110 15.5.14",
		    "the request is too large");
		web_reply_error(call, &err);
		return;
	}
	/* It may have to be verified yet, but under an account's key. */
	jws_shrink(&call->jws);
	call->wait = wait;
	call->question_type = (uint16_t)question->type;
	call->question = arena_dup(&call->arena, bld_view(&web->question));
	if (web->core_is_up)
		web->ops->send(web->ctx, call->question_type, call->id,
		    call->question);
}

/* RFC 8555 6.3: what can be had by GET can be had by POST-as-GET. */
static int
get_by_post(struct web_call *call, struct web_reply *reply, struct err *err)
{
	int r = web_routes_empty(call, err);

	if (r < 0)
		return r;
	call->route->get(call, reply);
	return WEB_REPLY;
}

/* The POST is authenticated: what does it want? */
static void
go_on(struct web_call *call)
{
	struct web_core_request question;
	struct web_reply reply;
	struct err err;
	int r;

	question.type = 0;
	question.actor.account_id = call->account_id;
	memcpy(question.actor.thumbprint, call->thumbprint,
	    sizeof(call->thumbprint));
	r = call->route->ask == NULL ? get_by_post(call, &reply, &err) :
	    call->route->ask(call, &question, &reply, &err);
	if (r < 0)
		web_reply_error(call, &err);
	else if (r == WEB_REPLY)
		web_reply_send(&reply, call);
	else
		ask(call, &question, WEB_WAIT_ANSWER);
}

static void
ask_key(struct web_call *call)
{
	struct web_core_request question = {
		.type = WEB_CORE_ACCOUNT_KEY, .account_id = call->account_id,
	};

	call->key_is_fresh = true;
	ask(call, &question, WEB_WAIT_KEY);
}

/* A key of the cache failed, which may be because the account has another by
 * now, as another web process or core know: asks for that. If it is the same,
 * the call ends with this problem. */
static void
doubt_key(struct web_call *call, const struct problem *problem)
{
	web_call_remember(call, problem);
	ask_key(call);
}

static bool
may_doubt(const struct web_call *call)
{
	return call->route->auth != WEB_AUTH_JWK && !call->key_is_fresh;
}

static void
use_key(struct web_call *call, const struct jwk *key)
{
	struct problem problem;
	struct err err;

	if (web_auth_verify(call, key, &err) == 0) {
		go_on(call);
	} else if (may_doubt(call)) {
		problem = problem_of(&err);
		doubt_key(call, &problem);
	} else {
		web_reply_error(call, &err);
	}
}

static void
find_key(struct web_call *call)
{
	const struct jwk *key = call->route->auth == WEB_AUTH_JWK ?
	    &call->jwk : account_keys_get(call->web->keys, call->account_id);

	/* What core is not asked about would be told to an account that was
	 * deactivated through another web process (RFC 8555 7.3.6). */
	if (key == NULL || call->route->ask == NULL)
		ask_key(call);
	else
		use_key(call, key);
}

/*
 * Core's answers.
 */

static int
unexpected(const struct web_call *call, uint16_t type, struct err *err)
{
	return err_set(err, ERR_FRAME, NULL,
	    "core answered a question of type %u with type %u",
	    call->question_type, type);
}

static void
reply_problem(struct web_call *call, const struct problem *problem)
{
	struct web_reply reply;

	web_reply_problem(&reply, call, problem);
	web_reply_send(&reply, call);
}

/* The key came. If it is the one that had failed, it fails again. */
static int
take_key(struct web_call *call, const struct account *account,
    struct err *err)
{
	struct web *web = call->web;
	struct jwk key;
	struct err gone;

	if (account->id != call->account_id)
		return unexpected(call, WEB_CORE_ACCOUNT, err);
	if (account->status != ACCOUNT_VALID) {
		account_keys_del(web->keys, call->account_id);
		err_set(&gone, ERR_ACCOUNT_NOT_VALID, "RFC 8555 7.3.6",
		    "the account is %s",
		    account_status_name(account->status));
		web_reply_error(call, &gone);
		return 0;
	}
	if (jwk_from_spki(account->key_spki, &key, err) < 0)
		return err_prefix(err, "core gave a bad account key");
	if (call->refused.kind != ERR_NONE && memcmp(key.thumbprint,
	    call->thumbprint, sizeof(key.thumbprint)) == 0) {
		account_keys_add(web->keys, call->account_id, &key);
		reply_problem(call, &call->refused);
		return 0;
	}
	use_key(call, account_keys_add(web->keys, call->account_id, &key));
	return 0;
}

/* "unauthorized" may be about the key. */
static void
take_problem(struct web_call *call, const struct problem *problem)
{
	if (call->wait == WEB_WAIT_ANSWER && may_doubt(call) &&
	    problem->kind == ERR_UNAUTHORIZED) {
		doubt_key(call, problem);
		return;
	}
	if (problem->kind == ERR_ACCOUNT_NOT_VALID)
		account_keys_del(call->web->keys, call->account_id);
	/* newAccount found none, and none can be made of it. */
	if (problem->kind == ERR_ACCOUNT_DOES_NOT_EXIST &&
	    call->route->auth == WEB_AUTH_JWK &&
	    call->refused.kind != ERR_NONE)
		problem = &call->refused;
	reply_problem(call, problem);
}

/* The signer cannot be asked, or not yet: see rpc/web_core.h. */
static int
verify_first(struct web_call *call, struct err *err)
{
	if (call->wait != WEB_WAIT_ANSWER ||
	    call->route->auth != WEB_AUTH_SIGNER || call->verify)
		return unexpected(call, WEB_CORE_VERIFY_FIRST, err);
	call->verify = true;
	find_key(call);
	return 0;
}

static int
tell(struct web_call *call, const struct web_core_answer *answer,
    struct err *err)
{
	struct web_reply reply;
	struct err problem;

	if (answer->type != call->route->answer)
		return unexpected(call, (uint16_t)answer->type, err);
	if (call->route->tell(call, answer, &reply, &problem) < 0)
		web_reply_error(call, &problem);
	else
		web_reply_send(&reply, call);
	return 0;
}

int
web_core_answered(struct web *web, uint16_t type, uint64_t id,
    struct span payload, struct err *err)
{
	struct web_call *call = web_call_find(web, id);
	struct web_core_answer answer;
	int r;

	if (call == NULL || call->wait == WEB_WAIT_NOTHING)
		return 0; /* its client is gone */
	r = web_core_answer_decode(type, payload, &call->arena, &answer, err);
	if (r < 0)
		return r;
	if (answer.type == WEB_CORE_PROBLEM) {
		take_problem(call, &answer.problem);
		return 0;
	}
	if (answer.type == WEB_CORE_VERIFY_FIRST)
		return verify_first(call, err);
	if (call->wait == WEB_WAIT_ANSWER)
		return tell(call, &answer, err);
	if (answer.type != WEB_CORE_ACCOUNT)
		return unexpected(call, type, err);
	return take_key(call, &answer.account.account, err);
}

/*
 * Core coming and going.
 */

static void start_core_timer(struct web *web);

/* Core did not come back: what waits for it now waits no longer. */
static void
on_core_timer(void *arg)
{
	struct web *web = arg;
	struct web_call *call;
	struct err err;

	err_set(&err, ERR_BUSY, NULL, "core is away");
	while ((call = TAILQ_FIRST(&web->calls)) != NULL)
		web_reply_error(call, &err);
	start_core_timer(web);
}

static void
start_core_timer(struct web *web)
{
	web->core_timer = web->env.timer_start(web->env.ctx, WEB_CORE_WAIT_MS,
	    on_core_timer, web);
}

void
web_core_up(struct web *web)
{
	struct web_call *call;

	if (web->core_timer != NULL)
		web->env.timer_cancel(web->env.ctx, web->core_timer);
	web->core_timer = NULL;
	web->core_is_up = true;
	/* All that core is asked may be asked twice: reading of course; what
	 * creates an account is found by its key; a second order is harmless;
	 * the rest sets what is already set. */
	TAILQ_FOREACH(call, &web->calls, of_web) {
		if (call->wait != WEB_WAIT_NOTHING)
			web->ops->send(web->ctx, call->question_type, call->id,
			    call->question);
	}
}

void
web_core_down(struct web *web)
{
	web->core_is_up = false;
	if (web->core_timer == NULL)
		start_core_timer(web);
}

/*
 * Requests.
 */

static struct web_call *
begin(struct web *web, const struct http_request *request, uint64_t exchange)
{
	struct web_call *call = web_call_new(web, exchange);
	struct arena *arena = &call->arena;

	call->method = request->method;
	call->target = arena_dup(arena, request->target);
	call->query = arena_dup(arena, request->query);
	call->peer = arena_dup(arena, request->peer);
	if (web->settings.base_url != NULL) {
		call->base = arena_dup(arena,
		    span_str(web->settings.base_url));
	} else {
		bld_reset(&web->body);
		bld_str(&web->body, "https://");
		bld_span(&web->body, request->host);
		call->base = arena_dup(arena, bld_view(&web->body));
	}
	return call;
}

/* RFC 8555 6.1: what browsers ask before a cross-origin POST. */
static void
reply_options(struct web_call *call)
{
	struct web_reply reply;

	web_reply_init(&reply, call->web, 204);
	web_reply_header(&reply, "Allow", span_str(call->route->allow));
	web_reply_header(&reply, "Access-Control-Allow-Methods",
	    span_str(call->route->allow));
	web_reply_header(&reply, "Access-Control-Allow-Headers",
	    SPAN_LIT("Content-Type"));
	web_reply_send(&reply, call);
}

static void
dispatch(struct web_call *call, const struct http_request *request)
{
	struct web_reply reply;
	struct err err;

	if (call->method == HTTP_POST) {
		if (web_auth_begin(call, request, &err) < 0)
			web_reply_error(call, &err);
		else
			find_key(call);
	} else if (call->method == HTTP_OPTIONS) {
		reply_options(call);
	} else if (call->route->get != NULL && (call->method == HTTP_GET ||
	    call->method == HTTP_HEAD)) {
		call->route->get(call, &reply);
		web_reply_send(&reply, call);
	} else {
		err_set(&err, ERR_METHOD_NOT_ALLOWED, "RFC 8555 6.3",
		    "this resource allows only %s", call->route->allow);
		web_reply_error(call, &err);
	}
}

void
web_request(struct web *web, const struct http_request *request,
    uint64_t exchange)
{
	struct web_call *call = begin(web, request, exchange);
	struct err err;

	call->route = web_routes_find(request->path, call);
	if (call->route != NULL) {
		dispatch(call, request);
		return;
	}
	err_set(&err, ERR_NO_SUCH_RESOURCE, "RFC 8555 7.1",
	    "there is no resource at this URL; begin with the directory, "
	    "%.*s" ACME_PATH_DIRECTORY, SPAN_FMT(call->base));
	web_reply_error(call, &err);
}

void
web_refused(struct web *web, int status, const char *why, uint64_t exchange)
{
	struct web_call *call = web_call_new(web, exchange);
	const char *base = web->settings.base_url;
	struct web_reply reply;
	struct bld *body;

	call->base = arena_dup(&call->arena, span_str(base));
	web_reply_init(&reply, web, status);
	body = web_reply_body(&reply, "application/problem+json");
	bld_fmt(body, "{\"type\":\"%s\",\"detail\":",
	    problem_type(status >= 500 ? ERR_INTERNAL : ERR_MALFORMED));
	json_put_string(body, span_str(why));
	bld_fmt(body, ",\"status\":%d}", status);
	web_reply_send(&reply, call);
}

void
web_gone(struct web *web, uint64_t exchange)
{
	struct web_call *call = web_call_of_exchange(web, exchange);

	if (call != NULL)
		web_call_free(call);
}
