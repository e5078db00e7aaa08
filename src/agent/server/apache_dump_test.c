/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/apache_dump.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DUMP "Included configuration files:\n" \
	"  (*) /etc/apache2/apache2.conf\n    (12) /etc/a b/c.conf\n" \
	"VirtualHost configuration:\n" \
	"[::1]:8099             a.test (/etc/x.conf:1)\n" \
	"127.0.0.1:8099         a.test (/etc/x.conf:1)\n" \
	"*:80                   is a NameVirtualHost\n" \
	"         default server c.test (/etc/x.conf:5)\n" \
	"         port 80 namevhost c.test (/etc/x.conf:5)\n" \
	"         port 80 namevhost d.test (/etc/x (1).conf:8)\n" \
	"                 alias e.test\n" \
	"ServerRoot: \"/etc/apache2\"\nMain DocumentRoot: \"/var/www\"\n"

static void
test_hosts(void **state)
{
	struct arena arena = { 0 };
	struct apache_dump dump;
	const struct apache_vhost *v;

	(void)state;
	assert_int_equal(apache_dump_parse(SPAN_LIT(DUMP), &arena, &dump,
	    NULL), 0);
	assert_true(span_equal_str(dump.root, "/etc/apache2"));
	assert_true(span_equal_str(dump.files->text,
	    "/etc/apache2/apache2.conf"));
	assert_true(span_equal_str(dump.files->next->text, "/etc/a b/c.conf"));
	/* One host with two addresses. */
	v = dump.vhosts;
	assert_true(span_equal_str(v->name, "a.test"));
	assert_true(span_equal_str(v->addresses->host, "[::1]"));
	assert_true(span_equal_str(v->addresses->next->host, "127.0.0.1"));
	assert_int_equal(v->addresses->port, 8099);
	v = v->next;
	assert_int_equal(v->line, 5);
	assert_true(span_equal_str(v->addresses->usual, "c.test"));
	v = v->next;
	assert_true(span_equal_str(v->file, "/etc/x (1).conf"));
	assert_int_equal(v->line, 8);
	assert_null(v->next);
	arena_free(&arena);
}

static void
test_no_answer(void **state)
{
	struct arena arena = { 0 };
	struct apache_dump dump;
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(apache_dump_parse(SPAN_LIT("Syntax OK\n"), &arena,
	    &dump, &err), -(int)ERR_CONFIG);
	arena_free(&arena);
}

static void
test_text(void **state)
{
	static const char file[] = "# one\n<VirtualHost *:443>\n"
	    "\tServerName a.test\n\t# ServerAlias not.test\n"
	    "\tServerAlias b.test \\\n\t\t\"c.test\"\n\tsslengine ON\n"
	    "\tSSLCertificateFile '/c r t'\n\tRewriteEngine on\n"
	    "\tRedirect permanent / https://a.test/\n</virtualhost>\nrest\n";
	struct apache_vhost vhost = { .line = 2, .name = SPAN_LIT("a.test") };
	struct arena arena = { 0 };
	const struct apache_name *n;

	(void)state;
	apache_dump_text(&vhost, span_str(file), &arena);
	assert_non_null(vhost.text.data);
	assert_true(vhost.tls);
	assert_true(vhost.redirects);
	assert_true(vhost.rewrites);
	assert_true(span_equal_str(vhost.certificate, "/c r t"));
	n = vhost.names;
	assert_true(span_equal_str(n->text, "a.test"));
	assert_true(span_equal_str(n->next->text, "b.test"));
	assert_true(span_equal_str(n->next->next->text, "c.test"));
	assert_null(n->next->next->next);
	/* No tag there: a macro made it. */
	vhost = (struct apache_vhost){ .line = 3, .name = SPAN_LIT("x") };
	apache_dump_text(&vhost, span_str(file), &arena);
	assert_null(vhost.text.data);
	/* Beyond the end. */
	vhost = (struct apache_vhost){ .line = 99, .name = SPAN_LIT("x") };
	apache_dump_text(&vhost, span_str(file), &arena);
	assert_null(vhost.text.data);
	arena_free(&arena);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_no_answer),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
