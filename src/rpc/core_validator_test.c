/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rpc/core_validator.h"

static struct validate_request
sample_request(void)
{
	struct validate_request request = {
		.ident = { IDENT_DNS, SPAN_LIT("www.example.com") },
		.wildcard = true,
		.method = CHALLENGE_HTTP_01,
		.account_id = INT64_MAX - 7,
	};

	memset(request.token, 'T', sizeof(request.token));
	memset(request.thumbprint, 0x5a, sizeof(request.thumbprint));
	return request;
}

static void
request_round_trip(void **state)
{
	struct validate_request request = sample_request(), back;
	struct bld out;

	(void)state;
	bld_init(&out, 4096);
	validate_request_encode(&out, &request);
	assert_int_equal(bld_end(&out), 0);
	assert_int_equal(validate_request_decode(CORE_VALIDATOR_VALIDATE,
	    bld_view(&out), &back, NULL), 0);
	assert_true(span_equal(back.ident.value, request.ident.value));
	assert_true(back.wildcard);
	assert_int_equal(back.method, CHALLENGE_HTTP_01);
	assert_int_equal(back.account_id, request.account_id);
	assert_memory_equal(back.token, request.token, sizeof(back.token));
	assert_memory_equal(back.thumbprint, request.thumbprint,
	    sizeof(back.thumbprint));
	bld_free(&out);
}

/* Every shorter frame, one byte more, and another type are refused. */
static void
request_not_of_its_form(void **state)
{
	struct validate_request request = sample_request(), back;
	struct err err = ERR_INIT;
	struct bld out;
	size_t len;

	(void)state;
	bld_init(&out, 4096);
	validate_request_encode(&out, &request);
	len = out.len;
	for (size_t i = 0; i < len; i++)
		assert_int_equal(validate_request_decode(
		    CORE_VALIDATOR_VALIDATE, span_of(out.data, i), &back,
		    &err), -ERR_FRAME);
	bld_u8(&out, 0);
	assert_int_equal(validate_request_decode(CORE_VALIDATOR_VALIDATE,
	    bld_view(&out), &back, &err), -ERR_FRAME);
	assert_int_equal(validate_request_decode(CORE_VALIDATOR_ATTESTED,
	    span_of(out.data, len), &back, &err), -ERR_FRAME);
	bld_free(&out);
}

static void
answers_round_trip(void **state)
{
	struct validate_answer attested = {
		.type = CORE_VALIDATOR_ATTESTED,
		.attestation = {
			.perspective = SPAN_LIT("local"),
			.ident = { IDENT_DNS, SPAN_LIT("example.com") },
			.method = CHALLENGE_HTTP_01,
			.caa = CAA_PERMITS,
			.at = 1764000000123,
		},
	}, failed = {
		.type = CORE_VALIDATOR_FAILED,
		.problem = { .kind = ERR_DNS, .detail = SPAN_LIT("no A") },
	}, back;
	struct arena arena = { 0 };
	struct bld out;

	(void)state;
	bld_init(&out, 4096);
	validate_answer_encode(&out, &attested);
	assert_int_equal(validate_answer_decode(CORE_VALIDATOR_ATTESTED,
	    bld_view(&out), &arena, &back, NULL), 0);
	assert_int_equal(back.attestation.at, attested.attestation.at);
	assert_int_equal(back.attestation.caa, CAA_PERMITS);
	bld_reset(&out);
	validate_answer_encode(&out, &failed);
	assert_int_equal(validate_answer_decode(CORE_VALIDATOR_FAILED,
	    bld_view(&out), &arena, &back, NULL), 0);
	assert_int_equal(back.problem.kind, ERR_DNS);
	assert_true(span_equal_str(back.problem.detail, "no A"));
	assert_int_equal(validate_answer_decode(CORE_VALIDATOR_VALIDATE,
	    bld_view(&out), &arena, &back, NULL), -ERR_FRAME);
	bld_free(&out);
	arena_free(&arena);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_round_trip),
		cmocka_unit_test(request_not_of_its_form),
		cmocka_unit_test(answers_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
