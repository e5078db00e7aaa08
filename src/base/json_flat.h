/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_JSON_FLAT_H
#define SIGNET_BASE_JSON_FLAT_H

/*
 * json_flat: a view of the JSON that nearly every ACME request is made of:
 * one object, all of whose members are strings of plain ASCII without
 * escapes. It allocates and copies nothing; the JSON parser costs more than
 * the rest of a request's handling without its signature.
 *
 * json_flat_scan either sees exactly the members that json_parse_object would
 * give, or says that the text is not of this form, which is no error: the
 * caller then takes the parser, and the parser's verdict. The fuzzer of
 * base/json holds one against the other.
 */

#include "base/span.h"

#define JSON_FLAT_MAX 12 /* members */

struct json_flat {
	size_t count;
	struct {
		struct span name;
		struct span value;
	} members[JSON_FLAT_MAX]; /* borrowed from what was scanned */
};

bool json_flat_scan(struct span in, struct json_flat *ret);

/* The member's value, or {NULL, 0} if it is absent. */
struct span json_flat_get(const struct json_flat *flat, const char *name);

#endif
