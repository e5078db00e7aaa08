/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CORE_QUEUE_H
#define SIGNET_CORE_QUEUE_H

/*
 * queue: what waits for a turn, fair between owners: each owner's items go in
 * their order, and owners take turns. So whoever brings thousands delays
 * others by one item, not by all of them.
 *
 * Items are nodes inside of the objects.
 */

#include "core/list.h"
#include "core/table.h"

struct queue_lane;

struct queue_item {
	struct list_node in_lane;
	struct queue_lane *lane;
};

struct queue { /* zeroed is valid */
	struct table lanes; /* by owner; each has items */
	struct list turns;  /* lanes, the next first */
};

void queue_done(struct queue *queue); /* the objects are the caller's */
void queue_add(struct queue *queue, uint64_t owner, struct queue_item *item);
/* item must be in the queue. If it was its owner's first, it is the next
 * owner's turn. */
void queue_del(struct queue *queue, struct queue_item *item);
/* Whose turn it is; NULL if none waits. */
struct queue_item *queue_first(const struct queue *queue);

#endif
