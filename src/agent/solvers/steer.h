/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SOLVERS_STEER_H
#define SIGNET_AGENT_SOLVERS_STEER_H

/*
 * steer: lets new connections to a port come to sockets of ours while a server
 * listens on it, as long as a descriptor is open: by a program that the kernel
 * asks which socket a connection is for (BPF_PROG_TYPE_SK_LOOKUP, Linux 5.9).
 * Connections that stand already stay where they are, at the beginning and at
 * the end; if our sockets are gone, or we are, all is the server's again.
 *
 * What comes from LISTENER_OWN_NET, or [::1], is not steered: so we reach the
 * server.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define STEER_SOCKETS_MAX 2

/* sockets listen: one for IPv4, and one for IPv6 or not. *ret is the
 * descriptor. -ERR_CONFIG where the kernel cannot, or we must not. */
int steer_open(uint16_t port, const int *sockets, size_t count, int *ret,
    struct err *err);

/* Whether it could be done. */
bool steer_can(void);

/* Makes such sockets. */
int steer_listen(int ret[STEER_SOCKETS_MAX], size_t *ret_count,
    struct err *err);

#endif
