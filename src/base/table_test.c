/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/table.h"

#define OBJECTS 300 /* enough for the table to grow twice */
#define KEYS 7

struct object {
	struct table_node node;
	bool there;
};

static struct object objects[OBJECTS];

static uint64_t
key_of(size_t i)
{
	return i % 3 == 0 ? i % KEYS : 1000 + i;
}

/* The table has all that are there, by their keys, and nothing else. */
static void
look(const struct table *table)
{
	size_t count = 0, found = 0;

	for (size_t i = 0; i < OBJECTS; i++) {
		const struct table_node *node = table_get(table, key_of(i));

		count += objects[i].there;
		while (node != NULL && node != &objects[i].node) {
			assert_int_equal(node->key, key_of(i));
			node = table_next(node);
		}
		assert_true((node != NULL) == objects[i].there);
		found += node != NULL;
	}
	assert_int_equal(table->count, count);
	assert_int_equal(found, count);
}

static void
add(struct table *table, size_t i)
{
	table_add(table, key_of(i), &objects[i].node);
	objects[i].there = true;
}

static void
del(struct table *table, size_t i)
{
	table_del(table, &objects[i].node);
	objects[i].there = false;
}

/* In all orders: those of one key from the oldest, the newest, the middle. */
static void
test_add_and_delete(void **state)
{
	static const size_t steps[] = { 1, OBJECTS - 1, 7, 101 };
	struct table table = { 0 };

	(void)state;
	assert_null(table_get(&table, 1));
	for (size_t s = 0; s < sizeof(steps) / sizeof(steps[0]); s++) {
		for (size_t i = 0; i < OBJECTS; i++)
			add(&table, i);
		look(&table);
		for (size_t n = 0, i = 0; n < OBJECTS; n++) {
			i = (i + steps[s]) % OBJECTS;
			del(&table, i);
			if (n % 50 == 0)
				look(&table);
		}
		look(&table);
	}
	table_done(&table);
}

/* The neighbours of one that goes are found and can go, also those that the
 * table moved when it grew. */
static void
test_neighbours(void **state)
{
	struct table table = { 0 };

	(void)state;
	for (size_t i = 0; i < OBJECTS; i++) {
		add(&table, i);
		if (i % 4 == 3) {
			del(&table, i - 2);
			del(&table, i - 3);
		}
	}
	look(&table);
	for (size_t i = OBJECTS; i-- > 0;)
		if (objects[i].there)
			del(&table, i);
	look(&table);
	table_done(&table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_and_delete),
		cmocka_unit_test(test_neighbours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
