/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <sys/random.h>

#include "base/text.h"

#define JSON_QUOTED_MAX 161 /* bytes of the input in an error, with NUL */

/*
 * jansson seeds its hash tables at the first object, from /dev/urandom: a
 * sandboxed process may not open that, so the seed is made before main; by the
 * kernel, as libcrypto would take a millisecond to start.
 */
__attribute__((constructor)) static void
seed_hash_tables(void)
{
	uint32_t seed;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		abort();
	json_object_seed(seed | 1); /* 0 would mean /dev/urandom again */
}

/* The depth of arrays and objects, without regard to their kind: the parser
 * pairs them. */
static bool
too_deep(struct span in)
{
	size_t depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < in.len; i++) {
		uint8_t c = in.data[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > JSON_DEPTH_MAX)
				return true;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		}
	}
	return false;
}

static int
refuse(const char *what, const json_error_t *error, struct err *err)
{
	char text[JSON_QUOTED_MAX];

	text_printable(text, sizeof(text), span_str(error->text));
	if (json_error_code(error) == json_error_duplicate_key)
		return err_set(err, ERR_MALFORMED, "RFC 8259 4",
		    "%s has a member twice: %s", what, text);
	return err_set(err, ERR_MALFORMED, "RFC 8259 2",
	    "%s is not valid JSON: %s, at byte %d", what, text,
	    error->position);
}

int
json_parse_object(struct span in, const char *what, json_t **ret,
    struct err *err)
{
	json_error_t error;
	json_t *json;

	*ret = NULL;
	/* jansson forgets a NUL byte that stands behind a number or word. */
	if (in.len > 0 && memchr(in.data, 0, in.len) != NULL)
		return err_set(err, ERR_MALFORMED, "RFC 8259 2",
		    "%s is not valid JSON: it has a NUL byte", what);
	if (too_deep(in))
		return err_set(err, ERR_MALFORMED, "RFC 8259 9",
		    "%s nests arrays and objects more than %d deep", what,
		    JSON_DEPTH_MAX);
	json = json_loadb(in.len == 0 ? "" : (const char *)in.data, in.len,
	    JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (json == NULL)
		return refuse(what, &error, err);
	if (!json_is_object(json)) {
		json_decref(json);
		return err_set(err, ERR_MALFORMED, "RFC 8259 4",
		    "%s is not a JSON object", what);
	}
	*ret = json;
	return 0;
}

int
json_get_string(const json_t *obj, const char *name, struct span *ret,
    struct err *err)
{
	const json_t *member = json_object_get(obj, name);

	*ret = SPAN_NONE;
	if (member == NULL)
		return 0;
	if (!json_is_string(member))
		return err_set(err, ERR_MALFORMED, "RFC 8259 3",
		    "member \"%s\" is not a string", name);
	*ret = span_of(json_string_value(member), json_string_length(member));
	return 0;
}

int
json_need_string(const json_t *obj, const char *name, struct span *ret,
    struct err *err)
{
	int r = json_get_string(obj, name, ret, err);

	if (r == 0 && ret->data == NULL)
		return err_set(err, ERR_MALFORMED, "RFC 8259 4",
		    "member \"%s\" is missing", name);
	return r;
}

/* The length of the UTF-8 character (RFC 3629 section 4) that in begins with,
 * or 0 if it begins with none. */
static size_t
utf8_length(struct span in)
{
	uint8_t c = in.data[0];
	uint8_t low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
	uint8_t high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
	size_t len = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 :
	    c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

	if (len > in.len)
		return 0;
	if (len > 1 && (in.data[1] < low || in.data[1] > high))
		return 0;
	for (size_t i = 2; i < len; i++) {
		if (in.data[i] < 0x80 || in.data[i] > 0xbf)
			return 0;
	}
	return len;
}

static void
put_escaped(struct bld *out, uint8_t c)
{
	switch (c) {
	case '"':
	case '\\':
		bld_u8(out, '\\');
		bld_u8(out, c);
		break;
	case '\n':
		bld_str(out, "\\n");
		break;
	case '\r':
		bld_str(out, "\\r");
		break;
	case '\t':
		bld_str(out, "\\t");
		break;
	default:
		bld_fmt(out, "\\u%04x", c);
	}
}

void
json_put_string(struct bld *out, struct span s)
{
	bld_u8(out, '"');
	while (s.len > 0) {
		size_t plain = 0, len = 1;

		while (plain < s.len && s.data[plain] >= 0x20 &&
		    s.data[plain] < 0x80 && s.data[plain] != '"' &&
		    s.data[plain] != '\\')
			plain++;
		bld_bytes(out, s.data, plain);
		s = span_from(s, plain);
		if (s.len == 0)
			break;
		if (s.data[0] < 0x80) {
			put_escaped(out, s.data[0]);
		} else {
			len = utf8_length(s);
			if (len == 0)
				bld_str(out, "\xef\xbf\xbd"); /* U+FFFD */
			else
				bld_bytes(out, s.data, len);
			len = len == 0 ? 1 : len;
		}
		s = span_from(s, len);
	}
	bld_u8(out, '"');
}
