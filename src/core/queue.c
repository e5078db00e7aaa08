/* SPDX-License-Identifier: Apache-2.0 */
#include "core/queue.h"

#include "base/mem.h"

/* What an owner or a target has in the queue. */
struct queue_lane {
	struct table_node by_key;
	size_t items;
	uint64_t next; /* the first turn that it has no item in */
};

struct queue_turn {
	struct table_node by_number;
	struct list items;
};

static struct queue_lane *
lane_of(struct queue *queue, enum queue_key kind, uint64_t key)
{
	struct table_node *node = table_get(&queue->lanes[kind], key);
	struct queue_lane *lane;

	if (kind == QUEUE_TARGET && key == 0)
		return NULL;
	if (node != NULL)
		return LIST_OBJECT(node, struct queue_lane, by_key);
	lane = mem_zalloc(sizeof(*lane));
	table_add(&queue->lanes[kind], key, &lane->by_key);
	return lane;
}

static struct queue_turn *
turn_of(struct queue *queue, uint64_t number)
{
	struct table_node *node = table_get(&queue->turns, number);
	struct queue_turn *turn;

	if (node != NULL)
		return LIST_OBJECT(node, struct queue_turn, by_number);
	turn = mem_zalloc(sizeof(*turn));
	table_add(&queue->turns, number, &turn->by_number);
	return turn;
}

static void
turn_free(struct queue *queue, struct queue_turn *turn)
{
	table_del(&queue->turns, &turn->by_number);
	free(turn);
}

void
queue_add(struct queue *queue, uint64_t owner, uint64_t target,
    struct queue_item *item)
{
	const uint64_t keys[QUEUE_KEYS] = { owner, target };
	uint64_t number = queue->now;

	for (int kind = 0; kind < QUEUE_KEYS; kind++) {
		struct queue_lane *lane = lane_of(queue, kind, keys[kind]);

		item->lanes[kind] = lane;
		if (lane != NULL && lane->next > number)
			number = lane->next;
	}
	for (int kind = 0; kind < QUEUE_KEYS; kind++) {
		if (item->lanes[kind] == NULL)
			continue;
		item->lanes[kind]->items++;
		item->lanes[kind]->next = number + 1;
	}
	item->turn = turn_of(queue, number);
	list_add(&item->turn->items, &item->in_turn);
}

void
queue_del(struct queue *queue, struct queue_item *item)
{
	list_del(&item->turn->items, &item->in_turn);
	if (item->turn->items.first == NULL)
		turn_free(queue, item->turn);
	item->turn = NULL;
	for (int kind = 0; kind < QUEUE_KEYS; kind++) {
		struct queue_lane *lane = item->lanes[kind];

		item->lanes[kind] = NULL;
		if (lane == NULL || --lane->items > 0)
			continue;
		table_del(&queue->lanes[kind], &lane->by_key);
		free(lane);
	}
	/* Ends: there is a turn, and it is not before now. */
	while (queue->turns.count > 0 &&
	    table_get(&queue->turns, queue->now) == NULL)
		queue->now++;
}

struct queue_item *
queue_first(const struct queue *queue)
{
	struct table_node *node = table_get(&queue->turns, queue->now);
	struct queue_turn *turn;

	if (node == NULL)
		return NULL;
	turn = LIST_OBJECT(node, struct queue_turn, by_number);
	return LIST_OBJECT(turn->items.first, struct queue_item, in_turn);
}

void
queue_done(struct queue *queue)
{
	struct queue_item *item;

	while ((item = queue_first(queue)) != NULL)
		queue_del(queue, item);
	for (int kind = 0; kind < QUEUE_KEYS; kind++)
		table_done(&queue->lanes[kind]);
	table_done(&queue->turns);
}
