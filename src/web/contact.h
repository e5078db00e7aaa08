/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_WEB_CONTACT_H
#define SIGNET_WEB_CONTACT_H

/*
 * contact: the "contact" member of an account (RFC 8555 section 7.3): mailto:
 * URLs (RFC 6068) of one address each, without header fields.
 */

#include <jansson.h>

#include "acme/objects.h"

/* The member of payload, checked; the spans borrow from it. *ret_there is
 * false when there is none, or null. -ERR_UNSUPPORTED_CONTACT for another
 * scheme, -ERR_INVALID_CONTACT for a bad address. */
int contact_parse(const json_t *payload, bool *ret_there, size_t *ret_count,
    struct span ret[ACME_CONTACTS_MAX], struct err *err);

#endif
