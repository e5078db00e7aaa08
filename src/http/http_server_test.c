/* SPDX-License-Identifier: Apache-2.0 */
/* A server in this process, its clients in a child of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bld.h"
#include "base/mem.h"
#include "http/http_server.h"
#include "http/http_tls.h"

#define TEXT_MAX (8U << 20)
#define HEAD " HTTP/1.1\r\nHost: ca.test:14000\r\n"

/* What the child says went wrong ends it with this line of the test. */
#define CHECK(condition) \
	do { \
		if (!(condition)) { \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, \
			    #condition); \
			_exit(1); \
		} \
	} while (0)

struct fixture {
	struct loop *loop;
	struct http_server *server;
	struct env env;
	uint16_t port;
	char *cert_pem;
	uint64_t held;     /* an exchange that is not answered yet */
	unsigned gone;
	bool drained;
	SSL_CTX *next_tls; /* "/reload" changes to it */
};

/*
 * The server's logic: says what it got.
 */

static void
answer(struct fixture *fixture, uint64_t exchange, int status,
    const char *text, struct span body)
{
	struct http_response response = {
		.status = status,
		.content_type = "text/x-test",
		.num_headers = 2,
		.headers = { { "X-One", SPAN_LIT("1") },
		    { "X-Two", SPAN_LIT("2") } },
	};
	struct bld out;

	bld_init(&out, TEXT_MAX);
	bld_str(&out, text);
	bld_span(&out, body);
	response.body = bld_view(&out);
	http_server_respond(fixture->server, exchange, &response);
	assert_false(http_server_respond(fixture->server, exchange,
	    &response));
	bld_free(&out);
}

static void
on_late(void *arg)
{
	struct fixture *fixture = arg;

	answer(fixture, fixture->held, 200, "late", SPAN_NONE);
	fixture->held = 0;
}

static void
on_drained(void *ctx)
{
	struct fixture *fixture = ctx;

	fixture->drained = true;
	loop_stop(fixture->loop);
}

static void
on_request(void *ctx, const struct http_request *request, uint64_t exchange)
{
	static const char *const methods[] = {
		[HTTP_GET] = "GET ", [HTTP_HEAD] = "HEAD ",
		[HTTP_POST] = "POST ", [HTTP_OPTIONS] = "OPTIONS ",
		[HTTP_OTHER] = "OTHER ",
	};
	struct fixture *fixture = ctx;
	struct bld out;

	if (span_equal_str(request->path, "/late")) {
		fixture->held = exchange;
		fixture->env.timer_start(fixture->env.ctx, 50, on_late,
		    fixture);
		return;
	}
	if (span_equal_str(request->path, "/never"))
		return;
	if (span_equal_str(request->path, "/held")) {
		answer(fixture, exchange, 200, fixture->held != 0 ?
		    "held=1" : "held=0", SPAN_NONE);
		return;
	}
	if (span_equal_str(request->path, "/hold")) {
		fixture->held = exchange;
		return;
	}
	if (span_equal_str(request->path, "/stop")) {
		http_server_stop(fixture->server, on_drained, fixture);
		fixture->env.timer_start(fixture->env.ctx, 1, on_late,
		    fixture);
	}
	if (span_equal_str(request->path, "/reload"))
		http_server_set_tls(fixture->server, fixture->next_tls);
	bld_init(&out, TEXT_MAX);
	bld_str(&out, methods[request->method]);
	bld_fmt(&out, "%.*s|%.*s|%.*s|%.*s|%.*s|", SPAN_FMT(request->path),
	    SPAN_FMT(request->query), SPAN_FMT(request->host),
	    SPAN_FMT(request->content_type), SPAN_FMT(request->peer));
	bld_u8(&out, '\0');
	answer(fixture, exchange, 200, (const char *)out.data, request->body);
	bld_free(&out);
}

static void
on_refused(void *ctx, int status, const char *why, uint64_t exchange)
{
	answer(ctx, exchange, status, "refused: ", span_str(why));
}

static void
on_gone(void *ctx, uint64_t exchange)
{
	struct fixture *fixture = ctx;

	(void)exchange;
	fixture->gone++;
}

static const struct http_server_ops ops = {
	.request = on_request, .refused = on_refused, .gone = on_gone,
};

/*
 * Set-up.
 */

static char *
pem_of(BIO *bio)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);
	char *text = mem_zalloc((size_t)len + 1);

	memcpy(text, data, (size_t)len);
	BIO_free(bio);
	return text;
}

static SSL_CTX *
new_tls(const char *name, char **ret_cert)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	BIO *cert_bio = BIO_new(BIO_s_mem()), *key_bio = BIO_new(BIO_s_mem());
	char *cert_pem, *key_pem;
	struct err err = ERR_INIT;
	SSL_CTX *tls;

	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN",
	    MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(cert_bio, cert), 1);
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(key_bio, key, NULL,
	    NULL, 0, NULL, NULL), 1);
	cert_pem = pem_of(cert_bio);
	key_pem = pem_of(key_bio);
	if (http_tls_new(span_str(cert_pem), span_str(key_pem), &tls,
	    &err) < 0)
		fail_msg("%s", err.text);
	free(key_pem);
	X509_free(cert);
	EVP_PKEY_free(key);
	if (ret_cert != NULL)
		*ret_cert = cert_pem;
	else
		free(cert_pem);
	return tls;
}

static int
new_listener(uint16_t *ret_port)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, len), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	*ret_port = ntohs(addr.sin_port);
	return fd;
}

static void
on_child(evutil_socket_t sig, short what, void *arg)
{
	struct fixture *fixture = arg;

	(void)sig;
	(void)what;
	loop_stop(fixture->loop);
}

/* Runs client in a child and the server here until the child ends, which it
 * must do well. */
static void
run(void (*client)(uint16_t port), const struct http_server_limits *limits,
    struct fixture *fixture)
{
	SSL_CTX *tls = new_tls("one", NULL);
	struct err err = ERR_INIT;
	struct event *child_ends;
	int fd, status = -1;
	pid_t child;

	*fixture = (struct fixture){ .loop = loop_new() };
	loop_env(fixture->loop, &fixture->env);
	fixture->next_tls = new_tls("two", NULL);
	fixture->server = http_server_new(fixture->loop, tls, limits, &ops,
	    fixture);
	SSL_CTX_free(tls);
	fd = new_listener(&fixture->port);
	assert_int_equal(http_server_listen(fixture->server, fd, &err), 0);
	signal(SIGPIPE, SIG_IGN); /* as src/proc does */
	child_ends = evsignal_new(loop_base(fixture->loop), SIGCHLD, on_child,
	    fixture);
	event_add(child_ends, NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		alarm(60);
		close(fd);
		client(fixture->port);
		_exit(0);
	}
	loop_run(fixture->loop);
	if (fixture->drained && waitpid(child, &status, WNOHANG) == 0)
		loop_run(fixture->loop); /* now for the child */
	if (status == -1)
		assert_int_equal(waitpid(child, &status, 0), child);
	event_free(child_ends);
	http_server_free(fixture->server);
	SSL_CTX_free(fixture->next_tls);
	loop_free(fixture->loop);
	assert_int_equal(status, 0);
}

static struct http_server_limits
default_limits(void)
{
	struct http_server_limits limits;

	http_server_limits_init(&limits);
	return limits;
}

/*
 * The client.
 */

struct client {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
	size_t len;      /* bytes in text */
	char text[65536];
};

static int
dial(uint16_t port, int receive_buffer)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	struct timeval patience = { 20, 0 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(fd >= 0);
	if (receive_buffer > 0)
		CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer,
		    sizeof(receive_buffer)) == 0);
	CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
	    sizeof(patience)) == 0);
	CHECK(connect(fd, (struct sockaddr *)&addr, sizeof(addr)) == 0);
	return fd;
}

static void
client_open(struct client *client, uint16_t port, int version)
{
	memset(client, 0, offsetof(struct client, text));
	client->ctx = SSL_CTX_new(TLS_client_method());
	CHECK(client->ctx != NULL);
	SSL_CTX_set_max_proto_version(client->ctx, version);
	client->ssl = SSL_new(client->ctx);
	client->fd = dial(port, 0);
	CHECK(SSL_set_fd(client->ssl, client->fd) == 1);
	CHECK(SSL_connect(client->ssl) == 1);
}

static void
client_close(struct client *client)
{
	SSL_free(client->ssl);
	SSL_CTX_free(client->ctx);
	close(client->fd);
}

static void
put(struct client *client, const char *text)
{
	CHECK(SSL_write(client->ssl, text, (int)strlen(text)) > 0);
}

/* Reads until text holds what; false if the connection ends first. */
static bool
get(struct client *client, const char *what)
{
	while (strstr(client->text, what) == NULL) {
		int n = SSL_read(client->ssl, client->text + client->len,
		    (int)(sizeof(client->text) - client->len - 1));

		if (n <= 0)
			return false;
		client->len += (size_t)n;
		client->text[client->len] = '\0';
	}
	return true;
}

static void
forget(struct client *client)
{
	client->len = 0;
	client->text[0] = '\0';
}

static bool
ended(struct client *client)
{
	char byte;

	return SSL_read(client->ssl, &byte, 1) <= 0;
}

/* Request, words of the answer, and whether the connection ends behind it. */
static const struct {
	const char *request;
	const char *answer;
	bool ends;
} exchanges[] = {
	{ "GET /dir" HEAD "\r\n",
	    "\r\n\r\nGET /dir||ca.test:14000||127.0.0.1|", false },
	{ "GET /dir?a=b%20?c" HEAD "\r\n", "GET /dir|a=b%20?c|", false },
	{ "GET //d%69r" HEAD "\r\n", "GET //d%69r||", false },
	{ "POST /x" HEAD "Content-Type: a/b\r\nContent-Length: 3\r\n\r\nabc",
	    "POST /x||ca.test:14000|a/b|127.0.0.1|abc", false },
	{ "POST /x" HEAD "Transfer-Encoding: chunked\r\n\r\n"
	    "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", "|abc", false },
	{ "POST /x" HEAD "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n",
	    "HTTP/1.1 100 Continue\r\n\r\n", false },
	{ "z", "|z", false },
	{ "BREW /pot" HEAD "\r\n", "OTHER /pot||", false },
	{ "DELETE /x" HEAD "\r\n", "OTHER /x||", false },
	{ "OPTIONS /x" HEAD "\r\n", "OPTIONS /x||", false },
	{ "GET https://other.test/abs?q HTTP/1.1\r\nHost: ca.test:14000\r\n"
	    "\r\n", "GET /abs|q|", true }, /* evhttp takes us for a proxy */
	{ "GET /late" HEAD "\r\n", "late", false },
	{ "GET /a" HEAD "\r\nGET /late" HEAD "\r\nGET /c" HEAD "\r\n",
	    "GET /c||", false },
	{ "GET /end" HEAD "Connection: close\r\n\r\n",
	    "\r\nConnection: close\r\n", true },
	{ "GET /old HTTP/1.0\r\nHost: a\r\n\r\n", "GET /old||a|", true },
	{ "GET /x HTTP/1.1\r\nHost: a\"b\r\n\r\n", "HTTP/1.1 400 ", true },
	{ "GET /x HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", true },
	{ "OPTIONS *" HEAD "\r\n", "refused: ", true },
	{ "POST /x" HEAD "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"
	    "\r\n0\r\n\r\n", "HTTP/1.1 400 ", true },
	{ "BREW /x" HEAD "Content-Length: 20\r\n\r\n", "HTTP/1.1 400 ",
	    true },
	{ "HEAD /x" HEAD "Content-Length: 20\r\n\r\n", "HTTP/1.1 400 ",
	    true },
	/* evhttp's own words */
	{ "POST /x" HEAD "Content-Length: -1\r\n\r\n", "HTTP/1.1 400 ",
	    true },
	{ "POST /x" HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
	    "HTTP/1.1 4", true },
	{ "nonsense\r\n\r\n", "HTTP/1.1 400 ", true },
	{ "GET /x HTTP/9.9\r\n\r\n", "HTTP/1.1 4", true },
};

static void
talk(uint16_t port)
{
	struct client client;
	bool open = false;

	for (size_t i = 0; i < sizeof(exchanges) / sizeof(exchanges[0]); i++) {
		if (!open)
			client_open(&client, port, 0);
		open = true;
		forget(&client);
		put(&client, exchanges[i].request);
		if (!get(&client, exchanges[i].answer)) {
			fprintf(stderr, "%s\n->\n%s\n", exchanges[i].request,
			    client.text);
			_exit(1);
		}
		if (exchanges[i].ends) {
			while (!ended(&client))
				;
			client_close(&client);
			open = false;
		}
	}
	if (open)
		client_close(&client);
}

static void
test_exchanges(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	run(talk, &limits, &fixture);
}

static void
talk_head(uint16_t port)
{
	struct client client;

	client_open(&client, port, TLS1_2_VERSION);
	put(&client, "HEAD /h" HEAD "\r\n");
	CHECK(get(&client, "\r\n\r\n"));
	CHECK(strstr(client.text, "HTTP/1.1 200 OK\r\nDate: ") ==
	    client.text);
	CHECK(strstr(client.text, "\r\nContent-Length: 34\r\n") != NULL);
	CHECK(strstr(client.text, "\r\nContent-Type: text/x-test\r\n") !=
	    NULL);
	CHECK(strstr(client.text, "\r\nX-One: 1\r\nX-Two: 2\r\n") != NULL);
	/* No body: the next answer follows at once. */
	forget(&client);
	put(&client, "GET /g" HEAD "\r\n");
	CHECK(get(&client, "GET /g|"));
	CHECK(strncmp(client.text, "HTTP/1.1 200 OK\r\n", 17) == 0);
	CHECK(strstr(client.text, "\r\nContent-Length: ") != NULL);
	client_close(&client);
}

static void
test_head(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	run(talk_head, &limits, &fixture);
}

static void
talk_large(uint16_t port)
{
	static const size_t sizes[] = { 131073, 1 << 20, 4 << 20 };
	static char block[65536];
	struct client client;
	char head[128];

	memset(block, 'x', sizeof(block));
	for (size_t i = 0; i < 3; i++) {
		client_open(&client, port, 0);
		snprintf(head, sizeof(head), "POST /x" HEAD
		    "Content-Length: %zu\r\n\r\n", sizes[i]);
		put(&client, head);
		for (size_t at = 0; at < sizes[i]; at += sizeof(block)) {
			size_t n = sizes[i] - at;

			if (n > sizeof(block))
				n = sizeof(block);
			CHECK(SSL_write(client.ssl, block, (int)n) == (int)n);
		}
		CHECK(get(&client, "refused: "));
		CHECK(strstr(client.text, "HTTP/1.1 413 ") == client.text);
		client_close(&client);
	}
	/* A head without end. */
	client_open(&client, port, 0);
	put(&client, "GET /x" HEAD "X: ");
	CHECK(SSL_write(client.ssl, block, 32768) > 0);
	CHECK(get(&client, "HTTP/1.1 400 "));
	client_close(&client);
	/* The greatest that is taken. */
	client_open(&client, port, 0);
	put(&client, "POST /x" HEAD "Content-Length: 131072\r\n\r\n");
	CHECK(SSL_write(client.ssl, block, 65536) == 65536);
	CHECK(SSL_write(client.ssl, block, 65536) == 65536);
	CHECK(get(&client, "POST /x|"));
	client_close(&client);
}

static void
test_large(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	run(talk_large, &limits, &fixture);
}

/* All connections together may hold only so much; what one held is free when
 * it is cut. */
static void
talk_greedy(uint16_t port)
{
	struct client client;
	static char block[65536];

	for (int i = 0; i < 3; i++) {
		client_open(&client, port, 0);
		put(&client, "POST /x" HEAD "Content-Length: 131072\r\n\r\n");
		CHECK(SSL_write(client.ssl, block, 65536) == 65536);
		CHECK(SSL_write(client.ssl, block, 50000) == 50000);
		CHECK(ended(&client));
		client_close(&client);
		client_open(&client, port, 0);
		put(&client, "POST /x" HEAD "Content-Length: 65536\r\n\r\n");
		CHECK(SSL_write(client.ssl, block, 65536) == 65536);
		CHECK(get(&client, "POST /x|"));
		client_close(&client);
	}
}

static void
test_greedy(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	limits.buffers_max = 100000;
	run(talk_greedy, &limits, &fixture);
}

/* One byte at a time, a handshake that does not go on, an idle connection: all
 * are cut, and others served meanwhile. */
static void
talk_slowly(uint16_t port)
{
	struct client slow, idle, other;
	int mute = dial(port, 0);
	char byte;

	client_open(&slow, port, 0);
	client_open(&idle, port, 0);
	put(&slow, "GET /x");
	while (SSL_write(slow.ssl, "x", 1) == 1) {
		struct pollfd fd = { .fd = slow.fd, .events = POLLIN };

		client_open(&other, port, 0);
		put(&other, "GET /x" HEAD "\r\n");
		CHECK(get(&other, "GET /x|"));
		client_close(&other);
		if (poll(&fd, 1, 20) > 0 && ended(&slow))
			break;
	}
	CHECK(ended(&idle));
	CHECK(recv(mute, &byte, 1, 0) <= 0);
	close(mute);
	client_close(&slow);
	client_close(&idle);
}

static void
test_slow(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	limits.request_ms = limits.idle_ms = limits.handshake_ms = 300;
	run(talk_slowly, &limits, &fixture);
}

/* When all places are taken, the one that is idle longest goes. */
static void
talk_many(uint16_t port)
{
	struct client clients[3];

	for (size_t i = 0; i < 3; i++) {
		client_open(&clients[i], port, 0);
		put(&clients[i], "GET /x" HEAD "\r\n");
		CHECK(get(&clients[i], "GET /x|"));
	}
	CHECK(ended(&clients[0]));
	forget(&clients[1]);
	forget(&clients[2]);
	put(&clients[2], "GET /y" HEAD "\r\n");
	CHECK(get(&clients[2], "GET /y|"));
	for (size_t i = 0; i < 3; i++)
		client_close(&clients[i]);
}

static void
test_many(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	limits.connections_max = 2;
	run(talk_many, &limits, &fixture);
}

/* Clients that leave before their answer, in all ways. */
static void
talk_and_leave(uint16_t port)
{
	struct client client;

	client_open(&client, port, 0);
	put(&client, "GET /late" HEAD "\r\n");
	client_close(&client);
	client_open(&client, port, 0);
	put(&client, "GET /never" HEAD "\r\n");
	SSL_shutdown(client.ssl);
	client_close(&client);
	client_open(&client, port, 0);
	put(&client, "GET /never" HEAD "\r\nGET /never" HEAD "\r\n");
	client_close(&client);
	close(dial(port, 0));
	client_open(&client, port, 0);
	put(&client, "GET /late" HEAD "\r\n");
	CHECK(get(&client, "late"));
	/* Its time is over: cut. */
	put(&client, "GET /never" HEAD "\r\n");
	CHECK(ended(&client));
	client_close(&client);
}

static void
test_leaving(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	limits.answer_ms = 300;
	run(talk_and_leave, &limits, &fixture);
}

/* RFC 8446 4.6.3: key updates asked for again and again. */
static void
talk_key_updates(uint16_t port)
{
	struct client client;

	client_open(&client, port, 0);
	for (int i = 0; i < 50; i++) {
		CHECK(SSL_key_update(client.ssl,
		    SSL_KEY_UPDATE_REQUESTED) == 1);
		forget(&client);
		put(&client, "GET /x" HEAD "\r\n");
		CHECK(get(&client, "GET /x|"));
	}
	client_close(&client);
}

static void
test_key_updates(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	run(talk_key_updates, &limits, &fixture);
}

static const char *
name_of(struct client *client)
{
	static char name[64];
	X509 *cert = SSL_get1_peer_certificate(client->ssl);

	CHECK(cert != NULL);
	CHECK(X509_NAME_get_text_by_NID(X509_get_subject_name(cert),
	    NID_commonName, name, sizeof(name)) > 0);
	X509_free(cert);
	return name;
}

/* A new certificate is for new connections; old ones go on. */
static void
talk_reload(uint16_t port)
{
	struct client one, two;

	client_open(&one, port, 0);
	CHECK(strcmp(name_of(&one), "one") == 0);
	put(&one, "GET /reload" HEAD "\r\n");
	CHECK(get(&one, "GET /reload|"));
	client_open(&two, port, 0);
	CHECK(strcmp(name_of(&two), "two") == 0);
	forget(&one);
	put(&one, "GET /x" HEAD "\r\n");
	CHECK(get(&one, "GET /x|"));
	client_close(&one);
	client_close(&two);
}

static void
test_reload(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	run(talk_reload, &limits, &fixture);
}

/* What was begun is answered; idle connections end; none is taken. */
static void
talk_stop(uint16_t port)
{
	struct client idle, held, begun, stopper;
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	client_open(&idle, port, 0);
	client_open(&begun, port, 0);
	put(&begun, "GET /begun");
	client_open(&held, port, 0);
	client_open(&stopper, port, 0);
	put(&held, "GET /hold" HEAD "\r\n");
	while (strstr(stopper.text, "held=1") == NULL) {
		forget(&stopper);
		put(&stopper, "GET /held" HEAD "\r\n");
		CHECK(get(&stopper, "held="));
	}
	put(&stopper, "GET /stop" HEAD "\r\n");
	CHECK(get(&stopper, "GET /stop|"));
	CHECK(strstr(stopper.text, "Connection: close") != NULL);
	CHECK(ended(&stopper) && ended(&idle));
	CHECK(get(&held, "late") && ended(&held));
	CHECK(strstr(held.text, "Connection: close") != NULL);
	CHECK(connect(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0);
	put(&begun, HEAD "\r\n");
	CHECK(get(&begun, "GET /begun|") && ended(&begun));
	CHECK(strstr(begun.text, "Connection: close") != NULL);
	close(fd);
	client_close(&idle);
	client_close(&held);
	client_close(&begun);
	client_close(&stopper);
}

static void
test_stop(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	run(talk_stop, &limits, &fixture);
	assert_true(fixture.drained);
}

static void
talk_old_tls(uint16_t port)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl;
	int fd;

	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
	ssl = SSL_new(ctx);
	fd = dial(port, 0);
	SSL_set_fd(ssl, fd);
	CHECK(SSL_connect(ssl) != 1);
	SSL_free(ssl);
	close(fd);
	/* Not TLS at all. */
	fd = dial(port, 0);
	CHECK(send(fd, "GET / HTTP/1.1\r\n\r\n", 18, 0) == 18);
	CHECK(recv(fd, &(char){ 0 }, 1, 0) >= 0);
	close(fd);
	SSL_CTX_free(ctx);
}

static void
test_old_tls(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	run(talk_old_tls, &limits, &fixture);
}

static void
test_tls_files(void **state)
{
	struct err err = ERR_INIT;
	char *cert;
	SSL_CTX *tls = new_tls("x", &cert), *other;

	(void)state;
	assert_int_equal(http_tls_new(SPAN_NONE, SPAN_NONE, &other, &err),
	    -ERR_CONFIG);
	assert_int_equal(http_tls_new(SPAN_LIT("x"), SPAN_LIT("y"), &other,
	    &err), -ERR_CONFIG);
	assert_int_equal(http_tls_new(span_str(cert), SPAN_LIT("y"), &other,
	    &err), -ERR_CONFIG);
	assert_non_null(strstr(err.text, "key"));
	assert_null(other);
	SSL_CTX_free(tls);
	free(cert);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchanges),
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_greedy),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_leaving),
		cmocka_unit_test(test_key_updates),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_old_tls),
		cmocka_unit_test(test_tls_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
