/* SPDX-License-Identifier: Apache-2.0 */
/* What a client may cost. */
#include "http/http_server_fake.h"

#include <fcntl.h>
#include <sys/resource.h>

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

/* Who holds nearly all of it keeps nobody else out. */
static void
talk_crowded(uint16_t port)
{
	struct client greedy, modest;
	static char block[65536];

	client_open(&greedy, port, 0);
	client_open(&modest, port, 0);
	put(&greedy, "POST /x" HEAD "Content-Length: 131072\r\n\r\n");
	CHECK(SSL_write(greedy.ssl, block, 65536) == 65536);
	CHECK(SSL_write(greedy.ssl, block, 34200) == 34200);
	for (int i = 0; i < 50; i++) {
		forget(&modest);
		put(&modest, "POST /x" HEAD "Content-Length: 1000\r\n\r\n");
		CHECK(SSL_write(modest.ssl, block, 1000) == 1000);
		CHECK(get(&modest, "POST /x|"));
	}
	CHECK(ended(&greedy));
	client_close(&greedy);
	client_close(&modest);
}

static void
test_crowded(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	limits.buffers_max = 100000;
	run(talk_crowded, &limits, &fixture);
}

#define HELD 48

/* When it has so many requests that wait for their answer. */
static size_t
memory_of_server(uint16_t port, unsigned waiting)
{
	struct client client;
	unsigned never;
	size_t bytes;

	client_open(&client, port, 0);
	do {
		forget(&client);
		put(&client, "GET /memory" HEAD "\r\n");
		CHECK(get(&client, "\n;"));
		CHECK(sscanf(strstr(client.text, "never="),
		    "never=%u memory=%zu", &never, &bytes) == 2);
	} while (never < waiting);
	client_close(&client);
	return bytes;
}

/* A request whose answer is long in coming does not keep its body. */
static void
talk_held(uint16_t port)
{
	static struct client clients[HELD];
	static char body[131072];
	size_t before, after;

	for (size_t i = 0; i < HELD; i++)
		client_open(&clients[i], port, 0);
	before = memory_of_server(port, 0);
	for (size_t i = 0; i < HELD; i++) {
		put(&clients[i], "POST /never" HEAD
		    "Content-Length: 131072\r\n\r\n");
		CHECK(SSL_write(clients[i].ssl, body, 65536) == 65536);
		CHECK(SSL_write(clients[i].ssl, body, 65536) == 65536);
	}
	after = memory_of_server(port, HELD);
	CHECK(after < before + HELD * sizeof(body) / 2);
	for (size_t i = 0; i < HELD; i++)
		client_close(&clients[i]);
}

static void
test_held(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	run(talk_held, &limits, &fixture);
}

/* Who waits for an answer is seen to leave, and cannot make the server take in
 * what it sends meanwhile. */
static void
talk_waiting(uint16_t port)
{
	static struct client leaves, floods, other;
	static char bytes[65536];
	size_t before, after;
	unsigned gone = 0;

	client_open(&floods, port, 0);
	put(&floods, "GET /never" HEAD "\r\n");
	before = memory_of_server(port, 1);
	CHECK(fcntl(floods.fd, F_SETFL, O_NONBLOCK) == 0);
	while (SSL_write(floods.ssl, bytes, sizeof(bytes)) > 0)
		;
	after = memory_of_server(port, 1);
	CHECK(after < before + 2 * sizeof(bytes));
	client_open(&leaves, port, 0);
	put(&leaves, "GET /never" HEAD "\r\n");
	memory_of_server(port, 2);
	client_close(&leaves);
	client_open(&other, port, 0);
	while (gone == 0) {
		forget(&other);
		put(&other, "GET /memory" HEAD "\r\n");
		CHECK(get(&other, "\n;"));
		CHECK(sscanf(strstr(other.text, "gone="), "gone=%u",
		    &gone) == 1);
	}
	client_close(&other);
	client_close(&floods);
}

static void
test_waiting(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	run(talk_waiting, &limits, &fixture);
}

/* How the server fares, asked over a connection that it has. */
static unsigned
ask(struct client *client, const char *what)
{
	unsigned value = 0;

	forget(client);
	put(client, "GET /memory" HEAD "\r\n");
	CHECK(get(client, "\n;"));
	CHECK(strstr(client->text, what) != NULL);
	CHECK(sscanf(strstr(client->text, what) + strlen(what), "=%u",
	    &value) == 1);
	return value;
}

/* Turns of the server's loop up to an answer that it gives after a while. */
static unsigned
turns_of_late(struct client *client)
{
	unsigned before = ask(client, "turns");

	forget(client);
	put(client, "GET /late" HEAD "\r\n");
	CHECK(get(client, "late"));
	return ask(client, "turns") - before;
}

#define WAITING 8

/* Who waits for answers holds what was sent, and gives way as well. */
static void
talk_waiting_greedy(uint16_t port)
{
	static struct client clients[WAITING], other;
	static char body[30000];
	unsigned gone = 0;

	client_open(&other, port, 0);
	for (unsigned i = 0; i < WAITING; i++) {
		client_open(&clients[i], port, 0);
		put(&clients[i], "POST /never" HEAD
		    "Content-Length: 30000\r\n\r\n");
		CHECK(SSL_write(clients[i].ssl, body, sizeof(body)) ==
		    sizeof(body));
		while (ask(&other, "never") <= i)
			;
	}
	for (unsigned i = 0; i < 1000 && gone < WAITING - 3; i++)
		gone = ask(&other, "gone");
	CHECK(gone == WAITING - 3); /* three are below 100000 bytes */
	for (unsigned i = 0; i < WAITING; i++)
		client_close(&clients[i]);
	client_close(&other);
}

static void
test_waiting_greedy(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	limits.buffers_max = 100000;
	run(talk_waiting_greedy, &limits, &fixture);
}

/* No descriptor for the next client: it waits, others are served, the loop
 * does not run in circles, and when there is one the client gets it. */
static void
talk_exhausted(uint16_t port)
{
	static struct client first, second;
	struct rlimit old, none;

	client_open(&first, port, 0);
	CHECK(ask(&first, "exhausted") == 0);
	CHECK(prlimit(getppid(), RLIMIT_NOFILE, NULL, &old) == 0);
	none = (struct rlimit){ 3, old.rlim_max };
	CHECK(prlimit(getppid(), RLIMIT_NOFILE, &none, NULL) == 0);
	second.fd = dial(port, 0);
	while (ask(&first, "exhausted") == 0)
		;
	CHECK(turns_of_late(&first) < 20);
	CHECK(ask(&first, "exhausted") == 1);
	CHECK(prlimit(getppid(), RLIMIT_NOFILE, &old, NULL) == 0);
	second.ctx = SSL_CTX_new(TLS_client_method());
	second.ssl = SSL_new(second.ctx);
	CHECK(SSL_set_fd(second.ssl, second.fd) == 1);
	CHECK(SSL_connect(second.ssl) == 1);
	CHECK(ask(&second, "exhausted") == 1);
	client_close(&second);
	client_close(&first);
}

static void
test_exhausted(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	run(talk_exhausted, &limits, &fixture);
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

/* ... and who takes his time with a handshake or a request. */
static void
talk_late(uint16_t port)
{
	struct client slow, client;
	int mute = dial(port, 0);
	char byte;

	client_open(&slow, port, 0);
	put(&slow, "GET /x");
	client_open(&client, port, 0);
	put(&client, "GET /x" HEAD "\r\n");
	CHECK(get(&client, "GET /x|"));
	CHECK(recv(mute, &byte, 1, 0) <= 0);
	close(mute);
	CHECK(ended(&slow));
	client_close(&slow);
	client_close(&client);
}

static void
test_late(void **state)
{
	struct http_server_limits limits = default_limits();
	struct fixture fixture;

	(void)state;
	limits.connections_max = 2;
	/* More than the patience of this test's clients. */
	limits.handshake_ms = limits.request_ms = 25000;
	run(talk_late, &limits, &fixture);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_large),
		cmocka_unit_test(test_greedy),
		cmocka_unit_test(test_crowded),
		cmocka_unit_test(test_held),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_waiting_greedy),
		cmocka_unit_test(test_exhausted),
		cmocka_unit_test(test_slow),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_late),
		cmocka_unit_test(test_leaving),
		cmocka_unit_test(test_key_updates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
