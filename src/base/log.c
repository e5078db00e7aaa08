/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_SIZE 2048 /* bytes; longer lines are cut */

static const char *log_role = "signetd";
static enum log_level log_least = LOG_INFO;
static unsigned long log_dropped; /* lines since the last that was written */

/* Lines that wait. A pipe takes so many bytes without mixing them with those
 * of others. */
static bool log_gathers;
static char gathered[PIPE_BUF];
static size_t gathered_len;
static unsigned gathered_lines;
_Static_assert(sizeof(gathered) >= LINE_MAX_SIZE, "a line fits");

/* Of log_often. */
static int64_t often_second;
static unsigned often_lines;
static unsigned long often_left_out;

static const char *const level_names[] = {
	[LOG_DEBUG] = "debug",
	[LOG_INFO] = "info",
	[LOG_NOTICE] = "notice",
	[LOG_WARNING] = "warning",
	[LOG_ERROR] = "error",
};

void
log_init(const char *role, enum log_level level)
{
	log_role = role;
	log_least = level;
}

void
log_set_level(enum log_level level)
{
	log_least = level;
}

bool
log_enabled(enum log_level level)
{
	return level >= log_least;
}

/* "2026-11-21T09:00:00.123Z info core order-new"; gives its length. */
static size_t
put_head(char *line, size_t size, enum log_level level, const char *event)
{
	struct timespec now;
	struct tm tm;
	int n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = snprintf(line, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ %s %s %s",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec, (int)(now.tv_nsec / 1000000),
	    level_names[level], log_role, event);
	return n < 0 ? 0 : (size_t)n < size ? (size_t)n : size - 1;
}

/* Control bytes end up here only by mistake of a caller; a line stays one. */
static void
keep_one_line(char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
			line[i] = '?';
	}
}

/* Whether the log takes a line now. Once it did not, it is not waited for
 * again until it does. */
static bool
takes_line(void)
{
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };
	int r;

	do {
		r = poll(&out, 1, log_dropped > 0 ? 0 : LOG_WAIT_MS);
	} while (r < 0 && errno == EINTR);
	return r != 0;
}

/* One write, so that lines of several processes do not mix. Nothing can be
 * done about a log that fails. */
static void
write_lines(const char *lines, size_t len)
{
	ssize_t n;

	do {
		n = write(STDERR_FILENO, lines, len);
	} while (n > 0 && (lines += n, (len -= (size_t)n) > 0));
}

void
log_flush(void)
{
	char notice[LINE_MAX_SIZE];
	size_t notice_len;
	bool takes;

	if (gathered_lines == 0)
		return;
	takes = takes_line();
	if (takes && log_dropped > 0) {
		notice_len = put_head(notice, sizeof(notice), LOG_WARNING,
		    "log-lines-dropped");
		notice_len += (size_t)snprintf(notice + notice_len,
		    sizeof(notice) - notice_len, " count=%lu\n", log_dropped);
		log_dropped = 0;
		write_lines(notice, notice_len);
		takes = takes_line();
	}
	if (takes)
		write_lines(gathered, gathered_len);
	else
		log_dropped += gathered_lines;
	gathered_len = gathered_lines = 0;
}

void
log_gather(bool gathers)
{
	log_gathers = gathers;
	log_flush();
}

static void
put_line(enum log_level level, char *line, size_t len)
{
	keep_one_line(line, len);
	line[len++] = '\n';
	if (gathered_len + len > sizeof(gathered))
		log_flush();
	memcpy(gathered + gathered_len, line, len);
	gathered_len += len;
	gathered_lines++;
	if (!log_gathers || level >= LOG_WARNING || log_enabled(LOG_DEBUG))
		log_flush();
}

static void
tell_left_out(void)
{
	char line[LINE_MAX_SIZE];
	size_t len = put_head(line, sizeof(line), LOG_NOTICE,
	    "log-lines-left-out");

	len += (size_t)snprintf(line + len, sizeof(line) - len,
	    " count=%lu per_second_max=%d", often_left_out, LOG_OFTEN_MAX);
	often_left_out = 0;
	put_line(LOG_NOTICE, line, len);
}

bool
log_often(enum log_level level, int64_t now_ms)
{
	if (!log_enabled(level))
		return false;
	if (now_ms / 1000 != often_second) {
		often_second = now_ms / 1000;
		often_lines = 0;
		if (often_left_out > 0)
			tell_left_out();
	}
	if (often_lines == LOG_OFTEN_MAX) {
		often_left_out++;
		return false;
	}
	often_lines++;
	return true;
}

void
log_event(enum log_level level, const char *event, const char *fmt, ...)
{
	char line[LINE_MAX_SIZE];
	const size_t max = sizeof(line) - 1; /* leaves room for the line end */
	size_t len;
	va_list ap;
	int n;

	if (!log_enabled(level))
		return;
	if (often_left_out > 0 && time(NULL) != often_second)
		tell_left_out();
	len = put_head(line, max, level, event);
	if (fmt != NULL && len + 2 < max) {
		line[len++] = ' ';
		va_start(ap, fmt);
		n = vsnprintf(line + len, max - len, fmt, ap);
		va_end(ap);
		if (n > 0)
			len += (size_t)n < max - len ? (size_t)n :
			    max - len - 1;
	}
	put_line(level, line, len);
}

void
log_err(enum log_level level, const char *event, const struct err *err)
{
	char text[LOG_QUOTE_SIZE], rule[LOG_QUOTE_SIZE];

	if (!log_enabled(level))
		return;
	log_quote(text, err->text, strlen(err->text));
	if (err->rule == NULL) {
		log_event(level, event, "kind=%s error=%s",
		    err_kind_name(err->kind), text);
		return;
	}
	log_quote(rule, err->rule, strlen(err->rule));
	log_event(level, event, "kind=%s rule=%s error=%s",
	    err_kind_name(err->kind), rule, text);
}

static bool
is_plain(unsigned char c)
{
	return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != '=';
}

const char *
log_quote(char out[LOG_QUOTE_SIZE], const char *in, size_t in_len)
{
	bool plain = in_len > 0 && in_len < LOG_QUOTE_SIZE;
	size_t at = 0;

	for (size_t i = 0; plain && i < in_len; i++)
		plain = is_plain((unsigned char)in[i]);
	if (plain) {
		memcpy(out, in, in_len);
		out[in_len] = '\0';
		return out;
	}
	out[at++] = '"';
	/* The longest escape, the final quote and NUL must still fit. */
	for (size_t i = 0; i < in_len && at + 6 < LOG_QUOTE_SIZE; i++) {
		unsigned char c = (unsigned char)in[i];

		if (c == '"' || c == '\\') {
			out[at++] = '\\';
			out[at++] = (char)c;
		} else if (c >= ' ' && c < 0x7f) {
			out[at++] = (char)c;
		} else {
			at += (size_t)snprintf(out + at, 5, "\\x%02x", c);
		}
	}
	out[at++] = '"';
	out[at] = '\0';
	return out;
}
