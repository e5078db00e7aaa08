/* SPDX-License-Identifier: Apache-2.0 */
#include "core/queue.h"

#include "base/mem.h"

struct queue_lane {
	struct table_node by_owner;
	struct list_node in_turns;
	struct list items;
};

static struct queue_lane *
lane_of(struct queue *queue, uint64_t owner)
{
	struct table_node *node = table_get(&queue->lanes, owner);
	struct queue_lane *lane;

	if (node != NULL)
		return LIST_OBJECT(node, struct queue_lane, by_owner);
	lane = mem_zalloc(sizeof(*lane));
	table_add(&queue->lanes, owner, &lane->by_owner);
	list_add(&queue->turns, &lane->in_turns);
	return lane;
}

static void
lane_free(struct queue *queue, struct queue_lane *lane)
{
	table_del(&queue->lanes, &lane->by_owner);
	list_del(&queue->turns, &lane->in_turns);
	free(lane);
}

void
queue_done(struct queue *queue)
{
	struct list_node *node;

	while ((node = queue->turns.first) != NULL)
		lane_free(queue, LIST_OBJECT(node, struct queue_lane,
		    in_turns));
	table_done(&queue->lanes);
}

void
queue_add(struct queue *queue, uint64_t owner, struct queue_item *item)
{
	item->lane = lane_of(queue, owner);
	list_add(&item->lane->items, &item->in_lane);
}

void
queue_del(struct queue *queue, struct queue_item *item)
{
	struct queue_lane *lane = item->lane;
	bool was_first = lane->items.first == &item->in_lane;

	list_del(&lane->items, &item->in_lane);
	item->lane = NULL;
	if (lane->items.first == NULL) {
		lane_free(queue, lane);
	} else if (was_first) {
		list_del(&queue->turns, &lane->in_turns);
		list_add(&queue->turns, &lane->in_turns);
	}
}

struct queue_item *
queue_first(const struct queue *queue)
{
	struct queue_lane *lane;

	if (queue->turns.first == NULL)
		return NULL;
	lane = LIST_OBJECT(queue->turns.first, struct queue_lane, in_turns);
	return LIST_OBJECT(lane->items.first, struct queue_item, in_lane);
}
