/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_conn.h"

#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/bufferevent_struct.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <stddef.h>
#include <sys/socket.h>

#include "base/mem.h"

void
http_conn_accepting(struct http_server *server, bool on)
{
	if (server->accepting == on || (on && server->stopping))
		return;
	server->accepting = on;
	for (size_t i = 0; i < server->num_listeners; i++) {
		struct evconnlistener *listener =
		    evhttp_bound_socket_get_listener(server->listeners[i]);

		if (on)
			evconnlistener_enable(listener);
		else
			evconnlistener_disable(listener);
	}
}

/* evhttp makes itself the argument of its listeners' callbacks: this is how
 * from there the server is found. */
static struct http_server *servers;

static void
on_retry(void *arg)
{
	struct http_server *server = arg;

	server->retry = NULL;
	http_conn_accepting(server,
	    server->count < server->limits.connections_max);
}

/* A listener stays readable when accept fails for lack of descriptors or
 * memory, so it would be tried again in every turn of the loop. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	struct http_server *server = servers;
	int error = errno;
	int64_t now;

	(void)listener;
	while (server != NULL && server->evhttp != arg)
		server = server->next;
	if (server == NULL)
		return;
	http_conn_accepting(server, false);
	if (server->retry == NULL)
		server->retry = server->env.timer_start(server->env.ctx,
		    HTTP_CONN_RETRY_MS, on_retry, server);
	now = env_now(&server->env);
	if (server->ops->exhausted == NULL || (server->reported_at != 0 &&
	    now - server->reported_at < HTTP_SERVER_REPORT_MS))
		return;
	server->reported_at = now;
	server->ops->exhausted(server->ctx, error);
}

void
http_conn_listener(struct http_server *server,
    struct evhttp_bound_socket *bound)
{
	evconnlistener_set_error_cb(evhttp_bound_socket_get_listener(bound),
	    on_accept_error);
	if (server->num_listeners == 0) {
		server->next = servers;
		servers = server;
	}
	server->listeners[server->num_listeners++] = bound;
}

void
http_conn_forget(struct http_server *server)
{
	struct http_server **at = &servers;

	while (*at != NULL && *at != server)
		at = &(*at)->next;
	if (*at != NULL)
		*at = (*at)->next;
	if (server->retry != NULL)
		server->env.timer_cancel(server->env.ctx, server->retry);
	server->retry = NULL;
}

/* The SSL object goes, and its connection with it. */
static void
on_ssl_free(void *parent, void *ptr, CRYPTO_EX_DATA *data, int index,
    long argl, void *argp)
{
	struct http_conn *conn = ptr;
	struct http_server *server;

	(void)parent;
	(void)data;
	(void)index;
	(void)argl;
	(void)argp;
	if (conn == NULL)
		return;
	server = conn->server;
	if (event_initialized(&conn->pause))
		event_del(&conn->pause);
	if (server == NULL) {
		free(conn);
		return;
	}
	loop_flush_cancel(server->loop, &conn->again);
	loop_flush_cancel(server->loop, &conn->whole);
	TAILQ_REMOVE(&server->conns, conn, of_server);
	server->slots[conn->slot] = NULL;
	server->received -= conn->received + conn->held;
	server->count--;
	free(conn);
	http_conn_accepting(server, true);
	if (server->count == 0 && server->done != NULL) {
		void (*done)(void *ctx) = server->done;

		server->done = NULL;
		done(server->done_ctx);
	}
}

/* Where an SSL object keeps its connection; asked for once. */
static int
conn_index(void)
{
	static int index = -1;

	if (index < 0)
		index = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_ssl_free);
	assert(index >= 0);
	return index;
}

void
http_conn_cut(struct http_conn *conn)
{
	if (conn->cut)
		return;
	conn->cut = true;
	/* evhttp reads the end and frees all: nothing of its may be freed
	 * from outside, as it may be at work on it just now. */
	shutdown(bufferevent_getfd(conn->bev), SHUT_RDWR);
}

bool
http_conn_is_idle(const struct http_conn *conn)
{
	return conn->exchange == 0 && conn->first_byte_ms == 0 &&
	    evbuffer_get_length(bufferevent_get_output(conn->bev)) == 0;
}

/* Requests under way fill all the memory that they may have together. It is
 * the one that holds most that goes, whether it still comes or waits for its
 * answer: else who holds it all would keep everybody else out. */
static void
cut_greediest(struct http_server *server)
{
	struct http_conn *conn, *most = NULL;

	TAILQ_FOREACH(conn, &server->conns, of_server) {
		if (!conn->cut && (most == NULL || conn->received +
		    conn->held > most->received + most->held))
			most = conn;
	}
	if (most == NULL)
		return;
	server->received -= most->received + most->held;
	most->received = most->held = 0;
	http_conn_cut(most);
}

/* In the next turn, so that who sends without end lets others have theirs. */
static void
on_again(struct loop_flush *item)
{
	struct http_conn *conn = (struct http_conn *)(void *)((char *)item -
	    offsetof(struct http_conn, again));

	event_active(&conn->bev->ev_read, EV_READ, 0);
}

void
http_conn_read_on(struct http_conn *conn)
{
	if (SSL_has_pending(conn->ssl))
		loop_flush_later(conn->server->loop, &conn->again);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	/* The bufferevent's own event reads. */
	(void)fd;
	(void)what;
	(void)arg;
}

/* Not EV_PERSIST: with it the loop would spin while a client sends on and its
 * answer is waited for. */
static void
expect_pause(struct http_conn *conn)
{
	if (!event_initialized(&conn->pause))
		event_assign(&conn->pause, loop_base(conn->server->loop),
		    bufferevent_getfd(conn->bev), EV_READ, on_readable, NULL);
	event_add(&conn->pause, NULL);
}

void
http_conn_pause_over(struct http_conn *conn)
{
	event_del(&conn->pause);
}

static void
on_bytes(struct evbuffer *input, const struct evbuffer_cb_info *info,
    void *arg)
{
	struct http_conn *conn = arg;
	struct http_server *server = conn->server;

	(void)input;
	if (info->n_added == 0 || server == NULL)
		return;
	if (conn->first_byte_ms == 0) {
		conn->first_byte_ms = env_now(&server->env);
		expect_pause(conn);
	}
	conn->received += info->n_added;
	server->received += info->n_added;
	if (server->received > server->limits.buffers_max)
		cut_greediest(server);
	/* Not in the handshake, behind which nobody looks for more. */
	SSL_set_read_ahead(conn->ssl, 1);
	/* bufferevent itself sees to the rest of a record that it began. */
	if (SSL_pending(conn->ssl) == 0)
		http_conn_read_on(conn);
}

/* A free slot: there is one, as no more than that many are accepted but for
 * those of one turn. */
static bool
take_slot(struct http_conn *conn)
{
	struct http_conn **slots = conn->server->slots;

	for (uint32_t i = 0; i < HTTP_CONN_MAX; i++) {
		if (slots[i] == NULL) {
			slots[i] = conn;
			conn->slot = i;
			return true;
		}
	}
	return false;
}

static bool
is_over(const struct http_conn *conn, int64_t now)
{
	const struct http_server_limits *limits = &conn->server->limits;

	if (conn->exchange != 0)
		return now - conn->since_ms > limits->answer_ms;
	if (!SSL_is_init_finished(conn->ssl))
		return now - conn->since_ms > limits->handshake_ms;
	if (evbuffer_get_length(bufferevent_get_output(conn->bev)) > 0)
		return now - conn->since_ms > limits->send_ms;
	if (conn->first_byte_ms != 0)
		return now - conn->first_byte_ms > limits->request_ms;
	return now - conn->since_ms > limits->idle_ms;
}

/* Since when a connection might give way to others: it is idle, or its
 * handshake or request takes a good part of what it may take. INT64_MAX: never.
 */
static int64_t
yields_since(const struct http_conn *conn)
{
	const struct http_server_limits *limits = &conn->server->limits;

	if (conn->cut || conn->exchange != 0)
		return INT64_MAX;
	if (!SSL_is_init_finished(conn->ssl))
		return conn->since_ms + limits->handshake_ms / HTTP_CONN_LATE;
	if (conn->first_byte_ms != 0)
		return conn->first_byte_ms +
		    limits->request_ms / HTTP_CONN_LATE;
	return conn->since_ms;
}

/* When nobody else may come, the one that would have done so longest makes
 * room: who does nothing or little cannot keep others out. */
static void
make_room(struct http_server *server)
{
	struct http_conn *conn, *first = NULL;
	int64_t earliest = env_now(&server->env);

	if (server->count < server->limits.connections_max)
		return;
	http_conn_accepting(server, false);
	TAILQ_FOREACH(conn, &server->conns, of_server) {
		int64_t since = yields_since(conn);

		if (since <= earliest) {
			earliest = since;
			first = conn;
		}
	}
	if (first != NULL)
		http_conn_cut(first);
}

static void start_sweep(struct http_server *server);

/* Cuts connections that are over their time, and at the end those whose last
 * answer has gone meanwhile. */
static void
on_sweep(void *arg)
{
	struct http_server *server = arg;
	int64_t now = env_now(&server->env);
	struct http_conn *conn;

	server->sweep = NULL;
	TAILQ_FOREACH(conn, &server->conns, of_server) {
		if (is_over(conn, now) ||
		    (server->stopping && http_conn_is_idle(conn)))
			http_conn_cut(conn);
	}
	make_room(server);
	if (server->count > 0)
		start_sweep(server);
}

static void
start_sweep(struct http_server *server)
{
	server->sweep = server->env.timer_start(server->env.ctx,
	    HTTP_CONN_SWEEP_MS, on_sweep, server);
}

struct bufferevent *
http_conn_new(struct http_server *server)
{
	SSL *ssl = SSL_new(server->tls);
	struct bufferevent *bev;
	struct http_conn *conn;

	if (ssl == NULL)
		return NULL;
	bev = bufferevent_openssl_socket_new(loop_base(server->loop), -1, ssl,
	    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL) {
		SSL_free(ssl);
		return NULL;
	}
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	conn = mem_zalloc(sizeof(*conn));
	conn->server = server;
	if (!take_slot(conn)) {
		free(conn);
		bufferevent_free(bev);
		return NULL;
	}
	conn->ssl = ssl;
	conn->bev = bev;
	conn->again.flush = on_again;
	conn->since_ms = env_now(&server->env);
	TAILQ_INSERT_TAIL(&server->conns, conn, of_server);
	server->count++;
	SSL_set_ex_data(ssl, conn_index(), conn);
	if (server->sweep == NULL)
		start_sweep(server);
	evbuffer_add_cb(bufferevent_get_input(bev), on_bytes, conn);
	make_room(server);
	return bev;
}

struct http_conn *
http_conn_of(struct evhttp_connection *evcon)
{
	SSL *ssl = bufferevent_openssl_get_ssl(
	    evhttp_connection_get_bufferevent(evcon));

	return ssl == NULL ? NULL : SSL_get_ex_data(ssl, conn_index());
}

void
http_conn_received(struct http_conn *conn)
{
	conn->held += conn->received;
	conn->received = 0;
	conn->first_byte_ms = 0;
}

void
http_conn_answered(struct http_conn *conn)
{
	conn->server->received -= conn->held;
	conn->held = 0;
}
