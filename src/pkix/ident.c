/* SPDX-License-Identifier: Apache-2.0 */
#include "pkix/ident.h"

#include <arpa/inet.h>

#include "base/text.h"

#define IP_TEXT_MAX 45 /* bytes: INET6_ADDRSTRLEN without the NUL */

const char *
ident_type_name(enum ident_type type)
{
	switch (type) {
	case IDENT_DNS:
		return "dns";
	case IDENT_IP:
		return "ip";
	}
	return "unknown";
}

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_ldh(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-';
}

/* A name's text as it may stand in a sentence that a client reads. */
static struct span
shown(struct span value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.data[i] < ' ' || value.data[i] >= 0x7f)
			return SPAN_LIT("(unprintable)");
	if (value.len > IDENT_DNS_MAX)
		return SPAN_LIT("(too long)");
	return value;
}

static int
refuse_character(uint8_t c, struct span name, struct err *err)
{
	if (c > ' ' && c < 0x7f)
		return err_set(err, ERR_MALFORMED, "RFC 5890 2.3.1",
		    "DNS name \"%.*s\" has the character %c; letters, digits "
		    "and hyphens are allowed, with dots between",
		    SPAN_FMT(name), c);
	return err_set(err, ERR_MALFORMED, "RFC 5890 2.3.1", "DNS name "
	    "\"%.*s\" has a character other than letters, digits and "
	    "hyphens; write international names as A-labels (xn--...)",
	    SPAN_FMT(name));
}

/* One label of a name that was lower-cased before. */
static int
check_label(struct span label, struct span name, struct err *err)
{
	name = shown(name);
	if (label.len == 0)
		return err_set(err, ERR_MALFORMED, "RFC 1035 2.3.1",
		    "DNS name \"%.*s\" has an empty label; leave out "
		    "doubled, leading and final dots", SPAN_FMT(name));
	if (label.len > IDENT_LABEL_MAX)
		return err_set(err, ERR_MALFORMED, "RFC 1035 2.3.4",
		    "DNS name \"%.*s\" has a label of %zu bytes; at most "
		    "%d are allowed", SPAN_FMT(name), label.len,
		    IDENT_LABEL_MAX);
	for (size_t i = 0; i < label.len; i++)
		if (!is_ldh(label.data[i]))
			return refuse_character(label.data[i], name, err);
	if (label.data[0] == '-' || label.data[label.len - 1] == '-')
		return err_set(err, ERR_MALFORMED, "RFC 5890 2.3.1",
		    "DNS name \"%.*s\" has a label that begins or ends with "
		    "a hyphen", SPAN_FMT(name));
	if (label.len >= 4 && label.data[2] == '-' && label.data[3] == '-' &&
	    !span_starts_with(label, SPAN_LIT("xn--")))
		return err_set(err, ERR_REJECTED_IDENTIFIER, "BR 7.1.4.2.1",
		    "DNS name \"%.*s\" has a reserved label (\"--\" in third "
		    "place) that is no A-label", SPAN_FMT(name));
	return 0;
}

static bool
all_digits(struct span label)
{
	for (size_t i = 0; i < label.len; i++)
		if (!is_digit(label.data[i]))
			return false;
	return true;
}

static int
check_dns(struct span name, struct err *err)
{
	struct span rest = name, label;
	int r;

	if (name.len > IDENT_DNS_MAX)
		return err_set(err, ERR_MALFORMED, "RFC 1035 2.3.4",
		    "the DNS name has %zu bytes; at most %d are allowed",
		    name.len, IDENT_DNS_MAX);
	if (span_starts_with(rest, SPAN_LIT("*.")))
		rest = span_from(rest, 2);
	for (;;) {
		const uint8_t *dot = rest.len == 0 ? NULL :
		    memchr(rest.data, '.', rest.len);

		label = dot == NULL ? rest :
		    span_of(rest.data, (size_t)(dot - rest.data));
		if (span_equal_str(label, "*"))
			return err_set(err, ERR_MALFORMED, "RFC 8555 7.1.3",
			    "\"*\" in DNS name \"%.*s\" is not its whole "
			    "leftmost label", SPAN_FMT(shown(name)));
		if ((r = check_label(label, name, err)) < 0)
			return r;
		if (dot == NULL)
			break;
		rest = span_from(rest, label.len + 1);
	}
	if (all_digits(label))
		return err_set(err, ERR_MALFORMED, "RFC 3696 2",
		    "DNS name \"%.*s\" ends in a number: it is an IP address "
		    "(use type \"ip\") or no name at all", SPAN_FMT(name));
	return 0;
}

/* Writes the canonical text of an address to out; 0 if it is none. */
static size_t
canonical_ip(struct span value, char out[IP_TEXT_MAX + 1])
{
	char text[IP_TEXT_MAX + 1];
	uint8_t addr[16];
	int family;

	if (value.len == 0 || value.len > IP_TEXT_MAX ||
	    memchr(value.data, '\0', value.len) != NULL)
		return 0;
	memcpy(text, value.data, value.len);
	text[value.len] = '\0';
	family = strchr(text, ':') == NULL ? AF_INET : AF_INET6;
	if (inet_pton(family, text, addr) != 1 ||
	    inet_ntop(family, addr, out, IP_TEXT_MAX + 1) == NULL)
		return 0;
	return strlen(out);
}

static int
not_ip(struct span value, struct err *err)
{
	return err_set(err, ERR_MALFORMED, "RFC 8738 3",
	    "\"%.*s\" is no IP address in its canonical text form (dotted "
	    "decimal, or RFC 5952)", SPAN_FMT(shown(value)));
}

int
ident_check(const struct ident *ident, struct err *err)
{
	char text[IP_TEXT_MAX + 1];
	size_t len;

	switch (ident->type) {
	case IDENT_DNS:
		return check_dns(ident->value, err);
	case IDENT_IP:
		len = canonical_ip(ident->value, text);
		if (len == 0 || !span_equal(ident->value, span_of(text, len)))
			return not_ip(ident->value, err);
		return 0;
	}
	return err_set(err, ERR_UNSUPPORTED_IDENTIFIER, "RFC 8555 9.7.7",
	    "identifier type %d is unknown", (int)ident->type);
}

static int
parse_dns(struct span value, struct arena *arena, struct ident *ret,
    struct err *err)
{
	char *name;

	if (value.len > IDENT_DNS_MAX)
		return check_dns(value, err);
	name = arena_str(arena, value);
	for (size_t i = 0; i < value.len; i++)
		name[i] = text_lower(name[i]);
	*ret = (struct ident){ IDENT_DNS, span_of(name, value.len) };
	return check_dns(ret->value, err);
}

int
ident_parse(struct span type, struct span value, struct arena *arena,
    struct ident *ret, struct err *err)
{
	char text[IP_TEXT_MAX + 1];
	size_t len;

	if (span_equal_str(type, "dns"))
		return parse_dns(value, arena, ret, err);
	if (!span_equal_str(type, "ip"))
		return err_set(err, ERR_UNSUPPORTED_IDENTIFIER,
		    "RFC 8555 9.7.7", "identifier type \"%.*s\" is unknown; "
		    "use \"dns\"", SPAN_FMT(shown(type)));
	len = canonical_ip(value, text);
	if (len == 0)
		return not_ip(value, err);
	*ret = (struct ident){ IDENT_IP, arena_dup(arena, span_of(text, len)) };
	return 0;
}

bool
ident_is_wildcard(const struct ident *ident)
{
	return ident->type == IDENT_DNS &&
	    span_starts_with(ident->value, SPAN_LIT("*."));
}

int
ident_compare(const struct ident *a, const struct ident *b)
{
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	return span_compare(a->value, b->value);
}

static int
compare_items(const void *a, const void *b)
{
	return ident_compare(a, b);
}

void
ident_list_sort(struct ident_list *list)
{
	size_t kept = 0;

	qsort(list->items, list->count, sizeof(list->items[0]),
	    compare_items);
	for (size_t i = 0; i < list->count; i++)
		if (kept == 0 || ident_compare(&list->items[kept - 1],
		    &list->items[i]) != 0)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

bool
ident_list_equal(const struct ident_list *a, const struct ident_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (ident_compare(&a->items[i], &b->items[i]) != 0)
			return false;
	return true;
}
