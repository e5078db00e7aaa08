/* SPDX-License-Identifier: Apache-2.0 */
#include "base/list.h"

void
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

void
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
