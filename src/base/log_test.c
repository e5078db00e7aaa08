/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *in;
	size_t len;
	const char *out;
} quotes[] = {
	{ "plain", 5, "plain" },
	{ "", 0, "\"\"" },
	{ "two words", 9, "\"two words\"" },
	{ "a=b", 3, "\"a=b\"" },
	{ "say \"hi\"\\", 9, "\"say \\\"hi\\\"\\\\\"" },
	{ "line\nend", 8, "\"line\\x0aend\"" },
	{ "nul\0x", 5, "\"nul\\x00x\"" },
	{ "\xff\x1b[0m", 5, "\"\\xff\\x1b[0m\"" },
};

static void
quote_keeps_a_value_one_word(void **state)
{
	char out[LOG_QUOTE_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++)
		assert_string_equal(log_quote(out, quotes[i].in,
		    quotes[i].len), quotes[i].out);
}

static void
quote_cuts_what_is_too_long(void **state)
{
	char out[LOG_QUOTE_SIZE], in[4 * LOG_QUOTE_SIZE];

	(void)state;
	for (int c = 0; c < 256; c++) {
		memset(in, c, sizeof(in));
		log_quote(out, in, sizeof(in));
		assert_in_range(strlen(out), 1, LOG_QUOTE_SIZE - 1);
		assert_int_equal(out[strlen(out) - 1], '"');
	}
}

/* What fn writes to standard error. */
static void
capture(char *out, size_t size, void (*fn)(void))
{
	int saved = dup(STDERR_FILENO), fds[2];
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	fn();
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(fds[0], out, size - 1);
	out[n < 0 ? 0 : n] = '\0';
	close(fds[0]);
}

static void
say_some(void)
{
	struct err err = ERR_INIT;
	char long_text[5000];

	log_init("core", LOG_INFO);
	log_event(LOG_DEBUG, "unseen", NULL);
	log_event(LOG_INFO, "order-new", "account=%d", 17);
	err_set(&err, ERR_BAD_CSR, "RFC 8555 7.4", "no \"name\"");
	log_err(LOG_ERROR, "refused", &err);
	log_event(LOG_NOTICE, "torn", "text=a\nb");
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	log_event(LOG_WARNING, "long", "text=%s", long_text);
}

static void
an_event_is_one_line(void **state)
{
	char out[8192], *line, *rest = out;
	static const char *const tails[] = {
		"info core order-new account=17",
		("error core refused kind=badCSR rule=\"RFC 8555 7.4\" "
		    "error=\"no \\\"name\\\"\""),
		"notice core torn text=a?b",
	};

	(void)state;
	capture(out, sizeof(out), say_some);
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		line = strsep(&rest, "\n");
		assert_non_null(line);
		assert_int_equal(line[10], 'T');
		assert_int_equal(line[23], 'Z');
		assert_string_equal(line + 25, tails[i]);
	}
	line = strsep(&rest, "\n");
	assert_in_range(strlen(line), 1024, 2048);
	assert_string_equal(rest, "");
}

/* Nobody reads: nothing waits for ever, and it is said afterwards. */
static void
a_stuck_reader_stops_nobody(void **state)
{
	int saved = dup(STDERR_FILENO), fds[2];
	char byte[4096], out[65536], *said;
	ssize_t n;

	(void)state;
	log_init("core", LOG_INFO);
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	memset(byte, '.', sizeof(byte));
	while (write(fds[1], byte, sizeof(byte)) > 0)
		;
	assert_int_equal(fcntl(fds[1], F_SETFL, 0), 0);
	dup2(fds[1], STDERR_FILENO);
	alarm(20);
	for (int i = 0; i < 1000; i++)
		log_event(LOG_INFO, "lost", "line=%d", i);
	while (read(fds[0], out, sizeof(out)) > 0)
		;
	log_event(LOG_INFO, "found", NULL);
	log_event(LOG_INFO, "again", NULL);
	alarm(0);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(fds[0], out, sizeof(out) - 1);
	assert_true(n > 0);
	out[n] = '\0';
	said = strstr(out, " warning core log-lines-dropped count=1000\n");
	assert_non_null(said);
	assert_non_null(strstr(said, " info core found\n"));
	assert_non_null(strstr(said, " info core again\n"));
	assert_null(strstr(out, "lost"));
	close(fds[0]);
	close(fds[1]);
}

/* Three seconds of strangers: a flood, one that comes alone, a flood. */
static void
say_often(void)
{
	log_init("web", LOG_INFO);
	assert_false(log_often(LOG_DEBUG, 0));
	for (int i = 0; i < LOG_OFTEN_MAX + 500; i++)
		if (log_often(LOG_INFO, 1000 + i))
			log_event(LOG_INFO, "refused", NULL);
	assert_true(log_often(LOG_INFO, 2000));
	log_event(LOG_INFO, "alone", NULL);
	for (int i = 0; i < LOG_OFTEN_MAX + 7; i++)
		(void)log_often(LOG_INFO, 3999);
	log_event(LOG_INFO, "another", NULL);
	log_event(LOG_INFO, "last", NULL);
}

static void
a_flood_is_bounded(void **state)
{
	char out[65536], *at = out;
	unsigned refused = 0;

	(void)state;
	capture(out, sizeof(out), say_often);
	while ((at = strstr(at, " info web refused\n")) != NULL) {
		refused++;
		at++;
	}
	assert_int_equal(refused, LOG_OFTEN_MAX);
	at = strstr(out, " notice web log-lines-left-out count=500 ");
	assert_non_null(at);
	at = strstr(at, " info web alone\n");
	assert_non_null(at);
	at = strstr(at, " notice web log-lines-left-out count=7 ");
	assert_non_null(at);
	at = strstr(at, " info web another\n");
	assert_non_null(at);
	assert_null(strstr(at, "left-out"));
}

/* What waits, what does not, and what ends it. */
static void
say_together(void)
{
	log_init("core", LOG_INFO);
	log_gather(true);
	log_event(LOG_INFO, "first", NULL);
	log_event(LOG_NOTICE, "second", NULL);
	(void)!write(STDERR_FILENO, "--\n", 3);
	log_flush();
	log_flush();
	log_event(LOG_INFO, "third", NULL);
	log_event(LOG_WARNING, "fourth", NULL);
	(void)!write(STDERR_FILENO, "--\n", 3);
	log_set_level(LOG_DEBUG);
	log_event(LOG_INFO, "fifth", NULL);
	(void)!write(STDERR_FILENO, "--\n", 3);
	log_set_level(LOG_INFO);
	for (int i = 0; i < 200; i++)
		log_event(LOG_INFO, "many", "line=%d", i);
	log_gather(false);
	(void)!write(STDERR_FILENO, "--\n", 3);
	log_event(LOG_INFO, "sixth", NULL);
}

static void
lines_of_a_turn_go_together(void **state)
{
	static const char *const order[] = { "--\n", " core first\n",
		" core second\n", " core third\n", " core fourth\n", "--\n",
		" core fifth\n", "--\n", " many line=0\n", " many line=1\n",
		" many line=199\n", "--\n", " core sixth\n" };
	char out[65536], *at = out;

	(void)state;
	capture(out, sizeof(out), say_together);
	assert_ptr_equal(strstr(out, order[0]), out);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		at = strstr(at, order[i]);
		assert_non_null(at++);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quote_keeps_a_value_one_word),
		cmocka_unit_test(quote_cuts_what_is_too_long),
		cmocka_unit_test(an_event_is_one_line),
		cmocka_unit_test(a_stuck_reader_stops_nobody),
		cmocka_unit_test(a_flood_is_bounded),
		cmocka_unit_test(lines_of_a_turn_go_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
