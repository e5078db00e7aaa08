/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_fields.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

void
http_fields_init(struct http_fields *fields)
{
	*fields = (struct http_fields){ 0 };
	bld_init(&fields->location, HTTP_FIELDS_MAX);
}

void
http_fields_done(struct http_fields *fields)
{
	bld_free(&fields->location);
}

void
http_fields_reset(struct http_fields *fields)
{
	fields->len = 0;
	fields->over = fields->encoded = false;
	fields->date[0] = '\0';
	bld_reset(&fields->location);
}

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Not a content coding (RFC 9110 8.4.1), but sent as one. */
static bool
is_identity(struct span coding)
{
	return span_equal_nocase(coding, SPAN_LIT("identity"));
}

/* Whether the line is of that field; if so, *ret is its value, which optional
 * white space is not part of (RFC 9110 5.5). */
static bool
is_field(struct span line, struct span name, struct span *ret)
{
	if (line.len < name.len || strncasecmp((const char *)line.data,
	    (const char *)name.data, name.len) != 0)
		return false;
	line = span_from(line, name.len);
	while (line.len > 0 && is_space(line.data[line.len - 1]))
		line.len--;
	while (line.len > 0 && is_space(line.data[0]))
		line = span_from(line, 1);
	*ret = line;
	return true;
}

/* RFC 9110 10.2.2; a later Location replaces an earlier: BR 3.2.2.4.19 (1)
 * asks for "the final value". */
static void
take_field(struct http_fields *fields, struct span line)
{
	struct span value;

	if (is_field(line, SPAN_LIT("location:"), &value)) {
		bld_reset(&fields->location);
		bld_span(&fields->location, value);
	} else if (is_field(line, SPAN_LIT("date:"), &value)) {
		snprintf(fields->date, sizeof(fields->date), "%.*s",
		    SPAN_FMT(value));
	} else if (is_field(line, SPAN_LIT("content-encoding:"), &value)) {
		fields->encoded = fields->encoded || (value.len > 0 &&
		    !is_identity(value));
	}
}

bool
http_fields_line(struct http_fields *fields, struct span line)
{
	fields->len += line.len;
	if (fields->len > HTTP_FIELDS_MAX) {
		fields->over = true;
		return false;
	}
	/* Each answer's head starts anew: 1xx before the final one. */
	if (span_starts_with(line, SPAN_LIT("HTTP/"))) {
		bld_reset(&fields->location);
		fields->encoded = false;
	}
	take_field(fields, line);
	return true;
}
