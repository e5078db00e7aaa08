/* SPDX-License-Identifier: Apache-2.0 */
/* What nginx -T says, read; which block answers; what would be written. */
#include "agent/server/nginx_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEAD "# configuration file /f/nginx.conf:\n"

struct fixture {
	struct arena arena;
	struct nginx_dump dump;
	struct err err;
	int r;
};

static void
parse(struct fixture *f, const char *text)
{
	*f = (struct fixture){ .err = ERR_INIT };
	f->r = nginx_dump_parse(span_str(text), &f->arena, &f->dump, &f->err);
}

static const struct nginx_server *
server(const struct fixture *f, size_t index)
{
	const struct nginx_server *s = f->dump.servers;

	while (s != NULL && index-- > 0)
		s = s->next;
	if (s == NULL)
		abort();
	return s;
}

static void
test_words(void **state)
{
	struct fixture f;
	const struct nginx_directive *d;

	(void)state;
	parse(&f, HEAD "# a { comment\na 'q \" } ;' \"\\\"x\" ${y}z;\n"
	    "b { c; }\n");
	assert_int_equal(f.r, 0);
	d = f.dump.files->first;
	assert_true(span_equal_str(nginx_dump_word(d, 1), "q \" } ;"));
	assert_true(span_equal_str(nginx_dump_word(d, 2), "\"x"));
	assert_true(span_equal_str(nginx_dump_word(d, 3), "${y}z"));
	assert_int_equal(nginx_dump_word(d, 4).len, 0);
	assert_true(nginx_dump_is(d->next, "b"));
	assert_true(d->next->has_block);
	assert_true(nginx_dump_is(d->next->block, "c"));
	assert_int_equal(d->next->line, 3);
	arena_free(&f.arena);
}

static void
test_not_of_the_form(void **state)
{
	static const char *const bad[] = { "", "events {}", HEAD "a {",
	    HEAD "a", HEAD "}", HEAD ";", HEAD "a 'b;",
	    HEAD "http { content_by_lua_block { x } }" };
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		parse(&f, bad[i]);
		assert_int_equal(f.r, -(int)ERR_CONFIG);
		assert_true(strlen(f.err.text) > 0);
		arena_free(&f.arena);
	}
}

static void
check_listen(const char *words, const char *host, unsigned port, bool ssl)
{
	char text[256];
	struct fixture f;
	struct nginx_listen listen;

	snprintf(text, sizeof(text), HEAD "listen %s;", words);
	parse(&f, text);
	assert_int_equal(f.r, 0);
	assert_int_equal(nginx_dump_listen(f.dump.files->first, &listen),
	    host != NULL);
	if (host != NULL) {
		assert_true(span_equal_str(listen.host, host));
		assert_int_equal(listen.port, port);
		assert_int_equal(listen.ssl, ssl);
	}
	arena_free(&f.arena);
}

static void
test_listen(void **state)
{
	(void)state;
	check_listen("80", "*", 80, false);
	check_listen("*:81", "*", 81, false);
	check_listen("127.0.0.1", "127.0.0.1", 80, false);
	check_listen("127.0.0.1:443 ssl http2", "127.0.0.1", 443, true);
	check_listen("[::]:443 ssl ipv6only=off", "[::]", 443, true);
	check_listen("[::1]", "[::1]", 80, false);
	check_listen("unix:/run/x", NULL, 0, false);
	check_listen("443 quic", NULL, 0, false);
	check_listen("127.0.0.1:99999", NULL, 0, false);
}

#define SITES HEAD "http {\n\tinclude conf.d/*.conf;\n" \
	"\tserver { return 200; }\n" \
	"\tserver { listen 80; server_name a.test *.w.test; }\n" \
	"\tserver { server_name long.w.test .d.test m.*; }\n}\n" \
	"# configuration file /f/conf.d/b.conf:\n" \
	"server { listen 443 ssl; server_name s.test; ssl_certificate /c; " \
	"return 301 https://x/; }\n"

static void
test_servers(void **state)
{
	struct fixture f;

	(void)state;
	parse(&f, SITES);
	assert_int_equal(f.r, 0);
	/* The included one comes where the include stands. */
	assert_true(span_equal_str(server(&f, 0)->file, "/f/conf.d/b.conf"));
	assert_true(span_equal_str(server(&f, 0)->certificate, "/c"));
	assert_true(server(&f, 0)->redirects);
	assert_true(server(&f, 0)->listens->ssl);
	assert_int_equal(server(&f, 1)->listens->port, 80);
	assert_null(server(&f, 3)->next);
	assert_true(span_equal_str(f.dump.includes->pattern,
	    "/f/conf.d/*.conf"));
	arena_free(&f.arena);
}

static void
test_which_answers(void **state)
{
	static const struct {
		const char *name;
		size_t index;
	} cases[] = { { "a.test", 2 }, { "A.TEST", 2 }, { "x.w.test", 2 },
	    { "long.w.test", 3 }, { "d.test", 3 }, { "x.d.test", 3 },
	    { "m.any", 3 }, { "unknown.test", 1 }, { "w.test", 1 } };
	struct nginx_listen listen = { .host = SPAN_LIT("*"), .port = 80 };
	struct fixture f;

	(void)state;
	parse(&f, SITES);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_ptr_equal(nginx_match_server(&f.dump, &listen,
		    span_str(cases[i].name), NULL),
		    server(&f, cases[i].index));
	arena_free(&f.arena);
	/* Only nginx knows what an expression means. */
	parse(&f, HEAD "http { server { server_name ~x; } }");
	assert_null(nginx_match_server(&f.dump, &listen, SPAN_LIT("ax.test"),
	    &f.err));
	assert_non_null(strstr(f.err.text, "regular expression"));
	arena_free(&f.arena);
}

static void
test_challenges(void **state)
{
	static const struct server_task task = { "a.test", "token",
	    "token.print" };
	struct fixture f;
	struct bld out;

	(void)state;
	parse(&f, SITES);
	bld_init(&out, 65536);
	assert_int_equal(nginx_text_challenges(&out, &f.dump, &task, 1,
	    &f.err), 0);
	bld_u8(&out, 0);
	/* What is the default for coming first stays it, and all that stands
	 * in the block comes after the answer. */
	assert_non_null(strstr((const char *)out.data,
	    "listen *:80 default_server;"));
	assert_non_null(strstr((const char *)out.data,
	    "\tserver_name a.test;\n\tif ($request_uri = "
	    "\"/.well-known/acme-challenge/token\") "
	    "{ return 200 \"token.print\"; }\n"));
	assert_null(strstr((const char *)out.data, "s.test"));
	bld_free(&out);
	arena_free(&f.arena);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_not_of_the_form),
		cmocka_unit_test(test_listen),
		cmocka_unit_test(test_servers),
		cmocka_unit_test(test_which_answers),
		cmocka_unit_test(test_challenges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
