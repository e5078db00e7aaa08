/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/places.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/server/apart.h"

void
places_name(const char *name, char ret[PLACES_NAME_SIZE])
{
	bool wildcard = strncmp(name, "*.", 2) == 0;

	snprintf(ret, PLACES_NAME_SIZE, "%s%s", wildcard ? "signet" : "",
	    wildcard ? name + 1 : name);
}

int
places_find(const struct service *service, struct probe_at ret[PLACES_MAX],
    size_t *ret_count, struct err *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	char address[sizeof(ret[0].host) - 2];
	char port[8];
	int r;

	*ret_count = 0;
	snprintf(port, sizeof(port), "%u", service->port);
	r = getaddrinfo(service->host, port, &hints, &list);
	if (r != 0)
		return err_set(err, ERR_IO, NULL, "%s: %s", service->host,
		    gai_strerror(r));
	for (struct addrinfo *a = list; a != NULL && *ret_count < PLACES_MAX;
	    a = a->ai_next) {
		struct probe_at *at = &ret[(*ret_count)++];

		getnameinfo(a->ai_addr, a->ai_addrlen, address,
		    sizeof(address), NULL, 0, NI_NUMERICHOST);
		*at = (struct probe_at){ .port = service->port, .here = true,
		    .protocol = service->protocol };
		snprintf(at->host, sizeof(at->host), a->ai_family == AF_INET6 ?
		    "[%s]" : "%s", address);
	}
	freeaddrinfo(list);
	return apart_enter(err);
}
