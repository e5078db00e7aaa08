/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_HTTP_HTTP_SERVER_FAKE_H
#define SIGNET_HTTP_HTTP_SERVER_FAKE_H

/*
 * http_server_fake: a server in this process with its clients in a child of
 * it, for the server's tests alone: all static, included once in each.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
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
	unsigned never;    /* requests that get no answer */
	unsigned exhausted;
	unsigned turns;    /* of the loop */
	bool drained;
	SSL_CTX *next_tls; /* "/reload" changes to it */
};

/*
 * The server's logic: says what it got.
 */

__attribute__((unused)) static void
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

__attribute__((unused)) static void
on_late(void *arg)
{
	struct fixture *fixture = arg;

	answer(fixture, fixture->held, 200, "late", SPAN_NONE);
	fixture->held = 0;
}

__attribute__((unused)) static void
on_drained(void *ctx)
{
	struct fixture *fixture = ctx;

	fixture->drained = true;
	loop_stop(fixture->loop);
}

__attribute__((unused)) static void
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
	if (span_equal_str(request->path, "/never")) {
		fixture->never++;
		return;
	}
	if (span_equal_str(request->path, "/held")) {
		answer(fixture, exchange, 200, fixture->held != 0 ?
		    "held=1" : "held=0", SPAN_NONE);
		return;
	}
	if (span_equal_str(request->path, "/memory")) {
		char text[128];

		snprintf(text, sizeof(text),
		    "never=%u memory=%zu gone=%u exhausted=%u turns=%u\n;",
		    fixture->never,
		    mallinfo2().uordblks + mallinfo2().hblkhd, fixture->gone,
		    fixture->exhausted, fixture->turns);
		answer(fixture, exchange, 200, text, SPAN_NONE);
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
	if (span_equal_str(request->path, "/stop-behind"))
		http_server_stop(fixture->server, on_drained, fixture);
}

__attribute__((unused)) static void
on_refused(void *ctx, int status, const char *why, uint64_t exchange)
{
	answer(ctx, exchange, status, "refused: ", span_str(why));
}

__attribute__((unused)) static void
on_gone(void *ctx, uint64_t exchange)
{
	struct fixture *fixture = ctx;

	(void)exchange;
	fixture->gone++;
}

__attribute__((unused)) static void
on_exhausted(void *ctx, int error)
{
	struct fixture *fixture = ctx;

	assert_int_equal(error, EMFILE);
	fixture->exhausted++;
}

__attribute__((unused)) static void
on_turn(void *arg)
{
	((struct fixture *)arg)->turns++;
}

static const struct http_server_ops ops = {
	.request = on_request, .refused = on_refused, .gone = on_gone,
	.exhausted = on_exhausted,
};

/*
 * Set-up.
 */

__attribute__((unused)) static char *
pem_of(BIO *bio)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);
	char *text = mem_zalloc((size_t)len + 1);

	memcpy(text, data, (size_t)len);
	BIO_free(bio);
	return text;
}

__attribute__((unused)) static SSL_CTX *
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

__attribute__((unused)) static int
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

__attribute__((unused)) static void
on_child(evutil_socket_t sig, short what, void *arg)
{
	struct fixture *fixture = arg;

	(void)sig;
	(void)what;
	loop_stop(fixture->loop);
}

/* Runs client in a child and the server here until the child ends, which it
 * must do well. */
__attribute__((unused)) static void
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
	loop_hook_add(fixture->loop, on_turn, fixture);
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

__attribute__((unused)) static struct http_server_limits
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

__attribute__((unused)) static int
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

__attribute__((unused)) static void
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

__attribute__((unused)) static void
client_close(struct client *client)
{
	SSL_free(client->ssl);
	SSL_CTX_free(client->ctx);
	close(client->fd);
}

__attribute__((unused)) static void
put(struct client *client, const char *text)
{
	CHECK(SSL_write(client->ssl, text, (int)strlen(text)) > 0);
}

/* Reads until text holds what; false if the connection ends first. */
__attribute__((unused)) static bool
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

__attribute__((unused)) static void
forget(struct client *client)
{
	client->len = 0;
	client->text[0] = '\0';
}

__attribute__((unused)) static bool
ended(struct client *client)
{
	char byte;

	return SSL_read(client->ssl, &byte, 1) <= 0;
}

#endif
