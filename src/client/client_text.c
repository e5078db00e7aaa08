/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client_text.h"

#include <strings.h>

#include "base/text.h"
#include "client/client.h"

#define SECONDS_DIGITS_MAX 12 /* more is a limit's length of time anyhow */

/* The length of the UTF-8 character that text begins with; 0 if none. The
 * last byte alone is looked at only as far as telling lengths needs. */
static size_t
character(struct span text)
{
	uint8_t c = text.data[0];
	size_t len = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 :
	    c < 0xf5 ? 4 : 0;

	if (len == 0 || len > text.len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((text.data[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

/* Control characters of ASCII and of U+0080 to U+009F, and the marks of
 * U+200B to U+202E and U+2060 to U+2069. */
static bool
is_hidden(const uint8_t *c, size_t len)
{
	if (len == 1)
		return *c < 0x20 || *c == 0x7f;
	if (len == 2)
		return c[0] == 0xc2 && c[1] < 0xa0;
	if (len != 3 || c[0] != 0xe2)
		return false;
	return (c[1] == 0x80 && ((c[2] >= 0x8b && c[2] <= 0x8f) ||
	    (c[2] >= 0xa8 && c[2] <= 0xae))) ||
	    (c[1] == 0x81 && c[2] >= 0xa0 && c[2] <= 0xa9);
}

struct span
client_text_clean(struct arena *arena, struct span text)
{
	size_t max = text.len < CLIENT_TEXT_MAX ? text.len : CLIENT_TEXT_MAX;
	size_t out = 0;
	uint8_t *copy;

	if (text.len == 0)
		return SPAN_NONE;
	copy = arena_alloc(arena, max);
	while (text.len > 0) {
		size_t len = character(text), taken = len == 0 ? 1 : len;
		bool hidden = len > 0 && is_hidden(text.data, len);

		if (out + taken > max)
			break;
		if (len == 0 || hidden) {
			copy[out++] = len == 0 ? '?' : ' ';
		} else {
			memcpy(copy + out, text.data, len);
			out += len;
		}
		text = span_from(text, taken);
	}
	return span_of(copy, out);
}

static bool
all_digits(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < '0' || s.data[i] > '9')
			return false;
	}
	return s.len > 0;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", RFC 9110 5.6.7: the form that is sent; the
 * obsolete ones are not worth their code. */
int
client_text_date(struct span value, int64_t *ret_at)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const char *text = (const char *)value.data;
	char date[TEXT_TIME_SIZE];

	if (value.len != 29 || memcmp(text + 3, ", ", 2) != 0 ||
	    memcmp(text + 25, " GMT", 4) != 0 || text[7] != ' ' ||
	    text[11] != ' ' || text[16] != ' ')
		return -ERR_MALFORMED;
	for (int month = 0; month < 12; month++) {
		if (memcmp(text + 8, months + 3 * month, 3) != 0)
			continue;
		snprintf(date, sizeof(date), "%.4s-%02d-%.2sT%.8sZ", text + 12,
		    month + 1, text + 5, text + 17);
		return text_untime(span_str(date), ret_at);
	}
	return -ERR_MALFORMED;
}

int
client_text_retry_after(struct span value, int64_t now, int64_t *ret_ms)
{
	uint64_t seconds;
	int64_t at;

	*ret_ms = 0;
	value = span_trim(value);
	if (all_digits(value)) {
		while (value.len > 1 && value.data[0] == '0')
			value = span_from(value, 1);
		if (value.len > SECONDS_DIGITS_MAX ||
		    text_uint(value, CLIENT_RETRY_AT_MAX_MS / 1000,
		    &seconds) < 0)
			seconds = CLIENT_RETRY_AT_MAX_MS / 1000;
		*ret_ms = (int64_t)seconds * 1000;
		return 0;
	}
	if (client_text_date(value, &at) < 0)
		return -ERR_MALFORMED;
	if (at > now)
		*ret_ms = at - now < CLIENT_RETRY_AT_MAX_MS ? at - now :
		    CLIENT_RETRY_AT_MAX_MS;
	return 0;
}

/* "https://host:port" of a URL. */
static struct span
origin(struct span url)
{
	size_t slashes = 0, i = 0;

	for (; i < url.len; i++) {
		if (url.data[i] == '/' && ++slashes == 3)
			break;
	}
	return span_of(url.data, i);
}

struct span
client_text_resolve(struct arena *arena, struct span base,
    struct span reference)
{
	struct span start = origin(base);
	uint8_t *copy;

	if (reference.len > CLIENT_URL_MAX)
		return SPAN_NONE;
	if (span_starts_with(reference, SPAN_LIT("https://")) ||
	    span_starts_with(reference, SPAN_LIT("http://")))
		return arena_dup(arena, reference);
	if (reference.len == 0 || reference.data[0] != '/' ||
	    (reference.len > 1 && reference.data[1] == '/'))
		return SPAN_NONE;
	copy = arena_alloc(arena, start.len + reference.len);
	memcpy(copy, start.data, start.len);
	memcpy(copy + start.len, reference.data, reference.len);
	return span_of(copy, start.len + reference.len);
}

/* The bytes before the first c, which is taken away, too; all if there is
 * none. What stands in quotes is passed over. */
static struct span
take_until(struct span *rest, char c)
{
	struct span part = *rest;
	bool quoted = false;

	for (size_t i = 0; i < rest->len; i++) {
		if (rest->data[i] == '"')
			quoted = !quoted;
		if (quoted || rest->data[i] != (uint8_t)c)
			continue;
		part.len = i;
		*rest = span_from(*rest, i + 1);
		return part;
	}
	*rest = SPAN_NONE;
	return part;
}

/* Whether rel is among the relations of rel=... or rel="... ...". */
static bool
has_relation(struct span parameters, const char *rel)
{
	while (parameters.len > 0) {
		struct span value = span_trim(take_until(&parameters, ';'));
		struct span name = span_trim(take_until(&value, '='));

		if (name.len != 3 || strncasecmp((const char *)name.data,
		    "rel", 3) != 0)
			continue;
		value = span_trim(value);
		if (value.len >= 2 && value.data[0] == '"' &&
		    value.data[value.len - 1] == '"')
			value = span_of(value.data + 1, value.len - 2);
		while (value.len > 0) {
			if (span_equal_str(take_until(&value, ' '), rel))
				return true;
		}
	}
	return false;
}

/* Takes "<target>; parameters" and the comma behind it; false at the end or
 * when it is no link. */
static bool
take_link(struct span *rest, struct span *ret_target,
    struct span *ret_parameters)
{
	struct span link = span_trim(*rest);

	if (link.len < 2 || link.data[0] != '<')
		return false;
	link = span_from(link, 1);
	*ret_target = take_until(&link, '>');
	*ret_parameters = take_until(&link, ',');
	*rest = link;
	return true;
}

struct span
client_text_link(struct arena *arena, const struct client_response *response,
    struct span base, const char *rel, size_t n)
{
	for (size_t i = 0; i < response->num_links; i++) {
		struct span rest = response->links[i], target, parameters;

		while (take_link(&rest, &target, &parameters)) {
			if (has_relation(parameters, rel) && n-- == 0)
				return client_text_resolve(arena, base,
				    target);
		}
	}
	return SPAN_NONE;
}
