/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_LINKS_H
#define SIGNET_MASTER_LINKS_H

/*
 * links: who may talk to whom. A socketpair between two processes exists only
 * for a row of this table; what is not in it cannot talk.
 */

#include <stdbool.h>

#include "proc/proc.h"

bool links_allowed(enum role a, enum role b);

#endif
