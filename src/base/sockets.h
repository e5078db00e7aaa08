/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_SOCKETS_H
#define SIGNET_BASE_SOCKETS_H

/*
 * sockets: who listens on this machine, as proc(5) tells: which sockets
 * listen on TCP, and which sockets a process has open. A socket is known by
 * its inode.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

#define SOCKETS_LINES_MAX 65536 /* that are looked at, of each table */

struct sockets_listener {
	uint64_t inode;
	uint16_t port;
	int family;          /* AF_INET or AF_INET6 */
	uint8_t address[16]; /* as inet_ntop takes it */
};

/* A line of /proc/net/tcp or tcp6; false if it is of no socket that
 * listens. */
bool sockets_line(struct span line, struct sockets_listener *ret);

/* Of the sockets that listen on port (0: on any), of both families, at most
 * max: how many there are in ret. */
size_t sockets_listening(uint16_t port, struct sockets_listener *ret,
    size_t max);

/* The inodes of the sockets that the process has open, at most max: how many
 * are in ret. None of a process that we may not look at. */
size_t sockets_of(int pid, uint64_t *ret, size_t max);

/* The processes that have one of the listeners open, the oldest first as long
 * as numbers of processes are not used again; at most max. */
size_t sockets_holders(const struct sockets_listener *listeners, size_t count,
    int *ret, size_t max);

#endif
