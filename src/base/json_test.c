/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/json_flat.h"

#define OUT_MAX 4096

static void
test_accepted(void **state)
{
	/* What goes in comes out again in the compact form. */
	static const struct {
		const char *in;
		const char *out;
	} rows[] = {
		{ "{}", "{}" },
		{ " { } \r\n\t", "{}" },
		{ "{\"a\" : [1, true, null, {\"b\":\"c\"}]}",
		    "{\"a\":[1,true,null,{\"b\":\"c\"}]}" },
		{ "{\"url\":\"https:\\/\\/x\\/y\"}",
		    "{\"url\":\"https://x/y\"}" },
		{ "{\"\\u0041\":\"\\u00e9\\ud83d\\ude00\"}",
		    "{\"A\":\"\u00e9\U0001f600\"}" },
		{ "{\"b\":1,\"a\":2}", "{\"b\":1,\"a\":2}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		cleanup_json json_t *json = NULL;
		struct err err = ERR_INIT;
		char *text;

		assert_int_equal(json_parse_object(span_str(rows[i].in),
		    "the text", &json, &err), 0);
		text = json_dumps(json, JSON_COMPACT);
		assert_string_equal(text, rows[i].out);
		free(text);
	}
}

static void
expect_refused(struct span in, const char *words)
{
	struct err err = ERR_INIT;
	json_t *json = NULL;

	assert_int_equal(json_parse_object(in, "the text", &json, &err),
	    -ERR_MALFORMED);
	assert_null(json);
	assert_int_equal(err.kind, ERR_MALFORMED);
	assert_non_null(err.rule);
	assert_non_null(strstr(err.text, "the text"));
	if (strstr(err.text, words) == NULL)
		fail_msg("no \"%s\" in: %s", words, err.text);
	assert_null(strchr(err.text, '\n'));
}

static void
test_refused(void **state)
{
	static const struct {
		const char *in;
		const char *words;
	} rows[] = {
		{ "", "not valid JSON" },
		{ "{", "not valid JSON" },
		{ "{}{}", "not valid JSON" },
		{ "{} x", "not valid JSON" },
		{ "[]", "not a JSON object" },
		{ "\"{}\"", "not a JSON object" },
		{ "1", "not a JSON object" },
		{ "null", "not a JSON object" },
		{ "{\"a\":1,\"a\":2}", "a member twice" },
		{ "{\"a\":1,\"\\u0061\":2}", "a member twice" },
		{ "{\"b\":{\"a\":1,\"a\":1}}", "a member twice" },
		{ "{\"a\":\"\\u0000\"}", "not valid JSON" },
		{ "{\"\\u0000\":1}", "not valid JSON" },
		{ "{\"a\":\"\xff\"}", "not valid JSON" },
		{ "{\"a\":\"\xed\xa0\x80\"}", "not valid JSON" },
		{ "{\"a\":\"\\ud800\"}", "not valid JSON" },
		{ "{\"a\":\"line\nend\"}", "not valid JSON" },
		{ "{\"a\":01}", "not valid JSON" },
		{ "{\"a\":NaN}", "not valid JSON" },
		{ "{\"a\":1e999}", "not valid JSON" },
		{ "{\"a\":1,}", "not valid JSON" },
		{ "{'a':1}", "not valid JSON" },
		{ "\xef\xbb\xbf{}", "not valid JSON" },
		{ "{}//", "not valid JSON" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		expect_refused(span_str(rows[i].in), rows[i].words);
	expect_refused(span_of("{\0}", 3), "not valid JSON");
	expect_refused(span_of("{}\0", 3), "not valid JSON");
	expect_refused(span_of("{\"a\":1\0}", 8), "NUL");
	expect_refused(span_of("{\"a\":true\0}", 11), "NUL");
}

static void
test_depth(void **state)
{
	struct bld in;

	(void)state;
	for (size_t depth = JSON_DEPTH_MAX; depth <= JSON_DEPTH_MAX + 1;
	    depth++) {
		struct err err = ERR_INIT;
		json_t *json;

		bld_init(&in, OUT_MAX);
		bld_str(&in, "{\"]\\\"[\":");
		for (size_t i = 1; i < depth; i++)
			bld_u8(&in, '[');
		for (size_t i = 1; i < depth; i++)
			bld_u8(&in, ']');
		bld_u8(&in, '}');
		if (depth > JSON_DEPTH_MAX) {
			expect_refused(bld_view(&in), "deep");
		} else {
			assert_int_equal(json_parse_object(bld_view(&in),
			    "the text", &json, &err), 0);
			json_decref(json);
		}
		bld_free(&in);
	}
}

static void
test_strings(void **state)
{
	cleanup_json json_t *json = NULL;
	struct err err = ERR_INIT;
	struct span s;

	(void)state;
	assert_int_equal(json_parse_object(
	    SPAN_LIT("{\"a\":\"x\",\"e\":\"\",\"n\":null,\"i\":1}"), "it",
	    &json, &err), 0);
	assert_int_equal(json_get_string(json, "a", &s, &err), 0);
	assert_true(span_equal_str(s, "x"));
	assert_int_equal(json_get_string(json, "e", &s, &err), 0);
	assert_true(s.len == 0 && s.data != NULL);
	assert_int_equal(json_get_string(json, "none", &s, &err), 0);
	assert_true(s.len == 0 && s.data == NULL);
	assert_int_equal(json_need_string(json, "e", &s, &err), 0);
	assert_int_equal(json_need_string(json, "none", &s, &err),
	    -ERR_MALFORMED);
	assert_int_equal(json_get_string(json, "n", &s, &err),
	    -ERR_MALFORMED);
	assert_int_equal(json_get_string(json, "i", &s, &err),
	    -ERR_MALFORMED);
	assert_string_equal(err.text, "member \"i\" is not a string");
}

static void
test_put_string(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} rows[] = {
		{ "", "\"\"" },
		{ "https://a/b", "\"https://a/b\"" },
		{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "\n\r\t\x01\x1f\x7f", "\"\\n\\r\\t\\u0001\\u001f\x7f\"" },
		{ "\u00e9\U0001f600", "\"\u00e9\U0001f600\"" },
		/* not UTF-8: lone, overlong, surrogate, too great, cut */
		{ "\xff", "\"\ufffd\"" },
		{ "\xc0\xaf", "\"\ufffd\ufffd\"" },
		{ "\xed\xa0\x80", "\"\ufffd\ufffd\ufffd\"" },
		{ "\xf4\x90\x80\x80", "\"\ufffd\ufffd\ufffd\ufffd\"" },
		{ "a\xe2\x82", "\"a\ufffd\ufffd\"" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bld out;

		bld_init(&out, OUT_MAX);
		json_put_string(&out, span_str(rows[i].in));
		assert_int_equal(out.len, strlen(rows[i].out));
		assert_memory_equal(out.data, rows[i].out, out.len);
		bld_free(&out);
	}
}

static void
test_flat_bytes(void **state)
{
	struct json_flat flat;

	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		uint8_t text[] = "{\"a\":\"x\"}";

		text[6] = (uint8_t)c;
		assert_int_equal(json_flat_scan(span_of(text, 9), &flat),
		    c >= 0x20 && c <= 0x7e && c != '"' && c != '\\');
	}
}

static void
test_flat(void **state)
{
	struct json_flat flat;

	(void)state;
	assert_true(json_flat_scan(SPAN_LIT("{}"), &flat));
	assert_int_equal(flat.count, 0);
	assert_true(json_flat_scan(
	    SPAN_LIT(" {\n\"a\" : \"1\" ,\t\"b\":\"\"} "), &flat));
	assert_int_equal(flat.count, 2);
	assert_true(span_equal_str(json_flat_get(&flat, "a"), "1"));
	assert_non_null(json_flat_get(&flat, "b").data);
	assert_null(json_flat_get(&flat, "c").data);
}

/* Left to the parser, whether it is JSON or not. */
static void
test_flat_left(void **state)
{
	static const char *const rows[] = {
		"", "{", "{}x", "[]", "{\"a\":1}", "{\"a\":{}}",
		"{\"a\":\"\\n\"}", "{\"a\":\"\u00e9\"}", "{\"a\":\"\n\"}",
		"{\"a\":\"1\",\"a\":\"2\"}", "{\"a\":\"1\",}", "{,}",
		"{\"a\"}", "{\"a\":}", "{\"a\":\"1\"", "{\"a\":\"1",
		"{\"a\":\"1\"\"b\":\"2\"}",
		"{\"1\":\"\",\"2\":\"\",\"3\":\"\",\"4\":\"\",\"5\":\"\","
		"\"6\":\"\",\"7\":\"\",\"8\":\"\",\"9\":\"\",\"a\":\"\","
		"\"b\":\"\",\"c\":\"\",\"d\":\"\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json_flat flat;

		if (json_flat_scan(span_str(rows[i]), &flat))
			fail_msg("scanned: %s", rows[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_put_string),
		cmocka_unit_test(test_flat),
		cmocka_unit_test(test_flat_bytes),
		cmocka_unit_test(test_flat_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
