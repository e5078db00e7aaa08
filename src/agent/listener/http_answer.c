/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/listener/http_answer.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <stdio.h>

#include "base/list.h"
#include "base/log.h"

#define PREFIX SPAN_LIT("/.well-known/acme-challenge/")

struct http_token {
	struct list_node of_all;
	char token[CLIENT_TOKEN_MAX + 1];
	char text[CLIENT_KEY_AUTHORIZATION_MAX + 1];
};

/* evhttp tells nobody when a connection goes: we hold a reference to its
 * bufferevent, and see by its callbacks whether evhttp is done with it. */
struct http_client {
	struct list_node of_all;
	struct bufferevent *bev;
	int64_t since_ms;
};

struct http_answer {
	const struct env *env;
	struct event_base *base;
	struct evhttp *evhttp;
	struct list tokens;
	struct list clients;      /* who came first is first */
	struct env_timer *sweep;  /* runs while there are clients */
};

static struct http_token *
find(const struct http_answer *http, struct span token)
{
	struct http_token *at;

	LIST_EACH(at, &http->tokens, of_all) {
		if (span_equal_str(token, at->token))
			return at;
	}
	return NULL;
}

static void
say_answered(struct evhttp_request *request, const struct http_token *token)
{
	char *peer = NULL, quoted[LOG_QUOTE_SIZE];
	ev_uint16_t port;

	evhttp_connection_get_peer(evhttp_request_get_connection(request),
	    &peer, &port);
	log_event(LOG_INFO, "challenge-answered",
	    "method=http-01 token=%s peer=%s", token->token,
	    log_quote(quoted, peer == NULL ? "" : peer,
	    peer == NULL ? 0 : strlen(peer)));
}

/* evhttp would send a body to HEAD, too. */
static void
reply(struct evhttp_request *request, int status, const char *reason,
    const char *type, const char *text)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(request);
	struct evbuffer *body = evbuffer_new();
	char length[24];

	assert(body != NULL);
	snprintf(length, sizeof(length), "%zu", strlen(text));
	evhttp_add_header(headers, "Connection", "close");
	evhttp_add_header(headers, "Content-Type", type);
	evhttp_add_header(headers, "Content-Length", length);
	if (evhttp_request_get_command(request) != EVHTTP_REQ_HEAD)
		evbuffer_add(body, text, strlen(text));
	evhttp_send_reply(request, status, reason, body);
	evbuffer_free(body);
}

static void
on_request(struct evhttp_request *request, void *arg)
{
	struct http_answer *http = arg;
	struct span path = span_str(evhttp_request_get_uri(request));
	struct http_token *token = NULL;

	if (span_starts_with(path, PREFIX))
		token = find(http, span_from(path, PREFIX.len));
	if (token == NULL) {
		reply(request, HTTP_NOTFOUND, "Not Found", "text/plain",
		    "Nothing but challenges is here.\n");
		return;
	}
	say_answered(request, token);
	reply(request, HTTP_OK, "OK", "application/octet-stream",
	    token->text);
}

static bool
is_alive(const struct http_client *client)
{
	bufferevent_event_cb on_event;

	bufferevent_getcb(client->bev, NULL, NULL, &on_event, NULL);
	return on_event != NULL;
}

static void
forget(struct http_answer *http, struct http_client *client)
{
	list_del(&http->clients, &client->of_all);
	bufferevent_decref(client->bev);
	free(client);
}

/* evhttp sees the end and cleans up. */
static void
cut(struct http_answer *http, struct http_client *client)
{
	if (bufferevent_getfd(client->bev) >= 0)
		shutdown(bufferevent_getfd(client->bev), SHUT_RDWR);
	forget(http, client);
}

static void
look(struct http_answer *http)
{
	int64_t late = env_now(http->env) - HTTP_ANSWER_TIME_MS;
	struct http_client *client;

	LIST_EACH(client, &http->clients, of_all) {
		if (!is_alive(client))
			forget(http, client);
		else if (client->since_ms <= late)
			cut(http, client);
	}
}

static void
on_sweep(void *arg)
{
	struct http_answer *http = arg;

	http->sweep = NULL;
	look(http);
	if (http->clients.count > 0)
		http->sweep = http->env->timer_start(http->env->ctx,
		    HTTP_ANSWER_SWEEP_MS, on_sweep, http);
}

static struct bufferevent *
make_client(struct event_base *base, void *arg)
{
	struct http_answer *http = arg;
	struct http_client *client = mem_zalloc(sizeof(*client));

	if (http->clients.count >= HTTP_ANSWER_CONNECTIONS_MAX)
		look(http);
	if (http->clients.count >= HTTP_ANSWER_CONNECTIONS_MAX)
		cut(http, LIST_OBJECT(http->clients.first, struct http_client,
		    of_all));
	/* The descriptor is closed with the last reference, which is ours;
	 * evhttp has told the client of the end before. */
	client->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	assert(client->bev != NULL);
	bufferevent_incref(client->bev);
	client->since_ms = env_now(http->env);
	list_add(&http->clients, &client->of_all);
	if (http->sweep == NULL)
		http->sweep = http->env->timer_start(http->env->ctx,
		    HTTP_ANSWER_SWEEP_MS, on_sweep, http);
	return client->bev;
}

struct http_answer *
http_answer_new(struct loop *loop, const struct env *env, const int *fds,
    size_t num_fds)
{
	struct http_answer *http = mem_zalloc(sizeof(*http));

	http->env = env;
	http->evhttp = evhttp_new(loop_base(loop));
	assert(http->evhttp != NULL);
	evhttp_set_allowed_methods(http->evhttp, EVHTTP_REQ_GET |
	    EVHTTP_REQ_HEAD);
	evhttp_set_max_headers_size(http->evhttp, HTTP_ANSWER_HEAD_MAX);
	evhttp_set_max_body_size(http->evhttp, HTTP_ANSWER_BODY_MAX);
	evhttp_set_timeout(http->evhttp, HTTP_ANSWER_TIME_MS / 1000);
	evhttp_set_bevcb(http->evhttp, make_client, http);
	evhttp_set_gencb(http->evhttp, on_request, http);
	for (size_t i = 0; i < num_fds; i++) {
		if (evhttp_accept_socket_with_handle(http->evhttp, fds[i]) ==
		    NULL)
			log_event(LOG_ERROR, "listen-failed", NULL);
	}
	return http;
}

void
http_answer_free(struct http_answer *http)
{
	struct http_client *client;
	struct http_token *token;

	if (http == NULL)
		return;
	http->env->timer_cancel(http->env->ctx, http->sweep);
	evhttp_free(http->evhttp);
	LIST_EACH(client, &http->clients, of_all)
		forget(http, client);
	LIST_EACH(token, &http->tokens, of_all)
		free(token);
	free(http);
}

int
http_answer_set(struct http_answer *http, struct span token,
    struct span key_authorization, struct err *err)
{
	struct http_token *at = find(http, token);

	if (at == NULL && http->tokens.count == LISTENER_CHALLENGES_MAX)
		return err_set(err, ERR_BUSY, NULL,
		    "more than %d challenges at a time",
		    LISTENER_CHALLENGES_MAX);
	if (at == NULL) {
		at = mem_zalloc(sizeof(*at));
		list_add(&http->tokens, &at->of_all);
	}
	snprintf(at->token, sizeof(at->token), "%.*s", SPAN_FMT(token));
	snprintf(at->text, sizeof(at->text), "%.*s",
	    SPAN_FMT(key_authorization));
	return 0;
}

void
http_answer_drop(struct http_answer *http, struct span token)
{
	struct http_token *at = find(http, token);

	if (at == NULL)
		return;
	list_del(&http->tokens, &at->of_all);
	free(at);
}
