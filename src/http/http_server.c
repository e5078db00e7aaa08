/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_server.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"
#include "http/http_conn.h"

#define ACCEPTS_PER_TURN 16     /* so that accepting starves nobody */
#define ACCEPT_PAUSE_MS 100     /* when descriptors are short */
#define NO_SLOT UINT32_MAX
#define RESPONSE_MAX (1U << 20) /* bytes of one answer, with its head */

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
	};
}

static const struct timeval *
timeout_of(struct http_server *server, int64_t ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };
	const struct timeval *common;

	/* libevent keeps timeouts of one length in a queue: adding is O(1). */
	common = event_base_init_common_timeout(loop_base(server->loop), &tv);
	assert(common != NULL);
	return common;
}

void
http_server_set_limits(struct http_server *server,
    const struct http_server_limits *limits)
{
	const int64_t discard_ms = 3000;

	server->limits = *limits;
	if (server->limits.connections_max > HTTP_CONN_SLOTS_MAX)
		server->limits.connections_max = HTTP_CONN_SLOTS_MAX;
	server->timeouts[PHASE_HANDSHAKE] =
	    timeout_of(server, limits->handshake_ms);
	server->timeouts[PHASE_IDLE] = timeout_of(server, limits->idle_ms);
	server->timeouts[PHASE_REQUEST] =
	    timeout_of(server, limits->request_ms);
	server->timeouts[PHASE_ANSWER] = timeout_of(server, limits->answer_ms);
	server->timeouts[PHASE_SEND] = timeout_of(server, limits->send_ms);
	server->timeouts[PHASE_DISCARD] = timeout_of(server, discard_ms);
}

void
http_server_set_tls(struct http_server *server, SSL_CTX *tls)
{
	SSL_CTX_up_ref(tls);
	SSL_CTX_free(server->tls);
	server->tls = tls;
}

/*
 * Accepting.
 */

static void
accepting(struct http_server *server, bool on)
{
	if (server->accepting == on || (on && server->stopping))
		return;
	server->accepting = on;
	for (size_t i = 0; i < server->num_listeners; i++) {
		if (on)
			event_add(&server->listeners[i].readable, NULL);
		else
			event_del(&server->listeners[i].readable);
	}
}

static void
on_pause_end(evutil_socket_t fd, short what, void *arg)
{
	struct http_server *server = arg;

	(void)fd;
	(void)what;
	accepting(server, server->count < server->limits.connections_max);
}

/* Whether one more connection may come: perhaps after the one that was idle
 * longest went. Otherwise http_server_leave goes on accepting. */
static bool
make_room(struct http_server *server)
{
	struct http_conn *oldest = TAILQ_FIRST(&server->idle);

	if (server->count < server->limits.connections_max)
		return true;
	if (oldest == NULL) {
		accepting(server, false);
		return false;
	}
	http_conn_close(oldest);
	return true;
}

/* Descriptors or memory of the kernel are short: waits a little, as the
 * listening socket stays readable. */
static void
pause_accepting(struct http_server *server)
{
	struct timeval tv = { 0, ACCEPT_PAUSE_MS * 1000 };

	accepting(server, false);
	event_add(server->pause, &tv);
}

static void
on_accept(evutil_socket_t fd, short what, void *arg)
{
	struct http_listener *listener = arg;
	struct http_server *server = listener->server;

	(void)what;
	for (int i = 0; i < ACCEPTS_PER_TURN && make_room(server); i++) {
		struct sockaddr_storage peer = { .ss_family = AF_UNSPEC };
		socklen_t len = sizeof(peer);
		int conn_fd = accept4(fd, (struct sockaddr *)&peer, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (conn_fd >= 0)
			http_conn_start(server, conn_fd,
			    (struct sockaddr *)&peer);
		else if (errno == EMFILE || errno == ENFILE ||
		    errno == ENOMEM || errno == ENOBUFS)
			pause_accepting(server);
		else if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

int
http_server_listen(struct http_server *server, int fd, struct err *err)
{
	struct http_listener *listener;
	int on = 1;

	if (server->num_listeners == HTTP_SERVER_LISTEN_MAX)
		return err_set(err, ERR_CONFIG, NULL,
		    "there are more than %d addresses to listen on",
		    HTTP_SERVER_LISTEN_MAX);
	if (evutil_make_socket_nonblocking(fd) < 0)
		return err_errno(err, "listening socket");
	/* Accepted sockets inherit it; sockets of other families have none. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	listener = &server->listeners[server->num_listeners++];
	listener->fd = fd;
	listener->server = server;
	event_assign(&listener->readable, loop_base(server->loop), fd,
	    EV_READ | EV_PERSIST, on_accept, listener);
	if (server->accepting)
		event_add(&listener->readable, NULL);
	accepting(server, true);
	return 0;
}

/*
 * Connections and exchanges. An exchange's number is a generation, counted
 * up for each request, above the slot of its connection.
 */

void
http_server_enter(struct http_server *server, struct http_conn *conn)
{
	if (server->free_slot == NO_SLOT) {
		uint32_t n = server->num_slots == 0 ? 16 :
		    server->num_slots * 2;

		server->slots = mem_realloc(server->slots,
		    n * sizeof(server->slots[0]));
		for (uint32_t i = server->num_slots; i < n; i++)
			server->slots[i] = (struct http_slot){
				.next_free = i + 1 < n ? i + 1 : NO_SLOT,
			};
		server->free_slot = server->num_slots;
		server->num_slots = n;
	}
	conn->slot = server->free_slot;
	server->free_slot = server->slots[conn->slot].next_free;
	server->slots[conn->slot].conn = conn;
	TAILQ_INSERT_TAIL(&server->all, conn, of_server);
	server->count++;
}

void
http_server_leave(struct http_server *server, struct http_conn *conn)
{
	TAILQ_REMOVE(&server->all, conn, of_server);
	server->slots[conn->slot] = (struct http_slot){
		.next_free = server->free_slot,
	};
	server->free_slot = conn->slot;
	server->count--;
	if (!event_pending(server->pause, EV_TIMEOUT, NULL))
		accepting(server, true);
	if (server->count == 0 && server->done != NULL) {
		void (*done)(void *ctx) = server->done;

		server->done = NULL;
		done(server->done_ctx);
	}
}

static struct http_conn *
find(struct http_server *server, uint64_t exchange)
{
	uint32_t slot = (uint32_t)(exchange & (HTTP_CONN_SLOTS_MAX - 1));
	struct http_conn *conn;

	if (exchange == 0 || slot >= server->num_slots)
		return NULL;
	conn = server->slots[slot].conn;
	return conn != NULL && conn->exchange == exchange ? conn : NULL;
}

/*
 * Answers.
 */

/* RFC 9110 5.6.7; made once a second. */
static void
put_date(struct http_server *server)
{
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	if (server->date_s != now.tv_sec) {
		server->date_s = now.tv_sec;
		gmtime_r(&now.tv_sec, &tm);
		strftime(server->date, sizeof(server->date),
		    "%a, %d %b %Y %T GMT", &tm);
	}
	bld_str(&server->scratch, "\r\nDate: ");
	bld_str(&server->scratch, server->date);
}

static void
put_header(struct bld *out, const char *name, struct span value)
{
	bld_bytes(out, "\r\n", 2);
	bld_str(out, name);
	bld_bytes(out, ": ", 2);
	bld_span(out, value);
}

/* RFC 9110 8.6: no length goes with 204, and none need go with an answer to
 * HEAD that says nothing of a body. */
static void
put_length(struct bld *out, const struct http_response *response, bool head)
{
	if (response->status == 204 ||
	    (head && response->content_type == NULL))
		return;
	bld_str(out, "\r\nContent-Length: ");
	text_decimal(out, (int64_t)response->body.len);
}

static void
build(struct http_server *server, const struct http_conn *conn,
    const struct http_response *response)
{
	struct bld *out = &server->scratch;

	bld_reset(out);
	bld_str(out, "HTTP/1.1 ");
	text_decimal(out, response->status);
	bld_u8(out, ' ');
	bld_str(out, http_status_name(response->status));
	put_date(server);
	if (response->content_type != NULL)
		put_header(out, "Content-Type",
		    span_str(response->content_type));
	put_length(out, response, conn->head_method);
	for (size_t i = 0; i < response->num_headers; i++)
		put_header(out, response->headers[i].name,
		    response->headers[i].value);
	if (conn->close)
		bld_str(out, "\r\nConnection: close");
	bld_str(out, "\r\n\r\n");
	if (!conn->head_method)
		bld_span(out, response->body);
}

bool
http_server_respond(struct http_server *server, uint64_t exchange,
    const struct http_response *response)
{
	static const struct http_response too_large = { .status = 500 };
	struct http_conn *conn = find(server, exchange);

	if (conn == NULL)
		return false;
	if (server->stopping)
		conn->close = true;
	build(server, conn, response);
	if (bld_end(&server->scratch) < 0)
		build(server, conn, &too_large);
	http_conn_answer(conn);
	return true;
}

/*
 * Life.
 */

struct http_server *
http_server_new(struct loop *loop, SSL_CTX *tls,
    const struct http_server_limits *limits, const struct http_server_ops *ops,
    void *ctx)
{
	struct http_server *server = mem_zalloc(sizeof(*server));

	server->loop = loop;
	server->ops = ops;
	server->ctx = ctx;
	server->free_slot = NO_SLOT;
	server->generation = 1;
	server->date_s = -1;
	TAILQ_INIT(&server->all);
	TAILQ_INIT(&server->idle);
	bld_init(&server->scratch, RESPONSE_MAX);
	server->pause = event_new(loop_base(loop), -1, 0, on_pause_end,
	    server);
	assert(server->pause != NULL);
	http_server_set_tls(server, tls);
	http_server_set_limits(server, limits);
	return server;
}

static void
close_listeners(struct http_server *server)
{
	accepting(server, false);
	for (size_t i = 0; i < server->num_listeners; i++)
		close(server->listeners[i].fd);
	server->num_listeners = 0;
	event_del(server->pause);
}

void
http_server_free(struct http_server *server)
{
	struct http_conn *conn, *next;

	if (server == NULL)
		return;
	server->stopping = true;
	server->done = NULL;
	close_listeners(server);
	for (conn = TAILQ_FIRST(&server->all); conn != NULL; conn = next) {
		next = TAILQ_NEXT(conn, of_server);
		http_conn_close(conn);
	}
	event_free(server->pause);
	SSL_CTX_free(server->tls);
	bld_free(&server->scratch);
	free(server->spare.data);
	free(server->slots);
	free(server);
}

void
http_server_stop(struct http_server *server, void (*done)(void *ctx),
    void *ctx)
{
	struct http_conn *conn, *next;

	server->stopping = true;
	close_listeners(server);
	for (conn = TAILQ_FIRST(&server->all); conn != NULL; conn = next) {
		next = TAILQ_NEXT(conn, of_server);
		if (conn->phase == PHASE_IDLE ||
		    conn->phase == PHASE_HANDSHAKE)
			http_conn_close(conn);
	}
	if (server->count == 0) {
		done(ctx);
	} else {
		server->done = done;
		server->done_ctx = ctx;
	}
}

size_t
http_server_connections(const struct http_server *server)
{
	return server->count;
}
