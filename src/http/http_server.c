/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_server.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_struct.h>
#include <event2/event.h>
#include <event2/keyvalq_struct.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "http/http_conn.h"

#define HEAD_MAX 16384          /* bytes of a request's line and headers */
#define HOST_MAX 260            /* bytes: a name of 253, ':' and a port */
#define BODY_HARD_MAX (8 << 20) /* bytes; above, evhttp answers by itself */
#define ONE_RECORD_MAX 16384    /* bytes of the largest TLS record */
/* All, also those that evhttp has no name for: 405 is the logic's to say. */
#define ALL_METHODS UINT16_MAX
#define RESPONSE_HEAD_MAX 32768 /* bytes of an answer's header fields */

void
http_server_limits_init(struct http_server_limits *limits)
{
	*limits = (struct http_server_limits){
		.body_max = 128U << 10,
		.buffers_max = 32U << 20,
		.connections_max = 1024,
		.handshake_ms = 10000,
		.request_ms = 20000,
		.idle_ms = 60000,
		.answer_ms = 60000,
		.send_ms = 20000,
		.stop_ms = HTTP_SERVER_STOP_MS,
	};
}

void
http_server_set_limits(struct http_server *server,
    const struct http_server_limits *limits)
{
	server->limits = *limits;
	if (server->limits.connections_max > HTTP_CONN_MAX)
		server->limits.connections_max = HTTP_CONN_MAX;
	http_conn_accepting(server,
	    server->count < server->limits.connections_max);
}

void
http_server_set_tls(struct http_server *server, SSL_CTX *tls)
{
	SSL_CTX_up_ref(tls);
	SSL_CTX_free(server->tls);
	server->tls = tls;
}

/*
 * Requests.
 */

static enum http_method
method_of(const struct evhttp_request *request)
{
	switch (evhttp_request_get_command(request)) {
	case EVHTTP_REQ_GET:
		return HTTP_GET;
	case EVHTTP_REQ_HEAD:
		return HTTP_HEAD;
	case EVHTTP_REQ_POST:
		return HTTP_POST;
	case EVHTTP_REQ_OPTIONS:
		return HTTP_OPTIONS;
	case EVHTTP_REQ_PUT:
	case EVHTTP_REQ_DELETE:
	case EVHTTP_REQ_TRACE:
	case EVHTTP_REQ_CONNECT:
	case EVHTTP_REQ_PATCH:
		break;
	}
	return HTTP_OTHER;
}

/* The authority of the request's own target or its Host field, if it is made
 * of what a host and port may have: it goes into URLs. */
static struct span
host_of(const struct evhttp_uri *uri, struct evhttp_request *request)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:[]";
	const char *host = evhttp_find_header(
	    evhttp_request_get_input_headers(request), "Host");

	if (evhttp_uri_get_host(uri) != NULL && host == NULL)
		host = evhttp_uri_get_host(uri);
	if (host == NULL || host[0] == '\0' || strlen(host) > HOST_MAX ||
	    host[strspn(host, allowed)] != '\0')
		return SPAN_NONE;
	return span_str(host);
}

static struct span
body_of(struct evhttp_request *request)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(request);
	size_t len = evbuffer_get_length(input);

	if (len == 0)
		return SPAN_NONE;
	return span_of(evbuffer_pullup(input, -1), len);
}

/* RFC 9112 3.2: the origin form, and the absolute form as the same. */
static struct span
target_of(const struct evhttp_request *request)
{
	const char *uri = evhttp_request_get_uri(request);
	const char *at = strstr(uri, "://");

	if (uri[0] != '/' && at != NULL)
		uri = strchr(at + 3, '/') == NULL ? "/" : strchr(at + 3, '/');
	return span_str(uri);
}

static void
split_target(struct http_request *out)
{
	const uint8_t *mark = out->target.len == 0 ? NULL :
	    memchr(out->target.data, '?', out->target.len);

	out->path = out->target;
	if (mark != NULL) {
		out->path.len = (size_t)(mark - out->target.data);
		out->query = span_from(out->target, out->path.len + 1);
	}
}

static void
on_close(struct evhttp_connection *evcon, void *arg)
{
	struct http_conn *conn = arg;
	struct evhttp_request *request = conn->request;
	uint64_t exchange = conn->exchange;
	bool handled = !conn->whole.queued;

	(void)evcon;
	if (exchange == 0)
		return;
	loop_flush_cancel(conn->server->loop, &conn->whole);
	conn->exchange = 0;
	conn->request = NULL;
	http_conn_answered(conn);
	/* evhttp gave the request up to us if it is no longer on its list. */
	if (evhttp_request_get_connection(request) == NULL)
		evhttp_request_free(request);
	if (handled && conn->server->ops->gone != NULL)
		conn->server->ops->gone(conn->server->ctx, exchange);
}

/* evhttp reads no body of methods that it knows none for: what it then took
 * for the next request would be this one's body (RFC 9112 11.2). Two lengths
 * and malformed ones it refuses itself. */
static bool
has_unread_body(struct evhttp_request *request)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
	const char *length;

	if (method_of(request) == HTTP_POST || method_of(request) == HTTP_GET)
		return false;
	length = evhttp_find_header(headers, "Content-Length");
	return (length != NULL && strcmp(length, "0") != 0) ||
	    evhttp_find_header(headers, "Transfer-Encoding") != NULL;
}

static void
begin(struct http_conn *conn, struct evhttp_connection *evcon,
    struct evhttp_request *request)
{
	struct http_server *server = conn->server;

	http_conn_received(conn);
	conn->request = request;
	conn->exchange = ++server->exchanges * HTTP_CONN_MAX + conn->slot;
	conn->since_ms = env_now(&server->env);
	if (!conn->watched)
		evhttp_connection_set_closecb(evcon, on_close, conn);
	conn->watched = true;
}

/*
 * evhttp stops reading while a request waits for its answer, and so would
 * hear only from a failed write that the client is gone. Here reading goes on
 * but for evhttp: it looks for a next request when it has sent the answer, and
 * of that no more is taken in until then than one TLS record and the 16 KiB
 * that OpenSSL reads ahead. This is also cheaper: the kernel need not be told
 * what to watch.
 */
static void
watch_end(struct http_conn *conn)
{
	bufferevent_data_cb read_cb, write_cb;
	bufferevent_event_cb event_cb;
	void *arg;

	bufferevent_getcb(conn->bev, &read_cb, &write_cb, &event_cb, &arg);
	bufferevent_setcb(conn->bev, NULL, write_cb, event_cb, arg);
	bufferevent_setwatermark(conn->bev, EV_READ, 0, 1);
	bufferevent_enable(conn->bev, EV_READ);
	http_conn_pause_over(conn);
}

static void
refuse(struct http_conn *conn, int status, const char *why)
{
	struct http_server *server = conn->server;

	conn->refused = true;
	server->ops->refused(server->ctx, status, why, conn->exchange);
}

static struct http_conn *
find(struct http_server *server, uint64_t exchange)
{
	struct http_conn *conn = exchange == 0 ? NULL :
	    server->slots[exchange % HTTP_CONN_MAX];

	return conn != NULL && conn->exchange == exchange ? conn : NULL;
}

static void
drop_body(struct evhttp_request *request)
{
	struct evbuffer *input = evhttp_request_get_input_buffer(request);

	evbuffer_drain(input, evbuffer_get_length(input));
}

/* Its body is not kept until the answer comes, which may take long. */
static void
hand_over(struct http_conn *conn, const struct http_request *out)
{
	struct http_server *server = conn->server;
	uint64_t exchange = conn->exchange;

	server->ops->request(server->ctx, out, exchange);
	conn = find(server, exchange);
	if (conn != NULL)
		drop_body(conn->request);
}

/* What evhttp knows of the request; all of it is evhttp's. */
static struct http_request
request_of(struct evhttp_request *request)
{
	struct http_request ret = {
		.method = method_of(request),
		.target = target_of(request),
		.host = host_of(evhttp_request_get_evhttp_uri(request),
		    request),
		.content_type = span_str(evhttp_find_header(
		    evhttp_request_get_input_headers(request),
		    "Content-Type")),
	};
	char *peer = NULL;
	uint16_t port;

	split_target(&ret);
	evhttp_connection_get_peer(evhttp_request_get_connection(request),
	    &peer, &port);
	ret.peer = span_str(peer);
	return ret;
}

static void
handle(struct http_conn *conn)
{
	struct evhttp_request *request = conn->request;
	struct http_request out = request_of(request);

	if (has_unread_body(request)) {
		refuse(conn, 400, "a request of this method has no body "
		    "(RFC 9110 9.3)");
	} else if (evbuffer_get_length(evhttp_request_get_input_buffer(request)) >
	    conn->server->limits.body_max) {
		drop_body(request);
		refuse(conn, 413, "the request's body is too large "
		    "(RFC 9110 15.5.14)");
	} else if (out.host.len == 0 || out.path.len == 0 ||
	    out.path.data[0] != '/') {
		refuse(conn, 400, "the request's target or Host is malformed "
		    "(RFC 9112 3.2)");
	} else {
		out.body = body_of(request);
		hand_over(conn, &out);
	}
}

static void
on_turn_end(struct loop_flush *item)
{
	handle((struct http_conn *)(void *)((char *)item -
	    offsetof(struct http_conn, whole)));
}

/* All requests of a turn are read before the first is handled: whoever handles
 * them verifies a signature for each, and that leaves no cache as TLS and
 * evhttp would like to find it for the next. */
static void
on_request(struct evhttp_request *request, void *arg)
{
	struct http_server *server = arg;
	struct evhttp_connection *evcon =
	    evhttp_request_get_connection(request);
	struct http_conn *conn = http_conn_of(evcon);

	if (conn == NULL) {
		evhttp_send_error(request, HTTP_SERVUNAVAIL, NULL);
		return;
	}
	begin(conn, evcon, request);
	watch_end(conn);
	conn->whole.flush = on_turn_end;
	loop_flush_later(server->loop, &conn->whole);
}

/*
 * Answers.
 */

static void
put_header(struct bld *out, const char *name, struct span value)
{
	bld_str(out, "\r\n");
	bld_str(out, name);
	bld_str(out, ": ");
	bld_span(out, value);
}

/* RFC 9110 5.6.7; made once a second. */
static void
put_date(struct http_server *server)
{
	time_t now = (time_t)(env_now(&server->env) / 1000);
	struct tm tm;

	if (server->date_at != now) {
		server->date_at = now;
		gmtime_r(&now, &tm);
		strftime(server->date, sizeof(server->date),
		    "%a, %d %b %Y %T GMT", &tm);
	}
	bld_str(&server->head, server->date);
}

/*
 * All header fields as the value of one, Date: evhttp keeps each field as a
 * list element of three allocations, and formats them one by one. The element
 * is made by hand, as evhttp_add_header would refuse the line breaks; they are
 * ours.
 */
static void
put_headers(struct http_server *server, struct evhttp_request *request,
    const struct http_response *response, bool close)
{
	struct evkeyval *field = mem_alloc(sizeof(*field));
	struct bld *head = &server->head;

	bld_reset(head);
	put_date(server);
	if (response->content_type != NULL)
		put_header(head, "Content-Type",
		    span_str(response->content_type));
	for (size_t i = 0; i < response->num_headers; i++)
		put_header(head, response->headers[i].name,
		    response->headers[i].value);
	/* evhttp leaves this out for HEAD. */
	if (evhttp_request_get_command(request) == EVHTTP_REQ_HEAD &&
	    response->content_type != NULL)
		bld_fmt(head, "\r\nContent-Length: %zu", response->body.len);
	bld_u8(head, '\0');
	field->key = mem_strdup("Date");
	field->value = mem_strdup(bld_end(head) == 0 ?
	    (const char *)head->data : server->date);
	TAILQ_INSERT_TAIL(evhttp_request_get_output_headers(request), field,
	    next);
	if (close)
		evhttp_add_header(evhttp_request_get_output_headers(request),
		    "Connection", "close");
}

/* evhttp puts head and body behind one another in two pieces, and each piece
 * would become a TLS record and a system call of its own. */
static void
join_pieces(struct http_conn *conn)
{
	struct evbuffer *output = bufferevent_get_output(conn->bev);

	if (evbuffer_get_length(output) <= ONE_RECORD_MAX)
		evbuffer_pullup(output, -1);
}

bool
http_server_respond(struct http_server *server, uint64_t exchange,
    const struct http_response *response)
{
	struct http_conn *conn = find(server, exchange);
	struct evhttp_request *request;

	if (conn == NULL)
		return false;
	request = conn->request;
	put_headers(server, request, response,
	    server->stopping || conn->refused);
	/* evhttp would send a body to HEAD too. */
	if (response->body.len > 0 &&
	    evhttp_request_get_command(request) != EVHTTP_REQ_HEAD)
		evbuffer_add(evhttp_request_get_output_buffer(request),
		    response->body.data, response->body.len);
	conn->exchange = 0;
	conn->request = NULL;
	http_conn_answered(conn);
	conn->since_ms = env_now(&server->env);
	/* A next request that came meanwhile had to wait: it is timed now. */
	if (conn->first_byte_ms != 0)
		conn->first_byte_ms = conn->since_ms;
	bufferevent_setwatermark(conn->bev, EV_READ, 0, 0);
	http_conn_read_on(conn);
	evhttp_send_reply(request, response->status,
	    http_status_name(response->status), NULL);
	join_pieces(conn);
	/* Written in this turn: the socket takes an answer nearly always, so
	 * that the kernel need not be asked first whether it would. */
	event_active(&conn->bev->ev_write, EV_WRITE, 0);
	return true;
}

/*
 * Life.
 */

static struct bufferevent *
on_connection(struct event_base *base, void *arg)
{
	(void)base;
	return http_conn_new(arg);
}

struct http_server *
http_server_new(struct loop *loop, SSL_CTX *tls,
    const struct http_server_limits *limits, const struct http_server_ops *ops,
    void *ctx)
{
	struct http_server *server = mem_zalloc(sizeof(*server));

	server->loop = loop;
	server->ops = ops;
	server->ctx = ctx;
	server->accepting = true;
	server->slots = mem_zalloc(HTTP_CONN_MAX * sizeof(struct http_conn *));
	TAILQ_INIT(&server->conns);
	loop_env(loop, &server->env);
	http_server_set_tls(server, tls);
	http_server_set_limits(server, limits);
	server->evhttp = evhttp_new(loop_base(loop));
	assert(server->evhttp != NULL);
	evhttp_set_allowed_methods(server->evhttp, ALL_METHODS);
	evhttp_set_default_content_type(server->evhttp, NULL);
	bld_init(&server->head, RESPONSE_HEAD_MAX);
	evhttp_set_max_headers_size(server->evhttp, HEAD_MAX);
	evhttp_set_max_body_size(server->evhttp, BODY_HARD_MAX);
	evhttp_set_bevcb(server->evhttp, on_connection, server);
	evhttp_set_gencb(server->evhttp, on_request, server);
	return server;
}

int
http_server_listen(struct http_server *server, int fd, struct err *err)
{
	struct evhttp_bound_socket *bound;
	int on = 1;

	if (server->num_listeners == HTTP_SERVER_LISTEN_MAX)
		return err_set(err, ERR_CONFIG, NULL,
		    "there are more than %d addresses to listen on",
		    HTTP_SERVER_LISTEN_MAX);
	if (evutil_make_socket_nonblocking(fd) < 0)
		return err_errno(err, "listening socket");
	/* Accepted sockets inherit it; sockets of other families have none. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	bound = evhttp_accept_socket_with_handle(server->evhttp, fd);
	if (bound == NULL)
		return err_errno(err, "listening socket");
	http_conn_listener(server, bound);
	return 0;
}

static void
close_listeners(struct http_server *server)
{
	for (size_t i = 0; i < server->num_listeners; i++)
		evhttp_del_accept_socket(server->evhttp,
		    server->listeners[i]);
	server->num_listeners = 0;
	http_conn_forget(server);
}

void
http_server_free(struct http_server *server)
{
	struct http_conn *conn;

	if (server == NULL)
		return;
	server->stopping = true;
	server->done = NULL;
	close_listeners(server);
	evhttp_free(server->evhttp);
	/* libevent frees a connection's last parts when the loop runs again,
	 * or ends. */
	TAILQ_FOREACH(conn, &server->conns, of_server) {
		loop_flush_cancel(server->loop, &conn->again);
		loop_flush_cancel(server->loop, &conn->whole);
		conn->server = NULL;
	}
	if (server->sweep != NULL)
		server->env.timer_cancel(server->env.ctx, server->sweep);
	SSL_CTX_free(server->tls);
	bld_free(&server->head);
	free(server->slots);
	free(server);
}

void
http_server_stop(struct http_server *server, void (*done)(void *ctx),
    void *ctx)
{
	struct http_server_limits *limits = &server->limits;
	struct http_conn *conn;

	server->stopping = true;
	close_listeners(server);
	/* Who sends slowly holds up no end. */
	if (limits->request_ms > limits->stop_ms)
		limits->request_ms = limits->stop_ms;
	TAILQ_FOREACH(conn, &server->conns, of_server) {
		if (http_conn_is_idle(conn))
			http_conn_cut(conn);
		else if (conn->first_byte_ms != 0)
			conn->first_byte_ms = env_now(&server->env);
	}
	if (server->count == 0) {
		done(ctx);
	} else {
		server->done = done;
		server->done_ctx = ctx;
	}
}
