/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_PLACES_H
#define SIGNET_AGENT_SERVER_PLACES_H

/*
 * places: where a service is to be looked at: each address of its host is a
 * server of its own. In a process forked for that.
 */

#include "agent/server/probe.h"

#define PLACES_MAX 16

/* Asks whatever the host has for names. Then this process enters the sandbox of
 * those who read what strangers send (agent/server/apart.h). */
int places_find(const struct service *service,
    struct probe_at ret[PLACES_MAX], size_t *ret_count, struct err *err);

#endif
