/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "agent/net/net_ocsp.h"
#include "agent/rpc/judge_net.h"
#include "base/mem.h"

#define URL "http://ocsp.example/a"
#define LEADER SPAN_LIT("https://ca.example/dir")

static struct {
	struct net_ocsp *ocsp;
	unsigned asked;      /* over HTTP */
	uint64_t asked_id;
	enum client_http_method method;
	char url[400];
	unsigned done;
	uint64_t done_id;
	bool ok;
	char text[400];
} t;

static void
http(void *ctx, uint64_t id, const struct client_request *request)
{
	(void)ctx;
	t.asked++;
	t.asked_id = id;
	t.method = request->method;
	assert_true(request->led);
	assert_true(span_equal(request->leader, LEADER));
	snprintf(t.url, sizeof(t.url), "%.*s", SPAN_FMT(request->url));
}

static void
done(void *ctx, uint64_t id, bool ok, struct span text)
{
	(void)ctx;
	t.done++;
	t.done_id = id;
	t.ok = ok;
	snprintf(t.text, sizeof(t.text), "%.*s", SPAN_FMT(text));
}

static int
setup(void **state)
{
	(void)state;
	memset(&t, 0, sizeof(t));
	t.ocsp = net_ocsp_new(http, done, NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	net_ocsp_free(t.ocsp);
	return 0;
}

static void
answer(uint64_t id, int status, const char *body)
{
	const struct client_response response = { .status = status,
		.body = span_str(body) };

	net_ocsp_answered(t.ocsp, id, &response);
}

/* Whoever made the certificate chose it: nobody is asked for what is more, or
 * something else, than an http URL. */
static void
test_bad_url(void **state)
{
	static const char *const bad[] = { "", "http://", "https://a.example/",
	    "http:///a", "http://a@b.example/", "http://a.example/#b",
	    "http://a.example/ b", "http://a.example\\b",
	    "http://a.example/\x7f", "file:///etc/passwd" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		net_ocsp_ask(t.ocsp, 40 + i, span_str(bad[i]), LEADER,
		    SPAN_LIT("abc"));
		assert_int_equal(t.done, i + 1);
		assert_int_equal(t.done_id, 40 + i);
		assert_false(t.ok);
		assert_non_null(strstr(t.text, "not an http URL"));
	}
	assert_int_equal(t.asked, 0);
	/* Nothing of them waits for an answer. */
	answer(40, 200, "late");
	assert_int_equal(t.done, sizeof(bad) / sizeof(bad[0]));
}

static void
test_get(void **state)
{
	(void)state;
	net_ocsp_ask(t.ocsp, 7, SPAN_LIT(URL), LEADER, SPAN_LIT("\xfb\xff\xfe"));
	assert_int_equal(t.method, CLIENT_GET);
	assert_string_equal(t.url, URL "/%2B%2F%2F%2B");
	assert_int_equal(t.done, 0);
	answer(7, 200, "response");
	assert_int_equal(t.done, 1);
	assert_true(t.ok);
	assert_string_equal(t.text, "response");
	answer(7, 200, "again");
	assert_int_equal(t.done, 1);
}

static void
test_post(void **state)
{
	uint8_t *request = mem_zalloc(FILES_OCSP_REQUEST_MAX);

	(void)state;
	/* Some know it alone. */
	net_ocsp_ask(t.ocsp, 7, SPAN_LIT(URL), LEADER, SPAN_LIT("abc"));
	answer(7, 405, "");
	assert_int_equal(t.asked, 2);
	assert_int_equal(t.method, CLIENT_POST);
	assert_string_equal(t.url, URL);
	answer(7, 500, "");
	assert_int_equal(t.done, 1);
	assert_false(t.ok);
	assert_non_null(strstr(t.text, "HTTP status 500"));
	/* What is too long for a URL begins with it; so does one with a
	 * query. */
	net_ocsp_ask(t.ocsp, 8, SPAN_LIT(URL), LEADER, span_of(request,
	    FILES_OCSP_REQUEST_MAX));
	assert_int_equal(t.method, CLIENT_POST);
	net_ocsp_ask(t.ocsp, 9, SPAN_LIT(URL "?b"), LEADER, SPAN_LIT("abc"));
	assert_int_equal(t.method, CLIENT_POST);
	free(request);
}

/* Several at a time, answered in any order; what is left goes with all. */
static void
test_many(void **state)
{
	(void)state;
	for (uint64_t id = 1; id <= 4; id++)
		net_ocsp_ask(t.ocsp, id, SPAN_LIT(URL), LEADER, SPAN_LIT("abc"));
	answer(3, 200, "three");
	assert_int_equal(t.done_id, 3);
	answer(1, 200, "one");
	assert_int_equal(t.done_id, 1);
	answer(4, 200, "four");
	assert_string_equal(t.text, "four");
	assert_int_equal(t.done, 3);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_bad_url, setup, teardown),
		cmocka_unit_test_setup_teardown(test_get, setup, teardown),
		cmocka_unit_test_setup_teardown(test_post, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
