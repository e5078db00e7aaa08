/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/net_answer.h"

#include <ctype.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"

#define STATUS_LINE "HTTP/1.1 200"
#define SWITCHING 101
#define NO_CONTENT 204
#define NOT_MODIFIED 304

/* What says where an answer ends. */
struct frame {
	bool old;     /* HTTP/1.0 */
	bool close;
	bool chunked;
	bool has_length;
	uint64_t length;
};

/* The next line without its end; a bare LF ends one, too (RFC 9112 2.2). */
static bool
next_line(struct span *rest, struct span *ret)
{
	const uint8_t *end = rest->len == 0 ? NULL : memchr(rest->data, '\n',
	    rest->len);

	if (end == NULL)
		return false;
	*ret = span_of(rest->data, (size_t)(end - rest->data));
	*rest = span_from(*rest, ret->len + 1);
	if (ret->len > 0 && ret->data[ret->len - 1] == '\r')
		ret->len--;
	return true;
}

static struct span
trim(struct span s)
{
	while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = span_from(s, 1);
	while (s.len > 0 && (s.data[s.len - 1] == ' ' ||
	    s.data[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static bool
is(struct span s, const char *word)
{
	return s.len == strlen(word) && strncasecmp((const char *)s.data, word,
	    s.len) == 0;
}

/* Of a list with commas. */
static bool
lists(struct span s, const char *word)
{
	while (s.len > 0) {
		const uint8_t *comma = memchr(s.data, ',', s.len);
		size_t len = comma == NULL ? s.len : (size_t)(comma - s.data);

		if (is(trim(span_of(s.data, len)), word))
			return true;
		s = span_from(s, len < s.len ? len + 1 : len);
	}
	return false;
}

/* RFC 9112 4, of as much as has come: false as soon as it is another. */
static bool
is_status_line(struct span s)
{
	static const char form[] = STATUS_LINE;

	for (size_t i = 0; i < s.len && i < strlen(form); i++) {
		char c = (char)s.data[i];

		if (i == 7 ? c != '0' && c != '1' : i > 8 ? !isdigit(
		    s.data[i]) : c != form[i])
			return false;
	}
	return s.len <= strlen(form) || strchr(" \r\n", s.data[strlen(form)]);
}

static int
take_length(struct span value, struct frame *frame)
{
	uint64_t length;

	if (text_uint(value, INT64_MAX, &length) < 0 ||
	    (frame->has_length && frame->length != length))
		return -ERR_MALFORMED;
	frame->has_length = true;
	frame->length = length;
	return 0;
}

static int
take_coding(struct span value, struct frame *frame)
{
	if (frame->chunked || !is(value, "chunked"))
		return -ERR_MALFORMED;
	frame->chunked = true;
	return 0;
}

static void
take_value(struct span name, struct span value, struct client_response *ret)
{
	const struct {
		const char *name;
		struct span *ret;
	} rows[] = {
		{ "Replay-Nonce", &ret->nonce },
		{ "Location", &ret->location },
		{ "Retry-After", &ret->retry_after },
		{ "Date", &ret->date },
		{ "Content-Type", &ret->content_type },
	};

	if (value.len > CLIENT_HEADER_MAX)
		return;
	if (is(name, "Link") && value.len > 0 && ret->num_links <
	    CLIENT_LINKS_MAX)
		ret->links[ret->num_links++] = value;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (is(name, rows[i].name))
			*rows[i].ret = value;
	}
}

/* RFC 9112 5, RFC 9110 5.1 and 5.5, which lets other control characters pass:
 * what uses a value looks at it. */
static int
split_field(struct span line, struct span *ret_name, struct span *ret_value)
{
	size_t len = 0;

	while (len < line.len && (isalnum(line.data[len]) ||
	    (line.data[len] != '\0' && strchr("!#$%&'*+-.^_`|~",
	    line.data[len]) != NULL)))
		len++;
	if (len == 0 || len == line.len || line.data[len] != ':')
		return -ERR_MALFORMED;
	*ret_name = span_of(line.data, len);
	*ret_value = trim(span_from(line, len + 1));
	return ret_value->len > 0 && (memchr(ret_value->data, '\0',
	    ret_value->len) != NULL || memchr(ret_value->data, '\r',
	    ret_value->len) != NULL) ? -ERR_MALFORMED : 0;
}

static int
take_field(struct span line, struct frame *frame, struct client_response *ret)
{
	struct span name, value;

	if (split_field(line, &name, &value) < 0)
		return -ERR_MALFORMED;
	if (is(name, "Content-Length"))
		return take_length(value, frame);
	if (is(name, "Transfer-Encoding"))
		return take_coding(value, frame);
	if (is(name, "Connection"))
		frame->close = frame->close || lists(value, "close");
	else
		take_value(name, value, ret);
	return 0;
}

/* One head. 1 whole, 0 not, -ERR_MALFORMED. */
static int
read_head(struct span *rest, struct frame *frame, struct client_response *ret)
{
	struct span line, at = *rest;
	uint64_t status = 0;

	*frame = (struct frame){ 0 };
	*ret = (struct client_response){ .status = 0 };
	if (!is_status_line(at))
		return -ERR_MALFORMED;
	if (!next_line(&at, &line))
		return 0;
	if (line.len < strlen(STATUS_LINE) || text_uint(span_of(line.data + 9,
	    3), 999, &status) < 0 || status < 100)
		return -ERR_MALFORMED;
	ret->status = (int)status;
	frame->old = line.data[7] == '0';
	while (next_line(&at, &line)) {
		if (line.len == 0) {
			*rest = at;
			return 1;
		}
		if (take_field(line, frame, ret) < 0)
			return -ERR_MALFORMED;
	}
	return 0;
}

/* RFC 9112 7.1: the line before a chunk, whose extensions say nothing. */
static int
read_chunk_size(struct span *rest, uint64_t *ret)
{
	struct span line;
	size_t digits = 0;

	*ret = 0;
	if (!next_line(rest, &line))
		return rest->len > NET_ANSWER_CHUNK_MAX ? -ERR_MALFORMED : 0;
	while (digits < line.len && isxdigit(line.data[digits])) {
		uint8_t c = line.data[digits++];

		*ret = *ret * 16 + (isdigit(c) ? c - '0' : (c | 32) - 'a' + 10);
	}
	line = trim(span_from(line, digits));
	return digits == 0 || digits > 15 || (line.len > 0 && line.data[0] !=
	    ';') ? -ERR_MALFORMED : 1;
}

static int
read_trailers(struct span *rest)
{
	struct frame frame = { 0 };
	struct client_response ignored = { .status = 0 };
	size_t had = rest->len;
	struct span line;

	while (next_line(rest, &line)) {
		if (line.len == 0)
			return 1;
		if (take_field(line, &frame, &ignored) < 0)
			return -ERR_MALFORMED;
	}
	return had > NET_ANSWER_HEAD_MAX ? -ERR_TOO_LARGE : 0;
}

/* Into body, which has a limit. */
static int
read_chunks(struct span *rest, struct bld *body)
{
	struct span line;
	uint64_t size;
	int r;

	while ((r = read_chunk_size(rest, &size)) == 1 && size > 0) {
		if (size > body->max - body->len)
			return -ERR_TOO_LARGE;
		if (rest->len < size)
			return 0;
		bld_bytes(body, rest->data, size);
		*rest = span_from(*rest, size);
		if (rest->len < 2)
			return 0;
		if (!next_line(rest, &line) || line.len > 0)
			return -ERR_MALFORMED;
	}
	return r == 1 ? read_trailers(rest) : r;
}

static int
read_body(struct span *rest, bool ended, const struct frame *frame,
    size_t body_max, struct arena *arena, struct span *ret)
{
	struct bld body;
	int r;

	if (frame->chunked) {
		bld_init(&body, body_max);
		r = read_chunks(rest, &body);
		if (r == 1)
			*ret = arena_dup(arena, bld_view(&body));
		bld_free(&body);
		return r;
	}
	if (frame->has_length ? frame->length > body_max : rest->len > body_max)
		return -ERR_TOO_LARGE;
	if (frame->has_length ? rest->len < frame->length : !ended)
		return 0;
	*ret = span_of(rest->data, frame->has_length ? frame->length :
	    rest->len);
	*rest = span_from(*rest, ret->len);
	return 1;
}

/* The last one: 1xx come before (RFC 9110 15.2). */
static int
read_heads(struct span *rest, struct frame *frame, struct client_response *ret)
{
	size_t had = rest->len;
	int r;

	do
		r = read_head(rest, frame, ret);
	while (r == 1 && ret->status < 200 && ret->status != SWITCHING);
	if (r == 1 && ret->status == SWITCHING)
		r = -ERR_MALFORMED;
	if (r >= 0 && (r == 0 ? had : had - rest->len) > NET_ANSWER_HEAD_MAX)
		r = -ERR_TOO_LARGE;
	return r;
}

int
net_answer_parse(struct span bytes, bool ended, bool head, size_t body_max,
    struct arena *arena, struct net_answer *ret)
{
	struct client_response *response = &ret->response;
	struct span rest = bytes;
	struct frame frame;
	bool empty;
	int r;

	*ret = (struct net_answer){ .len = 0 };
	r = read_heads(&rest, &frame, response);
	if (r != 1)
		return r;
	empty = head || response->status == NO_CONTENT ||
	    response->status == NOT_MODIFIED;
	if (!empty)
		r = read_body(&rest, ended, &frame, body_max, arena,
		    &response->body);
	ret->len = bytes.len - rest.len;
	ret->keep = !frame.old && !frame.close && (empty ||
	    frame.chunked != frame.has_length);
	return r;
}
