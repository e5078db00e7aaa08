/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_EARLY_H
#define SIGNET_MASTER_EARLY_H

/*
 * early: signals before the loop that takes them runs. They are held back, so
 * that a stop at any moment leaves nothing behind, and so that whoever waits
 * for something at the start sees one at once.
 */

#include <stdbool.h>

/* Holds SIGTERM, SIGINT and SIGHUP back; to be let go when handlers are
 * there. */
void early_hold(void);
void early_let_go(void);

/* Waits for ms; false, and at once, when a stop is asked for. */
bool early_pause(int ms);

/* Whether SIGTERM or SIGINT is held back. */
bool early_stop(void);

#endif
