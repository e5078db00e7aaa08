/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/net_conn.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

/* The socket's BIO is there now, and nothing is said yet. */
static void
on_tls(const SSL *ssl, int where, int unused)
{
	struct net_conn *conn = SSL_get_app_data(ssl);

	(void)unused;
	if ((where & SSL_CB_HANDSHAKE_START) != 0)
		net_tunnel_insert(conn->tunnel, conn->ssl);
}

static bool
is_address(const char *host)
{
	uint8_t bytes[16];

	return inet_pton(AF_INET, host, bytes) == 1 ||
	    inet_pton(AF_INET6, host, bytes) == 1;
}

/* RFC 9110 4.3.4; a host that is an address has no SNI (RFC 6066 3). */
static void
expect_host(SSL *ssl, const char *host)
{
	static const unsigned char http_1[] = "\x08http/1.1";
	int ok;

	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (is_address(host))
		ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host);
	else
		ok = SSL_set1_host(ssl, host) &&
		    SSL_set_tlsext_host_name(ssl, host);
	/* Without it any name would do. */
	if (ok != 1)
		abort();
	SSL_set_alpn_protos(ssl, http_1, sizeof(http_1) - 1);
}

static struct bufferevent *
start_tls(struct net_conn *conn, const struct net_conn_setup *setup)
{
	conn->ssl = SSL_new(setup->tls);
	assert(conn->ssl != NULL);
	SSL_set_app_data(conn->ssl, conn);
	expect_host(conn->ssl, conn->origin.host);
	if (setup->proxy != NULL) {
		conn->tunnel = mem_alloc(sizeof(*conn->tunnel));
		net_tunnel_init(conn->tunnel, setup->proxy, &conn->origin);
		SSL_set_info_callback(conn->ssl, on_tls);
	}
	return bufferevent_openssl_socket_new(loop_base(setup->loop), -1,
	    conn->ssl, BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
}

static void
end(struct net_conn *conn, enum net_conn_end how, int error)
{
	if (conn->end != NET_CONN_OPEN)
		return;
	conn->end = how;
	conn->error = error;
	bufferevent_disable(conn->bev, EV_READ | EV_WRITE);
	if (conn->cb != NULL)
		conn->cb(conn->arg);
}

static void
on_read(struct bufferevent *bev, void *arg)
{
	struct net_conn *conn = arg;

	(void)bev;
	if (conn->cb != NULL)
		conn->cb(conn->arg);
	else
		end(conn, NET_CONN_BROKEN, 0);
}

static void
on_event(struct bufferevent *bev, short what, void *arg)
{
	struct net_conn *conn = arg;

	(void)bev;
	if ((what & BEV_EVENT_CONNECTED) != 0)
		conn->ready = true;
	else if ((what & BEV_EVENT_EOF) != 0)
		end(conn, NET_CONN_CLOSED, 0);
	else
		end(conn, NET_CONN_BROKEN, errno);
}

static void
on_later(evutil_socket_t fd, short what, void *arg)
{
	struct net_conn *conn = arg;

	(void)fd;
	(void)what;
	end(conn, NET_CONN_BROKEN, conn->error);
}

static int
dial(struct net_conn *conn, const char *address, uint16_t port)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6,
		.sin6_port = htons(port) };

	errno = EAFNOSUPPORT;
	if (inet_pton(AF_INET, address, &in.sin_addr) == 1)
		return bufferevent_socket_connect(conn->bev, (void *)&in,
		    sizeof(in));
	if (inet_pton(AF_INET6, address, &in6.sin6_addr) == 1)
		return bufferevent_socket_connect(conn->bev, (void *)&in6,
		    sizeof(in6));
	return -1;
}

struct net_conn *
net_conn_new(const struct net_conn_setup *setup)
{
	struct net_conn *conn = mem_zalloc(sizeof(*conn));

	conn->origin = *setup->origin;
	conn->proxied = setup->proxy != NULL;
	conn->bev = conn->origin.tls ? start_tls(conn, setup) :
	    bufferevent_socket_new(loop_base(setup->loop), -1,
	    BEV_OPT_CLOSE_ON_FREE);
	conn->later = event_new(loop_base(setup->loop), -1, 0, on_later, conn);
	assert(conn->bev != NULL && conn->later != NULL);
	bufferevent_setcb(conn->bev, on_read, NULL, on_event, conn);
	bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
	if (dial(conn, setup->address, setup->proxy != NULL ?
	    setup->proxy->port : conn->origin.port) < 0) {
		conn->error = errno;
		event_active(conn->later, EV_TIMEOUT, 0);
	}
	return conn;
}

void
net_conn_free(struct net_conn *conn)
{
	/* It lives for a moment more than we do, but says nothing more. */
	if (conn->ssl != NULL)
		SSL_set_info_callback(conn->ssl, NULL);
	bufferevent_free(conn->bev);
	event_free(conn->later);
	if (conn->tunnel != NULL) {
		net_tunnel_done(conn->tunnel);
		free(conn->tunnel);
	}
	free(conn);
}

void
net_conn_ask(struct net_conn *conn, void (*cb)(void *arg), void *arg)
{
	conn->cb = cb;
	conn->arg = arg;
}

bool
net_conn_dialled(const struct net_conn *conn)
{
	struct sockaddr_storage peer;
	socklen_t len = sizeof(peer);
	int fd = bufferevent_getfd(conn->bev);

	return conn->ready || (fd >= 0 && getpeername(fd, (void *)&peer,
	    &len) == 0);
}

static const char *
reason(const struct net_conn *conn)
{
	unsigned long code = conn->ssl == NULL ? 0 :
	    bufferevent_get_openssl_error(conn->bev);
	const char *text = code == 0 ? NULL : ERR_reason_error_string(code);

	if (text != NULL)
		return text;
	return conn->error != 0 ? strerror(conn->error) : "it hung up";
}

void
net_conn_why(const struct net_conn *conn, struct err *err)
{
	const char *host = conn->origin.host;
	long verified = conn->ssl == NULL ? X509_V_OK :
	    SSL_get_verify_result(conn->ssl);

	if (conn->tunnel != NULL && conn->tunnel->why[0] != '\0')
		err_set(err, ERR_CONNECTION, NULL, "%s cannot be reached: %s",
		    host, conn->tunnel->why);
	else if (verified != X509_V_OK)
		err_set(err, ERR_TLS, NULL, "%s does not prove that it is the "
		    "CA: %s (a CA of your own needs --ca-file)", host,
		    X509_verify_cert_error_string(verified));
	else
		err_set(err, ERR_CONNECTION, NULL, "%s %s: %s", host,
		    conn->ready ? "hung up before its answer was whole" :
		    "cannot be reached", reason(conn));
}
