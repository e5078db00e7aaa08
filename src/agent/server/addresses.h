/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_ADDRESSES_H
#define SIGNET_AGENT_SERVER_ADDRESSES_H

/*
 * addresses: on which TCP addresses a process listens, as the kernel says
 * (proc(5)): for a server that does not say itself. As root, or as the user of
 * the process.
 */

#include "agent/server/look.h"

#define ADDRESSES_MAX 64 /* addresses */

size_t addresses_find(int pid, struct look_at ret[ADDRESSES_MAX]);

#endif
