/* SPDX-License-Identifier: Apache-2.0 */
#include <openssl/sha.h>
#include <openssl/x509v3.h>

#include "base/log.h"
#include "signer/signer_expect.h"

static X509 *
x509(struct span der)
{
	const uint8_t *at = der.data;
	X509 *x = d2i_X509(NULL, &at, (long)der.len);

	assert_non_null(x);
	assert_ptr_equal(at, der.data + der.len);
	return x;
}

/* Root, CA and certificate as a TLS client sees them. */
static int
verify(struct span leaf, const char *host)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *chain = sk_X509_new_null();
	X509 *r = x509(fixture.root), *c = x509(fixture.intermediate);
	X509 *l = x509(leaf);
	X509_VERIFY_PARAM *param;
	int result;

	X509_STORE_add_cert(store, r);
	sk_X509_push(chain, c);
	X509_STORE_CTX_init(ctx, store, l, chain);
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, fixture.now / 1000);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set1_host(param, host, 0);
	X509_verify_cert(ctx);
	result = X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_free(chain);
	X509_free(r);
	X509_free(c);
	X509_free(l);
	return result;
}

static void
test_good(void **state)
{
	struct scene scene = scene_of(&fixture);
	struct issue_request request;
	struct pki_certificate read;
	struct span der;

	(void)state;
	scene.names[1] = "www.example.com";
	scene_attest(&scene, "www.example.com", 0);
	scene.common_name = "www.example.com";
	request = scene_request(&scene);
	der = expect_issued(&request);
	assert_int_equal(verify(der, "example.com"), X509_V_OK);
	assert_int_equal(verify(der, "www.example.com"), X509_V_OK);
	assert_int_equal(verify(der, "example.org"),
	    X509_V_ERR_HOSTNAME_MISMATCH);
	assert_int_equal(pki_read(der, &read, NULL), 0);
	assert_int_equal(read.not_before_s, fixture.now / 1000 - 3600);
	assert_int_equal(read.not_after_s - read.not_before_s + 1,
	    90 * 86400);
	assert_true(span_equal_str(read.common_name, "www.example.com"));
	assert_int_equal(pki_check_key(der, fixture.subject_key, NULL), 0);
}

static void
test_asked_times(void **state)
{
	struct scene scene = scene_of(&fixture);
	struct issue_request request;
	struct pki_certificate read;

	(void)state;
	scene.not_before = fixture.now + FIXTURE_HOUR_MS;
	scene.not_after = fixture.now + 2 * FIXTURE_HOUR_MS;
	request = scene_request(&scene);
	assert_int_equal(pki_read(expect_issued(&request), &read, NULL), 0);
	assert_int_equal(read.not_before_s, fixture.now / 1000 + 3600);
	assert_int_equal(read.not_after_s, fixture.now / 1000 + 7200);
}

/* No certificate outlives its issuer. */
static void
test_issuer_ends(void **state)
{
	struct scene scene;
	struct issue_request request;
	struct pki_certificate read, ca;

	(void)state;
	assert_int_equal(pki_read(fixture.intermediate, &ca, NULL), 0);
	fixture.now = ca.not_after_s * 1000 - FIXTURE_DAY_MS;
	scene = scene_of(&fixture);
	request = scene_request(&scene);
	assert_int_equal(pki_read(expect_issued(&request), &read, NULL), 0);
	assert_int_equal(read.not_after_s, ca.not_after_s);
	scene = scene_of(&fixture);
	scene.not_after = fixture.now + 2 * FIXTURE_DAY_MS;
	request = scene_request(&scene);
	expect_refusal(&request, ERR_MALFORMED, "time than the CA");
	/* A refusal, not trouble of ours for which core would ask for ever. */
	scene = scene_of(&fixture);
	scene.not_before = fixture.now + FIXTURE_DAY_MS;
	request = scene_request(&scene);
	expect_refusal(&request, ERR_MALFORMED, "time than the CA");
	fixture.now = FIXTURE_NOW;
}

/* Equal evidence, equal certificate: whatever else changed meanwhile. */
static void
test_repeated(void **state)
{
	struct scene scene = scene_of(&fixture);
	struct issue_request request = scene_request(&scene);
	struct span first = expect_issued(&request), again;
	size_t before = fixture.journal.len;

	(void)state;
	request.not_after = fixture.now + FIXTURE_HOUR_MS;
	request.num_attestations = 0;
	fixture.now += 30 * FIXTURE_DAY_MS;
	again = expect_issued(&request);
	assert_true(span_equal(first, again));
	/* After a key change core hands over the new key. */
	key_to_spki(fixture.other_key, &fixture.arena, &request.account_spki,
	    NULL);
	again = expect_issued(&request);
	assert_true(span_equal(first, again));
	/* A signature that nobody made gets nothing, issued or not. */
	request.signature = span_of("0123456789012345678901234567890123456789"
	    "012345678901234567890123", 64);
	expect_refusal(&request, ERR_MALFORMED, "signature");
	assert_int_equal(fixture.journal.len, before);
	fixture.now = FIXTURE_NOW;
}

/* A clock that was wrong once leaves ids of the future behind: their orders
 * are filled, and remembered for as long as they could be asked for. */
static void
test_future_order(void **state)
{
	struct scene scene = scene_of(&fixture);
	struct issue_request request;
	struct span first, again;

	(void)state;
	scene.order_at += 1000 * FIXTURE_DAY_MS;
	request = scene_request(&scene);
	first = expect_issued(&request);
	fixture.now += 500 * FIXTURE_DAY_MS;
	signer_free(fixture.signer);
	assert_int_equal(fixture_start(&fixture, NULL), 0);
	again = expect_issued(&request);
	assert_true(span_equal(first, again));
	fixture.now = FIXTURE_NOW;
}

/* ECDSA signatures have a second form: s and n - s. It is the same request,
 * so it gives the same certificate. */
static void
test_second_form_of_signature(void **state)
{
	struct scene scene = scene_of(&fixture);
	struct issue_request request = scene_request(&scene);
	struct span first = expect_issued(&request), again;
	BIGNUM *s = BN_bin2bn(request.signature.data + 32, 32, NULL);
	BIGNUM *n = NULL;
	uint8_t other[64];

	(void)state;
	BN_hex2bn(&n, "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84"
	    "F3B9CAC2FC632551");
	memcpy(other, request.signature.data, 32);
	BN_sub(s, n, s);
	BN_bn2binpad(s, other + 32, 32);
	BN_free(s);
	BN_free(n);
	request.signature = span_of(other, sizeof(other));
	again = expect_issued(&request);
	assert_true(span_equal(first, again));
}

static void
test_frames(void **state)
{
	struct scene scene = scene_of(&fixture);
	struct issue_request request = scene_request(&scene);
	struct err err = ERR_INIT;
	struct bld frame;

	(void)state;
	bld_init(&frame, 1024 * 1024);
	issue_request_encode(&frame, &request);
	fixture.answers = 0;
	for (size_t len = 0; len < frame.len; len++)
		assert_int_equal(signer_request(fixture.signer, 1,
		    CORE_SIGNER_ISSUE, span_of(frame.data, len), &err),
		    -ERR_FRAME);
	bld_u8(&frame, 0);
	assert_int_equal(signer_request(fixture.signer, 1, CORE_SIGNER_ISSUE,
	    bld_view(&frame), &err), -ERR_FRAME);
	assert_int_equal(signer_request(fixture.signer, 1,
	    CORE_SIGNER_ISSUED, SPAN_NONE, &err), -ERR_FRAME);
	assert_int_equal(signer_request(fixture.signer, 1, 77, SPAN_NONE,
	    &err), -ERR_FRAME);
	assert_int_equal(signer_turn_end(fixture.signer, &err), 0);
	assert_int_equal(fixture.answers, 0);
	frame.len--;
	assert_int_equal(signer_request(fixture.signer, 1, CORE_SIGNER_ISSUE,
	    bld_view(&frame), &err), 0);
	assert_int_equal(signer_request(fixture.signer, 2, CORE_SIGNER_CHAIN,
	    SPAN_NONE, &err), 0);
	assert_int_equal(fixture.answers, 0);
	assert_int_equal(signer_turn_end(fixture.signer, &err), 0);
	assert_int_equal(fixture.answers, 2);
	assert_int_equal(fixture.synced, fixture.journal.len);
	bld_free(&frame);
}

/* Crashes at the n-th use of the journal, with any number of the unsynced
 * bytes kept: nothing that was answered is lost, nothing is issued twice. */
static void
crash_at(int64_t writes, size_t kept_part)
{
	struct fixture f;
	struct scene scene;
	struct issue_request request;
	struct err err = ERR_INIT;
	struct bld frame;
	struct span first = SPAN_NONE;
	struct issue_answer answer;
	size_t kept;

	fixture_init(&f);
	bld_init(&frame, 1024 * 1024);
	f.writes_left = writes;
	if (fixture_start(&f, &err) == 0) {
		scene = scene_of(&f);
		request = scene_request(&scene);
		issue_request_encode(&frame, &request);
		if (signer_request(f.signer, 1, CORE_SIGNER_ISSUE,
		    bld_view(&frame), &err) == 0 &&
		    signer_turn_end(f.signer, &err) == 0)
			assert_int_equal(f.answers, 1);
		else
			assert_int_equal(f.answers, 0);
	}
	if (f.answers == 1 && signer_issue(f.signer, &request, &f.arena,
	    &answer, &err) == 0)
		first = answer.issued.der;
	signer_free(f.signer);
	f.signer = NULL;
	kept = f.synced + (f.journal.len - f.synced) * kept_part / 4;
	f.journal.len = kept;
	f.writes_left = -1;
	assert_int_equal(fixture_start(&f, &err), 0);
	if (frame.len == 0) {
		scene = scene_of(&f);
		request = scene_request(&scene);
	}
	assert_int_equal(signer_issue(f.signer, &request, &f.arena, &answer,
	    &err), 0);
	assert_int_equal(answer.type, CORE_SIGNER_ISSUED);
	if (first.len > 0)
		assert_true(span_equal(first, answer.issued.der));
	bld_free(&frame);
	fixture_done(&f);
}

static void
test_crashes(void **state)
{
	(void)state;
	for (int64_t writes = 0; writes < 6; writes++)
		for (size_t kept = 0; kept <= 4; kept++)
			crash_at(writes, kept);
}

static void
test_bad_issuer(void **state)
{
	struct fixture f;
	struct err err = ERR_INIT;
	EVP_PKEY *right;

	(void)state;
	fixture_init(&f);
	right = f.ca_key;
	f.ca_key = f.other_key;
	assert_int_equal(fixture_start(&f, &err), -ERR_CONFIG);
	f.ca_key = right;
	f.signer = NULL;
	fixture_done(&f);
}

static struct blocked_keys *
block(EVP_PKEY *key)
{
	struct blocked_keys *ret;
	uint8_t hash[SHA256_DIGEST_LENGTH];
	struct span spki;
	struct bld text;

	assert_int_equal(key_to_spki(key, &fixture.arena, &spki, NULL), 0);
	SHA256(spki.data, spki.len, hash);
	bld_init(&text, 1024);
	text_hex(&text, span_of(hash, sizeof(hash)));
	assert_int_equal(blocked_keys_parse(bld_view(&text), &ret, NULL), 0);
	bld_free(&text);
	return ret;
}

/* BR 6.1.1.3: neither for the key nor for evidence by the key. */
static void
test_blocked(void **state)
{
	struct scene scene = scene_of(&fixture);
	struct issue_request request = scene_request(&scene);
	struct blocked_keys *blocked = block(scene.subject);

	(void)state;
	signer_set_blocked(fixture.signer, blocked);
	expect_refusal(&request, ERR_BAD_CSR, "others know the private half");
	blocked_keys_free(blocked);
	blocked = block(scene.account);
	signer_set_blocked(fixture.signer, blocked);
	expect_refusal(&request, ERR_UNAUTHORIZED,
	    "others know the private half");
	blocked_keys_free(blocked);
	blocked = block(fixture.other_key);
	signer_set_blocked(fixture.signer, blocked);
	assert_int_equal(ask(&request).type, CORE_SIGNER_ISSUED);
	signer_set_blocked(fixture.signer, NULL);
	blocked_keys_free(blocked);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_asked_times),
		cmocka_unit_test(test_issuer_ends),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_future_order),
		cmocka_unit_test(test_second_form_of_signature),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_crashes),
		cmocka_unit_test(test_bad_issuer),
		cmocka_unit_test(test_blocked),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, setup, teardown);
}
