/* SPDX-License-Identifier: Apache-2.0 */
/* The real processes in their sandboxes, asked by blocking clients. */
#include "agent/listener/listener_main.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/listener/http_answer.h"
#include "agent/listener/pass.h"
#include "agent/listener/tls_answer.h"
#include "agent/proc/agent_procs.h"

#define TOKEN "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
#define ANSWER TOKEN ".thumbprint-of-forty-three-characters-AAAAAAAAA"
#define PATIENCE_MS 20000

struct world {
	struct loop *loop;
	struct agent_procs *procs;
	enum agent_role role;
	struct sockaddr_in address;  /* of the listener */
	struct listener_backend backend;
	int server;                  /* listens as the server behind */
	enum judge_listener_type answer;
};

static int
listen_anywhere(struct sockaddr_in *ret)
{
	socklen_t len = sizeof(*ret);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	*ret = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	assert_int_equal(bind(fd, (struct sockaddr *)ret, len), 0);
	assert_int_equal(listen(fd, 1024), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)ret, &len), 0);
	return fd;
}

static int
on_answer(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct world *world = ctx;
	struct judge_listener_answer answer;

	assert_int_equal(id, 7);
	assert_int_equal(judge_listener_answer_decode(type, payload, &answer,
	    err), 0);
	world->answer = answer.type;
	loop_stop(world->loop);
	return 0;
}

static void
on_died(void *ctx, enum agent_role role, const char *text)
{
	(void)ctx;
	(void)role;
	fail_msg("%s", text);
}

static void
start(struct world *world, enum agent_role role, bool backend,
    enum listener_proxy proxy)
{
	int fd = listen_anywhere(&world->address);
	struct agent_plan plan = { .roles = 1U << role, .dir = "/nonexistent",
		.mains = { [AGENT_LISTENER] = listener_main,
		    [AGENT_ALPN] = listener_main },
		.listen_fds = &fd, .num_listen_fds = 1,
		.log_level = LOG_WARNING, .died = on_died };
	struct err err = ERR_INIT;

	world->role = role;
	world->loop = loop_new();
	world->procs = NULL;
	world->server = -1;
	if (backend) {
		struct sockaddr_in address;

		world->server = listen_anywhere(&address);
		world->backend = (struct listener_backend){
			.address_len = sizeof(address), .proxy = proxy };
		memcpy(&world->backend.address, &address, sizeof(address));
		plan.backend = &world->backend;
	}
	if (agent_procs_start(&world->procs, world->loop, &plan, &err) < 0)
		fail_msg("%s", err.text);
	close(fd);
	assert_true(agent_procs_link(world->procs, role, on_answer, world));
}

static void
stop(struct world *world)
{
	agent_procs_stop(world->procs);
	loop_free(world->loop);
	if (world->server >= 0)
		close(world->server);
}

static void
ask(struct world *world, const struct judge_listener_request *request)
{
	struct bld out;

	bld_init(&out, LINK_PAYLOAD_MAX);
	judge_listener_request_encode(&out, request);
	assert_int_equal(bld_end(&out), 0);
	agent_procs_send(world->procs, world->role, (uint16_t)request->type,
	    7, bld_view(&out));
	bld_free(&out);
	world->answer = 0;
	loop_run(world->loop);
}

static int
dial(const struct world *world)
{
	struct timeval patience = { PATIENCE_MS / 1000, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (const struct sockaddr *)&world->address,
	    sizeof(world->address)), 0);
	return fd;
}

/* Up to the end, or size bytes. */
static size_t
take(int fd, void *out, size_t size)
{
	uint8_t *at = out;
	size_t len = 0;
	ssize_t n;

	while (len < size && (n = read(fd, at + len, size - len)) > 0)
		len += (size_t)n;
	return len;
}

static void
say(int fd, const void *data, size_t len)
{
	assert_int_equal(send(fd, data, len, MSG_NOSIGNAL), len);
}

static void
expect_http(const struct world *world, const char *request,
    const char *status, const char *body)
{
	char text[4096];
	int fd = dial(world);
	size_t len;

	say(fd, request, strlen(request));
	len = take(fd, text, sizeof(text) - 1);
	text[len] = '\0';
	close(fd);
	if (strstr(text, status) == NULL)
		fail_msg("%s is answered with %s", request, text);
	if (body != NULL) {
		assert_non_null(strstr(text, "\r\n\r\n"));
		assert_string_equal(strstr(text, "\r\n\r\n") + 4, body);
	}
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: example.com\r\n\r\n"
#define PATH "/.well-known/acme-challenge/"

static void
test_http_answers_challenges_only(void **state)
{
	struct judge_listener_request request = {
		.type = JUDGE_LISTENER_SET_HTTP, .token = SPAN_LIT(TOKEN),
		.key_authorization = SPAN_LIT(ANSWER) };
	struct world world;

	(void)state;
	start(&world, AGENT_LISTENER, false, LISTENER_PROXY_NONE);
	ask(&world, &request);
	assert_int_equal(world.answer, JUDGE_LISTENER_DONE);
	expect_http(&world, GET(PATH TOKEN), "HTTP/1.1 200 ", ANSWER);
	expect_http(&world, "GET " PATH TOKEN " HTTP/1.0\r\n\r\n", " 200 ",
	    ANSWER);
	expect_http(&world, "HEAD " PATH TOKEN " HTTP/1.1\r\nHost: a\r\n\r\n",
	    " 200 ", "");
	expect_http(&world, GET(PATH "other"), " 404 ", NULL);
	expect_http(&world, GET(PATH), " 404 ", NULL);
	expect_http(&world, GET(PATH TOKEN "/"), " 404 ", NULL);
	expect_http(&world, GET("/"), " 404 ", NULL);
	expect_http(&world, "POST " PATH TOKEN " HTTP/1.1\r\nHost: a\r\n"
	    "Content-Length: 0\r\n\r\n", " 501 ", NULL);
	expect_http(&world, "\r\x01\xff nonsense\r\n\r\n", "", NULL);
	request.type = JUDGE_LISTENER_DROP_HTTP;
	ask(&world, &request);
	assert_int_equal(world.answer, JUDGE_LISTENER_DONE);
	expect_http(&world, GET(PATH TOKEN), " 404 ", NULL);
	stop(&world);
}

static void
test_http_is_not_held_up(void **state)
{
	struct judge_listener_request request = {
		.type = JUDGE_LISTENER_SET_HTTP, .token = SPAN_LIT(TOKEN),
		.key_authorization = SPAN_LIT(ANSWER) };
	static int idle[HTTP_ANSWER_CONNECTIONS_MAX + 50];
	struct world world;
	char c;

	(void)state;
	start(&world, AGENT_LISTENER, false, LISTENER_PROXY_NONE);
	ask(&world, &request);
	for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++) {
		idle[i] = dial(&world);
		say(idle[i], "GET /", 5);
	}
	expect_http(&world, GET(PATH TOKEN), " 200 ", ANSWER);
	/* Who came first has gone. */
	assert_int_equal(take(idle[0], &c, 1), 0);
	for (size_t i = 0; i < sizeof(idle) / sizeof(idle[0]); i++)
		close(idle[i]);
	stop(&world);
}

/* The certificate that is shown, or NULL when there is no handshake. */
static X509 *
see(const struct world *world, const char *name, const char *alpn,
    int version)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	const unsigned char *chosen = NULL;
	unsigned int chosen_len = 0;
	X509 *seen = NULL;
	char host[256]; /* OpenSSL takes char * where it means const char * */
	int fd = dial(world);

	snprintf(host, sizeof(host), "%s", name);
	SSL_set_max_proto_version(ssl, version);
	SSL_set_min_proto_version(ssl, version);
	SSL_set_fd(ssl, fd);
	SSL_set_tlsext_host_name(ssl, host);
	SSL_set_alpn_protos(ssl, (const uint8_t *)alpn,
	    (unsigned)strlen(alpn));
	if (SSL_connect(ssl) == 1) {
		SSL_get0_alpn_selected(ssl, &chosen, &chosen_len);
		assert_true(span_equal_str(span_of(chosen, chosen_len),
		    "acme-tls/1"));
		seen = SSL_get1_peer_certificate(ssl);
	}
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
	return seen;
}

#define ACME "\x0a" "acme-tls/1"

/* A CA says nothing after its handshake. What a stranger says then is not
 * kept: there is no end of it. */
static void
test_tls_keeps_nothing(void **state)
{
	static const uint8_t alpn[] = ACME;
	static uint8_t data[16384];
	struct judge_listener_request request = {
		.type = JUDGE_LISTENER_SET_TLS,
		.ident = { IDENT_DNS, SPAN_LIT("example.com") } };
	char host[] = "example.com"; /* as in see */
	struct world world;
	size_t sent = 0;
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	int fd;

	(void)state;
	start(&world, AGENT_ALPN, false, LISTENER_PROXY_NONE);
	ask(&world, &request);
	fd = dial(&world);
	SSL_set_fd(ssl, fd);
	SSL_set_tlsext_host_name(ssl, host);
	SSL_set_alpn_protos(ssl, alpn, sizeof(alpn) - 1);
	assert_int_equal(SSL_connect(ssl), 1);
	signal(SIGPIPE, SIG_IGN);
	while (sent < 64 << 20 && SSL_write(ssl, data, sizeof(data)) > 0)
		sent += sizeof(data);
	assert_true(sent < 64 << 20);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	close(fd);
	stop(&world);
}

static void
check_certificate(X509 *seen, const char *name, const uint8_t *digest)
{
	ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.5.5.7.1.31", 1);
	int at = X509_get_ext_by_OBJ(seen, oid, -1);
	X509_EXTENSION *ext = X509_get_ext(seen, at);
	const ASN1_OCTET_STRING *value;
	GENERAL_NAMES *names;

	assert_true(at >= 0);
	assert_int_equal(X509_EXTENSION_get_critical(ext), 1);
	value = X509_EXTENSION_get_data(ext);
	assert_int_equal(ASN1_STRING_length(value), 34);
	assert_memory_equal(ASN1_STRING_get0_data(value), "\x04\x20", 2);
	assert_memory_equal(ASN1_STRING_get0_data(value) + 2, digest, 32);
	names = X509_get_ext_d2i(seen, NID_subject_alt_name, NULL, NULL);
	assert_int_equal(sk_GENERAL_NAME_num(names), 1);
	GENERAL_NAMES_free(names);
	assert_int_equal(strchr(name, ':') == NULL &&
	    (name[0] < '0' || name[0] > '9') ?
	    X509_check_host(seen, name, 0, 0, NULL) :
	    X509_check_ip_asc(seen, name, 0), 1);
	ASN1_OBJECT_free(oid);
	X509_free(seen);
}

static void
test_tls_answers_by_name(void **state)
{
	static const struct {
		enum ident_type type;
		const char *value, *asked;
	} rows[] = {
		{ IDENT_DNS, "example.com", "EXAMPLE.com" },
		{ IDENT_IP, "192.0.2.10", "10.2.0.192.in-addr.arpa" },
		{ IDENT_IP, "2001:db8::a", "a.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
		    "0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa" },
	};
	struct judge_listener_request request = {
		.type = JUDGE_LISTENER_SET_TLS };
	struct world world;

	(void)state;
	start(&world, AGENT_ALPN, false, LISTENER_PROXY_NONE);
	for (size_t i = 0; i < 3; i++) {
		request.type = JUDGE_LISTENER_SET_TLS;
		request.ident = (struct ident){ rows[i].type,
			span_str(rows[i].value) };
		memset(request.digest, 'a' + (int)i, sizeof(request.digest));
		assert_null(see(&world, rows[i].asked, ACME, TLS1_3_VERSION));
		ask(&world, &request);
		assert_int_equal(world.answer, JUDGE_LISTENER_DONE);
		check_certificate(see(&world, rows[i].asked, ACME,
		    TLS1_3_VERSION), rows[i].value, request.digest);
		check_certificate(see(&world, rows[i].asked, ACME,
		    TLS1_2_VERSION), rows[i].value, request.digest);
		assert_null(see(&world, rows[i].asked, "\x02h2",
		    TLS1_3_VERSION));
	}
	request.type = JUDGE_LISTENER_DROP_TLS;
	ask(&world, &request);
	assert_null(see(&world, rows[2].asked, ACME, TLS1_3_VERSION));
	stop(&world);
}

static void
test_passes_the_rest_on(void **state)
{
	static uint8_t sent[3 << 20], got[sizeof(sent)];
	struct world world;
	char c;
	int client, server;

	(void)state;
	start(&world, AGENT_ALPN, true, LISTENER_PROXY_NONE);
	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (uint8_t)(i * 7 + i / 251);
	client = dial(&world);
	say(client, "SSH-2.0-x\r\n", 11);
	server = accept(world.server, NULL, NULL);
	assert_int_equal(take(server, got, 11), 11);
	assert_memory_equal(got, "SSH-2.0-x\r\n", 11);
	/* The server's side ends first; the client's goes on. */
	say(server, "hello", 5);
	shutdown(server, SHUT_WR);
	assert_int_equal(take(client, got, sizeof(got)), 5);
	for (size_t at = 0, read_at = 0; read_at < sizeof(sent);) {
		ssize_t n = at == sizeof(sent) ? 0 : send(client, sent + at,
		    sizeof(sent) - at, MSG_DONTWAIT | MSG_NOSIGNAL);

		at += n > 0 ? (size_t)n : 0;
		if (at == sizeof(sent) && n > 0)
			shutdown(client, SHUT_WR);
		if (n > 0)
			continue;
		/* All that may wait does: the server has to read. */
		n = read(server, got + read_at, sizeof(got) - read_at);
		assert_true(n > 0);
		read_at += (size_t)n;
	}
	assert_memory_equal(got, sent, sizeof(sent));
	assert_int_equal(read(server, &c, 1), 0);
	assert_int_equal(read(client, &c, 1), 0);
	close(client);
	close(server);
	stop(&world);
}

static void
test_ends_and_errors_reach_the_other(void **state)
{
	static const struct linger at_once = { 1, 0 };
	struct world world;
	char text[64];
	int client, server;

	(void)state;
	start(&world, AGENT_ALPN, true, LISTENER_PROXY_NONE);
	for (int i = 0; i < 3; i++) {
		client = dial(&world);
		say(client, "x", 1);
		server = accept(world.server, NULL, NULL);
		assert_int_equal(take(server, text, 1), 1);
		if (i == 0) { /* a reset from the client */
			setsockopt(client, SOL_SOCKET, SO_LINGER, &at_once,
			    sizeof(at_once));
			close(client);
			assert_int_equal(take(server, text, 1), 0);
			close(server);
		} else { /* an answer, then a reset or an end */
			say(server, "bye", 3);
			if (i == 1)
				assert_int_equal(take(client, text, 3), 3);
			if (i == 1)
				setsockopt(server, SOL_SOCKET, SO_LINGER,
				    &at_once, sizeof(at_once));
			close(server);
			take(client, text, sizeof(text));
			close(client);
		}
	}
	/* Nobody listens behind. */
	close(world.server);
	world.server = -1;
	client = dial(&world);
	say(client, "x", 1);
	assert_int_equal(take(client, text, 1), 0);
	close(client);
	stop(&world);
}

static void
test_tells_the_server_of_the_client(void **state)
{
	struct sockaddr_in mine;
	socklen_t len = sizeof(mine);
	char text[256], want[256];
	struct world world;
	int client, server;

	(void)state;
	start(&world, AGENT_ALPN, true, LISTENER_PROXY_V1);
	client = dial(&world);
	say(client, "x", 1);
	getsockname(client, (struct sockaddr *)&mine, &len);
	server = accept(world.server, NULL, NULL);
	snprintf(want, sizeof(want), "PROXY TCP4 127.0.0.1 127.0.0.1 %u %u\r\nx",
	    ntohs(mine.sin_port), ntohs(world.address.sin_port));
	len = (socklen_t)take(server, text, strlen(want));
	text[len] = '\0';
	assert_string_equal(text, want);
	close(client);
	close(server);
	stop(&world);
}

static void
on_gone(void *ctx)
{
	(void)ctx;
}

/* Who finds the port that connections are steered to is not led to it once
 * more, and so on without end. (Where the kernel can, our sandbox forbids to
 * dial it, too: so this is without one.) */
static void
test_steered_is_for_the_server(void **state)
{
	struct listener_backend backend = { .proxy = LISTENER_PROXY_NONE };
	struct loop *loop = loop_new();
	struct sockaddr_in address;
	struct bufferevent *bev;
	struct pass *pass;
	struct env env;
	int listener = listen_anywhere(&address), client;

	(void)state;
	loop_env(loop, &env);
	for (int i = 0; i < 2; i++) {
		client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(connect(client, (struct sockaddr *)&address,
		    sizeof(address)), 0);
		bev = bufferevent_socket_new(loop_base(loop), accept4(listener,
		    NULL, NULL, SOCK_NONBLOCK), BEV_OPT_CLOSE_ON_FREE);
		backend.steered_port = (uint16_t)(ntohs(address.sin_port) + i);
		pass = pass_new(loop_base(loop), &env, bev, &backend, on_gone,
		    NULL);
		if (i == 0)
			pass_free(pass);
		else
			assert_null(pass);
		close(client);
	}
	close(listener);
	loop_free(loop);
}

static void
test_writes_version_2(void **state)
{
	struct sockaddr_storage from = { 0 }, to = { 0 };
	struct sockaddr_in6 *a = (void *)&from, *b = (void *)&to;
	struct bld out;

	(void)state;
	a->sin6_family = b->sin6_family = AF_INET6;
	a->sin6_port = htons(0x1234);
	b->sin6_port = htons(443);
	inet_pton(AF_INET6, "2001:db8::1", &a->sin6_addr);
	inet_pton(AF_INET6, "2001:db8::2", &b->sin6_addr);
	bld_init(&out, 256);
	pass_proxy_header(&out, LISTENER_PROXY_V2, &from, &to);
	assert_int_equal(out.len, 16 + 36);
	assert_memory_equal(out.data, "\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49"
	    "\x54\x0a\x21\x21\x00\x24", 16);
	assert_memory_equal(out.data + 16, &a->sin6_addr, 16);
	assert_memory_equal(out.data + 32, &b->sin6_addr, 16);
	assert_memory_equal(out.data + 48, "\x12\x34\x01\xbb", 4);
	bld_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http_answers_challenges_only),
		cmocka_unit_test(test_http_is_not_held_up),
		cmocka_unit_test(test_tls_answers_by_name),
		cmocka_unit_test(test_tls_keeps_nothing),
		cmocka_unit_test(test_passes_the_rest_on),
		cmocka_unit_test(test_ends_and_errors_reach_the_other),
		cmocka_unit_test(test_tells_the_server_of_the_client),
		cmocka_unit_test(test_steered_is_for_the_server),
		cmocka_unit_test(test_writes_version_2),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
