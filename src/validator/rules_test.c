/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/mem.h"
#include "validator/rules.h"

static struct config config;

static int
setup(void **state)
{
	(void)state;
	config_init(&config);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	config_free(&config);
	return 0;
}

static struct rules *
make(void)
{
	struct err err = ERR_INIT;
	struct rules *rules;

	if (rules_new(&config, &rules, &err) < 0)
		fail_msg("%s", err.text);
	return rules;
}

static bool
allows(const struct rules *rules, const char *text)
{
	struct ip_addr addr;

	assert_int_equal(ip_addr_parse(span_str(text), &addr), 0);
	return ip_range_check(&addr, rules->allow, rules->num_allow, NULL) == 0;
}

static void
set(const char *key, const char *value)
{
	struct err err = ERR_INIT;

	if (config_set(&config, key, value, &err) < 0)
		fail_msg("%s", err.text);
}

static void
test_usual(void **state)
{
	struct rules *rules = make();

	(void)state;
	assert_int_equal(rules->http_port, 80);
	assert_true(rules_redirect_port(rules, 80));
	assert_true(rules_redirect_port(rules, 443));
	assert_false(rules_redirect_port(rules, 8080));
	assert_false(rules_redirect_port(rules, 0));
	assert_true(rules->follow_see_other);
	assert_false(rules->check_caa);
	assert_string_equal(rules->caa_identity, "");
	assert_string_equal(rules->base_url, "");
	assert_true(allows(rules, "9.9.9.9"));
	assert_false(allows(rules, "10.1.2.3"));
	assert_false(allows(rules, "::1"));
	rules_unref(rules);
}

static void
test_webpki(void **state)
{
	struct rules *rules;

	(void)state;
	config.program = PROGRAM_WEBPKI;
	rules = make();
	assert_false(rules->follow_see_other);
	assert_true(rules->check_caa);
	rules_unref(rules);
}

static void
test_set(void **state)
{
	struct rules *rules;

	(void)state;
	set("caa_identity", "ca.example");
	set("base_url", "https://ca.example");
	set("validation_allow", "10.0.0.0/8");
	assert_int_equal(config_add(&config, "validation_allow", "fd00::/8",
	    NULL), 0);
	rules = make();
	assert_true(rules->check_caa);
	assert_string_equal(rules->caa_identity, "ca.example");
	assert_string_equal(rules->base_url, "https://ca.example");
	assert_int_equal(rules->num_allow, 2);
	assert_true(allows(rules, "10.1.2.3"));
	assert_true(allows(rules, "fd00::1"));
	assert_false(allows(rules, "192.168.0.1"));
	rules_unref(rules);
}

/* Its switches are nobody else's. */
static void
test_dev(void **state)
{
	struct rules *rules;

	(void)state;
	config.dev_always_valid = true;
	config.dev_sleep_ms = 5;
	config.http_port = 5002;
	config.tls_port = 5001;
	rules = make();
	assert_false(rules->always_valid);
	assert_int_equal(rules->sleep_ms, 0);
	assert_false(rules_redirect_port(rules, 5002));
	rules_unref(rules);
	config.dev = true;
	/* As many as there may be: everything takes their place. */
	for (int i = 0; i < CONFIG_CIDRS_MAX; i++) {
		char range[32];

		snprintf(range, sizeof(range), "10.%d.0.0/16", i);
		assert_int_equal(config_add(&config, "validation_allow",
		    range, NULL), 0);
	}
	rules = make();
	assert_int_equal(rules->num_allow, 2);
	assert_true(rules->always_valid);
	assert_int_equal(rules->sleep_ms, 5);
	assert_int_equal(rules->http_port, 5002);
	assert_true(rules_redirect_port(rules, 5002));
	assert_true(rules_redirect_port(rules, 5001));
	assert_true(rules_redirect_port(rules, 80));
	assert_true(allows(rules, "127.0.0.1"));
	assert_true(allows(rules, "::1"));
	rules_unref(rules);
	/* The ports that it adds are there already. */
	config.http_port = 80;
	config.tls_port = 443;
	rules = make();
	assert_int_equal(rules->num_redirect_ports, 2);
	rules_unref(rules);
}

static void
test_refused(void **state)
{
	struct err err = ERR_INIT;
	struct rules *rules;
	char *text = mem_zalloc(RULES_TEXT_MAX + 2);

	(void)state;
	memset(text, 'a', RULES_TEXT_MAX + 1);
	config.caa_identity = text;
	assert_int_equal(rules_new(&config, &rules, &err), -ERR_CONFIG);
	assert_null(rules);
	assert_non_null(strstr(err.text, "caa_identity"));
	text[RULES_TEXT_MAX] = '\0';
	rules_unref(make());
	set("validation_allow", "10.0.0.0/8");
	free(config.validation_allow[0]);
	config.validation_allow[0] = mem_strdup("10.0.0.0/99");
	assert_int_equal(rules_new(&config, &rules, &err), -ERR_CONFIG);
	assert_non_null(strstr(err.text, "validation_allow"));
}

/* An attempt keeps those that it began with: the last to let go frees. */
static void
test_references(void **state)
{
	struct rules *rules = make();

	(void)state;
	assert_ptr_equal(rules_ref(rules), rules);
	rules_unref(rules);
	assert_int_equal(rules->refs, 1);
	rules_unref(rules);
	rules_unref(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_usual, setup, teardown),
		cmocka_unit_test_setup_teardown(test_webpki, setup, teardown),
		cmocka_unit_test_setup_teardown(test_set, setup, teardown),
		cmocka_unit_test_setup_teardown(test_dev, setup, teardown),
		cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_references, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
