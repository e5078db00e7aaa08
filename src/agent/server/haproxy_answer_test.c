/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/haproxy_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void
test_lines(void **state)
{
	struct span rest = SPAN_LIT("# filename\n\n/a.pem\n*/b.pem\nlast");
	struct arena arena = { 0 };

	(void)state;
	assert_string_equal(haproxy_answer_line(&arena, &rest), "/a.pem");
	assert_string_equal(haproxy_answer_line(&arena, &rest), "*/b.pem");
	assert_string_equal(haproxy_answer_line(&arena, &rest), "last");
	assert_null(haproxy_answer_line(&arena, &rest));
	arena_free(&arena);
}

static void
test_pid(void **state)
{
	(void)state;
	assert_int_equal(haproxy_answer_pid(
	    SPAN_LIT("Name: HAProxy\nPid: 4711\nUptime: 1\n")), 4711);
	assert_int_equal(haproxy_answer_pid(SPAN_LIT("Name: HAProxy\n")), 0);
	assert_int_equal(haproxy_answer_pid(SPAN_LIT("Pid: -1\n")), 0);
	assert_int_equal(haproxy_answer_pid(SPAN_LIT("Pid: 99999999999\n")),
	    0);
}

static void
test_map(void **state)
{
	static const char answer[] = "# id (file) description\n"
	    "-1 (dyn) x\n0 (/etc/other.map) y\n1 (broken\n"
	    "2 (/etc/haproxy/signet.map) pattern loaded (from file)\n";
	struct arena arena = { 0 };

	(void)state;
	assert_string_equal(haproxy_answer_map(span_str(answer), "signet.map",
	    &arena), "/etc/haproxy/signet.map");
	assert_null(haproxy_answer_map(span_str(answer), "none.map",
	    &arena));
	arena_free(&arena);
}

static void
test_certificate(void **state)
{
	struct haproxy_cert cert = { 0 };
	struct arena arena = { 0 };

	(void)state;
	haproxy_answer_cert(SPAN_LIT("Filename: /a.pem\n"
	    "Subject Alternative Name: DNS:a.test, DNS:*.b.test, "
	    "IP Address:192.0.2.1\nAlgorithm: RSA2048\n"), &arena, &cert);
	assert_int_equal(cert.num_names, 2);
	assert_string_equal(cert.names[0], "a.test");
	assert_string_equal(cert.names[1], "*.b.test");
	assert_true(cert.rsa);
	cert = (struct haproxy_cert){ 0 };
	haproxy_answer_cert(SPAN_LIT("Can't display the certificate\n"),
	    &arena, &cert);
	assert_int_equal(cert.num_names, 0);
	assert_false(cert.rsa);
	arena_free(&arena);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_pid),
		cmocka_unit_test(test_map),
		cmocka_unit_test(test_certificate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
