/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/starttls.h"

#include <ctype.h>
#include <poll.h>
#include <strings.h>
#include <sys/socket.h>

#include "agent/server/clock.h"
#include "base/text.h"

/* What is said, and how the last line of a good answer begins. */
struct step {
	const char *say; /* NULL: the server begins */
	const char *good;
	char more; /* lines that begin so are not the last; '-': "250-" */
};

static const struct step dialogues[SERVICE_COUNT][4] = {
	[SERVICE_SMTP] = {
		{ NULL, "220", '-' },
		{ "EHLO localhost\r\n", "250", '-' },
		{ "STARTTLS\r\n", "220", '-' },
	},
	[SERVICE_IMAP] = {
		{ NULL, "* OK", '\0' },
		{ "a STARTTLS\r\n", "a OK", '*' },
	},
	[SERVICE_POP3] = {
		{ NULL, "+OK", '\0' },
		{ "STLS\r\n", "+OK", '\0' },
	},
	[SERVICE_FTP] = {
		{ NULL, "220", '-' },
		{ "AUTH TLS\r\n", "234", '-' },
	},
	[SERVICE_SIEVE] = {
		{ NULL, "OK", '"' },
		{ "STARTTLS\r\n", "OK", '"' },
	},
};

static int
read_byte(int fd, int64_t end_ms, char *ret, struct err *err)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	int64_t left = end_ms - clock_ms();
	ssize_t n;

	if (left <= 0 || poll(&wait, 1, (int)left) != 1)
		return err_set(err, ERR_IO, NULL, "the server says nothing");
	n = recv(fd, ret, 1, 0);
	if (n == 1)
		return 0;
	return n == 0 ? err_set(err, ERR_IO, NULL, "the server hung up") :
	    err_errno(err, "the connection broke");
}

static int
read_line(int fd, int64_t end_ms, char out[STARTTLS_LINE_MAX],
    struct err *err)
{
	size_t len = 0;
	int r = 0;

	while (r == 0 && len < STARTTLS_LINE_MAX - 1) {
		r = read_byte(fd, end_ms, &out[len], err);
		if (r == 0 && out[len] == '\n')
			break;
		if (r == 0 && out[len] != '\r' && out[len] != '\0')
			len++;
	}
	out[len] = '\0';
	if (r == 0 && len == STARTTLS_LINE_MAX - 1)
		return err_set(err, ERR_INCORRECT_RESPONSE, NULL,
		    "the server's line has no end");
	return r;
}

static bool
is_last(const struct step *step, const char *line)
{
	if (step->more == '-')
		return isdigit((unsigned char)line[0]) &&
		    isdigit((unsigned char)line[1]) &&
		    isdigit((unsigned char)line[2]) && line[3] != '-';
	return step->more == '\0' || line[0] != step->more;
}

static int
take_step(int fd, const struct step *step, int64_t end_ms, struct err *err)
{
	char line[STARTTLS_LINE_MAX], shown[200];
	size_t len = step->say == NULL ? 0 : strlen(step->say);
	int r = 0, lines = 0;

	if (len > 0 && send(fd, step->say, len, MSG_NOSIGNAL) != (ssize_t)len)
		return err_errno(err, "the connection broke");
	do {
		r = read_line(fd, end_ms, line, err);
	} while (r == 0 && !is_last(step, line) &&
	    ++lines < STARTTLS_LINES_MAX);
	if (r < 0)
		return r;
	if (is_last(step, line) && strncasecmp(line, step->good,
	    strlen(step->good)) == 0)
		return 0;
	text_printable(shown, sizeof(shown), span_str(line));
	return err_set(err, ERR_INCORRECT_RESPONSE, NULL, "the server %s%.*s "
	    "with \"%s\"; does it have TLS there?", step->say == NULL ?
	    "greets" : "answers ", len == 0 ? 0 : (int)len - 2,
	    step->say == NULL ? "" : step->say, shown);
}

int
starttls_begin(int fd, enum service_protocol protocol, struct err *err)
{
	const struct step *step = dialogues[protocol];
	int64_t end_ms = clock_ms() + STARTTLS_WAIT_S * 1000;
	int r = 0;

	for (; r == 0 && step->good != NULL; step++)
		r = take_step(fd, step, end_ms, err);
	return r < 0 ? err_prefix(err, "%s", service_name(protocol)) : 0;
}
