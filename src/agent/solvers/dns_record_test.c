/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/solvers/dns_options.h"
#include "agent/solvers/dns_record.h"

/* The example of draft-ietf-acme-dns-account-label 3.2; SHA-256 of "abc" is
 * that of FIPS 180-4. */
static void
test_names(void **state)
{
	struct solver_task task = {
		.ident = { IDENT_DNS, SPAN_LIT("example.org") },
		.method = CLIENT_DNS_ACCOUNT_01,
		.key_authorization = SPAN_LIT("abc"),
		.account_url =
		    SPAN_LIT("https://example.com/acme/acct/ExampleAccount"),
	};
	struct dns_record record;

	(void)state;
	dns_record_make(&task, &record);
	assert_string_equal(record.name,
	    "_ujmmovf2vn55tgye._acme-challenge.example.org");
	assert_string_equal(record.value,
	    "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
	task.method = CLIENT_DNS_01;
	dns_record_make(&task, &record);
	assert_string_equal(record.name, "_acme-challenge.example.org");
}

static void
test_options(void **state)
{
	static const char *const bad[] = { "", "server", "port=0", "port=x",
		"wait=3601", "resolver=1.2.3.4,", "x=1" };
	struct judge_dns_request request = { 0 };
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(dns_options_parse("server=192.0.2.1,port=5353,"
	    "resolver=[::1]:54,wait=7", &request, &err), 0);
	assert_true(span_equal_str(request.server, "192.0.2.1"));
	assert_true(span_equal_str(request.resolver, "[::1]:54"));
	assert_int_equal(request.port, 5353);
	assert_int_equal(request.wait_s, 7);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(dns_options_parse(bad[i], &request, &err) < 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
