/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_CMD_SERVED_H
#define SIGNET_AGENT_CMD_SERVED_H

/*
 * served: looks whether the certificates of a status are what is served now:
 * where the site has `verify`, there; else on port 443 of each of its names.
 * Each look is made by a process of its own, some at once.
 */

#include "agent/cmd/status.h"

#define SERVED_AT_ONCE 16
#define SERVED_S 60         /* for one place with all its addresses */

/* Fills in status. Broken is where another certificate is served; and of
 * `verify`, where nothing is seen. */
void served_look(struct loop *loop, struct status *status);

#endif
