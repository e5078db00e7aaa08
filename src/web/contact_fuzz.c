/* SPDX-License-Identifier: Apache-2.0 */
/* Contacts of a payload: what is accepted is within its limits and can stand
 * in a JSON text or a mail header as it is. */
#include <stdlib.h>
#include <strings.h>

#include "base/json.h"
#include "web/contact.h"

static void
check(struct span contact)
{
	if (contact.len > ACME_CONTACT_MAX || contact.len < 10 ||
	    strncasecmp((const char *)contact.data, "mailto:", 7) != 0)
		abort();
	for (size_t i = 0; i < contact.len; i++) {
		if (contact.data[i] <= ' ' || contact.data[i] >= 0x7f ||
		    contact.data[i] == '"' || contact.data[i] == '\\' ||
		    contact.data[i] == '#')
			abort();
		/* No line break or NUL, even decoded. */
		if (contact.data[i] == '%' && (i + 2 >= contact.len ||
		    contact.data[i + 1] < '2'))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span contacts[ACME_CONTACTS_MAX];
	cleanup_json json_t *payload = NULL;
	struct err err = ERR_INIT;
	size_t count;
	bool there;

	if (json_parse_object(span_of(data, size), "it", &payload, &err) < 0 ||
	    contact_parse(payload, &there, &count, contacts, &err) < 0)
		return 0;
	if (count > ACME_CONTACTS_MAX || (count > 0 && !there))
		abort();
	for (size_t i = 0; i < count; i++)
		check(contacts[i]);
	return 0;
}
