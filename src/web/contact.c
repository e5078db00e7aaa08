/* SPDX-License-Identifier: Apache-2.0 */
#include "web/contact.h"

#include <strings.h>

#include "base/text.h"

#define SCHEME "mailto:"
#define RULE "RFC 8555 7.3"
#define LOCAL_MAX 64 /* bytes: RFC 5321 4.5.3.1.1 */

static int
invalid(struct span url, const char *why, struct err *err)
{
	char shown[128];
	size_t n = url.len < sizeof(shown) - 1 ? url.len : sizeof(shown) - 1;

	/* Only printable ASCII gets this far. */
	memcpy(shown, url.data, n);
	shown[n] = '\0';
	return err_set(err, ERR_INVALID_CONTACT, RULE, "contact \"%s\" %s",
	    shown, why);
}

/* "%41": what it stands for can be part of an address as well as of a mail's
 * header (RFC 3986 2.1, RFC 5322 3.2.3), which no line break can. */
static bool
is_encoded(struct span at)
{
	uint8_t byte = 0;
	struct bld out = { .data = &byte, .cap = 1, .max = 1 };

	return at.len >= 3 && text_unhex(&out, span_of(at.data + 1, 2)) == 0 &&
	    byte > ' ' && byte != 0x7f;
}

/* Letters, digits, what RFC 5322 section 3.2.3 lets stand in an address but
 * for "#", where a URL's fragment begins, and the rest encoded. Clients do not
 * encode all that RFC 6068 section 2 wants encoded. */
static bool
is_local(struct span local)
{
	for (size_t i = 0; i < local.len; i++) {
		uint8_t c = local.data[i];

		if (c == '%' && !is_encoded(span_from(local, i)))
			return false;
		if (((c | 0x20) < 'a' || (c | 0x20) > 'z') &&
		    (c < '0' || c > '9') && (c == '\0' ||
		    strchr("!$%'*+-./=^_`{|}~&", c) == NULL))
			return false;
	}
	return local.len > 0 && local.len <= LOCAL_MAX;
}

/* A mail domain: letters, digits, hyphens, with dots between labels. */
static bool
is_domain(struct span domain)
{
	size_t label = 0;

	for (size_t i = 0; i < domain.len; i++) {
		uint8_t c = domain.data[i];

		if (c == '.' && label == 0)
			return false;
		if (c != '.' && c != '-' && (c < '0' || c > '9') &&
		    ((c | 0x20) < 'a' || (c | 0x20) > 'z'))
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label > IDENT_LABEL_MAX)
			return false;
	}
	return label > 0 && domain.len <= IDENT_DNS_MAX;
}

static int
check_address(struct span url, struct err *err)
{
	struct span address = span_from(url, sizeof(SCHEME) - 1);
	const uint8_t *at;
	size_t local;

	if (memchr(url.data, '?', url.len) != NULL)
		return invalid(url, "has header fields; give the address "
		    "alone", err);
	if (memchr(url.data, ',', url.len) != NULL)
		return invalid(url, "has several addresses; give each in an "
		    "URL of its own", err);
	at = address.len == 0 ? NULL : memchr(address.data, '@', address.len);
	local = at == NULL ? 0 : (size_t)(at - address.data);
	if (at == NULL || !is_local(span_of(address.data, local)) ||
	    !is_domain(span_from(address, local + 1)))
		return invalid(url, "is not a mail address", err);
	return 0;
}

static int
check_url(struct span url, struct err *err)
{
	size_t scheme = sizeof(SCHEME) - 1;

	if (url.len == 0 || url.len > ACME_CONTACT_MAX)
		return err_set(err, ERR_INVALID_CONTACT, RULE,
		    "a contact is empty or longer than %d bytes",
		    ACME_CONTACT_MAX);
	for (size_t i = 0; i < url.len; i++) {
		if (url.data[i] <= ' ' || url.data[i] >= 0x7f)
			return err_set(err, ERR_INVALID_CONTACT, RULE,
			    "a contact has characters that are not printable "
			    "ASCII");
	}
	if (url.len < scheme || strncasecmp((const char *)url.data, SCHEME,
	    scheme) != 0)
		return err_set(err, ERR_UNSUPPORTED_CONTACT, RULE,
		    "contacts must be " SCHEME " URLs");
	return check_address(url, err);
}

int
contact_parse(const json_t *payload, bool *ret_there, size_t *ret_count,
    struct span ret[ACME_CONTACTS_MAX], struct err *err)
{
	const json_t *list = json_object_get(payload, "contact");
	size_t count = json_array_size(list);

	*ret_count = 0;
	*ret_there = list != NULL && !json_is_null(list);
	if (!*ret_there)
		return 0;
	if (!json_is_array(list))
		return err_set(err, ERR_MALFORMED, RULE,
		    "\"contact\" is not an array");
	if (count > ACME_CONTACTS_MAX)
		return err_set(err, ERR_INVALID_CONTACT, RULE,
		    "there are more than %d contacts", ACME_CONTACTS_MAX);
	for (size_t i = 0; i < count; i++) {
		const json_t *url = json_array_get(list, i);
		int r;

		if (!json_is_string(url))
			return err_set(err, ERR_MALFORMED, RULE,
			    "a contact is not a string");
		ret[i] = span_of(json_string_value(url),
		    json_string_length(url));
		r = check_url(ret[i], err);
		if (r < 0)
			return r;
	}
	*ret_count = count;
	return 0;
}
