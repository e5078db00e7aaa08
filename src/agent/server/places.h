/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_PLACES_H
#define SIGNET_AGENT_SERVER_PLACES_H

/*
 * places: where a service is to be looked at: each address of its host is a
 * server of its own. In a process forked for that.
 */

#include "agent/server/look.h"

#define PLACES_MAX 16
#define PLACES_NAME_SIZE (SERVICE_HOST_MAX + 16) /* with the final NUL */

/* What is asked for where name is to be served: of a wildcard, one below it. */
void places_name(const char *name, char ret[PLACES_NAME_SIZE]);

/* Asks whatever the host has for names; all below .localhost are this host,
 * whether it knows them or not (RFC 6761 6.3). Then this process enters the sandbox of
 * those who read what strangers send (agent/server/apart.h). */
int places_find(const struct service *service,
    struct look_at ret[PLACES_MAX], size_t *ret_count, struct err *err);

#endif
