/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_LIST_H
#define SIGNET_BASE_LIST_H

/*
 * list: objects in a row, with their nodes inside them. A zeroed list is
 * empty; a zeroed node is in no list. The list owns nothing: who frees an
 * object deletes it from its lists first.
 */

#include <stdbool.h>
#include <stddef.h>

struct list_node {
	struct list_node *prev;
	struct list_node *next;
};

struct list {
	struct list_node *first;
	struct list_node *last;
	size_t count;
};

/* At the end. */
void list_add(struct list *list, struct list_node *node);

void list_del(struct list *list, struct list_node *node);

/* The object around a node. */
#define LIST_OBJECT(node, type, member) \
	((type *)(void *)((char *)(node) - offsetof(type, member)))

/* The first object, or NULL. */
#define LIST_FIRST(list, type, member) \
	((list)->first == NULL ? NULL : \
	LIST_OBJECT((list)->first, type, member))

/* `LIST_EACH(at, &list, member) { ... }` with at, a pointer to an object, at
 * each from the first on. The block may delete what at points to, and no
 * other. */
#define LIST_EACH(at, list, member) \
	for (struct list_node *at##_node = (list)->first, *at##_next; \
	    at##_node != NULL && (at##_next = at##_node->next, \
	    (at) = LIST_OBJECT(at##_node, __typeof__(*(at)), member), true); \
	    at##_node = at##_next)

#endif
