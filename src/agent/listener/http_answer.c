/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/listener/http_answer.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <stdio.h>
#include <sys/queue.h>

#include "base/log.h"

#define PREFIX SPAN_LIT("/.well-known/acme-challenge/")

struct http_token {
	TAILQ_ENTRY(http_token) of_all;
	char token[CLIENT_TOKEN_MAX + 1];
	char text[CLIENT_KEY_AUTHORIZATION_MAX + 1];
};

/* evhttp tells nobody when a connection goes: we hold a reference to its
 * bufferevent, and see by its callbacks whether evhttp is done with it. */
struct http_client {
	TAILQ_ENTRY(http_client) of_all; /* who came first is first */
	struct bufferevent *bev;
	int64_t since_ms;
};

struct http_answer {
	const struct env *env;
	struct event_base *base;
	struct evhttp *evhttp;
	TAILQ_HEAD(, http_token) tokens;
	TAILQ_HEAD(http_clients, http_client) clients;
	size_t num_tokens;
	size_t num_clients;
	struct env_timer *sweep;  /* runs while there are clients */
};

static struct http_token *
find(const struct http_answer *http, struct span token)
{
	struct http_token *at;

	TAILQ_FOREACH(at, &http->tokens, of_all) {
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
	TAILQ_REMOVE(&http->clients, client, of_all);
	http->num_clients--;
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
	struct http_client *client, *next;

	for (client = TAILQ_FIRST(&http->clients); client != NULL;
	    client = next) {
		next = TAILQ_NEXT(client, of_all);
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
	if (http->num_clients > 0)
		http->sweep = http->env->timer_start(http->env->ctx,
		    HTTP_ANSWER_SWEEP_MS, on_sweep, http);
}

static struct bufferevent *
make_client(struct event_base *base, void *arg)
{
	struct http_answer *http = arg;
	struct http_client *client = mem_zalloc(sizeof(*client));

	if (http->num_clients >= HTTP_ANSWER_CONNECTIONS_MAX)
		look(http);
	if (http->num_clients >= HTTP_ANSWER_CONNECTIONS_MAX)
		cut(http, TAILQ_FIRST(&http->clients));
	/* The descriptor is closed with the last reference, which is ours;
	 * evhttp has told the client of the end before. */
	client->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	assert(client->bev != NULL);
	bufferevent_incref(client->bev);
	client->since_ms = env_now(http->env);
	TAILQ_INSERT_TAIL(&http->clients, client, of_all);
	http->num_clients++;
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
	TAILQ_INIT(&http->tokens);
	TAILQ_INIT(&http->clients);
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
	struct http_token *token;

	if (http == NULL)
		return;
	http->env->timer_cancel(http->env->ctx, http->sweep);
	evhttp_free(http->evhttp);
	while (!TAILQ_EMPTY(&http->clients))
		forget(http, TAILQ_FIRST(&http->clients));
	while ((token = TAILQ_FIRST(&http->tokens)) != NULL) {
		TAILQ_REMOVE(&http->tokens, token, of_all);
		free(token);
	}
	free(http);
}

int
http_answer_set(struct http_answer *http, struct span token,
    struct span key_authorization, struct err *err)
{
	struct http_token *at = find(http, token);

	if (at == NULL && http->num_tokens == LISTENER_CHALLENGES_MAX)
		return err_set(err, ERR_BUSY, NULL,
		    "more than %d challenges at a time",
		    LISTENER_CHALLENGES_MAX);
	if (at == NULL) {
		at = mem_zalloc(sizeof(*at));
		TAILQ_INSERT_TAIL(&http->tokens, at, of_all);
		http->num_tokens++;
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
	TAILQ_REMOVE(&http->tokens, at, of_all);
	http->num_tokens--;
	free(at);
}
