/* SPDX-License-Identifier: Apache-2.0 */
#include "base/table.h"

#include <assert.h>

#include "base/mem.h"

#define FIRST_BUCKETS 64

static struct table_node **
bucket(const struct table *table, uint64_t key)
{
	/* Fibonacci hashing: keys are ids and counters, not random. */
	uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15);

	return &table->buckets[hash >> 32 & (table->num_buckets - 1)];
}

static void
insert(struct table *table, struct table_node *node)
{
	struct table_node **at = bucket(table, node->key);

	node->next = *at;
	node->at = at;
	if (node->next != NULL)
		node->next->at = &node->next;
	*at = node;
}

static void
grow(struct table *table)
{
	struct table old = *table;

	table->num_buckets = old.num_buckets == 0 ? FIRST_BUCKETS :
	    2 * old.num_buckets;
	table->buckets = mem_zalloc(table->num_buckets *
	    sizeof(struct table_node *));
	for (size_t i = 0; i < old.num_buckets; i++) {
		for (struct table_node *node = old.buckets[i]; node != NULL;) {
			struct table_node *next = node->next;

			insert(table, node);
			node = next;
		}
	}
	free(old.buckets);
}

void
table_done(struct table *table)
{
	free(table->buckets);
	*table = (struct table){ 0 };
}

void
table_add(struct table *table, uint64_t key, struct table_node *node)
{
	if (table->count == table->num_buckets)
		grow(table);
	node->key = key;
	insert(table, node);
	table->count++;
}

void
table_del(struct table *table, struct table_node *node)
{
	assert(*node->at == node);
	*node->at = node->next;
	if (node->next != NULL)
		node->next->at = node->at;
	table->count--;
}

struct table_node *
table_get(const struct table *table, uint64_t key)
{
	struct table_node *node;

	if (table->num_buckets == 0)
		return NULL;
	node = *bucket(table, key);
	while (node != NULL && node->key != key)
		node = node->next;
	return node;
}

struct table_node *
table_next(const struct table_node *node)
{
	struct table_node *next = node->next;

	while (next != NULL && next->key != node->key)
		next = next->next;
	return next;
}
