/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SOLVERS_PORT_H
#define SIGNET_AGENT_SOLVERS_PORT_H

/*
 * port: where judge listens for the processes that answer challenges: reads
 * "[ADDRESS:]PORT", opens the sockets, and says who is there already.
 */

#include <sys/socket.h>

#include "base/err.h"
#include "base/span.h"

#define PORT_ADDRESSES_MAX 2  /* one for each family */
#define PORT_OWNER_SIZE 64    /* bytes of a program's name, with the NUL */

struct port_address {
	struct sockaddr_storage address;
	socklen_t len;
};

struct port {
	size_t count;
	struct port_address addresses[PORT_ADDRESSES_MAX];
	bool any;       /* no address was named: all of both families */
	uint16_t number;
};

/* "80", "192.0.2.1:80", "[2001:db8::1]:80". -ERR_CONFIG. */
int port_parse(struct span text, struct port *ret, struct err *err);

/* Sockets that listen; *ret_count of them are the caller's. remedy ends the
 * sentence about a port that is taken or not ours to take. */
int port_listen(const struct port *port, const char *remedy,
    int ret[PORT_ADDRESSES_MAX], size_t *ret_count, struct err *err);

/* Who listens on that TCP port: "nginx", and its pid. "" if somebody does that
 * we may not look at; false if nobody does. */
bool port_owner(uint16_t number, char ret[PORT_OWNER_SIZE], int *ret_pid);

#endif
