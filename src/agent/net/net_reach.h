/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_NET_NET_REACH_H
#define SIGNET_AGENT_NET_NET_REACH_H

/*
 * net_reach: how far from the public Internet a request may go that a stranger
 * chose. A certificate names its OCSP responder, so its CA would have us ask
 * whatever is beside this host: its own services, a cloud's metadata service,
 * the network behind the firewall. The CA may only lead us where it is itself:
 * a public CA to public addresses at port 80, where responders are; one of a
 * private network there, too; one on this host to this host, too. But where a
 * CA is, its own DNS says: so that is asked for CAs alone that the administrator
 * has said are his (ca_file), and all others are public.
 */

#include "base/err.h"
#include "base/span.h"

enum net_reach {
	NET_REACH_PUBLIC = 1,
	NET_REACH_PRIVATE, /* RFC 1918, RFC 4193, RFC 6598 */
	NET_REACH_LOCAL,   /* this host, this link, and what is never a host */
};

#define NET_REACH_PORT "80" /* the only one at public addresses */

/* Addresses are as net_names tells them: commas between them, IPv6 in
 * brackets. The farthest out of them, by which a CA is judged. */
enum net_reach net_reach_of(struct span addresses);

/* Whether all may be dialled at that port, of a host called name;
 * -ERR_UNAUTHORIZED. */
int net_reach_check(enum net_reach reach, const char *name,
    struct span addresses, const char *port, struct err *err);

#endif
