/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "acme/problem.h"
#include "base/json.h"

#define OUT_MAX (1 << 20)

/* Types of RFC 8555 section 6.7 but for those that Signet has no use for. */
static const struct {
	enum err_kind kind;
	const char *type;
	int status;
} types[] = {
	{ ERR_INTERNAL, "serverInternal", 500 },
	{ ERR_FRAME, "serverInternal", 500 },
	{ ERR_BUSY, "serverInternal", 503 },
	{ ERR_ACCOUNT_DOES_NOT_EXIST, "accountDoesNotExist", 400 },
	{ ERR_BAD_CSR, "badCSR", 400 },
	{ ERR_BAD_NONCE, "badNonce", 400 },
	{ ERR_BAD_PUBLIC_KEY, "badPublicKey", 400 },
	{ ERR_BAD_SIGNATURE_ALGORITHM, "badSignatureAlgorithm", 400 },
	{ ERR_MALFORMED, "malformed", 400 },
	{ ERR_ORDER_NOT_READY, "orderNotReady", 403 },
	{ ERR_UNAUTHORIZED, "unauthorized", 403 },
	{ ERR_ACCOUNT_NOT_VALID, "unauthorized", 401 },
	{ ERR_USER_ACTION_REQUIRED, "userActionRequired", 403 },
	{ ERR_RATE_LIMITED, "rateLimited", 429 },
	{ ERR_METHOD_NOT_ALLOWED, "malformed", 405 },
	{ ERR_NO_SUCH_RESOURCE, "malformed", 404 },
	{ ERR_TOO_LARGE, "malformed", 413 },
	{ ERR_UNSUPPORTED_MEDIA, "malformed", 415 },
	{ ERR_KIND_COUNT, "serverInternal", 500 },
};

static void
test_types(void **state)
{
	char type[100];

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		snprintf(type, sizeof(type), "urn:ietf:params:acme:error:%s",
		    types[i].type);
		assert_string_equal(problem_type(types[i].kind), type);
		assert_int_equal(problem_status(types[i].kind),
		    types[i].status);
	}
}

/* Every kind has a row. */
static void
test_table(void **state)
{
	(void)state;
	for (int kind = 0; kind < ERR_KIND_COUNT; kind++) {
		int status = problem_status((enum err_kind)kind);

		assert_non_null(problem_type((enum err_kind)kind));
		assert_true(status >= 400 && status < 600);
	}
}

/* What went wrong inside is for the log alone. */
static void
test_of_err(void **state)
{
	struct err err;
	struct problem problem;

	(void)state;
	err_set(&err, ERR_INTERNAL, NULL, "secret");
	problem = problem_of(&err);
	assert_int_equal(problem.kind, ERR_INTERNAL);
	assert_null(strstr((const char *)problem.detail.data, "secret"));
	err_set(&err, ERR_CONFLICT, NULL, "secret");
	problem = problem_of(&err);
	assert_null(strstr((const char *)problem.detail.data, "secret"));
	err_set(&err, ERR_CAA, NULL, "CAA of a.example forbids it");
	problem = problem_of(&err);
	assert_true(span_equal_str(problem.detail,
	    "CAA of a.example forbids it"));
	assert_int_equal(problem.rule.len, 0);
}

/* What a refusal enforces reaches the client, however long it is and however
 * many processes it passes. */
static void
test_rule(void **state)
{
	const struct ident ident = { IDENT_DNS, SPAN_LIT("a.example") };
	struct arena arena = { .used = 0 };
	char text[PROBLEM_DETAIL_MAX], longest[ERR_TEXT_SIZE];
	struct problem problem, got;
	struct problem_sub sub;
	struct err err;
	struct bld out;
	struct cur cur;

	(void)state;
	bld_init(&out, OUT_MAX);
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	err_set(&err, ERR_CAA, "RFC 8659 4", "%s", longest);
	sub = problem_sub_of(&err, &ident, &arena);
	problem = problem_of(&err);
	problem.num_subs = 1;
	problem.subs = &sub;
	problem_encode(&out, &problem);
	cur = CUR_OF(bld_view(&out));
	problem_decode(&cur, &arena, &got);
	assert_int_equal(cur_end(&cur), 0);
	for (int i = 0; i < 2; i++) {
		const struct problem *at = i == 0 ? &problem : &got;
		struct span detail = problem_detail(at, text);

		assert_int_equal(detail.len,
		    ERR_TEXT_SIZE - 1 + strlen(" (RFC 8659 4)"));
		assert_true(span_equal_str(span_from(detail,
		    ERR_TEXT_SIZE - 1), " (RFC 8659 4)"));
	}
	assert_true(span_equal(got.subs[0].detail, got.detail));
	/* What went wrong inside has no rule that a client may see. */
	err_set(&err, ERR_INTERNAL, "secret", "secret");
	assert_int_equal(problem_of(&err).rule.len, 0);
	bld_free(&out);
	arena_free(&arena);
}

static void
expect_json(const struct problem *problem, const char *want)
{
	cleanup_json json_t *json = NULL;
	struct bld out;

	bld_init(&out, OUT_MAX);
	problem_put_json(&out, problem);
	assert_int_equal(bld_end(&out), 0);
	if (!span_equal_str(bld_view(&out), want))
		fail_msg("%.*s", SPAN_FMT(bld_view(&out)));
	assert_int_equal(json_parse_object(bld_view(&out), "it", &json, NULL),
	    0);
	bld_free(&out);
}

static void
test_json(void **state)
{
	struct problem_sub subs[] = {
		{ .kind = ERR_REJECTED_IDENTIFIER,
		    .ident = { IDENT_DNS, SPAN_LIT("a.example") },
		    .detail = SPAN_LIT("no") },
		{ .kind = ERR_CAA, .detail = SPAN_LIT("not"),
		    .rule = SPAN_LIT("RFC 8659 4") },
	};

	(void)state;
	expect_json(&(struct problem){ .kind = ERR_BAD_NONCE,
	    .detail = SPAN_LIT(PROBLEM_BAD_NONCE_DETAIL) },
	    "{\"type\":\"urn:ietf:params:acme:error:badNonce\","
	    "\"detail\":\"JWS has an invalid anti-replay nonce\","
	    "\"status\":400}");
	expect_json(&(struct problem){ .kind = ERR_MALFORMED,
	    .detail = SPAN_LIT("\"a/b\"\n\xff") },
	    "{\"type\":\"urn:ietf:params:acme:error:malformed\","
	    "\"detail\":\"\\\"a/b\\\"\\n\ufffd\",\"status\":400}");
	expect_json(&(struct problem){ .kind = ERR_BAD_SIGNATURE_ALGORITHM,
	    .detail = SPAN_LIT("x"), .rule = SPAN_LIT("RFC 8555 6.2") },
	    "{\"type\":\"urn:ietf:params:acme:error:badSignatureAlgorithm\","
	    "\"detail\":\"x (RFC 8555 6.2)\",\"status\":400,\"algorithms\":[\"ES256\","
	    "\"ES384\",\"ES512\",\"RS256\",\"EdDSA\"]}");
	expect_json(&(struct problem){ .kind = ERR_COMPOUND,
	    .detail = SPAN_LIT("two"), .num_subs = 2, .subs = subs },
	    "{\"type\":\"urn:ietf:params:acme:error:compound\","
	    "\"detail\":\"two\",\"status\":400,\"subproblems\":["
	    "{\"type\":\"urn:ietf:params:acme:error:rejectedIdentifier\","
	    "\"detail\":\"no\",\"identifier\":{\"type\":\"dns\","
	    "\"value\":\"a.example\"}},"
	    "{\"type\":\"urn:ietf:params:acme:error:caa\","
	    "\"detail\":\"not (RFC 8659 4)\"}]}");
}

static void
test_encode(void **state)
{
	struct problem_sub subs[] = {
		{ .kind = ERR_DNS, .ident = { IDENT_IP, SPAN_LIT("::1") },
		    .detail = SPAN_LIT("no answer") },
		{ .kind = ERR_NONE },
	};
	struct problem rows[] = {
		{ .kind = ERR_NONE },
		{ .kind = ERR_RATE_LIMITED, .detail = SPAN_LIT("x"),
		    .retry_after_s = 60 },
		{ .kind = ERR_COMPOUND, .num_subs = 2, .subs = subs },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena arena = { .used = 0 };
		struct bld out, again;
		struct problem got;
		struct cur cur;

		bld_init(&out, OUT_MAX);
		bld_init(&again, OUT_MAX);
		problem_encode(&out, &rows[i]);
		cur = CUR_OF(bld_view(&out));
		problem_decode(&cur, &arena, &got);
		assert_int_equal(cur_end(&cur), 0);
		assert_int_equal(got.kind, rows[i].kind);
		assert_int_equal(got.num_subs, rows[i].num_subs);
		assert_true(got.retry_after_s == rows[i].retry_after_s);
		problem_encode(&again, &got);
		assert_true(span_equal(bld_view(&out), bld_view(&again)));
		for (size_t cut = 0; cut < out.len; cut++) {
			cur = CUR_OF(span_of(out.data, cut));
			problem_decode(&cur, &arena, &got);
			assert_int_equal(cur_end(&cur), -ERR_FRAME);
		}
		bld_free(&out);
		bld_free(&again);
		arena_free(&arena);
	}
}

static void
test_unknown_kind(void **state)
{
	struct arena arena = { .used = 0 };
	struct cur cur = CUR_OF(SPAN_LIT("\0\x03xyz"));
	struct problem got;

	(void)state;
	problem_decode(&cur, &arena, &got);
	assert_int_equal(cur_end(&cur), -ERR_FRAME);
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_of_err),
		cmocka_unit_test(test_rule),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_encode),
		cmocka_unit_test(test_unknown_kind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
