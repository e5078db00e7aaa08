/* SPDX-License-Identifier: Apache-2.0 */
/* The real client against a server in the same loop that says just what each
 * row tells it to, over TCP or TLS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <dirent.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/buffer.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bld.h"
#include "http/http_client.h"

#define BODY_MAX 16

/* After a whole request: answer, answer and close, nothing, hang up; or answer
 * whatever comes at once. */
enum ending { KEEP, CLOSE, SILENT, HANG_UP, AT_ONCE };

struct fixture {
	struct loop *loop;
	struct evconnlistener *listener;
	struct bufferevent *conn; /* the one that is open, if any */
	SSL_CTX *tls;             /* NULL: plain */
	uint16_t port;
	struct span reply;        /* what the server says to any request */
	enum ending ending;
	char request[2048];       /* what came */
	unsigned connections;
	struct http_client *client;
	unsigned left;            /* answers still to come */
	struct http_fetched got;
	char body[BODY_MAX + 1];
	char location[256];
};

static void
conn_close(struct fixture *f)
{
	if (f->conn != NULL)
		bufferevent_free(f->conn);
	f->conn = NULL;
}

static void
on_read(struct bufferevent *conn, void *arg)
{
	struct fixture *f = arg;
	size_t have = strlen(f->request);
	size_t n = bufferevent_read(conn, f->request + have,
	    sizeof(f->request) - 1 - have);

	f->request[have + n] = '\0';
	if (f->ending == SILENT || (f->ending != AT_ONCE &&
	    strstr(f->request, "\r\n\r\n") == NULL))
		return;
	if (f->ending == HANG_UP)
		conn_close(f);
	else
		bufferevent_write(conn, f->reply.data, f->reply.len);
}

static void
on_written(struct bufferevent *conn, void *arg)
{
	struct fixture *f = arg;

	if (conn == f->conn && f->ending == CLOSE &&
	    strstr(f->request, "\r\n\r\n") != NULL)
		conn_close(f);
}

static void
on_conn_event(struct bufferevent *conn, short what, void *arg)
{
	struct fixture *f = arg;

	if (conn == f->conn && (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0)
		conn_close(f);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *addr, int len, void *arg)
{
	struct fixture *f = arg;
	struct event_base *base = loop_base(f->loop);

	(void)listener;
	(void)addr;
	(void)len;
	conn_close(f);
	f->connections++;
	f->request[0] = '\0';
	f->conn = f->tls == NULL ?
	    bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE) :
	    bufferevent_openssl_socket_new(base, fd, SSL_new(f->tls),
	    BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(f->conn, on_read, on_written, on_conn_event, f);
	bufferevent_enable(f->conn, EV_READ | EV_WRITE);
}

static int
setup(void **state)
{
	static struct fixture f;
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(addr);

	f = (struct fixture){ .loop = loop_new() };
	f.listener = evconnlistener_new_bind(loop_base(f.loop), on_accept, &f,
	    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 16, (void *)&addr,
	    sizeof(addr));
	assert_non_null(f.listener);
	assert_int_equal(getsockname(evconnlistener_get_fd(f.listener),
	    (void *)&addr, &len), 0);
	f.port = ntohs(addr.sin_port);
	f.client = http_client_new(f.loop, "Signet-test/1", NULL);
	assert_non_null(f.client);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	http_client_free(f->client);
	conn_close(f);
	evconnlistener_free(f->listener);
	SSL_CTX_free(f->tls);
	loop_free(f->loop);
	return 0;
}

static void
on_fetched(void *arg, const struct http_fetched *fetched)
{
	struct fixture *f = arg;

	f->got = *fetched;
	assert_true(fetched->body.len <= BODY_MAX);
	snprintf(f->body, sizeof(f->body), "%.*s", SPAN_FMT(fetched->body));
	snprintf(f->location, sizeof(f->location), "%.*s",
	    SPAN_FMT(fetched->location));
	if (--f->left == 0)
		loop_stop(f->loop);
}

static void
fetch_from(struct fixture *f, const char *url, const char *address,
    uint16_t port, int64_t timeout_ms)
{
	struct http_fetch fetch = {
		.url = span_str(url),
		.address = span_str(address),
		.port = port,
		.body_max = BODY_MAX,
		.timeout_ms = timeout_ms,
	};

	f->left = 1;
	http_client_fetch(f->client, &fetch, on_fetched, f);
	assert_int_equal(f->left, 1); /* never before it returns */
	loop_run(f->loop);
	assert_int_equal(f->left, 0);
}

static void
fetch(struct fixture *f, const char *reply, enum ending ending)
{
	f->reply = span_str(reply);
	f->ending = ending;
	fetch_from(f, "http://www.example.com/x?y=z", "127.0.0.1", f->port,
	    5000);
}

static void
answers(void **state)
{
	static const struct {
		const char *reply;
		enum ending ending;
		enum http_fetch_status status;
		int code;
		const char *body, *location;
		bool cut;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", KEEP,
		    HTTP_FETCH_OK, 200, "hello", "", false },
		{ "HTTP/1.0 200 OK\r\n\r\nhello", CLOSE,
		    HTTP_FETCH_OK, 200, "hello", "", false },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", KEEP,
		    HTTP_FETCH_OK, 200, "hello", "", false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n"
		    "0123456789abcdef", KEEP, HTTP_FETCH_OK, 200,
		    "0123456789abcdef", "", false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n"
		    "0123456789abcdefg", KEEP, HTTP_FETCH_OK, 200,
		    "0123456789abcdef", "", true },
		{ "HTTP/1.1 302 Found\r\nLocation: \t/elsewhere \r\n"
		    "Content-Length: 0\r\n\r\n", KEEP,
		    HTTP_FETCH_OK, 302, "", "/elsewhere", false },
		{ "HTTP/1.1 301 X\r\nlocation: /a\r\nLOCATION: /b\r\n"
		    "Content-Length: 0\r\n\r\n", KEEP,
		    HTTP_FETCH_OK, 301, "", "/b", false },
		{ "HTTP/1.1 103 Early\r\nLocation: /early\r\n\r\n"
		    "HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno", KEEP,
		    HTTP_FETCH_OK, 404, "no", "", false },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", CLOSE,
		    HTTP_FETCH_PROTOCOL, 200, "hel", "", false },
		{ "SSH-2.0-OpenSSH_9.2\r\n\r\n", CLOSE,
		    HTTP_FETCH_PROTOCOL, 0, "", "", false },
		{ "", HANG_UP, HTTP_FETCH_CONNECT, 0, "", "", false },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fetch(f, rows[i].reply, rows[i].ending);
		if (f->got.status != rows[i].status ||
		    f->got.code != rows[i].code ||
		    strcmp(f->body, rows[i].body) != 0 ||
		    strcmp(f->location, rows[i].location) != 0 ||
		    f->got.body_cut != rows[i].cut)
			fail_msg("row %zu: status %d code %d body \"%s\" "
			    "location \"%s\" why %s", i, f->got.status,
			    f->got.code, f->body, f->location, f->got.why);
	}
}

static void
what_is_sent(void **state)
{
	struct fixture *f = *state;

	setenv("http_proxy", "http://127.0.0.1:1", 1);
	fetch(f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"
	    "Set-Cookie: a=b\r\n\r\n", KEEP);
	fetch(f, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", KEEP);
	unsetenv("http_proxy");
	assert_int_equal(f->connections, 2); /* none is used twice */
	assert_string_equal(f->request, "GET /x?y=z HTTP/1.1\r\n"
	    "Host: www.example.com\r\nUser-Agent: Signet-test/1\r\n"
	    "Accept: */*\r\nAccept-Encoding: identity\r\n\r\n");
}

/* A body is what its server says it is. */
static void
content_coding(void **state)
{
	static const struct {
		const char *reply;
		bool encoded;
	} rows[] = {
#define BODY "Content-Length: 5\r\n\r\nhello"
		{ "HTTP/1.1 200 OK\r\n" BODY, false },
		{ "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n" BODY,
		    true },
		{ "HTTP/1.1 200 OK\r\ncontent-encoding: Identity \r\n" BODY,
		    false },
		{ "HTTP/1.1 200 OK\r\nContent-Encoding:\r\n" BODY, false },
		{ "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n"
		    "Content-Encoding: identity\r\n" BODY, true },
		{ "HTTP/1.1 103 Early\r\nContent-Encoding: br\r\n\r\n"
		    "HTTP/1.1 200 OK\r\n" BODY, false },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fetch(f, rows[i].reply, KEEP);
		assert_int_equal(f->got.status, HTTP_FETCH_OK);
		assert_string_equal(f->body, "hello");
		assert_int_equal(f->got.encoded, rows[i].encoded);
	}
}

static void
long_header(void **state)
{
	struct fixture *f = *state;
	struct bld reply;

	bld_init(&reply, 100000);
	bld_str(&reply, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");
	for (int i = 0; i < 20; i++) {
		bld_fmt(&reply, "X-%d: ", i);
		for (int j = 0; j < 1000; j++)
			bld_u8(&reply, 'x');
		bld_str(&reply, "\r\n");
	}
	bld_str(&reply, "\r\n");
	f->reply = bld_view(&reply);
	f->ending = KEEP;
	fetch_from(f, "http://a.example/", "127.0.0.1", f->port, 5000);
	assert_int_equal(f->got.status, HTTP_FETCH_PROTOCOL);
	assert_non_null(f->got.why);
	bld_free(&reply);
}

static void
unreachable(void **state)
{
	struct fixture *f = *state;

	/* A silent server costs the time that was given, no more. */
	f->ending = SILENT;
	fetch_from(f, "http://a.example/", "127.0.0.1", f->port, 30);
	assert_int_equal(f->got.status, HTTP_FETCH_TIMEOUT);
	/* Nobody listens: the port was free a moment ago. */
	evconnlistener_disable(f->listener);
	fetch_from(f, "http://a.example/", "127.0.0.2", 1, 5000);
	assert_int_equal(f->got.status, HTTP_FETCH_CONNECT);
	assert_non_null(f->got.why);
	evconnlistener_enable(f->listener);
	/* Questions that cannot be asked. */
	fetch_from(f, "http://a.example/", "a.example", 80, 5000);
	assert_int_equal(f->got.status, HTTP_FETCH_PROTOCOL);
	fetch_from(f, "ftp://a.example/", "127.0.0.1", f->port, 5000);
	assert_int_equal(f->got.status, HTTP_FETCH_PROTOCOL);
	fetch_from(f, "http:/\r\n", "127.0.0.1", f->port, 5000);
	assert_int_equal(f->got.status, HTTP_FETCH_PROTOCOL);
	assert_int_equal(f->connections, 1);
}

/* A self-signed certificate for nobody: it must not matter. */
static SSL_CTX *
make_tls(void)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	assert_int_equal(SSL_CTX_use_certificate(tls, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(tls, key), 1);
	X509_free(cert);
	EVP_PKEY_free(key);
	return tls;
}

static void
over_tls(void **state)
{
	struct fixture *f = *state;

	f->reply = SPAN_LIT("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
	f->ending = AT_ONCE;
	fetch_from(f, "https://a.example/", "127.0.0.1", f->port, 5000);
	assert_int_equal(f->got.status, HTTP_FETCH_TLS);
	f->ending = KEEP;
	f->tls = make_tls();
	for (int i = 0; i < 2; i++) {
		fetch_from(f, "https://a.example/", "127.0.0.1", f->port,
		    5000);
		if (f->got.status != HTTP_FETCH_OK)
			fail_msg("status %d: %s", f->got.status, f->got.why);
		assert_string_equal(f->body, "ok");
	}
}

static unsigned
count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	unsigned n = 0;

	assert_non_null(dir);
	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

/* Many at once, more than are kept idle; and none makes a thread, as curl's
 * resolver would. */
static void
many_at_once(void **state)
{
	struct fixture *f = *state;
	unsigned threads = count_threads();
	struct http_fetch many = {
		.url = SPAN_LIT("http://no-such-host.invalid/"),
		.address = SPAN_LIT("127.0.0.2"), .port = 1,
		.body_max = BODY_MAX, .timeout_ms = 5000,
	};

	for (int round = 0; round < 2; round++) {
		f->left = 100;
		for (int i = 0; i < 100; i++)
			http_client_fetch(f->client, &many, on_fetched, f);
		loop_run(f->loop);
		assert_int_equal(f->got.status, HTTP_FETCH_CONNECT);
	}
	assert_int_equal(count_threads(), threads);
}

/* Freed with questions under way: nobody is called. */
static void
freed_early(void **state)
{
	struct fixture *f = *state;
	struct http_fetch fetch = {
		.url = SPAN_LIT("http://a.example/"),
		.address = SPAN_LIT("127.0.0.1"), .port = f->port,
		.body_max = BODY_MAX, .timeout_ms = 5000,
	};

	f->left = 3;
	for (int i = 0; i < 3; i++)
		http_client_fetch(f->client, &fetch, on_fetched, f);
	http_client_free(f->client);
	f->client = NULL;
	assert_int_equal(f->left, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(answers, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_sent, setup, teardown),
		cmocka_unit_test_setup_teardown(content_coding, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(long_header, setup, teardown),
		cmocka_unit_test_setup_teardown(unreachable, setup, teardown),
		cmocka_unit_test_setup_teardown(over_tls, setup, teardown),
		cmocka_unit_test_setup_teardown(many_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(freed_early, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
