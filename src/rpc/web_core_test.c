/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "rpc/web_core.h"

#define OUT_MAX (1 << 20)

/* Encodes, decodes and encodes again to the same bytes; what is cut or has a
 * byte more is refused. */
static void
request_round_trip(const struct web_core_request *request)
{
	struct web_core_request got;
	struct arena arena = { .used = 0 };
	uint16_t type = (uint16_t)request->type;
	struct err err = ERR_INIT;
	struct bld out, again;

	bld_init(&out, OUT_MAX);
	bld_init(&again, OUT_MAX);
	web_core_request_encode(&out, request);
	assert_int_equal(bld_end(&out), 0);
	assert_int_equal(web_core_request_decode(type, bld_view(&out), &arena,
	    &got, &err), 0);
	assert_int_equal(got.type, request->type);
	assert_memory_equal(&got.actor, &request->actor, sizeof(got.actor));
	web_core_request_encode(&again, &got);
	assert_true(span_equal(bld_view(&out), bld_view(&again)));
	for (size_t cut = 0; cut < out.len; cut++)
		assert_int_equal(web_core_request_decode(type,
		    span_of(out.data, cut), &arena, &got, &err), -ERR_FRAME);
	bld_u8(&out, 0);
	assert_int_equal(web_core_request_decode(type, bld_view(&out), &arena,
	    &got, &err), -ERR_FRAME);
	bld_free(&out);
	bld_free(&again);
	arena_free(&arena);
}

static void
answer_round_trip(const struct web_core_answer *answer)
{
	struct web_core_answer got;
	struct arena arena = { .used = 0 };
	uint16_t type = (uint16_t)answer->type;
	struct err err = ERR_INIT;
	struct bld out, again;

	bld_init(&out, OUT_MAX);
	bld_init(&again, OUT_MAX);
	web_core_answer_encode(&out, answer);
	assert_int_equal(bld_end(&out), 0);
	assert_int_equal(web_core_answer_decode(type, bld_view(&out), &arena,
	    &got, &err), 0);
	assert_int_equal(got.type, answer->type);
	web_core_answer_encode(&again, &got);
	assert_true(span_equal(bld_view(&out), bld_view(&again)));
	for (size_t cut = 0; cut < out.len; cut++)
		assert_int_equal(web_core_answer_decode(type,
		    span_of(out.data, cut), &arena, &got, &err), -ERR_FRAME);
	bld_u8(&out, 0);
	assert_int_equal(web_core_answer_decode(type, bld_view(&out), &arena,
	    &got, &err), -ERR_FRAME);
	bld_free(&out);
	bld_free(&again);
	arena_free(&arena);
}

#define ACTOR .actor = { .account_id = 17, .thumbprint = { 1, 2, 3 } }

static void
test_account_requests(void **state)
{
	const struct web_core_request rows[] = {
		{ .type = WEB_CORE_ACCOUNT_KEY, .account_id = INT64_MAX },
		{ .type = WEB_CORE_ACCOUNT_NEW, .account_new = {
		    .key_spki = SPAN_LIT("spki"), .terms_agreed = true,
		    .num_contacts = 1,
		    .contacts = { SPAN_LIT("mailto:a@example.org") } } },
		{ .type = WEB_CORE_ACCOUNT_NEW, .account_new = {
		    .key_spki = SPAN_LIT("k"),
		    .only_return_existing = true } },
		{ .type = WEB_CORE_ACCOUNT_UPDATE, ACTOR, .account_update = {
		    .deactivate = true } },
		{ .type = WEB_CORE_ACCOUNT_UPDATE, ACTOR, .account_update = {
		    .set_contacts = true } },
		{ .type = WEB_CORE_ACCOUNT_ORDERS, ACTOR, .before_id = 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		request_round_trip(&rows[i]);
}

static void
test_order_requests(void **state)
{
	static const enum web_core_type by_id[] = {
		WEB_CORE_ORDER_GET, WEB_CORE_AUTHZ_GET,
		WEB_CORE_AUTHZ_DEACTIVATE, WEB_CORE_CERTIFICATE_GET,
	};
	struct web_core_request request = { ACTOR };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		request.type = by_id[i];
		request.object_id = (int64_t)i << 40;
		request_round_trip(&request);
	}
	request = (struct web_core_request){
		.type = WEB_CORE_ORDER_NEW, ACTOR,
		.order_new = { .not_after = 5, .profile = SPAN_LIT("p"),
		    .idents = { 2, { { IDENT_DNS, SPAN_LIT("a.example") },
		    { IDENT_DNS, SPAN_LIT("b.example") } } } },
	};
	request_round_trip(&request);
	request = (struct web_core_request){
		.type = WEB_CORE_ORDER_FINALIZE, ACTOR,
		.finalize = { .order_id = 7, .verified = true,
		    .protected_b64 = SPAN_LIT("e30"),
		    .payload_b64 = SPAN_LIT("e30"),
		    .signature = SPAN_LIT("sig"),
		    .csr_spki = SPAN_LIT("spki") },
	};
	request_round_trip(&request);
	request = (struct web_core_request){
		.type = WEB_CORE_CHALLENGE_RESPOND, ACTOR,
		.challenge = { 7, CHALLENGE_HTTP_01 },
	};
	request_round_trip(&request);
	request.type = WEB_CORE_CHALLENGE_GET;
	request_round_trip(&request);
}

static void
test_object_answers(void **state)
{
	struct web_core_answer answer = {
		.type = WEB_CORE_ACCOUNT,
		.account = { .account = { .id = 1, .status = ACCOUNT_VALID },
		    .created = true },
	};

	(void)state;
	answer_round_trip(&answer);
	answer = (struct web_core_answer){
		.type = WEB_CORE_ORDER,
		.order = { .id = 1, .status = ORDER_READY,
		    .idents = { 1, { { IDENT_DNS, SPAN_LIT("a") } } } },
	};
	answer_round_trip(&answer);
	answer = (struct web_core_answer){
		.type = WEB_CORE_AUTHZ,
		.authz = { .id = 1, .status = AUTHZ_VALID,
		    .ident = { IDENT_DNS, SPAN_LIT("a") } },
	};
	answer_round_trip(&answer);
}

static void
test_other_answers(void **state)
{
	struct web_core_answer answer = {
		.type = WEB_CORE_ORDERS,
		.orders = { .count = WEB_CORE_ORDERS_PAGE, .more = true },
	};

	(void)state;
	for (size_t i = 0; i < WEB_CORE_ORDERS_PAGE; i++)
		answer.orders.ids[i] = (int64_t)i;
	answer_round_trip(&answer);
	answer = (struct web_core_answer){
		.type = WEB_CORE_CERTIFICATE,
		.certificate = { 2, { SPAN_LIT("leaf"), SPAN_LIT("ca") } },
	};
	answer_round_trip(&answer);
	answer = (struct web_core_answer){
		.type = WEB_CORE_PROBLEM,
		.problem = { .kind = ERR_BUSY, .detail = SPAN_LIT("x") },
	};
	answer_round_trip(&answer);
	answer = (struct web_core_answer){ .type = WEB_CORE_VERIFY_FIRST };
	answer_round_trip(&answer);
}

/* A question is no answer, an answer no question, and nothing else either. */
static void
test_types(void **state)
{
	static const uint8_t zeros[512];
	struct web_core_request request;
	struct web_core_answer answer;
	struct arena arena = { .used = 0 };
	struct err err;

	(void)state;
	for (size_t len = 0; len < sizeof(zeros); len++) {
		struct span in = span_of(zeros, len);

		assert_int_equal(web_core_request_decode(WEB_CORE_ORDER, in,
		    &arena, &request, &err), -ERR_FRAME);
		assert_int_equal(web_core_request_decode(0, in, &arena,
		    &request, &err), -ERR_FRAME);
		assert_int_equal(web_core_request_decode(UINT16_MAX, in,
		    &arena, &request, &err), -ERR_FRAME);
		assert_int_equal(web_core_answer_decode(WEB_CORE_ORDER_GET, in,
		    &arena, &answer, &err), -ERR_FRAME);
		assert_int_equal(web_core_answer_decode(99, in, &arena,
		    &answer, &err), -ERR_FRAME);
	}
	/* a problem that is none */
	assert_int_equal(web_core_answer_decode(WEB_CORE_PROBLEM,
	    SPAN_LIT("\0\x04none"), &arena, &answer, &err), -ERR_FRAME);
	assert_int_equal(err.kind, ERR_FRAME);
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_account_requests),
		cmocka_unit_test(test_order_requests),
		cmocka_unit_test(test_object_answers),
		cmocka_unit_test(test_other_answers),
		cmocka_unit_test(test_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
