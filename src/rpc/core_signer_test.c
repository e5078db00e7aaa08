/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <openssl/hmac.h>

#include "rpc/core_signer.h"

static struct arena arena;

static struct attestation
sample(void)
{
	return (struct attestation){
		.perspective = SPAN_LIT("local"), .thumbprint = { 1, 2, 3 },
		.ident = { IDENT_DNS, SPAN_LIT("example.com") },
		.method = CHALLENGE_HTTP_01, .caa = CAA_PERMITS,
		.at = 1795255200123,
	};
}

/* The MAC is what attestation.h says: text, NUL, members. */
static void
test_mac(void **state)
{
	static const uint8_t key[ATTESTATION_KEY_SIZE] = { 9, 8, 7 };
	struct attestation att = sample(), other;
	uint8_t expected[32];
	struct bld whole;

	(void)state;
	attestation_seal(&att, key);
	assert_true(attestation_verify(&att, key));
	bld_init(&whole, 1024);
	bld_bytes(&whole, "signet attestation v1", 22);
	attestation_encode(&whole, &att);
	HMAC(EVP_sha256(), key, sizeof(key), whole.data, whole.len - 32,
	    expected, NULL);
	assert_memory_equal(att.mac, expected, 32);
	bld_free(&whole);
	other = att;
	other.at++;
	assert_false(attestation_verify(&other, key));
	other = att;
	other.perspective = SPAN_LIT("loca");
	assert_false(attestation_verify(&other, key));
	other = att;
	other.ident.type = IDENT_IP;
	assert_false(attestation_verify(&other, key));
	other = att;
	other.wildcard = true;
	assert_false(attestation_verify(&other, key));
	other = att;
	other.thumbprint[31] = 1;
	assert_false(attestation_verify(&other, key));
	/* Lengths are part of it: bytes do not move between members. */
	other = att;
	other.ident.value = SPAN_LIT("example.co");
	assert_false(attestation_verify(&other, key));
}

static void
test_request(void **state)
{
	struct attestation atts[2] = { sample(), sample() };
	struct issue_request request = {
		.account_spki = SPAN_LIT("spki"),
		.protected_b64 = SPAN_LIT("cHJv"),
		.payload_b64 = SPAN_LIT("cGF5"), .signature = SPAN_LIT("sig"),
		.not_before = 1, .not_after = -2,
		.profile = SPAN_LIT("default"), .num_attestations = 2,
		.attestations = atts,
	};
	struct issue_request again;
	struct bld out, copy;

	(void)state;
	bld_init(&out, 65536);
	bld_init(&copy, 65536);
	issue_request_encode(&out, &request);
	assert_int_equal(issue_request_decode(bld_view(&out), &arena, &again,
	    NULL), 0);
	issue_request_encode(&copy, &again);
	assert_true(span_equal(bld_view(&out), bld_view(&copy)));
	assert_int_equal(again.not_after, -2);
	for (size_t i = 0; i < out.len; i++)
		assert_int_equal(issue_request_decode(span_of(out.data, i),
		    &arena, &again, NULL), -ERR_FRAME);
	bld_u8(&out, 0);
	assert_int_equal(issue_request_decode(bld_view(&out), &arena, &again,
	    NULL), -ERR_FRAME);
	bld_free(&out);
	bld_free(&copy);
}

/* A count that no bytes stand behind takes no memory. */
static void
test_count(void **state)
{
	struct issue_request request = { 0 }, again;
	struct err err;
	struct bld out;

	(void)state;
	bld_init(&out, 65536);
	issue_request_encode(&out, &request);
	out.data[out.len - 1] = 0xff;
	out.data[out.len - 2] = 0x05;
	assert_int_equal(issue_request_decode(bld_view(&out), &arena, &again,
	    &err), -ERR_FRAME);
	bld_free(&out);
}

static void
test_answers(void **state)
{
	const struct issue_answer answers[] = {
		{ .type = CORE_SIGNER_ISSUED,
		    .issued = { SPAN_LIT("certificate"), 3 } },
		{ .type = CORE_SIGNER_REFUSED,
		    .problem = { .kind = ERR_BAD_CSR,
			.detail = SPAN_LIT("no") } },
		{ .type = CORE_SIGNER_CHAIN_IS,
		    .chain = { 2, { SPAN_LIT("ca"), SPAN_LIT("root") } } },
	};
	struct issue_answer again;
	struct bld out, copy;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		uint16_t type = (uint16_t)answers[i].type;

		bld_init(&out, 65536);
		bld_init(&copy, 65536);
		issue_answer_encode(&out, &answers[i]);
		assert_int_equal(issue_answer_decode(type, bld_view(&out),
		    &arena, &again, NULL), 0);
		issue_answer_encode(&copy, &again);
		assert_true(span_equal(bld_view(&out), bld_view(&copy)));
		for (size_t len = 0; len < out.len; len++)
			assert_int_equal(issue_answer_decode(type,
			    span_of(out.data, len), &arena, &again, NULL),
			    -ERR_FRAME);
		bld_free(&out);
		bld_free(&copy);
	}
	assert_int_equal(issue_answer_decode(CORE_SIGNER_ISSUE, SPAN_NONE,
	    &arena, &again, NULL), -ERR_FRAME);
	assert_int_equal(issue_answer_decode(9, SPAN_NONE, &arena, &again,
	    NULL), -ERR_FRAME);
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mac),
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_answers),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
