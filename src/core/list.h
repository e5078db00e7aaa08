/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CORE_LIST_H
#define SIGNET_CORE_LIST_H

/*
 * list: objects in a row, with their nodes inside them. A zeroed node is in
 * no list.
 */

#include <stdbool.h>
#include <stddef.h>

struct list_node {
	struct list_node *prev;
	struct list_node *next;
};

struct list { /* zeroed is valid */
	struct list_node *first;
	struct list_node *last;
	size_t count;
};

static inline void
list_add(struct list *list, struct list_node *node)
{
	node->prev = list->last;
	node->next = NULL;
	if (list->last != NULL)
		list->last->next = node;
	else
		list->first = node;
	list->last = node;
	list->count++;
}

static inline void
list_del(struct list *list, struct list_node *node)
{
	if (node->prev != NULL)
		node->prev->next = node->next;
	else
		list->first = node->next;
	if (node->next != NULL)
		node->next->prev = node->prev;
	else
		list->last = node->prev;
	node->prev = node->next = NULL;
	list->count--;
}

/* The object around a node. */
#define LIST_OBJECT(node, type, member) \
	((type *)(void *)((char *)(node) - offsetof(type, member)))

#endif
