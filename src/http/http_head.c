/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_head.h"

#include <strings.h>

#include "base/text.h"

#define LENGTH_MAX ((uint64_t)1 << 40) /* what a Content-Length may say */

/* What the fields of a head said so far. */
struct fields {
	struct http_head *head;
	unsigned hosts;
	unsigned lengths;
	unsigned codings;
	unsigned types;
	bool close;
	const char *why;
};

/* RFC 9110 5.6.2: tchar. */
static bool
is_tchar(uint8_t c)
{
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
		return true;
	if (c >= '0' && c <= '9')
		return true;
	return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool
is_host_char(uint8_t c)
{
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
		return true;
	if (c >= '0' && c <= '9')
		return true;
	return c != '\0' && strchr(".-_:[]", c) != NULL;
}

static bool
equal_nocase(struct span a, const char *b)
{
	return a.len == strlen(b) &&
	    strncasecmp((const char *)a.data, b, a.len) == 0;
}

/* Cuts in at the first c: the part before it is returned, in goes behind it.
 * Without c, *found is false and all of in is returned. */
static struct span
cut(struct span *in, uint8_t c, bool *found)
{
	const uint8_t *at = in->len == 0 ? NULL : memchr(in->data, c, in->len);
	struct span before = *in;

	*found = at != NULL;
	if (at != NULL)
		before.len = (size_t)(at - in->data);
	*in = span_from(*in, before.len + (at != NULL));
	return before;
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

static enum http_method
method_of(struct span name)
{
	if (span_equal_str(name, "POST"))
		return HTTP_POST;
	if (span_equal_str(name, "GET"))
		return HTTP_GET;
	if (span_equal_str(name, "HEAD"))
		return HTTP_HEAD;
	if (span_equal_str(name, "OPTIONS"))
		return HTTP_OPTIONS;
	return HTTP_OTHER;
}

static bool
is_host(struct span host)
{
	if (host.len == 0 || host.len > HTTP_HOST_MAX)
		return false;
	for (size_t i = 0; i < host.len; i++) {
		if (!is_host_char(host.data[i]))
			return false;
	}
	return true;
}

/* Visible ASCII without '#', of which no request target has any. */
static bool
is_target(struct span target)
{
	for (size_t i = 0; i < target.len; i++) {
		if (target.data[i] <= ' ' || target.data[i] >= 0x7f ||
		    target.data[i] == '#')
			return false;
	}
	return target.len > 0;
}

/* RFC 9112 3.2.2: the authority of absolute-form stands for Host. */
static bool
take_absolute(struct span *target, struct http_request *request)
{
	struct span rest;
	size_t len = 0;

	if (target->len < 8 || strncasecmp((const char *)target->data,
	    "https://", 8) != 0)
		return false;
	rest = span_from(*target, 8);
	while (len < rest.len && rest.data[len] != '/' && rest.data[len] != '?')
		len++;
	request->host = span_of(rest.data, len);
	*target = span_from(rest, len);
	return is_host(request->host);
}

/* RFC 9112 3.2. The other forms are those of OPTIONS * and CONNECT: they have
 * no path, so "*" is kept as one that names nothing. */
static bool
parse_target(struct span target, struct http_request *request)
{
	bool found;

	if (!is_target(target))
		return false;
	if (target.data[0] != '/' && !span_equal_str(target, "*") &&
	    !take_absolute(&target, request))
		return false;
	if (target.len == 0)
		target = SPAN_LIT("/");
	request->target = target;
	request->query = target;
	request->path = cut(&request->query, '?', &found);
	return request->path.len > 0;
}

/* RFC 9112 3: method SP request-target SP HTTP-version. */
static int
parse_request_line(struct span line, struct http_head *head, const char **why)
{
	struct span method, target;
	bool found;

	method = cut(&line, ' ', &found);
	for (size_t i = 0; i < method.len; i++)
		found = found && is_tchar(method.data[i]);
	if (!found || method.len == 0) {
		*why = "the request line has no valid method";
		return -400;
	}
	target = cut(&line, ' ', &found);
	if (!found || line.len != 8 ||
	    !span_starts_with(line, SPAN_LIT("HTTP/")) || line.data[6] != '.') {
		*why = "the request line has no valid HTTP version";
		return -400;
	}
	if (line.data[5] != '1' || (line.data[7] != '0' &&
	    line.data[7] != '1')) {
		*why = "only HTTP/1.1 and HTTP/1.0 are spoken here";
		return -505;
	}
	head->request.method = method_of(method);
	head->keep_alive = line.data[7] == '1';
	if (!parse_target(target, &head->request)) {
		*why = "the request target is neither a path nor a https: URL";
		return -400;
	}
	return 0;
}

static void
take_host(struct fields *fields, struct span value)
{
	/* The authority of an absolute-form target goes before. */
	if (fields->head->request.host.len == 0)
		fields->head->request.host = value;
	if (++fields->hosts > 1 || !is_host(value))
		fields->why = "Host is not one host name with perhaps a port";
}

static void
take_length(struct fields *fields, struct span value)
{
	uint64_t length;

	while (value.len > 1 && value.data[0] == '0')
		value = span_from(value, 1);
	if (++fields->lengths > 1 || text_uint(value, LENGTH_MAX, &length) < 0)
		fields->why = "Content-Length is not one decimal number";
	else
		fields->head->content_length = (size_t)length;
}

static void
take_connection(struct fields *fields, struct span value)
{
	bool more = true;

	while (more) {
		struct span option = trim(cut(&value, ',', &more));

		if (equal_nocase(option, "close"))
			fields->close = true;
	}
}

/* The fields that mean something here; all others are skipped. */
static void
take_field(struct fields *fields, struct span name, struct span value)
{
	switch (name.len) {
	case 4:
		if (equal_nocase(name, "host"))
			take_host(fields, value);
		break;
	case 6:
		if (equal_nocase(name, "expect"))
			fields->head->expect_continue =
			    equal_nocase(value, "100-continue");
		break;
	case 10:
		if (equal_nocase(name, "connection"))
			take_connection(fields, value);
		break;
	case 12:
		if (!equal_nocase(name, "content-type"))
			break;
		fields->head->request.content_type = value;
		if (++fields->types > 1)
			fields->why = "Content-Type is there twice";
		break;
	case 14:
		if (equal_nocase(name, "content-length"))
			take_length(fields, value);
		break;
	case 17:
		if (!equal_nocase(name, "transfer-encoding"))
			break;
		fields->head->chunked = true;
		/* RFC 9112 6.3: the length of anything else is unknown. */
		if (++fields->codings > 1 || !equal_nocase(value, "chunked"))
			fields->why = "Transfer-Encoding is not \"chunked\"";
		break;
	default:
		break;
	}
}

/* RFC 9112 5: field-name ":" OWS field-value OWS. */
static void
parse_field(struct fields *fields, struct span line)
{
	struct span name, value;
	bool found;

	name = cut(&line, ':', &found);
	for (size_t i = 0; i < name.len; i++)
		found = found && is_tchar(name.data[i]);
	if (!found || name.len == 0) {
		fields->why = "a header line has no valid field name";
		return;
	}
	value = trim(line);
	for (size_t i = 0; i < value.len; i++) {
		if ((value.data[i] < ' ' && value.data[i] != '\t') ||
		    value.data[i] == 0x7f) {
			fields->why = "a header field has a control character";
			return;
		}
	}
	take_field(fields, name, value);
}

/* What the fields say together. */
static void
check_fields(struct fields *fields)
{
	struct http_head *head = fields->head;

	if (fields->why != NULL)
		return;
	if (fields->codings > 0 && fields->lengths > 0)
		fields->why = "Content-Length and Transfer-Encoding are both "
		    "there";
	else if (fields->codings > 0 && !head->keep_alive)
		fields->why = "HTTP/1.0 has no Transfer-Encoding";
	else if (head->request.host.len == 0)
		fields->why = "Host is missing";
	if (fields->close)
		head->keep_alive = false;
}

/* The end of the head in in, or 0. RFC 9112 2.2 wants empty lines before a
 * request line ignored; no client in use sends them. */
static size_t
find_end(struct span in, struct http_head_scan *scan)
{
	size_t from = scan->seen < 3 ? 0 : scan->seen - 3;
	const uint8_t *end;

	scan->seen = in.len;
	if (in.len < 4)
		return 0;
	end = memmem(in.data + from, in.len - from, "\r\n\r\n", 4);
	return end == NULL ? 0 : (size_t)(end - in.data) + 4;
}

/* The next line without its CRLF. False where a CR or LF stands alone. */
static bool
next_line(struct span *rest, struct span *ret)
{
	bool found;

	*ret = cut(rest, '\r', &found);
	if (!found || rest->len == 0 || rest->data[0] != '\n' ||
	    (ret->len > 0 && memchr(ret->data, '\n', ret->len) != NULL))
		return false;
	*rest = span_from(*rest, 1);
	return true;
}

int
http_head_parse(struct span in, struct http_head_scan *scan,
    struct http_head *ret, const char **why)
{
	struct fields fields = { .head = ret };
	struct span rest, line;
	size_t size = find_end(in, scan);
	int r;

	*why = "the head of the request is over 16384 bytes";
	if (size > HTTP_HEAD_MAX || (size == 0 && in.len >= HTTP_HEAD_MAX))
		return -431;
	if (size == 0)
		return 0;
	*ret = (struct http_head){ .size = size };
	rest = span_of(in.data, size - 2);
	*why = "a line does not end in CR LF";
	if (!next_line(&rest, &line))
		return -400;
	r = parse_request_line(line, ret, why);
	for (unsigned n = 0; r == 0 && rest.len > 0; n++) {
		if (n == HTTP_HEAD_FIELDS) {
			*why = "there are more than 100 header fields";
			return -431;
		}
		if (!next_line(&rest, &line))
			return -400;
		parse_field(&fields, line);
	}
	if (r < 0)
		return r;
	check_fields(&fields);
	*why = fields.why;
	return fields.why == NULL ? 1 : -400;
}
