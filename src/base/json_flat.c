/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json_flat.h"

static void
skip_space(struct span *in)
{
	while (in->len > 0 && (in->data[0] == ' ' || in->data[0] == '\n' ||
	    in->data[0] == '\r' || in->data[0] == '\t'))
		*in = span_from(*in, 1);
}

/* White space, c, white space: RFC 8259 section 2. */
static bool
take(struct span *in, char c)
{
	skip_space(in);
	if (in->len == 0 || in->data[0] != (uint8_t)c)
		return false;
	*in = span_from(*in, 1);
	skip_space(in);
	return true;
}

/* 1 for printable ASCII but the quotation mark and the backslash. */
#define EIGHT 1, 1, 1, 1, 1, 1, 1, 1
static const uint8_t plain[256] = {
	[' '] = 1, ['!'] = 1,
	['#'] = EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, ['['] = 1,
	[']'] = EIGHT, EIGHT, EIGHT, EIGHT, ['}'] = 1, ['~'] = 1,
};

static bool
take_string(struct span *in, struct span *ret)
{
	const uint8_t *begin, *end, *at;

	if (in->len == 0 || in->data[0] != '"')
		return false;
	at = begin = in->data + 1;
	end = in->data + in->len;
	while (at < end && plain[*at])
		at++;
	if (at == end || *at != '"')
		return false;
	*ret = span_of(begin, (size_t)(at - begin));
	*in = span_of(at + 1, (size_t)(end - at - 1));
	return true;
}

static bool
take_member(struct span *in, struct json_flat *flat)
{
	struct span name, value;

	if (flat->count == JSON_FLAT_MAX || !take_string(in, &name) ||
	    !take(in, ':') || !take_string(in, &value))
		return false;
	for (size_t i = 0; i < flat->count; i++) {
		if (span_equal(flat->members[i].name, name))
			return false;
	}
	flat->members[flat->count].name = name;
	flat->members[flat->count++].value = value;
	return true;
}

bool
json_flat_scan(struct span in, struct json_flat *ret)
{
	ret->count = 0;
	if (!take(&in, '{'))
		return false;
	if (take(&in, '}'))
		return in.len == 0;
	do {
		if (!take_member(&in, ret))
			return false;
	} while (take(&in, ','));
	return take(&in, '}') && in.len == 0;
}

struct span
json_flat_get(const struct json_flat *flat, const char *name)
{
	for (size_t i = 0; i < flat->count; i++) {
		if (span_equal_str(flat->members[i].name, name))
			return flat->members[i].value;
	}
	return SPAN_NONE;
}
