/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_NET_NET_NAMES_H
#define SIGNET_AGENT_NET_NET_NAMES_H

/*
 * net_names: addresses of hosts, asked for over the loop: the hosts file and
 * name servers are read before the sandbox, and the answers come over UDP from
 * the name servers of the system. No thread, no file, no code loaded later,
 * which is what the C library's way would take.
 */

#include "base/bld.h"
#include "base/err.h"
#include "base/loop.h"

#define NET_NAMES_ADDRESSES_MAX 16 /* of one host */

struct net_names;
struct net_names_query;

struct net_names *net_names_new(struct loop *loop);
void net_names_free(struct net_names *names);

/* Asks for host, a DNS name or an address (IPv6 without brackets). cb is
 * called once, never before this returns: with the addresses as text, commas
 * between them, IPv6 in brackets; or with an error: ERR_DNS if
 * there is no such host, ERR_CONNECTION if nobody can tell. */
struct net_names_query *net_names_start(struct net_names *names,
    const char *host, void (*cb)(void *arg, struct span addresses,
    const struct err *err), void *arg);
/* cb is not called any more. NULL is fine. */
void net_names_cancel(struct net_names_query *query);

#endif
