/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_conn.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

static void http_conn_run(struct http_conn *conn);

static void
set_phase(struct http_conn *conn, enum http_phase phase)
{
	struct http_server *server = conn->server;

	if (conn->phase == PHASE_IDLE && phase != PHASE_IDLE)
		TAILQ_REMOVE(&server->idle, conn, of_idle);
	if (phase == PHASE_IDLE && conn->phase != PHASE_IDLE)
		TAILQ_INSERT_TAIL(&server->idle, conn, of_idle);
	conn->phase = phase;
	event_add(&conn->timer, server->timeouts[phase]);
}

static void
conn_free(struct http_conn *conn)
{
	struct http_server *server = conn->server;

	if (conn->phase == PHASE_IDLE)
		TAILQ_REMOVE(&server->idle, conn, of_idle);
	event_del(&conn->readable);
	event_del(&conn->writable);
	event_del(&conn->timer);
	if (conn->phase != PHASE_HANDSHAKE && conn->phase != PHASE_DISCARD)
		SSL_shutdown(conn->ssl);
	ERR_clear_error();
	SSL_free(conn->ssl);
	close(conn->fd);
	server->buffered -= conn->in.cap + conn->out.cap;
	free(conn->in.data);
	free(conn->out.data);
	http_server_leave(server, conn);
	free(conn);
}

void
http_conn_close(struct http_conn *conn)
{
	uint64_t exchange = conn->exchange;

	if (conn->dead)
		return;
	conn->dead = true;
	conn->exchange = 0;
	if (exchange != 0 && conn->server->ops->gone != NULL)
		conn->server->ops->gone(conn->server->ctx, exchange);
	if (!conn->running)
		conn_free(conn);
}

/*
 * Buffers. A connection has one only while it holds bytes: an empty one goes
 * back to the server, which keeps one for whoever reads next, so that a busy
 * server allocates nothing and idle connections hold nothing.
 */

static void
rebase(struct span *span, const struct http_buffer *old, const uint8_t *data)
{
	/* "/" of an absolute-form target and absent fields lie elsewhere. */
	if (span->data >= old->data && span->data <= old->data + old->len &&
	    span->data != NULL)
		span->data = data + (span->data - old->data);
}

static void
rebase_head(struct http_request *request, const struct http_buffer *old,
    const uint8_t *data)
{
	rebase(&request->path, old, data);
	rebase(&request->query, old, data);
	rebase(&request->target, old, data);
	rebase(&request->host, old, data);
	rebase(&request->content_type, old, data);
}

/* Makes the buffer hold cap bytes. False when the server's limit is reached:
 * one connection always gets its first buffer. */
static bool
buffer_reserve(struct http_conn *conn, size_t cap)
{
	struct http_server *server = conn->server;
	struct http_buffer old = conn->in;

	if (cap <= old.cap)
		return true;
	if (old.cap == 0 && cap == HTTP_CONN_BUFFER &&
	    server->spare.data != NULL) {
		conn->in = server->spare;
		server->spare = (struct http_buffer){ NULL };
		server->buffered += cap;
		return true;
	}
	if (server->buffered + cap > server->limits.buffers_max && old.cap > 0)
		return false;
	conn->in.data = mem_alloc(cap);
	conn->in.cap = cap;
	server->buffered += cap - old.cap;
	if (old.len > 0)
		memcpy(conn->in.data, old.data, old.len);
	if (conn->has_head)
		rebase_head(&conn->head.request, &old, conn->in.data);
	free(old.data);
	return true;
}

static void
buffer_release(struct http_conn *conn)
{
	struct http_server *server = conn->server;

	if (conn->in.len > 0 || conn->in.cap == 0)
		return;
	server->buffered -= conn->in.cap;
	if (server->spare.data == NULL && conn->in.cap == HTTP_CONN_BUFFER)
		server->spare = conn->in;
	else
		free(conn->in.data);
	conn->in = (struct http_buffer){ NULL };
}

/* Drops the first n bytes. */
static void
buffer_consume(struct http_conn *conn, size_t n)
{
	conn->in.len -= n;
	if (conn->in.len > 0)
		memmove(conn->in.data, conn->in.data + n, conn->in.len);
}

/*
 * TLS. Each gives true when it did something; false to wait, or when the
 * connection is dead.
 */

static bool
tls_wait(struct http_conn *conn, int r)
{
	int why = SSL_get_error(conn->ssl, r);

	if (why == SSL_ERROR_WANT_WRITE)
		event_add(&conn->writable, NULL);
	else if (why != SSL_ERROR_WANT_READ)
		http_conn_close(conn);
	conn->may_read = false;
	return false;
}

static bool
tls_handshake(struct http_conn *conn)
{
	int r;

	ERR_clear_error();
	r = SSL_accept(conn->ssl);
	if (r != 1)
		return tls_wait(conn, r);
	conn->may_read = true; /* the request may have come with it */
	set_phase(conn, PHASE_IDLE);
	return true;
}

static bool
tls_read(struct http_conn *conn)
{
	size_t room = conn->in.cap - conn->in.len;
	int r;

	ERR_clear_error();
	r = SSL_read(conn->ssl, conn->in.data + conn->in.len,
	    room > INT_MAX ? INT_MAX : (int)room);
	if (r <= 0)
		return tls_wait(conn, r);
	conn->in.len += (size_t)r;
	/* What the kernel still has it will tell again. */
	conn->may_read = SSL_has_pending(conn->ssl) == 1;
	return true;
}

/* Writes from data; gives how much was taken, and the error in *r. */
static size_t
tls_write(struct http_conn *conn, const uint8_t *data, size_t len, int *r)
{
	size_t at = 0;

	*r = 1;
	while (at < len && *r > 0) {
		size_t n = len - at > INT_MAX ? INT_MAX : len - at;

		ERR_clear_error();
		*r = SSL_write(conn->ssl, data + at, (int)n);
		if (*r > 0)
			at += (size_t)*r;
	}
	return at;
}

/*
 * The phases.
 */

/* Opens an exchange for the logic to answer. */
static uint64_t
open_exchange(struct http_conn *conn)
{
	set_phase(conn, PHASE_ANSWER);
	conn->exchange = conn->server->generation++ << 20 | conn->slot;
	return conn->exchange;
}

/* Refuses what came; nothing behind it can be understood any more. */
static bool
refuse(struct http_conn *conn, int status, const char *why)
{
	struct http_server *server = conn->server;
	uint64_t exchange = open_exchange(conn);

	conn->close = true;
	conn->linger = true;
	conn->may_read = false;
	conn->has_head = false;
	conn->in.len = 0;
	buffer_release(conn);
	event_del(&conn->readable);
	server->ops->refused(server->ctx, status, why, exchange);
	return true;
}

/* All of a request is there, its body in in[head.size..end). */
static bool
deliver(struct http_conn *conn, size_t end, size_t used)
{
	struct http_server *server = conn->server;
	struct http_request *request = &conn->head.request;
	uint64_t exchange = open_exchange(conn);

	request->body = span_of(conn->in.data + conn->head.size,
	    end - conn->head.size);
	request->peer = span_str(conn->peer);
	conn->head_method = request->method == HTTP_HEAD;
	conn->close = !conn->head.keep_alive || server->stopping;
	server->ops->request(server->ctx, request, exchange);
	conn->has_head = false;
	conn->scan = (struct http_head_scan){ 0 };
	if (!conn->dead)
		buffer_consume(conn, used);
	return !conn->dead;
}

static bool
take_chunked(struct http_conn *conn)
{
	size_t at = conn->body_end, len = conn->in.len;
	int r = http_chunked_decode(&conn->chunked, conn->in.data, &at, &len);

	conn->body_end = at;
	conn->in.len = len;
	if (r < 0)
		return refuse(conn, 400, "the chunked body is malformed");
	if (at - conn->head.size > conn->server->limits.body_max)
		return refuse(conn, 413, "the body is too large");
	return r == 1 && deliver(conn, at, at);
}

static bool
take_body(struct http_conn *conn)
{
	size_t end = conn->head.size + conn->head.content_length;

	if (conn->head.chunked)
		return take_chunked(conn);
	return conn->in.len >= end && deliver(conn, end, end);
}

/* RFC 9110 10.1.1: a client that waits for our leave to send the body. */
static void
send_continue(struct http_conn *conn)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	int r;

	/* A socket that does not even take these bytes, before anything else
	 * was sent, is not worth waiting for: the client sends unasked. */
	tls_write(conn, (const uint8_t *)text, sizeof(text) - 1, &r);
}

/* The head is there: may its body come? */
static bool
begin_body(struct http_conn *conn)
{
	struct http_head *head = &conn->head;
	size_t body_max = conn->server->limits.body_max;

	conn->chunked = (struct http_chunked){ 0 };
	conn->body_end = head->size;
	if (!head->chunked && head->content_length > body_max)
		return refuse(conn, 413, "the body is too large");
	if (!head->chunked && !buffer_reserve(conn,
	    head->size + head->content_length))
		return refuse(conn, 503, "the server is busy");
	if (head->expect_continue && conn->in.len == head->size &&
	    (head->chunked || head->content_length > 0))
		send_continue(conn);
	return take_body(conn);
}

/* Makes of the buffer what can be made. True when a request was handed over
 * or refused. */
static bool
take_request(struct http_conn *conn)
{
	const char *why;
	int r;

	if (conn->has_head)
		return take_body(conn);
	if (conn->in.len == 0)
		return false;
	r = http_head_parse(span_of(conn->in.data, conn->in.len), &conn->scan,
	    &conn->head, &why);
	if (r < 0)
		return refuse(conn, -r, why);
	conn->has_head = r == 1;
	return r == 1 && begin_body(conn);
}

/* Reads more of a request. */
static bool
read_request(struct http_conn *conn)
{
	size_t cap = HTTP_CONN_BUFFER;

	if (!conn->may_read)
		return false;
	if (conn->in.len == conn->in.cap && conn->in.cap > 0)
		cap = conn->in.cap * 2;
	if (!buffer_reserve(conn, cap))
		return refuse(conn, 503, "the server is busy");
	return tls_read(conn);
}

static bool
step_request(struct http_conn *conn)
{
	if (take_request(conn))
		return !conn->dead;
	if (conn->dead)
		return false;
	if (read_request(conn))
		return true;
	/* Only now is it known that the request does not end in this turn. */
	if (!conn->dead && conn->in.len > 0 && conn->phase == PHASE_IDLE)
		set_phase(conn, PHASE_REQUEST);
	return false;
}

/* While the answer is awaited: notices that the client is gone, and keeps
 * what it sends ahead, up to a buffer. */
static bool
step_answer(struct http_conn *conn)
{
	if (!conn->may_read)
		return false;
	if (!buffer_reserve(conn, HTTP_CONN_BUFFER) ||
	    conn->in.len == conn->in.cap) {
		event_del(&conn->readable);
		return false;
	}
	return tls_read(conn);
}

/* The answer is out. */
static bool
end_answer(struct http_conn *conn)
{
	conn->server->buffered -= conn->out.cap;
	free(conn->out.data);
	conn->out = (struct http_buffer){ NULL };
	conn->out_at = 0;
	if (conn->close && !conn->linger) {
		http_conn_close(conn);
		return false;
	}
	event_add(&conn->readable, NULL);
	if (conn->close) {
		SSL_shutdown(conn->ssl);
		shutdown(conn->fd, SHUT_WR);
		set_phase(conn, PHASE_DISCARD);
	} else {
		set_phase(conn, PHASE_IDLE);
	}
	return true;
}

static bool
step_send(struct http_conn *conn)
{
	int r;

	conn->out_at += tls_write(conn, conn->out.data + conn->out_at,
	    conn->out.len - conn->out_at, &r);
	if (r <= 0)
		return tls_wait(conn, r);
	return end_answer(conn);
}

/* Reads past TLS: what comes now is dropped in any case. */
static bool
step_discard(struct http_conn *conn)
{
	uint8_t dropped[4096];
	ssize_t n = recv(conn->fd, dropped, sizeof(dropped), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	conn->discarded += n > 0 ? (size_t)n : 0;
	if (n <= 0 || conn->discarded > HTTP_CONN_DISCARD) {
		http_conn_close(conn);
		return false;
	}
	return true;
}

static bool
step(struct http_conn *conn)
{
	switch (conn->phase) {
	case PHASE_HANDSHAKE:
		return tls_handshake(conn);
	case PHASE_IDLE:
	case PHASE_REQUEST:
		return step_request(conn);
	case PHASE_ANSWER:
		return step_answer(conn);
	case PHASE_SEND:
		return step_send(conn);
	case PHASE_DISCARD:
		return step_discard(conn);
	case PHASE_COUNT:
	default:
		return false;
	}
}

/* Goes on as far as it gets without waiting. */
static void
http_conn_run(struct http_conn *conn)
{
	conn->running = true;
	while (!conn->dead && step(conn))
		;
	conn->running = false;
	if (conn->dead)
		conn_free(conn);
	else
		buffer_release(conn);
}

void
http_conn_answer(struct http_conn *conn)
{
	struct http_server *server = conn->server;
	struct span text = bld_view(&server->scratch);
	bool outermost = !conn->running;
	size_t sent;
	int r;

	conn->running = true;
	conn->exchange = 0;
	sent = tls_write(conn, text.data, text.len, &r);
	if (r > 0) {
		end_answer(conn);
	} else {
		conn->out.len = conn->out.cap = text.len - sent;
		conn->out.data = mem_alloc(conn->out.len);
		memcpy(conn->out.data, text.data + sent, conn->out.len);
		server->buffered += conn->out.cap;
		set_phase(conn, PHASE_SEND);
		tls_wait(conn, r);
	}
	/* The next request may have come ahead. */
	if (outermost)
		http_conn_run(conn);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct http_conn *conn = arg;

	(void)fd;
	(void)what;
	conn->may_read = true;
	http_conn_run(conn);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	on_readable(fd, what, arg);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct http_conn *conn = arg;
	uint64_t exchange = conn->exchange;

	(void)fd;
	(void)what;
	if (conn->phase == PHASE_REQUEST) {
		refuse(conn, 408, "the request did not end in time");
	} else if (conn->phase == PHASE_ANSWER && exchange != 0 &&
	    !conn->linger) {
		if (conn->server->ops->gone != NULL)
			conn->server->ops->gone(conn->server->ctx, exchange);
		refuse(conn, 503, "the answer did not come in time");
	} else {
		http_conn_close(conn);
	}
}

static void
put_peer(char out[INET6_ADDRSTRLEN], const struct sockaddr *peer)
{
	if (peer->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)
		    (const void *)peer)->sin_addr, out, INET6_ADDRSTRLEN);
	else if (peer->sa_family == AF_INET6)
		inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)
		    (const void *)peer)->sin6_addr, out, INET6_ADDRSTRLEN);
	else
		memcpy(out, "local", 6);
}

void
http_conn_start(struct http_server *server, int fd,
    const struct sockaddr *peer)
{
	struct event_base *base = loop_base(server->loop);
	struct http_conn *conn;
	SSL *ssl = SSL_new(server->tls);

	if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
		ERR_clear_error();
		SSL_free(ssl);
		close(fd);
		return;
	}
	conn = mem_zalloc(sizeof(*conn));
	conn->server = server;
	conn->ssl = ssl;
	conn->fd = fd;
	put_peer(conn->peer, peer);
	event_assign(&conn->readable, base, fd, EV_READ | EV_PERSIST,
	    on_readable, conn);
	event_assign(&conn->writable, base, fd, EV_WRITE, on_writable, conn);
	event_assign(&conn->timer, base, -1, 0, on_timer, conn);
	http_server_enter(server, conn);
	event_add(&conn->readable, NULL);
	set_phase(conn, PHASE_HANDSHAKE);
}
