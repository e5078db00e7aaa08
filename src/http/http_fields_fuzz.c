/* SPDX-License-Identifier: Apache-2.0 */
/* An answer's header, line by line as libcurl hands it over. What is kept of
 * it stays within its limits, has no white space about it, is the same when
 * the header is read again, and means the same when it is sent alone. */
#include "http/http_fields.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
read_lines(struct http_fields *fields, struct span in)
{
	while (in.len > 0) {
		const uint8_t *end = memchr(in.data, '\n', in.len);
		size_t len = end == NULL ? in.len :
		    (size_t)(end - in.data) + 1;

		if (!http_fields_line(fields, span_of(in.data, len)))
			return;
		in = span_from(in, len);
	}
}

static bool
is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool
is_trimmed(struct span text)
{
	return text.len == 0 || (!is_space(text.data[0]) &&
	    !is_space(text.data[text.len - 1]));
}

/* All spaces of a value are part of it but those about it. */
static void
send_alone(const struct http_fields *from)
{
	struct http_fields fields;
	struct bld line;

	http_fields_init(&fields);
	bld_init(&line, 2 * HTTP_FIELDS_MAX);
	bld_str(&line, "LOCATION: \t");
	bld_span(&line, bld_view(&from->location));
	bld_str(&line, " \r\n");
	if (http_fields_line(&fields, bld_view(&line)))
		must(span_equal(bld_view(&fields.location),
		    bld_view(&from->location)));
	bld_free(&line);
	http_fields_done(&fields);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_fields first, again;

	http_fields_init(&first);
	http_fields_init(&again);
	read_lines(&first, span_of(data, size));
	must(first.over == (first.len > HTTP_FIELDS_MAX));
	must(bld_end(&first.location) == 0);
	must(is_trimmed(bld_view(&first.location)));
	must(memchr(first.date, '\0', sizeof(first.date)) != NULL);
	must(!is_space((uint8_t)first.date[0]));
	send_alone(&first);

	read_lines(&again, SPAN_LIT("HTTP/1.1 302 Found\r\n"
	    "Location: http://left.example/\r\nDate: then\r\n"
	    "Content-Encoding: gzip\r\n"));
	http_fields_reset(&again);
	read_lines(&again, span_of(data, size));
	must(again.len == first.len && again.over == first.over);
	must(again.encoded == first.encoded);
	must(strcmp(again.date, first.date) == 0);
	must(span_equal(bld_view(&again.location), bld_view(&first.location)));
	http_fields_done(&first);
	http_fields_done(&again);
	return 0;
}
