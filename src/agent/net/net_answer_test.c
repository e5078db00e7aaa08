/* SPDX-License-Identifier: Apache-2.0 */
/* Where an answer ends, what is none, and what is too much. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "agent/net/net_answer.h"

#define MAX 64 /* bytes of a body */
#define OK "HTTP/1.1 200 OK\r\n"
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"

static struct arena arena;

static int
free_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static int
parse(const char *text, bool ended, struct net_answer *ret)
{
	return net_answer_parse(span_str(text), ended, false, MAX, &arena, ret);
}

static void
expect(struct span span, const char *text)
{
	assert_int_equal(span.len, strlen(text));
	assert_memory_equal(span.data, text, span.len);
}

/* Each is whole with its last byte and not before. */
static void
test_whole(void **state)
{
	static const struct {
		const char *text, *body;
		int status;
		bool keep;
	} rows[] = {
		{ OK "Content-Length: 3\r\n\r\nabc", "abc", 200, true },
		{ OK "content-length:3 \n\nabc", "abc", 200, true },
		{ OK "Content-Length: 0\r\n\r\n", "", 200, true },
		{ OK "Content-Length: 1\r\nContent-Length: 1\r\n\r\na", "a",
		  200, true },
		{ "HTTP/1.1 404\r\nContent-Length: 1\r\n\r\na", "a", 404,
		  true },
		{ "HTTP/1.1 204 None\r\n\r\n", "", 204, true },
		{ OK "Connection: x, Close\r\nContent-Length: 1\r\n\r\na", "a",
		  200, false },
		{ "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "a", 200,
		  false },
		{ CHUNKED "3\r\nabc\r\n0\r\n\r\n", "abc", 200, true },
		{ CHUNKED "1;x=\"y\"\r\na\r\nA \r\n0123456789\r\n000\r\n"
		  "Trailer: x\r\n\r\n", "a0123456789", 200, true },
		{ OK "Content-Length: 9\r\nTransfer-Encoding: Chunked\r\n\r\n"
		  "1\r\na\r\n0\r\n\r\n", "a", 200, false },
		{ "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\n"
		  "Content-Length: 7\r\n\r\n" OK "Content-Length: 1\r\n\r\na",
		  "a", 200, true },
	};
	struct net_answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct span text = span_str(rows[i].text);

		for (size_t len = 0; len < text.len; len++)
			assert_int_equal(net_answer_parse(span_of(text.data,
			    len), false, false, MAX, &arena, &answer), 0);
		assert_int_equal(parse(rows[i].text, false, &answer), 1);
		assert_int_equal(answer.len, text.len);
		assert_int_equal(answer.response.status, rows[i].status);
		assert_int_equal(answer.keep, rows[i].keep);
		expect(answer.response.body, rows[i].body);
	}
}

static void
test_what_follows_is_not_of_it(void **state)
{
	struct net_answer answer;

	(void)state;
	assert_int_equal(parse(OK "Content-Length: 1\r\n\r\nabc", false,
	    &answer), 1);
	assert_int_equal(answer.len, strlen(OK "Content-Length: 1\r\n\r\na"));
}

static void
test_until_its_end(void **state)
{
	struct net_answer answer;

	(void)state;
	assert_int_equal(parse(OK "\r\nabc", false, &answer), 0);
	assert_int_equal(parse(OK "\r\nabc", true, &answer), 1);
	assert_false(answer.keep);
	expect(answer.response.body, "abc");
	assert_int_equal(parse(OK "Content-Length: 4\r\n\r\nabc", true,
	    &answer), 0);
	assert_int_equal(parse(CHUNKED "3\r\nabc\r\n", true, &answer), 0);
}

static void
test_head(void **state)
{
	struct net_answer answer;

	(void)state;
	assert_int_equal(net_answer_parse(SPAN_LIT(OK "Content-Length: 999"
	    "\r\nReplay-Nonce: abc\r\n\r\n"), false, true, MAX, &arena,
	    &answer), 1);
	assert_true(answer.keep);
	expect(answer.response.nonce, "abc");
	expect(answer.response.body, "");
}

static void
test_fields(void **state)
{
	struct net_answer answer;

	(void)state;
	assert_int_equal(parse("HTTP/1.1 103 x\r\nReplay-Nonce: old\r\n"
	    "Location: old\r\n\r\n" OK "LINK:  <a>;\t b \r\nLink: <c>\r\n"
	    "replay-nonce: n\x7f\r\nRetry-After: 1\r\nRetry-After: 2\r\n"
	    "Content-Type: x/y\r\nX:\r\ndate: d\r\n"
	    "Content-Length: 0\r\n\r\n", false, &answer), 1);
	expect(answer.response.date, "d");
	assert_int_equal(answer.response.num_links, 2);
	expect(answer.response.links[0], "<a>;\t b");
	expect(answer.response.links[1], "<c>");
	expect(answer.response.nonce, "n\x7f");
	expect(answer.response.location, "");
	expect(answer.response.retry_after, "2");
	expect(answer.response.content_type, "x/y");
}

static void
test_no_answer(void **state)
{
	static const char *const texts[] = {
		"S", "SSH-2.0-x\r\n", "HTTP/2", "HTTP/1.2", "HTTP/1.1 2x",
		"HTTP/1.1 2000", "HTTP/1.1 099 x\r\n\r\n", "HTTP/1.1  200 ",
		"HTTP/1.1 101 Switching\r\n\r\n", "HTTP/1.1 20\r\n\r\n",
		OK "X\r\n\r\n", OK ": x\r\n\r\n", OK "X : y\r\n\r\n",
		OK "X: y\r\n folded\r\n\r\n", OK " X: y\r\n\r\n",
		OK "X: a\rb\r\n\r\n",
		OK "Content-Length: -1\r\n\r\n",
		OK "Content-Length: \r\n\r\n", OK "Content-Length: 1 1\r\n\r\n",
		OK "Content-Length: 1, 1\r\n\r\n",
		OK "Content-Length: 99999999999999999999\r\n\r\n",
		OK "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
		OK "Transfer-Encoding: gzip, chunked\r\n\r\n",
		OK "Transfer-Encoding: identity\r\n\r\n",
		CHUNKED "x\r\n", CHUNKED "\r\n", CHUNKED "-1\r\n",
		CHUNKED "1 x\r\n", CHUNKED "1\r\nabc\r\n",
		CHUNKED "1\r\na\r0\r\n\r\n", CHUNKED "0000000000000001\r\n",
		CHUNKED "0\r\nno trailer\r\n\r\n",
	};
	struct net_answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (parse(texts[i], false, &answer) != -ERR_MALFORMED)
			fail_msg("%s", texts[i]);
	}
	assert_int_equal(net_answer_parse(SPAN_LIT(OK "X: a\0b\r\n\r\n"), false,
	    false, MAX, &arena, &answer), -ERR_MALFORMED);
}

static void
test_too_much(void **state)
{
	static const char *const texts[] = {
		OK "Content-Length: 65\r\n\r\n",
		OK "Content-Length: 10000000000\r\n\r\n",
		CHUNKED "41\r\n",
		CHUNKED "ffffffffffffff\r\n",
		CHUNKED "3f\r\n"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"\r\n2\r\n",
	};
	struct net_answer answer;
	char *huge = mem_alloc(2 * NET_ANSWER_HEAD_MAX);

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (parse(texts[i], false, &answer) != -ERR_TOO_LARGE)
			fail_msg("%s", texts[i]);
	}
	memset(huge, 'a', 2 * NET_ANSWER_HEAD_MAX);
	memcpy(huge, OK, strlen(OK));
	assert_int_equal(net_answer_parse(span_of(huge, NET_ANSWER_HEAD_MAX),
	    false, false, MAX, &arena, &answer), 0);
	assert_int_equal(net_answer_parse(span_of(huge, NET_ANSWER_HEAD_MAX +
	    1), false, false, MAX, &arena, &answer), -ERR_TOO_LARGE);
	memcpy(huge, CHUNKED, strlen(CHUNKED));
	memset(huge + strlen(CHUNKED), '0', NET_ANSWER_CHUNK_MAX + 1);
	assert_int_equal(net_answer_parse(span_of(huge, strlen(CHUNKED) +
	    NET_ANSWER_CHUNK_MAX + 1), false, false, MAX, &arena, &answer),
	    -ERR_MALFORMED);
	free(huge);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_whole, free_arena),
		cmocka_unit_test_teardown(test_what_follows_is_not_of_it,
		    free_arena),
		cmocka_unit_test_teardown(test_until_its_end, free_arena),
		cmocka_unit_test_teardown(test_head, free_arena),
		cmocka_unit_test_teardown(test_fields, free_arena),
		cmocka_unit_test_teardown(test_no_answer, free_arena),
		cmocka_unit_test_teardown(test_too_much, free_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
