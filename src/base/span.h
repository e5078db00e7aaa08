/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_SPAN_H
#define SIGNET_BASE_SPAN_H

/*
 * span: a borrowed view of bytes. It owns nothing; whoever gives one says how
 * long it lives. Text in a span has no final NUL and no encoding but what its
 * giver promises. {NULL, 0} is the empty span.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct span {
	const uint8_t *data;
	size_t len;
};

/* A string literal, without its final NUL. */
#define SPAN_LIT(s) ((struct span){ (const uint8_t *)(s), sizeof(s) - 1 })
#define SPAN_NONE ((struct span){ NULL, 0 })

/* For printf's "%.*s": SPAN_FMT(s) gives both arguments. The text may hold
 * control characters; log and error functions escape them. */
#define SPAN_FMT(s) (int)((s).len), (const char *)((s).data)

static inline struct span
span_of(const void *data, size_t len)
{
	return (struct span){ (const uint8_t *)data, len };
}

/* A C string's bytes, without the NUL; NULL gives the empty span. */
static inline struct span
span_str(const char *s)
{
	return s == NULL ? SPAN_NONE : span_of(s, strlen(s));
}

/* Not constant-time: never for secrets (mem_equal_secret, base/mem.h). */
static inline bool
span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static inline bool
span_equal_str(struct span a, const char *s)
{
	return span_equal(a, span_str(s));
}

/* The same but for the case of ASCII letters. */
static inline bool
span_equal_nocase(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || strncasecmp(
	    (const char *)a.data, (const char *)b.data, a.len) == 0);
}

/* Byte order, shorter first on a common prefix: <0, 0, >0. */
static inline int
span_compare(struct span a, struct span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int r = n == 0 ? 0 : memcmp(a.data, b.data, n);

	if (r != 0)
		return r;
	return a.len < b.len ? -1 : a.len > b.len;
}

static inline bool
span_starts_with(struct span a, struct span prefix)
{
	return a.len >= prefix.len &&
	    span_equal(span_of(a.data, prefix.len), prefix);
}

/* The bytes from offset on; offset must not pass the end. */
static inline struct span
span_from(struct span a, size_t offset)
{
	return span_of(a.data + offset, a.len - offset);
}

/* Without the blanks and tabs around it. */
static inline struct span
span_trim(struct span a)
{
	while (a.len > 0 && (a.data[0] == ' ' || a.data[0] == '\t'))
		a = span_from(a, 1);
	while (a.len > 0 && (a.data[a.len - 1] == ' ' ||
	    a.data[a.len - 1] == '\t'))
		a.len--;
	return a;
}

/* Takes the first line or word off *rest: what stands before the first end, or
 * all of it, is returned, and end itself is dropped. */
static inline struct span
span_cut(struct span *rest, char end)
{
	struct span all = *rest;
	const uint8_t *at = all.len == 0 ? NULL :
	    memchr(all.data, end, all.len);

	if (at == NULL) {
		*rest = SPAN_NONE;
		return all;
	}
	all.len = (size_t)(at - all.data);
	*rest = span_from(*rest, all.len + 1);
	return all;
}

/* As span_cut, of words with one blank or more before each. */
static inline struct span
span_word(struct span *rest)
{
	while (rest->len > 0 && rest->data[0] == ' ')
		*rest = span_from(*rest, 1);
	return span_cut(rest, ' ');
}

#endif
