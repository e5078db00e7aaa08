/* SPDX-License-Identifier: Apache-2.0 */
#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

struct item {
	int number; /* so that the node is not at the beginning */
	struct list_node of_list;
};

/* The numbers of all, as digits of one; both ways give the same. */
static int
read_all(const struct list *list)
{
	struct item *at;
	int forwards = 0, backwards = 0, ten = 1;

	LIST_EACH(at, list, of_list)
		forwards = forwards * 10 + at->number;
	for (struct list_node *node = list->last; node != NULL;
	    node = node->prev, ten *= 10)
		backwards += ten * LIST_OBJECT(node, struct item,
		    of_list)->number;
	assert_int_equal(forwards, backwards);
	return forwards;
}

static void
test_order(void **state)
{
	struct item a = { 1, { 0 } }, b = { 2, { 0 } }, c = { 3, { 0 } };
	struct list list = { 0 };

	(void)state;
	assert_null(LIST_FIRST(&list, struct item, of_list));
	assert_int_equal(read_all(&list), 0);
	list_add(&list, &a.of_list);
	list_add(&list, &b.of_list);
	list_add(&list, &c.of_list);
	assert_ptr_equal(LIST_FIRST(&list, struct item, of_list), &a);
	assert_int_equal(read_all(&list), 123);
	list_del(&list, &b.of_list);
	assert_int_equal(read_all(&list), 13);
	list_add(&list, &b.of_list);
	assert_int_equal(read_all(&list), 132);
	list_del(&list, &b.of_list);
	list_del(&list, &a.of_list);
	assert_int_equal(read_all(&list), 3);
	assert_int_equal(list.count, 1);
	list_del(&list, &c.of_list);
	assert_int_equal(read_all(&list), 0);
	assert_int_equal(list.count, 0);
}

static void
test_delete_while_going(void **state)
{
	struct item items[5], *at;
	struct list list = { 0 };

	(void)state;
	for (int i = 0; i < 5; i++) {
		items[i] = (struct item){ .number = i + 1 };
		list_add(&list, &items[i].of_list);
	}
	LIST_EACH(at, &list, of_list) {
		if (at->number % 2 == 1)
			list_del(&list, &at->of_list);
	}
	assert_int_equal(read_all(&list), 24);
	LIST_EACH(at, &list, of_list)
		list_del(&list, &at->of_list);
	assert_null(list.first);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_delete_while_going),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
