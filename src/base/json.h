/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_JSON_H
#define SIGNET_BASE_JSON_H

/*
 * json: jansson with our limits on. Duplicate members, NUL characters,
 * trailing text and nesting deeper than JSON_DEPTH_MAX are refused before or
 * by the parser; the size limit is the caller's.
 */

#include <jansson.h>

#include "base/bld.h"
#include "base/err.h"

#define JSON_DEPTH_MAX 16 /* nested arrays and objects */

/* Parses one JSON object (never another top-level value). *ret is the
 * caller's to json_decref. what names the text in error sentences ("the
 * protected header"). -ERR_MALFORMED with line-free, client-safe text. */
int json_parse_object(struct span in, const char *what, json_t **ret,
    struct err *err);

/* The string member name as a span into obj; *ret is empty if absent.
 * -ERR_MALFORMED when it is there and no string. */
int json_get_string(const json_t *obj, const char *name, struct span *ret,
    struct err *err);

/* As json_get_string, but absence is -ERR_MALFORMED too. */
int json_need_string(const json_t *obj, const char *name, struct span *ret,
    struct err *err);

/* Appends s as a JSON string with its quotes: only '"', '\\' and control
 * characters are escaped; bytes that are not UTF-8 become U+FFFD. */
void json_put_string(struct bld *out, struct span s);

/* Scope-exit release: `cleanup_json json_t *obj = NULL;`. */
static inline void
json_release_at(json_t **at)
{
	json_decref(*at);
}
#define cleanup_json __attribute__((cleanup(json_release_at)))

#endif
