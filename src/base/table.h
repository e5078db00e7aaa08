/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_TABLE_H
#define SIGNET_BASE_TABLE_H

/*
 * table: objects by a number, with their nodes inside them. Several may have
 * the same key; adding and deleting cost the same however many there are.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table_node {
	uint64_t key;
	struct table_node *next, **at; /* at: what points to it */
};

struct table { /* zeroed is valid */
	struct table_node **buckets;
	size_t num_buckets; /* a power of two, or 0 */
	size_t count;
};

void table_done(struct table *table); /* the objects are the caller's */
void table_add(struct table *table, uint64_t key, struct table_node *node);
/* node must be in the table. */
void table_del(struct table *table, struct table_node *node);
/* The first with that key, and the next one with the same; NULL if none. */
struct table_node *table_get(const struct table *table, uint64_t key);
struct table_node *table_next(const struct table_node *node);

#endif
