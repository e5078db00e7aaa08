/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_HTTP_URL_H
#define SIGNET_HTTP_URL_H

/*
 * url: the http and https URLs that a validator may follow: absolute, or a
 * redirect's Location relative to the URL that gave it (RFC 9110 10.2.2).
 *
 * Refused: other schemes, user names and passwords, port 0, hosts that are
 * neither a DNS name nor an address literal, control characters, anything
 * over URL_MAX. Which ports and addresses may be dialled is the caller's
 * policy. Parsed by libcurl, whose client will see the same text, so that
 * both agree on what the host is.
 */

#include "base/err.h"
#include "base/span.h"

#define URL_MAX 2048     /* bytes */
#define URL_HOST_MAX 253 /* bytes: RFC 1035 2.3.4 */

struct url {
	bool https;
	bool host_is_ip;
	uint16_t port;                /* the scheme's own if not given */
	char host[URL_HOST_MAX + 1];  /* lower case, no brackets, no dot at
	                                 the end */
	size_t text_len;
	char text[URL_MAX + 1];       /* absolute, without fragment */
};

/* base may be NULL: then text must be absolute. The sentences of errors do
 * not repeat the URL. -ERR_MALFORMED. */
int url_parse(const struct url *base, struct span text, struct url *ret,
    struct err *err);

/* The http URL of a path on a host, which is a DNS name or an address without
 * brackets; path is the caller's own: absolute, in the characters of RFC 3986
 * 3.3. As url_parse would give it, in a tenth of the time. -ERR_MALFORMED. */
int url_make(struct span host, uint16_t port, struct span path,
    struct url *ret, struct err *err);

#endif
