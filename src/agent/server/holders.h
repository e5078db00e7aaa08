/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_HOLDERS_H
#define SIGNET_AGENT_SERVER_HOLDERS_H

/*
 * holders: which processes hold a listening socket, as the kernel says
 * (proc(5)). After a reload a server's old workers close theirs: when all who
 * are left are newer than the reload, what is served is what will be.
 */

#include <stdbool.h>
#include <stdint.h>

/* Now, as start times of processes are counted. */
uint64_t holders_now(void);

/* Whether all processes that hold a TCP port's listening sockets were started
 * since then, but for one that others are children of. false where nobody
 * holds them, or where that cannot be seen. */
bool holders_settled(uint16_t port, uint64_t since);

#endif
