/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/starttls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* All that the server will say, before it is asked, and then nothing more. */
static int
talk(enum service_protocol protocol, const char *server, char *ret_said,
    size_t size, struct err *err)
{
	int fds[2], r;
	ssize_t n;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(write(fds[1], server, strlen(server)),
	    (ssize_t)strlen(server));
	shutdown(fds[1], SHUT_WR);
	r = starttls_begin(fds[0], protocol, err);
	n = recv(fds[1], ret_said, size - 1, MSG_DONTWAIT);
	ret_said[n > 0 ? n : 0] = '\0';
	if (r == 0) {
		char next = 0;

		/* TLS begins with the byte that follows. */
		assert_int_equal(read(fds[0], &next, 1), 1);
		assert_int_equal(next, '!');
	}
	close(fds[0]);
	close(fds[1]);
	return r;
}

static void
test_good(void **state)
{
	static const struct {
		enum service_protocol protocol;
		const char *server, *said;
	} rows[] = {
		{ SERVICE_TLS, "!", "" },
		{ SERVICE_SMTP, "220-mail\r\n220 hello\r\n250-mail\r\n"
		    "250-SIZE 10\r\n250 STARTTLS\r\n220 2.0.0 go\r\n!",
		    "EHLO localhost\r\nSTARTTLS\r\n" },
		{ SERVICE_IMAP, "* OK [CAPABILITY IMAP4rev1] hi\r\n"
		    "* CAPABILITY x\r\na OK go\r\n!", "a STARTTLS\r\n" },
		{ SERVICE_POP3, "+OK\r\n+OK\r\n!", "STLS\r\n" },
		{ SERVICE_FTP, "220-\r\n  words of welcome\r\n220 \r\n"
		    "234 go\r\n!", "AUTH TLS\r\n" },
		{ SERVICE_SIEVE, "\"SIEVE\" \"fileinto\"\r\n\"STARTTLS\"\r\n"
		    "OK \"hello\"\r\nOK \"go\"\r\n!", "STARTTLS\r\n" },
	};
	struct err err = ERR_INIT;
	char said[200];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(talk(rows[i].protocol, rows[i].server, said,
		    sizeof(said), &err), 0);
		assert_string_equal(said, rows[i].said);
	}
}

static void
test_bad(void **state)
{
	static const struct {
		enum service_protocol protocol;
		const char *server, *words;
	} rows[] = {
		{ SERVICE_SMTP, "", "hung up" },
		{ SERVICE_SMTP, "554 go away\r\n", "greets with \"554 go" },
		{ SERVICE_SMTP, "220 a\r\n250 b\r\n502 what?\r\n",
		    "answers STARTTLS with \"502 what?\"" },
		{ SERVICE_IMAP, "* BYE\r\n", "greets with \"* BYE\"" },
		{ SERVICE_IMAP, "* OK\r\n* x\r\na BAD no\r\n",
		    "answers a STARTTLS with \"a BAD no\"" },
		{ SERVICE_POP3, "+OK\r\n-ERR no\r\n", "answers STLS with" },
		{ SERVICE_FTP, "220 x\r\n530 log in\r\n", "\"530 log in\"" },
		{ SERVICE_SIEVE, "OK\r\nNO\r\n", "\"NO\"" },
	};
	struct err err;
	char said[200];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err = (struct err)ERR_INIT;
		assert_true(talk(rows[i].protocol, rows[i].server, said,
		    sizeof(said), &err) < 0);
		assert_non_null(strstr(err.text, rows[i].words));
	}
}

/* No line and no answer is without end. */
static void
test_bounds(void **state)
{
	char text[STARTTLS_LINE_MAX * 2], said[200];
	struct err err = ERR_INIT;
	size_t len = 0;

	(void)state;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_true(talk(SERVICE_POP3, text, said, sizeof(said), &err) < 0);
	assert_non_null(strstr(err.text, "no end"));
	for (int i = 0; i <= STARTTLS_LINES_MAX; i++, len += 6)
		memcpy(text + len, "220-a\n", 7);
	err = (struct err)ERR_INIT;
	assert_true(talk(SERVICE_SMTP, text, said, sizeof(said), &err) < 0);
	assert_non_null(strstr(err.text, "220-a"));
}

static void
test_places(void **state)
{
	static const struct {
		const char *text;
		enum service_protocol protocol;
		const char *host;
		unsigned port;
	} rows[] = {
		{ "mail.example:993", SERVICE_TLS, "mail.example", 993 },
		{ "mail.example:25", SERVICE_SMTP, "mail.example", 25 },
		{ "tls:mail.example:25", SERVICE_TLS, "mail.example", 25 },
		{ "smtp:25", SERVICE_SMTP, "smtp", 25 },
		{ "imap:[::1]:1143", SERVICE_IMAP, "::1", 1143 },
		{ "[::1]:443", SERVICE_TLS, "::1", 443 },
		{ "::1:443", SERVICE_TLS, "::1", 443 },
	};
	struct service service;
	struct err err = ERR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(service_parse(rows[i].text, &service, &err),
		    0);
		assert_int_equal(service.protocol, rows[i].protocol);
		assert_string_equal(service.host, rows[i].host);
		assert_int_equal(service.port, rows[i].port);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
