/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CORE_QUEUE_H
#define SIGNET_CORE_QUEUE_H

/*
 * queue: what waits for a turn. Of each turn, every owner and every target
 * has one item at most: an item gets the first turn that both still have
 * free. So whoever brings thousands delays others by one item, not by all of
 * them, be it one account with many names or many accounts with one.
 *
 * Items are nodes inside of the objects.
 */

#include "base/list.h"
#include "base/table.h"

/* Target 0 is none: it is not counted. */
enum queue_key { QUEUE_OWNER, QUEUE_TARGET };
#define QUEUE_KEYS 2

struct queue_lane;
struct queue_turn;

struct queue_item {
	struct list_node in_turn;
	struct queue_turn *turn;
	struct queue_lane *lanes[QUEUE_KEYS];
};

struct queue { /* zeroed is valid */
	struct table lanes[QUEUE_KEYS]; /* those that have items */
	struct table turns;             /* by number; those that have items */
	uint64_t now;                   /* the first of them, or the next */
};

void queue_done(struct queue *queue); /* the objects are the caller's */
void queue_add(struct queue *queue, uint64_t owner, uint64_t target,
    struct queue_item *item);
/* item must be in the queue. */
void queue_del(struct queue *queue, struct queue_item *item);
/* Whose turn it is; NULL if none waits. */
struct queue_item *queue_first(const struct queue *queue);

#endif
