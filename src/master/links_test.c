/* SPDX-License-Identifier: Apache-2.0 */
/* The two tables that say what runs and who may talk to whom. */
#include "master/links.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include "master/roles.h"

/* Rows and columns: master, web, core, validator, signer, dev. */
static const char *const wanted[] = {
	"......", /* master's sockets are for control, not links */
	"..x...",
	".x.xxx",
	"..x...",
	"..x...",
	"..x...",
};

static void
only_the_table_may_talk(void **state)
{
	(void)state;
	for (int a = ROLE_MASTER; a < ROLE_COUNT; a++) {
		for (int b = ROLE_MASTER; b < ROLE_COUNT; b++) {
			bool x = wanted[a - ROLE_MASTER][b - ROLE_MASTER] ==
			    'x';

			if (links_allowed((enum role)a, (enum role)b) != x)
				fail_msg("%s and %s", role_name((enum role)a),
				    role_name((enum role)b));
		}
	}
}

static unsigned
rows_of(enum role role)
{
	unsigned count = 0;

	for (size_t i = 0; i < roles_rows_count; i++)
		count += roles_rows[i].role == role;
	return count;
}

static const struct roles_row *
row_of(enum role role)
{
	size_t i = 0;

	while (i + 1 < roles_rows_count && roles_rows[i].role != role)
		i++;
	assert_int_equal(roles_rows[i].role, role);
	return &roles_rows[i];
}

static void
each_role_runs_once_in_the_table(void **state)
{
	(void)state;
	assert_int_equal(rows_of(ROLE_MASTER), 0);
	for (int role = ROLE_WEB; role < ROLE_COUNT; role++) {
		const struct roles_row *row = row_of((enum role)role);

		assert_int_equal(rows_of((enum role)role), 1);
		assert_int_equal(row->program, role == ROLE_SIGNER ?
		    ROLES_SIGNETD_SIGNER : ROLES_SIGNETD);
	}
}

static void
counts_follow_the_configuration(void **state)
{
	unsigned total = 0;
	struct config config;

	(void)state;
	config_init(&config);
	config.web_processes = config.validator_processes =
	    CONFIG_PROCESSES_MAX;
	assert_int_equal(row_of(ROLE_DEV)->count(&config), 0);
	config.dev = true;
	for (size_t i = 0; i < roles_rows_count; i++)
		total += roles_rows[i].count(&config);
	assert_int_equal(total, 2 * CONFIG_PROCESSES_MAX + 3);
	assert_in_range(total, 1, ROLES_PROCESSES_MAX);
	config_free(&config);
}

/* Whoever asks stops before those that it asks. */
static void
askers_stop_first(void **state)
{
	(void)state;
	assert_true(row_of(ROLE_WEB)->stop < row_of(ROLE_CORE)->stop);
	assert_true(row_of(ROLE_DEV)->stop < row_of(ROLE_CORE)->stop);
	assert_true(row_of(ROLE_CORE)->stop < row_of(ROLE_SIGNER)->stop);
	assert_true(row_of(ROLE_CORE)->stop < row_of(ROLE_VALIDATOR)->stop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_table_may_talk),
		cmocka_unit_test(each_role_runs_once_in_the_table),
		cmocka_unit_test(counts_follow_the_configuration),
		cmocka_unit_test(askers_stop_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
