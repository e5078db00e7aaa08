/* SPDX-License-Identifier: Apache-2.0 */
#include "web/web_call.h"

#include <assert.h>

#include "acme/objects_json.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"

/* On 503 where nobody knows better. */
#define BUSY_RETRY_AFTER_S 5

void
web_reply_init(struct web_reply *reply, struct web *web, int status)
{
	reply->web = web;
	reply->response.status = status;
	reply->response.content_type = NULL;
	reply->response.body = SPAN_NONE;
	reply->response.num_headers = 0;
	bld_reset(&web->headers);
	bld_reset(&web->body);
}

void
web_reply_header(struct web_reply *reply, const char *name, struct span value)
{
	struct http_response *response = &reply->response;

	assert(response->num_headers < HTTP_RESPONSE_HEADERS_MAX);
	response->headers[response->num_headers++] = (struct http_header){
		.name = name, .value = value,
	};
}

struct bld *
web_reply_header_begin(struct web_reply *reply, const char *name)
{
	struct bld *headers = &reply->web->headers;

	web_reply_header(reply, name, span_of(headers->data + headers->len,
	    0));
	return headers;
}

void
web_reply_header_end(struct web_reply *reply)
{
	struct http_response *response = &reply->response;
	struct bld *headers = &reply->web->headers;
	struct span *value =
	    &response->headers[response->num_headers - 1].value;

	value->len = (size_t)(headers->data + headers->len - value->data);
}

/* Link: <base path>;rel="rel" (RFC 8288). */
static void
add_link(struct web_reply *reply, const char *rel, struct span base,
    const char *path)
{
	struct bld *out = web_reply_header_begin(reply, "Link");

	bld_u8(out, '<');
	bld_span(out, base);
	bld_str(out, path);
	bld_str(out, ">;rel=\"");
	bld_str(out, rel);
	bld_u8(out, '"');
	web_reply_header_end(reply);
}

void
web_reply_retry_after(struct web_reply *reply, int64_t seconds)
{
	text_decimal(web_reply_header_begin(reply, "Retry-After"), seconds);
	web_reply_header_end(reply);
}

struct bld *
web_reply_body(struct web_reply *reply, const char *content_type)
{
	reply->response.content_type = content_type;
	return &reply->web->body;
}

/* RFC 8555 7.3.3: where to read and agree to the terms. */
static void
add_terms(struct web_reply *reply, struct bld *body)
{
	const char *terms = reply->web->settings.terms_of_service;

	if (terms == NULL)
		return;
	add_link(reply, "terms-of-service", span_str(terms), "");
	body->len--; /* the closing brace */
	bld_str(body, ",\"instance\":");
	json_put_string(body, span_str(terms));
	bld_u8(body, '}');
}

/* Trouble of ours is said where it is found, and in log_reply. */
static void
log_refusal(const struct web_call *call, const struct problem *problem)
{
	char text[PROBLEM_DETAIL_MAX];
	char target[LOG_QUOTE_SIZE], quoted[LOG_QUOTE_SIZE];
	struct span detail = problem_detail(problem, text);

	if (!err_is_refusal(-(int)problem->kind) ||
	    !log_often(LOG_INFO, env_now(&call->web->env)))
		return;
	log_event(LOG_INFO, "refused",
	    "target=%s account=%lld client=%.*s kind=%s detail=%s",
	    log_quote(target, (const char *)call->target.data,
	    call->target.len), (long long)call->account_id,
	    SPAN_FMT(call->peer), err_kind_name(problem->kind),
	    log_quote(quoted, (const char *)detail.data, detail.len));
}

void
web_reply_problem(struct web_reply *reply, const struct web_call *call,
    const struct problem *problem)
{
	int status = problem_status(problem->kind);
	int64_t retry_s = problem->retry_after_s;
	struct bld *body;

	log_refusal(call, problem);
	web_reply_init(reply, call->web, status);
	body = web_reply_body(reply, "application/problem+json");
	problem_put_json(body, problem);
	if (problem->kind == ERR_USER_ACTION_REQUIRED)
		add_terms(reply, body);
	if (problem->kind == ERR_METHOD_NOT_ALLOWED && call->route != NULL)
		web_reply_header(reply, "Allow", span_str(call->route->allow));
	if (retry_s == 0 && status == 503)
		retry_s = BUSY_RETRY_AFTER_S;
	if (retry_s > 0)
		web_reply_retry_after(reply, retry_s);
}

/* RFC 8555 6.5: on every answer to a POST, and newNonce's own. */
static void
add_nonce(struct web_reply *reply, const struct web_call *call)
{
	struct web *web = call->web;

	if (call->method != HTTP_POST && (call->route != &route_nonce ||
	    reply->response.status >= 300))
		return;
	nonce_make(web->nonces, web->nonce);
	web_reply_header(reply, "Replay-Nonce",
	    span_of(web->nonce, NONCE_TEXT_SIZE - 1));
}

static void
log_reply(const struct web_reply *reply, const struct web_call *call)
{
	enum log_level level = reply->response.status >= 500 ?
	    LOG_WARNING : LOG_DEBUG;
	char target[LOG_QUOTE_SIZE];

	if (level == LOG_DEBUG ? !log_enabled(level) :
	    !log_often(level, env_now(&call->web->env)))
		return;
	log_event(level, "request",
	    "target=%s status=%d account=%lld ms=%lld client=%.*s",
	    log_quote(target, (const char *)call->target.data,
	    call->target.len), reply->response.status,
	    (long long)call->account_id,
	    (long long)(env_now(&call->web->env) - call->started_at),
	    SPAN_FMT(call->peer));
}

void
web_reply_send(struct web_reply *reply, struct web_call *call)
{
	static const struct http_response too_large = { .status = 500 };
	struct http_response *response = &reply->response;
	struct web *web = call->web;
	uint64_t exchange;

	add_nonce(reply, call);
	/* RFC 8555 7.1: on all resources but the directory. */
	if (call->base.len > 0 && call->route != &route_directory)
		add_link(reply, "index", call->base, ACME_PATH_DIRECTORY);
	/* RFC 8555 6.1 */
	web_reply_header(reply, "Access-Control-Allow-Origin",
	    SPAN_LIT("*"));
	web_reply_header(reply, "Access-Control-Expose-Headers",
	    SPAN_LIT("Link, Location, Replay-Nonce, Retry-After"));
	if (response->content_type != NULL)
		response->body = bld_view(&web->body);
	if (bld_end(&web->body) < 0 || bld_end(&web->headers) < 0)
		*response = too_large;
	log_reply(reply, call);
	/* First, as the server may hand over the next request at once. */
	exchange = web_call_take_exchange(call);
	web->ops->respond(web->ctx, exchange, response);
	web_call_free(call);
}

void
web_reply_error(struct web_call *call, const struct err *err)
{
	struct problem problem = problem_of(err);
	struct web_reply reply;

	if (problem_status(err->kind) == 500)
		log_err(LOG_ERROR, "request-failed", err);
	web_reply_problem(&reply, call, &problem);
	web_reply_send(&reply, call);
}
