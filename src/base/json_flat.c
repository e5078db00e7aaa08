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

static bool
take_string(struct span *in, struct span *ret)
{
	size_t len = 0;

	if (in->len == 0 || in->data[0] != '"')
		return false;
	*in = span_from(*in, 1);
	while (len < in->len && in->data[len] != '"') {
		uint8_t c = in->data[len];

		if (c < 0x20 || c > 0x7e || c == '\\')
			return false;
		len++;
	}
	if (len == in->len)
		return false;
	*ret = span_of(in->data, len);
	*in = span_from(*in, len + 1);
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
