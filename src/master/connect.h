/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_CONNECT_H
#define SIGNET_MASTER_CONNECT_H

/*
 * connect: a socketpair for each two processes that may talk (master/links.h):
 * when one of them starts, and again when the link between two that run has
 * failed. Every link has a number of its own, so that a complaint about one
 * that is replaced already does no harm.
 */

#include "master/master_private.h"
#include "proc/control.h"

/* A link is made again after a pause that doubles from the first to the last
 * value, and is short again once it has held for a while. */
#define CONNECT_FIRST_MS 10
#define CONNECT_LAST_MS 1000
#define CONNECT_FORGET_MS 10000

/* With all that run already; later ones connect to this one. */
void connect_child(struct child *child);

/* A process says that a link of its is no more (CONTROL_LINK_LOST): false if
 * it never had one like that. */
bool connect_lost(struct child *child, const struct control *control);

/* A process is gone, and its links with it. */
void connect_gone(struct child *child);

void connect_done(struct master *master);

#endif
