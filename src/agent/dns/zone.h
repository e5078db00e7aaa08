/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_DNS_ZONE_H
#define SIGNET_AGENT_DNS_ZONE_H

/*
 * zone: finds out where a name really is: the end of its aliases (CNAME and
 * DNAME, RFC 8555 8.4), the zone that this is in, the zone's primary and the
 * addresses of all its name servers. The questions go to recursive resolvers.
 */

#include "agent/dns/exchange.h"

#define ZONE_RESOLVERS_MAX 3
#define ZONE_NS_MAX 16         /* name servers of a zone; more: the first */
#define ZONE_ADDRESSES_MAX 32  /* of them all */
#define ZONE_ALIASES_MAX 16    /* followed; more: error */

struct zone_world {
	struct loop *loop;
	const struct env *env;
	size_t num_resolvers;
	struct exchange_address resolvers[ZONE_RESOLVERS_MAX];
	uint16_t port;               /* where the zone's servers listen */
};

struct zone_address {
	size_t ns;                   /* whose: an index into names */
	struct exchange_address address;
};

struct zone {
	char name[DNS_NAME_SIZE];    /* at the end of the aliases */
	char zone[DNS_NAME_SIZE];
	size_t primary;              /* an index into names */
	size_t num_ns;
	size_t num_names;            /* the name servers, then perhaps the
	                                primary where it is none of them */
	char names[ZONE_NS_MAX + 1][DNS_NAME_SIZE];
	size_t num_addresses;
	struct zone_address addresses[ZONE_ADDRESSES_MAX];
};

struct zone_find;

/* done is called once, later, and zone lives while it runs; err says why there
 * is none. world is copied, name is checked by packet_name_check. */
struct zone_find *zone_find_start(const struct zone_world *world,
    const char *name, void (*done)(void *ctx, const struct zone *zone,
    const struct err *err), void *ctx);

/* done is not called. NULL is fine. */
void zone_find_cancel(struct zone_find *find);

#endif
