/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/conf/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "agent/conf/form.h"

static const char *const good =
    "# the agent's\n"
    "ca \"home\" {\n"
    "	directory = \"https://ca.example/dir\"\n"
    "	ca_file = root.pem\n"
    "	agree_terms = true\n"
    "}\n"
    "ca \"letsencrypt\" { email = \"a@example.com\" }\n"
    "defaults { ca = {\"home\", \"letsencrypt\"} via = \"webroot=/var/www\" }\n"
    "site \"www.example.com\" {\n"
    "	names = {\"www.example.com\", \"example.com\"}\n"
    "	key = {\"ec256\", \"rsa2048\"}\n"
    "	mode = 0640\n"
    "}\n"
    "site \"mail.example.com\" {}\n"
    "site \"c.example.com\" { via = standalone }\n";

static void
test_good(void **unused)
{
	struct config_errors errors = { 0 };
	struct err err = ERR_INIT;
	struct settings s;

	(void)unused;
	if (settings_parse(span_str(good), "/etc/signet.conf", &s, &errors,
	    &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(s.num_authorities, 2);
	assert_string_equal(s.authorities[0].ca_file, "/etc/root.pem");
	assert_string_equal(s.authorities[1].directory,
	    "https://acme-v02.api.letsencrypt.org/directory");
	assert_int_equal(s.num_sites, 3);
	assert_int_equal(s.sites[0].names.count, 2);
	assert_int_equal(s.sites[0].mode, 0640);
	assert_int_equal(s.sites[0].ca.count, 2);
	assert_string_equal(s.sites[1].name, "c.example.com");
	assert_string_equal(s.sites[1].via.items[0], "standalone");
	assert_string_equal(s.sites[2].name, "mail.example.com");
	assert_string_equal(s.sites[2].names.items[0], "mail.example.com");
	assert_string_equal(s.sites[2].via.items[0], "webroot=/var/www");
	assert_string_equal(s.sites[2].key.items[0], "ec256");
	settings_done(&s);
}

/* Each mistake is told with its line, its key and what to do. */
static void
test_bad(void **unused)
{
	static const struct {
		const char *text;
		const char *says; /* "": the whole is good */
	} cases[] = {
		{ "site \"a.example\" {\n\tkeys = ec256\n}\n",
		    "f:2: keys: there is no such key; did you mean key?" },
		{ "names = x\n", "f:1: names: it cannot stand here" },
		{ "site \"a.example\" {\n\n\tkey = ec255\n}\n",
		    "f:3: key: \"ec255\" is not a type of key; write" },
		{ "site \"a.example\" {\n\tmode = 999\n}\n",
		    "f:2: mode: \"999\" is not a file mode; write one" },
		{ "site \"../x\" {\n\tmode = 0600\n}\n",
		    "site: \"../x\" cannot be a site's name" },
		{ "site \"a.example\" { names = \"-x\" }", "f:1: names: " },
		{ "site \"a.example\" { key = ec256\n key = ec384 }",
		    "f:2: key: it is already set above; remove one" },
		{ "site \"a.example\" { owner = {a, b} }",
		    "f:1: owner: it takes one value, not a list" },
		{ "ca \"x\" { agree_terms = true }",
		    "f: ca: \"x\" has no directory; add" },
		{ "ca \"x\" { directory = \"http://x/dir\" }",
		    "f:1: directory: \"http://x/dir\" is not an https URL" },
		{ "site \"a.example\" { ca = nobody }",
		    "f: site: \"a.example\": there is no CA called \"nobody\""
		},
		{ "site \"a.example\" { reuse_key = maybe }",
		    "f:1: reuse_key: \"maybe\" is neither true nor false" },
		{ "site \"a.example\" { names = {} }", "the list is empty" },
		{ "\nsite \"a.example\" {", "f:2: the block that" },
		{ "site \"a.example\" { verify = \"mail:x\" }",
		    "f:1: verify: " },
		/* Its own name is what it is for, if it says nothing else. */
		{ "site \"my_shop\" {}", "say with names what site" },
		{ "site \"my_shop\" { names = shop.example }", "" },
		{ "", "" },
		{ "site \"a.example\" {\n}\n", "" },
	};
	struct settings s;

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct config_errors errors = { 0 };
		struct err err = ERR_INIT;

		settings_parse(span_str(cases[i].text), "f", &s, &errors,
		    &err);
		if (cases[i].says[0] == '\0' ? err.kind != ERR_NONE :
		    strstr(err.text, cases[i].says) == NULL)
			fail_msg("%s\ngave: %s\nnot: %s", cases[i].text,
			    err.text, cases[i].says);
		settings_done(&s);
	}
}

/* What the database keeps is what was set. */
static void
test_round(void **unused)
{
	struct site_conf site = { 0 }, back = { 0 };
	struct err err = ERR_INIT;
	struct bld one, two;

	(void)unused;
	bld_init(&one, 65536);
	bld_init(&two, 65536);
	assert_int_equal(row_set(row_find(site_conf_rows, "names"), &site,
	    "a=b.example", NULL, &err), -ERR_CONFIG);
	assert_int_equal(row_set(row_find(site_conf_rows, "reload"), &site,
	    "systemctl reload x; y=1", NULL, &err), 0);
	assert_int_equal(row_set(row_find(site_conf_rows, "mode"), &site,
	    "0640", NULL, &err), 0);
	assert_int_equal(row_set(row_find(site_conf_rows, "reuse_key"), &site,
	    "no", NULL, &err), 0);
	assert_int_equal(row_set(row_find(site_conf_rows, "csr"), &site,
	    "x.pem", "/a", &err), 0);
	row_put_all(&one, site_conf_rows, &site);
	assert_int_equal(row_parse_all(bld_view(&one), site_conf_rows, &back,
	    &err), 0);
	row_put_all(&two, site_conf_rows, &back);
	assert_true(span_equal(bld_view(&one), bld_view(&two)));
	assert_string_equal(back.csr, "/a/x.pem");
	assert_string_equal(back.reload.items[0], "systemctl reload x; y=1");
	site_conf_done(&site);
	site_conf_done(&back);
	bld_free(&one);
	bld_free(&two);
}

static void
test_names(void **unused)
{
	char name[SITE_CONF_NAME_MAX + 1];

	(void)unused;
	site_conf_make_name(name, "*.Example.com");
	assert_string_equal(name, "example.com");
	assert_int_equal(site_conf_check_name("2001:db8::1", NULL), 0);
	assert_int_equal(site_conf_check_name(".hidden", NULL), -ERR_CONFIG);
	assert_int_equal(site_conf_check_name("a/b", NULL), -ERR_CONFIG);
	assert_int_equal(form_ident("192.0.2.1", NULL), 0);
	assert_int_equal(form_ident("*.example.com", NULL), 0);
	assert_int_equal(form_email("a@b@c", NULL), -ERR_CONFIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good), cmocka_unit_test(test_bad),
		cmocka_unit_test(test_round), cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
