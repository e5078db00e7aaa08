/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/net_request.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>

#include "agent/net/net_answer.h"

/* What came is borrowed from the connection, which goes on. */
static void
own(struct net_request *request)
{
	struct client_response *response = &request->response;
	struct span *const spans[] = { &response->body, &response->nonce,
		&response->location, &response->retry_after,
		&response->date, &response->content_type };

	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++)
		*spans[i] = arena_dup(&request->arena, *spans[i]);
	for (size_t i = 0; i < response->num_links; i++)
		response->links[i] = arena_dup(&request->arena,
		    response->links[i]);
}

static void
set_error(struct net_request *request, int r)
{
	struct err *err = &request->response.err;
	const char *host = request->conn->origin.host;

	request->response = (struct client_response){ .status = 0 };
	if (r == -ERR_TOO_LARGE)
		err_set(err, ERR_TOO_LARGE, NULL, "the answer of %s has more "
		    "bytes than an answer of a CA can need", host);
	else if (r == -ERR_MALFORMED)
		err_set(err, ERR_CONNECTION, NULL, "%s does not speak HTTP as "
		    "a CA does", host);
	else
		net_conn_why(request->conn, err);
}

static size_t
bytes_max(const struct net_request *request)
{
	return NET_ANSWER_HEAD_MAX * 2 + NET_REQUEST_OVERHEAD *
	    request->question->body_max;
}

/* Bytes came, or the connection ended. */
static void
on_conn(void *arg)
{
	struct net_request *request = arg;
	struct net_conn *conn = request->conn;
	struct evbuffer *input = bufferevent_get_input(conn->bev);
	size_t len = evbuffer_get_length(input);
	struct net_answer answer;
	int r;

	request->begun = len > 0;
	r = net_answer_parse(span_of(evbuffer_pullup(input, -1), len),
	    conn->end == NET_CONN_CLOSED, request->question->method ==
	    CLIENT_HEAD, request->question->body_max, &request->arena, &answer);
	if (r == 0 && len >= bytes_max(request))
		r = -ERR_TOO_LARGE;
	if (r == 0 && conn->end == NET_CONN_OPEN)
		return;
	if (r == 1) {
		request->response = answer.response;
		own(request);
		evbuffer_drain(input, answer.len);
		request->keep = answer.keep && answer.len == len &&
		    conn->end == NET_CONN_OPEN;
		conn->used = true;
	} else {
		set_error(request, r);
	}
	net_conn_ask(conn, NULL, NULL);
	request->done(request->arg);
}

int
net_question_make(const struct client_request *from, struct arena *arena,
    struct net_question *ret)
{
	*ret = (struct net_question){
		.method = from->method,
		.url = arena_str(arena, from->url),
		.accept = arena_str(arena, from->accept),
		.content_type = arena_str(arena, from->content_type.len > 0 ?
		    from->content_type : SPAN_LIT("application/jose+json")),
		.body = arena_dup(arena, from->body),
		.body_max = from->body_max,
	};
	return net_origin_parse(from->url, arena, &ret->origin, &ret->target);
}

/* All texts are of our own, or of a URL, which has no blanks and no ends of
 * lines. */
static void
put(const struct net_question *question, const struct net_proxy *proxy,
    struct arena *arena, struct evbuffer *out)
{
	static const char *const methods[] = {
		[CLIENT_GET] = "GET",
		[CLIENT_HEAD] = "HEAD",
		[CLIENT_POST] = "POST",
	};

	/* User-Agent: RFC 8555 6.1. */
	evbuffer_add_printf(out, "%s %s HTTP/1.1\r\nHost: %s\r\n"
	    "User-Agent: signet/" SIGNET_VERSION " libevent/%s\r\n"
	    "Accept: %s\r\nAccept-Language: en\r\n",
	    methods[question->method], proxy != NULL ? question->url :
	    question->target, net_origin_text(&question->origin, false, arena),
	    event_get_version(), question->accept);
	if (proxy != NULL && proxy->user[0] != '\0')
		evbuffer_add_printf(out, "Proxy-Authorization: %s\r\n",
		    net_tunnel_basic(proxy, arena));
	if (question->method == CLIENT_POST)
		evbuffer_add_printf(out, "Content-Type: %s\r\n"
		    "Content-Length: %zu\r\n", question->content_type,
		    question->body.len);
	evbuffer_add_printf(out, "\r\n");
	if (question->method == CLIENT_POST)
		evbuffer_add(out, question->body.data, question->body.len);
}

void
net_request_send(struct net_request *ret, const struct net_question *question,
    struct net_conn *conn, const struct net_proxy *proxy,
    void (*done)(void *arg), void *arg)
{
	*ret = (struct net_request){ .conn = conn, .question = question,
		.reused = conn->used, .done = done, .arg = arg };
	bufferevent_setwatermark(conn->bev, EV_READ, 0, bytes_max(ret));
	put(question, proxy, &ret->arena, bufferevent_get_output(conn->bev));
	net_conn_ask(conn, on_conn, ret);
}

void
net_request_done(struct net_request *request)
{
	arena_free(&request->arena);
	*request = (struct net_request){ .conn = NULL };
}
