/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/places.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "agent/server/apart.h"

#define LOCALHOST "localhost"

void
places_name(const char *name, char ret[PLACES_NAME_SIZE])
{
	bool wildcard = strncmp(name, "*.", 2) == 0;

	snprintf(ret, PLACES_NAME_SIZE, "%s%s", wildcard ? "signet" : "",
	    wildcard ? name + 1 : name);
}

/* localhost and the names below it. RFC 6761 6.3: browsers and CAs take them
 * as loopback; the C library asks the DNS for those below, which must not know
 * them. */
static bool
is_localhost(const char *host)
{
	size_t len = strlen(host), tail = strlen(LOCALHOST);

	return len >= tail && strcasecmp(host + len - tail, LOCALHOST) == 0 &&
	    (len == tail || host[len - tail - 1] == '.');
}

int
places_find(const struct service *service, struct look_at ret[PLACES_MAX],
    size_t *ret_count, struct err *err)
{
	bool local = is_localhost(service->host);
	/* What listens for this host alone often does so at 127.0.0.1 alone,
	 * where its list of names has ::1, too. */
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_family = local ? AF_INET : AF_UNSPEC };
	struct addrinfo *list = NULL;
	char address[sizeof(ret[0].host) - 2];
	char port[8];
	int r;

	*ret_count = 0;
	snprintf(port, sizeof(port), "%u", service->port);
	r = getaddrinfo(local ? LOCALHOST : service->host, port, &hints,
	    &list);
	if (r != 0)
		return err_set(err, ERR_IO, NULL, "this host finds no address "
		    "of %s: %s", service->host, gai_strerror(r));
	for (struct addrinfo *a = list; a != NULL && *ret_count < PLACES_MAX;
	    a = a->ai_next) {
		struct look_at *at = &ret[(*ret_count)++];

		getnameinfo(a->ai_addr, a->ai_addrlen, address,
		    sizeof(address), NULL, 0, NI_NUMERICHOST);
		*at = (struct look_at){ .port = service->port, .here = true,
		    .protocol = service->protocol };
		snprintf(at->host, sizeof(at->host), a->ai_family == AF_INET6 ?
		    "[%s]" : "%s", address);
	}
	freeaddrinfo(list);
	return apart_enter(err);
}
