/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "ca/account_sm.h"
#include "ca/authz_sm.h"
#include "ca/challenge_sm.h"
#include "ca/order_sm.h"

#define STATE_MAX 8
#define EVENT_MAX 8

static const struct sm *const machines[] = {
	&account_sm, &order_sm, &authz_sm, &challenge_sm,
};
#define NUM_MACHINES (sizeof(machines) / sizeof(machines[0]))

static const struct sm_row *
row_of(const struct sm *sm, int from, int event)
{
	for (size_t i = 0; i < sm->num_rows; i++) {
		if (sm->rows[i].from == from && sm->rows[i].event == event)
			return &sm->rows[i];
	}
	return NULL;
}

/* Every pair of state and event: its row's state, or an error that changes
 * nothing. */
static void
test_all_pairs(void **state)
{
	struct err err = ERR_INIT;

	(void)state;
	for (size_t m = 0; m < NUM_MACHINES; m++) {
		for (int pair = 0; pair < STATE_MAX * EVENT_MAX; pair++) {
			int from = pair / EVENT_MAX, now = from;
			int event = pair % EVENT_MAX;
			const struct sm_row *row = row_of(machines[m], from,
			    event);
			int r = sm_step(machines[m], &now, event, &err);

			assert_int_equal(r, row == NULL ? -ERR_CONFLICT : 0);
			assert_int_equal(now, row == NULL ? from : row->to);
		}
	}
}

/* No pair stands twice, and every state can be reached. */
static void
test_tables(void **state)
{
	(void)state;
	for (size_t m = 0; m < NUM_MACHINES; m++) {
		const struct sm *sm = machines[m];

		for (size_t i = 0; i < sm->num_rows; i++) {
			bool reached = sm->rows[i].from == sm->initial;

			assert_ptr_equal(row_of(sm, sm->rows[i].from,
			    sm->rows[i].event), &sm->rows[i]);
			for (size_t j = 0; j < sm->num_rows; j++)
				reached = reached ||
				    sm->rows[j].to == sm->rows[i].from;
			assert_true(reached);
		}
	}
}

static void
test_refusal_says_what(void **state)
{
	enum order_status status = ORDER_VALID;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(order_sm_step(&status, ORDER_FINALIZE, &err),
	    -ERR_CONFLICT);
	assert_int_equal(status, ORDER_VALID);
	assert_non_null(strstr(err.text, "order"));
	assert_non_null(strstr(err.text, "finalize"));
	assert_non_null(strstr(err.text, "valid"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_pairs),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_refusal_says_what),
	};

	return cmocka_run_group_tests_name("sm", tests, NULL, NULL);
}
