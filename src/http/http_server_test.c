/* SPDX-License-Identifier: Apache-2.0 */
/* What the server says, and how its life goes. */
#include "http/http_server_fake.h"

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
	limits.stop_ms = limits.request_ms;
	run(talk_stop, &limits, &fixture);
	assert_true(fixture.drained);
}

/* A request that does not go on does not hold up the stop. */
static void
talk_stop_slow(uint16_t port)
{
	struct client slow, stopper;

	client_open(&slow, port, 0);
	put(&slow, "GET /slow");
	client_open(&stopper, port, 0);
	put(&stopper, "GET /stop-behind" HEAD "\r\n");
	CHECK(get(&stopper, "GET /stop-behind|"));
	CHECK(ended(&slow) && ended(&stopper));
	client_close(&slow);
	client_close(&stopper);
}

static void
test_stop_slow(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	limits.stop_ms = 1;
	run(talk_stop_slow, &limits, &fixture);
	assert_true(fixture.drained);
}

/* An answer that was given before the stop, but has not left yet, arrives. */
static void
talk_stop_behind(uint16_t port)
{
	struct client client;

	client_open(&client, port, 0);
	put(&client, "GET /stop-behind" HEAD "\r\n");
	CHECK(get(&client, "GET /stop-behind|") && ended(&client));
	client_close(&client);
}

static void
test_stop_behind_answer(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	run(talk_stop_behind, &limits, &fixture);
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

/* From now on what is put is kept, to be sent by send_kept. */
static BIO *
keep(struct client *client)
{
	BIO *kept = BIO_new(BIO_s_mem());

	SSL_set0_wbio(client->ssl, kept);
	return kept;
}

static void
send_kept(struct client *client, BIO *kept, size_t len)
{
	static char bytes[65536];

	CHECK(BIO_read(kept, bytes, (int)len) == (int)len);
	CHECK(send(client->fd, bytes, len, 0) == (ssize_t)len);
}

/* Records that come in one piece are all seen, also those behind a request
 * that waits for its answer, and a record that is larger than what is read
 * at once. */
static void
talk_together(struct client *client, BIO *kept)
{
	static char large[12001];

	memset(large, 'x', sizeof(large) - 1);
	put(client, "POST /one" HEAD "Content-Length: 7\r\n\r\n");
	put(client, "in ");
	put(client, "two.");
	put(client, "GET /late" HEAD "\r\n");
	put(client, "GET /three" HEAD "\r\n");
	put(client, "GET /late" HEAD "\r\n");
	put(client, "POST /large" HEAD "Content-Length: 12004\r\n\r\n");
	put(client, large);
	put(client, "end.");
	put(client, "GET /last" HEAD "\r\n");
	send_kept(client, kept, BIO_pending(kept));
	CHECK(get(client, "GET /last|"));
	CHECK(strstr(client->text, "in two.") != NULL);
	CHECK(strstr(client->text, "xxend.") != NULL);
	forget(client);
}

/* One large record behind a request that waits: it is read in part while that
 * waits, and then to its end. */
static void
talk_large_behind(struct client *client, BIO *kept)
{
	static char large[12100];

	snprintf(large, sizeof(large), "POST /large" HEAD
	    "Content-Length: 12000\r\n\r\n%012000d", 7);
	put(client, "GET /late" HEAD "\r\n");
	put(client, large);
	send_kept(client, kept, BIO_pending(kept));
	CHECK(get(client, "POST /large|"));
	CHECK(get(client, "0007"));
	forget(client);
}

/* One record, and a part of the next of every kind: the rest comes when the
 * first is answered. */
static void
talk_parts(struct client *client, BIO *kept)
{
	for (size_t part = 1; part < 40; part++) {
		size_t first;

		put(client, "GET /first" HEAD "\r\n");
		first = BIO_pending(kept);
		put(client, "GET /second" HEAD "\r\n");
		send_kept(client, kept, first + part);
		CHECK(get(client, "GET /first|"));
		send_kept(client, kept, BIO_pending(kept));
		CHECK(get(client, "GET /second|"));
		forget(client);
	}
}

static void
talk_ahead(uint16_t port)
{
	static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

	for (size_t i = 0; i < 2; i++) {
		static struct client client;
		BIO *kept;

		client_open(&client, port, versions[i]);
		kept = keep(&client);
		talk_together(&client, kept);
		talk_large_behind(&client, kept);
		talk_parts(&client, kept);
		/* The end in one piece with a request. */
		put(&client, "GET /never" HEAD "\r\n");
		SSL_shutdown(client.ssl);
		send_kept(&client, kept, BIO_pending(kept));
		CHECK(ended(&client));
		client_close(&client);
	}
}

static void
test_ahead(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	run(talk_ahead, &limits, &fixture);
	assert_int_equal(fixture.gone, 2);
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
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_stop_slow),
		cmocka_unit_test(test_stop_behind_answer),
		cmocka_unit_test(test_old_tls),
		cmocka_unit_test(test_ahead),
		cmocka_unit_test(test_tls_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
