/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "master/dev_env.h"

#include <stdio.h>

static const char *environment; /* "NAME=VALUE" or NULL */
static const char *second;

static char *
get(const char *name)
{
	const char *const all[] = { environment, second };
	static char value[64];
	size_t len = strlen(name);

	for (size_t i = 0; i < 2; i++) {
		if (all[i] == NULL || strncmp(all[i], name, len) != 0 ||
		    all[i][len] != '=')
			continue;
		snprintf(value, sizeof(value), "%s", all[i] + len + 1);
		return value;
	}
	return NULL;
}

static const struct {
	const char *first, *second;
	bool strict;
	bool always_valid;
	int64_t sleep_ms, nonce_reject, authz_reuse;
	const char *refused; /* or what its sentence names */
} rows[] = {
	{ NULL, NULL, false, false, 0, 0, -1, NULL },
	{ NULL, NULL, true, false, 0, 5, -1, NULL },
	{ "PEBBLE_WFE_NONCEREJECT=0", NULL, true, false, 0, 0, -1, NULL },
	{ "PEBBLE_WFE_NONCEREJECT=90", NULL, false, false, 0, 90, -1, NULL },
	{ "PEBBLE_WFE_NONCEREJECT=", NULL, false, false, 0, 0, -1, NULL },
	{ "PEBBLE_VA_ALWAYS_VALID=1", NULL, false, true, 0, 0, -1, NULL },
	{ "PEBBLE_VA_ALWAYS_VALID=True", NULL, false, true, 0, 0, -1, NULL },
	{ "PEBBLE_VA_ALWAYS_VALID=0", NULL, false, false, 0, 0, -1, NULL },
	{ "PEBBLE_VA_ALWAYS_VALID=yes", NULL, false, false, 0, 0, -1, NULL },
	{ "PEBBLE_VA_SLEEPTIME=3", NULL, false, false, 3000, 0, -1, NULL },
	{ "PEBBLE_VA_SLEEPTIME=3", "PEBBLE_VA_NOSLEEP=1", false, false, 0, 0,
	    -1, NULL },
	{ "PEBBLE_VA_NOSLEEP=1", NULL, false, false, 0, 0, -1, NULL },
	{ "PEBBLE_AUTHZREUSE=0", NULL, false, false, 0, 0, 0, NULL },
	{ "PEBBLE_AUTHZREUSE=100", NULL, false, false, 0, 0, 100, NULL },
	{ "PEBBLE_AUTHZREUSE=101", NULL, false, false, 0, 0, 0,
	    "PEBBLE_AUTHZREUSE" },
	{ "PEBBLE_WFE_NONCEREJECT=5%", NULL, false, false, 0, 0, 0,
	    "PEBBLE_WFE_NONCEREJECT" },
	{ "PEBBLE_VA_SLEEPTIME=soon", NULL, false, false, 0, 0, 0,
	    "PEBBLE_VA_SLEEPTIME: \"soon\" is not a number" },
	{ "PEBBLE_VA_SLEEPTIME=99999", NULL, false, false, 0, 0, 0,
	    "PEBBLE_VA_SLEEPTIME" },
	{ "PEBBLE_CHAIN_LENGTH=1", "PEBBLE_ALTERNATE_ROOTS=0", false, false,
	    0, 0, -1, NULL },
	{ "PEBBLE_CHAIN_LENGTH=2", NULL, false, false, 0, 0, 0,
	    "PEBBLE_CHAIN_LENGTH" },
	{ "PEBBLE_ALTERNATE_ROOTS=1", NULL, false, false, 0, 0, 0,
	    "PEBBLE_ALTERNATE_ROOTS" },
	{ "PEBBLE_WFE_ORDERS_PER_PAGE=3", NULL, false, false, 0, 0, -1, NULL },
	{ "PEBBLE_WFE_ORDERS_PER_PAGE=few", NULL, false, false, 0, 0, 0,
	    "PEBBLE_WFE_ORDERS_PER_PAGE" },
};

static void
test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config config;
		struct err err = ERR_INIT;
		int r;

		environment = rows[i].first;
		second = rows[i].second;
		config_init(&config);
		r = dev_env_apply(&config, rows[i].strict, get, &err);
		if (rows[i].refused != NULL) {
			assert_int_equal(r, -(int)ERR_CONFIG);
			assert_non_null(strstr(err.text, rows[i].refused));
			config_free(&config);
			continue;
		}
		assert_int_equal(r, 0);
		assert_int_equal(config.dev_always_valid,
		    rows[i].always_valid);
		assert_int_equal(config.dev_sleep_ms, rows[i].sleep_ms);
		assert_int_equal(config.dev_nonce_reject,
		    rows[i].nonce_reject);
		assert_int_equal(config.dev_authz_reuse, rows[i].authz_reuse);
		config_free(&config);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
