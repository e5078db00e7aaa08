/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/log.h"
#include "base/mem.h"
#include "conf/config_rows.h"
#include "conf/config_value.h"

#include <stdio.h>
#include <unistd.h>

#define BASE "base_url = \"https://ca.example\"\n"

static int
parse(const char *text, struct config *ret, struct config_errors *errors)
{
	struct err err = ERR_INIT;
	int r;

	memset(errors, 0, sizeof(*errors));
	r = config_parse(span_str(text), "/etc/signet/signetd.conf", ret,
	    errors, &err);
	assert_int_equal(r, errors->count == 0 ? 0 : -(int)ERR_CONFIG);
	assert_int_equal(err.kind, errors->count == 0 ? ERR_NONE : ERR_CONFIG);
	return r;
}

static void
parse_ok(const char *text, struct config *ret)
{
	struct config_errors errors;

	if (parse(text, ret, &errors) != 0)
		fail_msg("%d: %s: %s", errors.items[0].line,
		    errors.items[0].key, errors.items[0].text);
}

static void
test_defaults(void **state)
{
	struct config config;

	(void)state;
	parse_ok(BASE, &config);
	assert_string_equal(config.file, "/etc/signet/signetd.conf");
	assert_string_equal(config.directory, "/etc/signet");
	assert_string_equal(config.base_url, "https://ca.example");
	assert_string_equal(config.tls_certificate, "/etc/signet/api/api.pem");
	assert_string_equal(config.tls_key, "/etc/signet/api/api.key");
	assert_int_equal(config.num_listen, 1);
	assert_string_equal(config.listen[0], "0.0.0.0:14000");
	assert_null(config.terms_of_service);
	assert_null(config.blocked_keys);
	assert_null(config.resolver);
	assert_int_equal(config.http_port, 80);
	assert_int_equal(config.hold_ms, 3000);
	assert_int_equal(config.certificate_lifetime_s, 90 * 86400);
	assert_int_equal(config.uid_base, 64200);
	assert_int_equal(config.log_level, LOG_INFO);
	assert_int_equal(config.program, PROGRAM_PRIVATE);
	assert_int_equal(config.dev_authz_reuse, -1);
	assert_false(config.dev);
	config_free(&config);
	config_free(&config);
}

static void
test_values(void **state)
{
	static const char text[] =
	    "# Comment with a \" quote and key = value\n"
	    "/* and\n   another */ directory = \"data\"\n"
	    "base_url = 'https://ca.example:14000' // end\n"
	    "listen = { 127.0.0.1:14000,\n  \"[::1]:0\" }\n"
	    "tls_key = tls.key\r\n"
	    "validation_allow = {\"10.0.0.0/8\"}\n"
	    "validation_allow += {\"fd00::/8\", \"192.168.1.1\"}\n"
	    "hold_time = \"500 ms\"\n"
	    "certificate_lifetime = \"6 weeks\" order_lifetime = 6h\n"
	    "web_processes = 4\n"
	    "program = webpki log_level = debug\n"
	    "caa_identity = example.com";
	struct config config;

	(void)state;
	parse_ok(text, &config);
	assert_string_equal(config.directory, "/etc/signet/data");
	assert_string_equal(config.base_url, "https://ca.example:14000");
	assert_int_equal(config.num_listen, 2);
	assert_string_equal(config.listen[1], "[::1]:0");
	assert_string_equal(config.tls_key, "/etc/signet/tls.key");
	assert_string_equal(config.tls_certificate,
	    "/etc/signet/data/api/api.pem");
	assert_int_equal(config.num_validation_allow, 3);
	assert_string_equal(config.validation_allow[2], "192.168.1.1");
	assert_int_equal(config.hold_ms, 500);
	assert_int_equal(config.certificate_lifetime_s, 42 * 86400);
	assert_int_equal(config.order_lifetime_s, 6 * 3600);
	assert_int_equal(config.web_processes, 4);
	assert_int_equal(config.program, PROGRAM_WEBPKI);
	assert_int_equal(config.log_level, LOG_DEBUG);
	for (size_t i = 0; i < config_rows_count; i++) {
		if (strcmp(config_rows[i].key, "directory") == 0)
			assert_int_equal(config.lines[i], 3);
		if (strcmp(config_rows[i].key, "validation_allow") == 0)
			assert_int_equal(config.lines[i], 8);
	}
	config_free(&config);
}

/* One mistake each: where it is and what is said. */
static const struct {
	const char *text;
	int line;
	const char *key, *says, *remedy;
} mistakes[] = {
	{ "\nlissten = \"x\"\n" BASE, 2, "lissten", "no such key",
	    "did you mean listen?" },
	{ BASE "certificate_lifetme = 3", 2, "certificate_lifetme",
	    "no such key", "did you mean certificate_lifetime?" },
	{ BASE "colour = green", 2, "colour", "no such key", "--keys" },
	{ BASE "bogus_key = green", 2, "bogus_key", "no such key", "--keys" },
	{ BASE "http_port = 5002", 2, "http_port", "no such key", "" },
	{ BASE "dev = true", 2, "dev", "no such key", "" },
	{ BASE "# c\n// c\n/* c\nc */\n\n\nweb_processes = many", 8,
	    "web_processes", "not a whole number", "digits" },
	{ BASE "web_processes = 0", 2, "web_processes", "0 is too small",
	    "from 1 to 16" },
	{ BASE "web_processes = 99999999999999999999", 2, "web_processes",
	    "not a whole number", "" },
	{ BASE "web_processes = -1", 2, "web_processes", "-1 is too small",
	    "from 1 to 16" },
	{ BASE "web_processes = {1, 2}", 2, "web_processes", "one value",
	    "write web_processes = \"value\"" },
	{ BASE "hold_time = 3", 2, "hold_time", "has no unit", "\"3s\"" },
	{ BASE "hold_time = 3 s", 2, "hold_time", "spaces and no quotes",
	    "write hold_time = \"3 s\"" },
	{ BASE "hold_time =\n 3 s # long\nweb_processes = 2", 3, "hold_time",
	    "spaces and no quotes", "write hold_time = \"3 s\"" },
	{ BASE "log_level = debug info web_processes = 2", 2, "log_level",
	    "spaces and no quotes", "" },
	{ BASE "hold_time = \"3 moons\"", 2, "hold_time", "not a duration",
	    "units are" },
	{ BASE "hold_time = soon", 2, "hold_time", "not a duration", "10s" },
	{ BASE "hold_time = 1h", 2, "hold_time", "too great",
	    "0 ms to 8 seconds" },
	{ BASE "order_lifetime = \"1500 ms\"", 2, "order_lifetime", "finer",
	    "whole seconds" },
	{ BASE "certificate_lifetime = \"826 days\"", 2,
	    "certificate_lifetime", "too great", "1 minute to 825 days" },
	{ BASE "order_lifetime = \"99999999999999999 weeks\"", 2,
	    "order_lifetime", "not a duration", "" },
	{ BASE "program = publik", 2, "program", "not one of",
	    "\"private\" or \"webpki\"" },
	{ BASE "log_level = loud", 2, "log_level", "not one of",
	    "\"warning\" or \"error\"" },
	{ BASE "listen = localhost:14000", 2, "listen", "not an address",
	    "192.0.2.1:443" },
	{ BASE "listen = \"127.0.0.1\"", 2, "listen", "not an address", "" },
	{ BASE "listen = \"127.0.0.1:70000\"", 2, "listen", "not an address",
	    "" },
	{ BASE "listen = \"::1:80\"", 2, "listen", "not an address",
	    "[2001:db8::1]:443" },
	{ BASE "listen = \"[::1:80\"", 2, "listen", "not an address", "" },
	{ BASE "listen = {\"127.0.0.1:1\",\n\"127.0.0.1:1\"}", 3, "listen",
	    "listed twice", "remove one" },
	{ BASE "listen = {1.1.1.1:1,1.1.1.1:2,1.1.1.1:3,1.1.1.1:4,1.1.1.1:5,"
	    "1.1.1.1:6,1.1.1.1:7,1.1.1.1:8,1.1.1.1:9}", 2, "listen",
	    "more than 8", "remove some" },
	{ BASE "resolver = ns.example", 2, "resolver", "not an address", "" },
	{ BASE "validation_allow = {\"10.0.0.1/8\"}", 2, "validation_allow",
	    "bits set", "first address" },
	{ BASE "validation_allow = {\"ten\"}", 2, "validation_allow",
	    "not an address range", "10.0.0.0/8" },
	{ BASE "website = \"ftp://x\"", 2, "website", "not an http", "" },
	{ BASE "website = http://x", 2, "website", "\"//\" starts a comment",
	    "double quotes" },
	{ BASE "caa_identity = \"*.example.com\"", 2, "caa_identity",
	    "wildcard", "example.com" },
	{ BASE "caa_identity = \"exa mple\"", 2, "caa_identity",
	    "not a domain name", "" },
	{ BASE "directory = \"\"", 2, "directory", "empty", "" },
	{ BASE "tls_key = \"a\\x01b\"", 2, "tls_key", "control character",
	    "remove" },
	{ "\n\n" BASE BASE, 4, "base_url", "already set in line 3",
	    "remove one" },
	{ "", 0, "base_url", "not set", "add base_url" },
	{ "base_url = \"http://ca.example\"", 1, "base_url", "not https",
	    "https://" },
	{ "base_url = \"https://ca.example/acme\"", 1, "base_url",
	    "more than a host", "end it after \"https://ca.example\"" },
	{ "base_url = \"https://CA.example\"", 1, "base_url", "upper case",
	    "lower case" },
	{ "base_url = \"ca.example\"", 1, "base_url", "not an http",
	    "https://acme.example.com" },
	/* Grammar. */
	{ BASE "listen \"x\"", 2, "", "missing equal sign", "key = " },
	{ BASE "listen { x = 1 }", 2, "", "missing equal sign", "" },
	{ BASE "listen = {}", 2, "listen", "list is empty", "remove its line" },
	{ BASE "program = { # c\n}", 3, "program", "list is empty", "" },
	{ BASE "a\nlisten\n= { }", 4, "listen", "list is empty", "" },
	{ "= {}", 1, "", "list is empty", "" },
	{ BASE "= 4", 2, "", "unexpected token", "" },
	{ BASE "program =", 2, "", "end of file", "" },
	{ BASE "listen = {a, b", 2, "", "end of file", "" },
	{ BASE "}", 2, "", "closing brace", "" },
	{ BASE "website = \"https://x\n", 2, "", "no end", "quote" },
	{ BASE "website = 'https://x", 2, "", "no end", "quote" },
	{ BASE "\n/* x\n", 3, "", "no end", "*/" },
	{ BASE "website = \"\\400\"", 2, "", "before a digit", "\\xNN" },
	{ BASE "website = \"${HOME}\"", 2, "", "not expanded", "single" },
	{ BASE "website = ${HOME}", 2, "", "not expanded", "" },
	{ BASE "\001", 2, "", "control character", "remove" },
};

static void
test_mistakes(void **state)
{
	struct config config;
	struct config_errors errors;

	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		const struct config_error *e = NULL;

		parse(mistakes[i].text, &config, &errors);
		for (size_t n = 0; n < errors.count && e == NULL; n++) {
			if (strstr(errors.items[n].text, mistakes[i].says))
				e = &errors.items[n];
		}
		if (e == NULL || e->line != mistakes[i].line ||
		    strcmp(e->key, mistakes[i].key) != 0 ||
		    strstr(e->text, mistakes[i].remedy) == NULL)
			fail_msg("\"%s\": %zu mistakes, first %d: %s: %s",
			    mistakes[i].text, errors.count,
			    errors.items[0].line, errors.items[0].key,
			    errors.items[0].text);
		/* A bad text must not change how the next one is read. */
		parse_ok(BASE "website = \"https://x\"", &config);
		config_free(&config);
	}
}

static void
test_all_mistakes(void **state)
{
	static const char text[] = "web_processes = x\nnope = 1\n"
	    "listen = { a, b }\nnope2 = {1, 2}\nhold_time = 4\n"
	    "program = x\nprogram = private\n} = {";
	static const int lines[] = { 1, 2, 3, 3, 4, 5, 6, 7, 8, 0 };
	struct config config;
	struct config_errors errors;

	(void)state;
	parse(text, &config, &errors);
	assert_int_equal(errors.count, sizeof(lines) / sizeof(lines[0]));
	for (size_t i = 0; i < errors.count; i++)
		assert_int_equal(errors.items[i].line, lines[i]);
}

static void
test_bounds(void **state)
{
	struct bld text;
	struct config config;
	struct config_errors errors;

	(void)state;
	bld_init(&text, 4 * CONFIG_FILE_MAX);
	for (int i = 0; i < 2 * CONFIG_ERRORS_MAX; i++)
		bld_fmt(&text, "unknown%d = 1\n", i);
	bld_u8(&text, 0);
	parse((const char *)text.data, &config, &errors);
	assert_int_equal(errors.count, CONFIG_ERRORS_MAX);
	bld_reset(&text);
	bld_str(&text, BASE "website = \"https://");
	for (int i = 0; i < CONFIG_TEXT_MAX; i++)
		bld_u8(&text, 'x');
	bld_bytes(&text, "\"", 2);
	parse((const char *)text.data, &config, &errors);
	assert_non_null(strstr(errors.items[0].text, "longer than"));
	bld_reset(&text);
	for (int i = 0; i <= CONFIG_FILE_MAX; i++)
		bld_u8(&text, '\n');
	bld_u8(&text, 0);
	parse((const char *)text.data, &config, &errors);
	assert_non_null(strstr(errors.items[0].text, "longer than"));
	bld_free(&text);
}

static void
test_encode(void **state)
{
	struct config a, b;
	struct bld first, second;
	struct err err = ERR_INIT;

	(void)state;
	bld_init(&first, CONFIG_FILE_MAX);
	bld_init(&second, CONFIG_FILE_MAX);
	parse_ok(BASE "listen = {1.2.3.4:1, 1.2.3.4:2} program = webpki", &a);
	a.dev = true;
	config_encode(&first, &a);
	assert_int_equal(config_decode(bld_view(&first), &b, &err), 0);
	assert_string_equal(b.listen[1], "1.2.3.4:2");
	assert_string_equal(b.file, a.file);
	assert_int_equal(b.program, PROGRAM_WEBPKI);
	assert_null(b.website);
	assert_true(b.dev);
	config_encode(&second, &b);
	assert_true(span_equal(bld_view(&first), bld_view(&second)));
	config_free(&a);
	config_free(&b);
	for (size_t len = 0; len < first.len; len++)
		assert_int_equal(config_decode(span_of(first.data, len), &b,
		    &err), -(int)ERR_FRAME);
	bld_u8(&first, 0);
	assert_int_equal(config_decode(bld_view(&first), &b, &err),
	    -(int)ERR_FRAME);
	bld_free(&first);
	bld_free(&second);
}

static void
test_reload(void **state)
{
	struct config old, new;
	struct err err = ERR_INIT;

	(void)state;
	parse_ok(BASE, &old);
	parse_ok(BASE "website = \"https://x\"\nlog_level = debug\n", &new);
	assert_int_equal(config_check_reload(&old, &new, &err), 0);
	config_free(&new);
	parse_ok(BASE "\nuid_base = 5000\n", &new);
	assert_int_equal(config_check_reload(&old, &new, &err),
	    -(int)ERR_CONFIG);
	assert_non_null(strstr(err.text, "/etc/signet/signetd.conf:3: "
	    "uid_base: "));
	config_free(&new);
	config_free(&old);
}

static void
test_durations(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} durations[] = {
		{ 0, "0 ms" }, { 1, "1 ms" }, { 999, "999 ms" },
		{ 1000, "1 second" }, { 90000, "90 seconds" },
		{ 120000, "2 minutes" }, { 3600000, "1 hour" },
		{ 86400000, "1 day" }, { 14 * INT64_C(86400000), "14 days" },
	};
	struct bld out;

	(void)state;
	bld_init(&out, 100);
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		bld_reset(&out);
		config_value_put_duration(&out, durations[i].ms);
		assert_true(span_equal_str(bld_view(&out), durations[i].text));
	}
	bld_free(&out);
}

static void
test_set(void **state)
{
	struct config config;
	struct err err = ERR_INIT;

	(void)state;
	config_init(&config);
	assert_int_equal(config_set(&config, "listen", "[::1]:1", &err), 0);
	assert_int_equal(config_add(&config, "listen", "[::1]:2", &err), 0);
	assert_int_equal(config.num_listen, 2);
	assert_string_equal(config.listen[0], "[::1]:1");
	assert_int_equal(config_set(&config, "http_port", "5002", &err), 0);
	assert_int_equal(config.http_port, 5002);
	assert_int_equal(config_set(&config, "http_port", "0", &err),
	    -(int)ERR_CONFIG);
	assert_int_equal(config_set(&config, "http_prt", "1", &err),
	    -(int)ERR_CONFIG);
	config_free(&config);
}

static void
test_read(void **state)
{
	char path[] = "/tmp/signet-config-XXXXXX";
	struct config config;
	struct config_errors errors = { 0 };
	struct err err = ERR_INIT;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, BASE, strlen(BASE)), strlen(BASE));
	assert_int_equal(config_read(path, &config, &errors, &err), 0);
	assert_string_equal(config.directory, "/tmp");
	config_free(&config);
	assert_int_equal(write(fd, "x", 1), 1);
	assert_int_equal(config_read(path, &config, &errors, &err),
	    -(int)ERR_CONFIG);
	assert_non_null(strstr(err.text, ":2: "));
	close(fd);
	unlink(path);
	assert_int_equal(config_read(path, &config, &errors, &err),
	    -(int)ERR_IO);
	assert_non_null(strstr(err.text, path));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_all_mistakes),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_reload),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
