/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/listener/pass.h"

#include <assert.h>
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"

#define READ_MAX 65536 /* bytes taken from a socket at a time */

struct side {
	struct bufferevent *bev;
	bool eof;  /* it sends no more, and all it sent is with the other */
	bool shut; /* it has been told that nothing more comes */
	bool dead;
};

struct pass {
	const struct env *env;
	struct side client, server;
	bool connected;
	int64_t active_ms;
	void (*gone)(void *ctx);
	void *ctx;
};

/* The PROXY protocol, 2.1 and 2.2: "UNKNOWN" and LOCAL for what is no TCP. */
static void
put_v1(struct bld *out, const char *from, const char *to, uint16_t from_port,
    uint16_t to_port, bool v6)
{
	bld_fmt(out, "PROXY TCP%c %s %s %u %u\r\n", v6 ? '6' : '4', from, to,
	    from_port, to_port);
}

static void
put_v2(struct bld *out, const void *from, const void *to, size_t len,
    uint16_t from_port, uint16_t to_port)
{
	bld_bytes(out, "\r\n\r\n\0\r\nQUIT\n", 12);
	bld_u8(out, 0x21);                   /* version 2, PROXY */
	bld_u8(out, len == 16 ? 0x21 : 0x11); /* TCP over IPv6 or IPv4 */
	bld_u16(out, (uint16_t)(2 * len + 4));
	bld_bytes(out, from, len);
	bld_bytes(out, to, len);
	bld_u16(out, from_port);
	bld_u16(out, to_port);
}

/* The address's bytes, and the port. */
static uint16_t
read_address(const struct sockaddr_storage *from, struct in6_addr *ret)
{
	struct sockaddr_in6 v6;
	struct sockaddr_in v4;

	if (from->ss_family == AF_INET6) {
		memcpy(&v6, from, sizeof(v6));
		*ret = v6.sin6_addr;
		return ntohs(v6.sin6_port);
	}
	memcpy(&v4, from, sizeof(v4));
	memcpy(ret, &v4.sin_addr, sizeof(v4.sin_addr));
	return ntohs(v4.sin_port);
}

void
pass_proxy_header(struct bld *out, enum listener_proxy proxy,
    const struct sockaddr_storage *from, const struct sockaddr_storage *to)
{
	char text[2][INET6_ADDRSTRLEN];
	struct in6_addr a, b;
	uint16_t from_port = read_address(from, &a),
	    to_port = read_address(to, &b);
	bool v6 = from->ss_family == AF_INET6;

	switch (proxy) {
	case LISTENER_PROXY_NONE:
		break;
	case LISTENER_PROXY_V1:
		inet_ntop(from->ss_family, &a, text[0], sizeof(text[0]));
		inet_ntop(to->ss_family, &b, text[1], sizeof(text[1]));
		put_v1(out, text[0], text[1], from_port, to_port, v6);
		break;
	case LISTENER_PROXY_V2:
		put_v2(out, &a, &b, v6 ? 16 : 4, from_port, to_port);
		break;
	}
}

static size_t
waiting(const struct side *side)
{
	return evbuffer_get_length(bufferevent_get_output(side->bev));
}

/* Ends what has no more to do. */
static void
end(struct pass *pass)
{
	void (*gone)(void *ctx) = pass->gone;
	void *ctx = pass->ctx;

	pass_free(pass);
	gone(ctx);
}

/* Tells to that from sends no more, once it has all; true if the pass is over
 * by that. */
static bool
settle(struct pass *pass, const struct side *from, struct side *to)
{
	if (from->eof && !to->dead && !to->shut && waiting(to) == 0) {
		to->shut = true;
		shutdown(bufferevent_getfd(to->bev), SHUT_WR);
	}
	if ((pass->client.shut && pass->server.shut) ||
	    (from->dead && (to->dead || waiting(to) == 0))) {
		end(pass);
		return true;
	}
	return false;
}

static struct side *
side_of(struct pass *pass, const struct bufferevent *bev)
{
	return pass->client.bev == bev ? &pass->client : &pass->server;
}

static struct side *
other_than(struct pass *pass, const struct side *side)
{
	return side == &pass->client ? &pass->server : &pass->client;
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct pass *pass = arg;
	struct side *from = side_of(pass, bev), *to = other_than(pass, from);

	pass->active_ms = env_now(pass->env);
	if (to->dead) {
		evbuffer_drain(bufferevent_get_input(bev), SIZE_MAX);
		return;
	}
	bufferevent_write_buffer(to->bev, bufferevent_get_input(bev));
	if (waiting(to) >= PASS_BUFFER_MAX)
		bufferevent_disable(from->bev, EV_READ);
}

/* Half of what may wait is gone, or all. */
static void
on_write(struct bufferevent *bev, void *arg)
{
	struct pass *pass = arg;
	struct side *to = side_of(pass, bev), *from = other_than(pass, to);

	pass->active_ms = env_now(pass->env);
	if (settle(pass, from, to))
		return;
	if (pass->connected && !from->eof)
		bufferevent_enable(from->bev, EV_READ);
}

static void
begin(struct pass *pass)
{
	pass->connected = true;
	bufferevent_enable(pass->server.bev, EV_READ);
	bufferevent_enable(pass->client.bev, EV_READ);
}

static void
say_unreachable(const struct pass *pass)
{
	if (log_often(LOG_WARNING, env_now(pass->env)))
		log_event(LOG_WARNING, "server-unreachable", "reason=%s "
		    "remedy=\"start the server behind tls-alpn, or correct "
		    "backend=\"", "\"the server behind did not take the "
		    "connection\"");
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct pass *pass = arg;
	struct side *side = side_of(pass, bev);

	if ((what & BEV_EVENT_CONNECTED) != 0) {
		begin(pass);
		return;
	}
	if (!pass->connected && side == &pass->server)
		say_unreachable(pass);
	side->eof = true;
	if ((what & BEV_EVENT_ERROR) != 0)
		side->dead = true;
	settle(pass, side, other_than(pass, side));
}

static void
introduce(struct pass *pass, const struct listener_backend *backend)
{
	evutil_socket_t fd = bufferevent_getfd(pass->client.bev);
	struct sockaddr_storage from = { 0 }, to = { 0 };
	socklen_t from_len = sizeof(from), to_len = sizeof(to);
	struct bld header;

	if (backend->proxy == LISTENER_PROXY_NONE ||
	    getpeername(fd, (struct sockaddr *)&from, &from_len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&to, &to_len) < 0)
		return;
	bld_init(&header, 256);
	pass_proxy_header(&header, backend->proxy, &from, &to);
	bufferevent_write(pass->server.bev, header.data, header.len);
	bld_free(&header);
}

static void
set_up(struct pass *pass, struct side *side)
{
	int one = 1;

	bufferevent_setcb(side->bev, on_read, on_write, on_event, pass);
	bufferevent_setwatermark(side->bev, EV_READ, 0, 0);
	bufferevent_setwatermark(side->bev, EV_WRITE, PASS_BUFFER_MAX / 2, 0);
	bufferevent_set_max_single_read(side->bev, READ_MAX);
	bufferevent_set_max_single_write(side->bev, READ_MAX);
	bufferevent_enable(side->bev, EV_WRITE);
	setsockopt(bufferevent_getfd(side->bev), IPPROTO_TCP, TCP_NODELAY,
	    &one, sizeof(one));
}

/* A client that found our own port was not steered here: it would be led back
 * to us, and so on without end. */
static bool
is_astray(struct bufferevent *client, uint16_t port)
{
	struct sockaddr_storage to = { 0 };
	socklen_t len = sizeof(to);
	struct in6_addr ignored;

	return getsockname(bufferevent_getfd(client), (struct sockaddr *)&to,
	    &len) < 0 || read_address(&to, &ignored) != port;
}

/* To the address that the client wanted, from where the kernel does not steer
 * to us. */
static int
dial_steered(struct pass *pass)
{
	struct sockaddr_storage to = { 0 }, from = { 0 };
	struct sockaddr_in *v4 = (struct sockaddr_in *)&from;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&from;
	socklen_t len = sizeof(to);
	uint16_t host;
	int fd, one = 1;

	if (getsockname(bufferevent_getfd(pass->client.bev),
	    (struct sockaddr *)&to, &len) < 0)
		return -1;
	fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (fd < 0)
		return -1;
	from.ss_family = to.ss_family;
	env_random(pass->env, &host, sizeof(host));
	if (to.ss_family == AF_INET6)
		v6->sin6_addr = in6addr_loopback;
	else
		v4->sin_addr.s_addr = htonl(LISTENER_OWN_NET | host);
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&from, len) < 0 ||
	    bufferevent_setfd(pass->server.bev, fd) < 0) {
		close(fd);
		return -1;
	}
	return bufferevent_socket_connect(pass->server.bev,
	    (struct sockaddr *)&to, (int)len);
}

struct pass *
pass_new(struct event_base *base, const struct env *env,
    struct bufferevent *client, const struct listener_backend *backend,
    void (*gone)(void *ctx), void *ctx)
{
	struct pass *pass;

	if (backend->steered_port != 0 &&
	    is_astray(client, backend->steered_port)) {
		bufferevent_free(client);
		return NULL;
	}
	pass = mem_zalloc(sizeof(*pass));
	*pass = (struct pass){ .env = env, .client.bev = client,
		.active_ms = env_now(env), .gone = gone, .ctx = ctx };
	/* Deferred: nobody is called before this returns. */
	pass->server.bev = bufferevent_socket_new(base, -1,
	    BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	assert(pass->server.bev != NULL);
	bufferevent_disable(client, EV_READ);
	introduce(pass, backend);
	bufferevent_write_buffer(pass->server.bev,
	    bufferevent_get_input(client));
	if ((backend->steered_port != 0 ? dial_steered(pass) :
	    bufferevent_socket_connect(pass->server.bev,
	    (const struct sockaddr *)&backend->address,
	    (int)backend->address_len)) < 0) {
		say_unreachable(pass);
		pass_free(pass);
		return NULL;
	}
	set_up(pass, &pass->client);
	set_up(pass, &pass->server);
	return pass;
}

void
pass_free(struct pass *pass)
{
	bufferevent_free(pass->client.bev);
	bufferevent_free(pass->server.bev);
	free(pass);
}

bool
pass_is_late(const struct pass *pass, int64_t now_ms)
{
	return now_ms - pass->active_ms >
	    (pass->connected ? PASS_IDLE_MS : PASS_CONNECT_MS);
}
