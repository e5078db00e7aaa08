/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CLIENT_TEXT_H
#define SIGNET_CLIENT_TEXT_H

/*
 * client_text: texts and headers of a CA. Pure functions.
 */

#include "client/client_types.h"

/* text for people, in arena: cut to CLIENT_TEXT_MAX bytes at the end of a
 * character; control characters and those that turn the direction of writing
 * become spaces; what is not UTF-8 becomes '?'. */
struct span client_text_clean(struct arena *arena, struct span text);

/* RFC 9110 10.2.3: seconds or an HTTP date, as milliseconds from now, at most
 * CLIENT_RETRY_AT_MAX_MS; a date that has passed is 0. -ERR_MALFORMED for
 * anything else. */
int client_text_retry_after(struct span value, int64_t now, int64_t *ret_ms);

/* RFC 9110 5.6.7, the form that is not obsolete; Unix milliseconds. */
int client_text_date(struct span value, int64_t *ret_at);

/* RFC 9110 10.2.2, RFC 8288 3: a reference that is absolute or begins with
 * one slash, as a URL in arena; empty if it is neither. */
struct span client_text_resolve(struct arena *arena, struct span base,
    struct span reference);

/* RFC 8288 3: the n-th target with relation rel among the Link headers of
 * response, which answered a request to base; empty if there is none. */
struct span client_text_link(struct arena *arena,
    const struct client_response *response, struct span base,
    const char *rel, size_t n);

#endif
