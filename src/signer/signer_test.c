/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The malicious core: whoever has taken over web, core and the database puts
 * questions to the signer. None of them may get a certificate for a name whose
 * control the perspectives have not attested to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <openssl/x509v3.h>

#include "base/log.h"
#include "signer/signer_fixture.h"

static struct fixture fixture;

static int
setup(void **state)
{
	(void)state;
	fixture_init(&fixture);
	return fixture_start(&fixture, NULL);
}

static int
teardown(void **state)
{
	(void)state;
	fixture_done(&fixture);
	return 0;
}

static struct issue_answer
ask(const struct issue_request *request)
{
	struct issue_answer answer = { 0 };
	struct err err = ERR_INIT;

	if (signer_issue(fixture.signer, request, &fixture.arena, &answer,
	    &err) < 0)
		fail_msg("%s", err.text);
	return answer;
}

static void
expect_refusal(const struct issue_request *request, enum err_kind kind,
    const char *words)
{
	struct issue_answer answer = ask(request);
	char text[ERR_TEXT_SIZE + 1];
	uint64_t before = fixture.journal.len;

	assert_int_equal(answer.type, CORE_SIGNER_REFUSED);
	text_printable(text, sizeof(text), answer.problem.detail);
	if (answer.problem.kind != kind || strstr(text, words) == NULL)
		fail_msg("got %s: %s; wanted %s: ...%s...",
		    err_kind_name(answer.problem.kind), text,
		    err_kind_name(kind), words);
	assert_int_equal(fixture.journal.len, before);
}

/* Before the attestations are sealed and the JWS is signed. */
static void no_evidence(struct scene *s) { s->num_attestations = 0; }
static void
other_account(struct scene *s)
{
	fixture_thumbprint(s->f->other_key, s->attestations[0].thumbprint);
}
static void
other_name(struct scene *s)
{
	s->attestations[0].ident.value = SPAN_LIT("example.org");
}
static void
parent_name(struct scene *s)
{
	s->names[0] = "www.example.com";
}
static void
as_wildcard(struct scene *s)
{
	s->attestations[0].wildcard = true;
}
static void wildcard_name(struct scene *s) { s->names[0] = "*.example.com"; }
static void
future(struct scene *s)
{
	s->attestations[0].at = s->f->now + 2 * POLICY_SKEW_MS;
}
static void
far_future(struct scene *s)
{
	s->attestations[0].at = INT64_MAX;
}
static void
stale(struct scene *s)
{
	s->attestations[0].at = s->f->now - 7 * FIXTURE_DAY_MS -
	    FIXTURE_HOUR_MS - 1;
}
static void
before_time(struct scene *s)
{
	s->attestations[0].at = INT64_MIN;
}
static void
forged(struct scene *s)
{
	static const uint8_t guess[ATTESTATION_KEY_SIZE];

	s->keys[0] = guess;
}
static void
unknown_perspective(struct scene *s)
{
	s->attestations[0].perspective = SPAN_LIT("loca");
}
static void
caa_forbids(struct scene *s)
{
	s->attestations[0].caa = CAA_FORBIDS;
}
static void
caa_unchecked(struct scene *s)
{
	s->attestations[0].caa = CAA_NOT_CHECKED;
}
static void
more_names(struct scene *s)
{
	s->names[1] = "example.org";
}
static void
fewer_names(struct scene *s)
{
	scene_attest(s, "example.org", 0);
}
static void
common_name_besides(struct scene *s)
{
	s->common_name = "example.net";
}
static void
other_url(struct scene *s)
{
	s->url = "https://other.test/acme/order/42/finalize";
}
static void
no_finalize(struct scene *s)
{
	s->url = "https://ca.test/acme/order/42";
}
static void
longer_url(struct scene *s)
{
	s->url = "https://ca.test/acme/order/42/finalize/";
}
static void
sign_order(struct scene *s)
{
	s->url = "https://ca.test/acme/order/-1/finalize";
}
static void
other_kid(struct scene *s)
{
	s->kid = "https://other.test/acme/account/17";
}
static void
old_order(struct scene *s)
{
	s->order_at -= 8 * FIXTURE_DAY_MS;
}
static void alg_none(struct scene *s) { s->alg = "none"; }
static void alg_mac(struct scene *s) { s->alg = "HS256"; }
static void alg_other(struct scene *s) { s->alg = "RS256"; }
static void
stolen_evidence(struct scene *s)
{
	/* The evidence is the victim's; the finalize is the thief's. */
	s->signs = s->f->other_key;
}
static void
thief_as_account(struct scene *s)
{
	s->signs = s->f->other_key;
	s->account = s->f->other_key;
}
static void
own_key(struct scene *s)
{
	s->subject = s->account;
}
static void no_csr(struct scene *s) { s->payload = "{}"; }
static void empty_payload(struct scene *s) { s->payload = ""; }
static void
padded_csr(struct scene *s)
{
	s->payload = "{\"csr\":\"MAA=\"}";
}
static void
two_csrs(struct scene *s)
{
	s->payload = "{\"csr\":\"MAA\",\"csr\":\"MAA\"}";
}
static void not_der(struct scene *s) { s->payload = "{\"csr\":\"MAA\"}"; }
static void
too_long(struct scene *s)
{
	s->not_after = s->f->now + 91 * FIXTURE_DAY_MS;
}
static void
too_early(struct scene *s)
{
	s->not_before = s->f->now - 49 * FIXTURE_HOUR_MS;
}
static void
unknown_profile(struct scene *s)
{
	s->profile = "shortlived";
}
static void
onion(struct scene *s)
{
	s->names[0] = "a.onion";
	s->num_attestations = 0;
	scene_attest(s, "a.onion", 0);
}

struct attack {
	const char *name;
	void (*spoil)(struct scene *scene);
	enum err_kind kind;
	const char *words;
};
#define ATTACK(f, kind, words) { #f, f, kind, words }

static const struct attack attacks[] = {
	ATTACK(no_evidence, ERR_UNAUTHORIZED, "nobody attests"),
	ATTACK(other_account, ERR_UNAUTHORIZED, "another account key"),
	ATTACK(other_name, ERR_UNAUTHORIZED, "nobody attests"),
	ATTACK(parent_name, ERR_UNAUTHORIZED, "nobody attests"),
	ATTACK(as_wildcard, ERR_UNAUTHORIZED, "wildcard"),
	ATTACK(wildcard_name, ERR_REJECTED_IDENTIFIER, "wildcard"),
	ATTACK(future, ERR_UNAUTHORIZED, "in the future"),
	ATTACK(far_future, ERR_UNAUTHORIZED, "in the future"),
	ATTACK(stale, ERR_UNAUTHORIZED, "too old"),
	ATTACK(before_time, ERR_UNAUTHORIZED, "too old"),
	ATTACK(forged, ERR_UNAUTHORIZED, "forged"),
	ATTACK(unknown_perspective, ERR_UNAUTHORIZED, "unknown perspective"),
	ATTACK(caa_forbids, ERR_CAA, "CAA records forbid"),
	ATTACK(caa_unchecked, ERR_UNAUTHORIZED, "not checked"),
	ATTACK(more_names, ERR_UNAUTHORIZED, "nobody attests"),
	ATTACK(fewer_names, ERR_BAD_CSR, "lacks \"example.org\""),
	ATTACK(common_name_besides, ERR_UNAUTHORIZED, "nobody attests"),
	ATTACK(other_url, ERR_UNAUTHORIZED, "finalize URL"),
	ATTACK(no_finalize, ERR_UNAUTHORIZED, "finalize URL"),
	ATTACK(longer_url, ERR_UNAUTHORIZED, "finalize URL"),
	ATTACK(sign_order, ERR_UNAUTHORIZED, "finalize URL"),
	ATTACK(old_order, ERR_UNAUTHORIZED, "has expired"),
	ATTACK(other_kid, ERR_MALFORMED, "account URL"),
	ATTACK(alg_none, ERR_BAD_SIGNATURE_ALGORITHM, ""),
	ATTACK(alg_mac, ERR_BAD_SIGNATURE_ALGORITHM, ""),
	ATTACK(alg_other, ERR_MALFORMED, "alg"),
	ATTACK(stolen_evidence, ERR_MALFORMED, "signature"),
	ATTACK(thief_as_account, ERR_UNAUTHORIZED, "another account key"),
	ATTACK(own_key, ERR_BAD_CSR, "account's key"),
	ATTACK(no_csr, ERR_MALFORMED, "no \"csr\""),
	ATTACK(empty_payload, ERR_MALFORMED, "payload"),
	ATTACK(padded_csr, ERR_BAD_CSR, "base64url"),
	ATTACK(two_csrs, ERR_MALFORMED, ""),
	ATTACK(not_der, ERR_BAD_CSR, ""),
	ATTACK(too_long, ERR_MALFORMED, "at most"),
	ATTACK(too_early, ERR_MALFORMED, "48 hours"),
	ATTACK(unknown_profile, ERR_MALFORMED, "profile"),
	ATTACK(onion, ERR_REJECTED_IDENTIFIER, "not in DNS"),
};

static void
test_attacks(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		struct scene scene = scene_of(&fixture);
		struct issue_request request;

		/* thief_as_account keeps the victim's evidence. */
		attacks[i].spoil(&scene);
		request = scene_request(&scene);
		print_message("%s\n", attacks[i].name);
		expect_refusal(&request, attacks[i].kind, attacks[i].words);
	}
}

/* Bytes changed after everything was made. */
static void
test_changed_parts(void **state)
{
	struct scene scene = scene_of(&fixture), other = scene_of(&fixture);
	struct issue_request good, request;
	struct issue_request swap;

	(void)state;
	other.subject = fixture.other_key;
	good = scene_request(&scene);
	swap = scene_request(&other);
	request = good;
	request.payload_b64 = swap.payload_b64;
	expect_refusal(&request, ERR_MALFORMED, "signature");
	request = good;
	request.protected_b64 = swap.protected_b64;
	expect_refusal(&request, ERR_MALFORMED, "signature");
	request = good;
	request.signature.len--;
	expect_refusal(&request, ERR_MALFORMED, "signature");
	request = good;
	request.signature = SPAN_NONE;
	expect_refusal(&request, ERR_MALFORMED, "signature");
	request = good;
	request.account_spki.len--;
	expect_refusal(&request, ERR_BAD_PUBLIC_KEY, "");
	request = good;
	request.payload_b64 = SPAN_NONE;
	expect_refusal(&request, ERR_MALFORMED, "signature");
}

/* Any change of a sealed attestation shows. */
static void
test_changed_attestation(void **state)
{
	struct scene scene = scene_of(&fixture);
	struct issue_request request = scene_request(&scene);
	struct attestation *att = request.attestations, sealed = *att;

	(void)state;
	att->at += 1;
	expect_refusal(&request, ERR_UNAUTHORIZED, "forged");
	*att = sealed;
	att->mac[31] ^= 1;
	expect_refusal(&request, ERR_UNAUTHORIZED, "forged");
	*att = sealed;
	att->wildcard = true;
	expect_refusal(&request, ERR_UNAUTHORIZED, "forged");
	*att = sealed;
	att->caa = CAA_FORBIDS;
	expect_refusal(&request, ERR_UNAUTHORIZED, "forged");
	*att = sealed;
	att->thumbprint[0] ^= 1;
	expect_refusal(&request, ERR_UNAUTHORIZED, "forged");
}

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

static struct span
expect_issued(const struct issue_request *request)
{
	struct issue_answer answer = ask(request);

	if (answer.type == CORE_SIGNER_REFUSED)
		fail_msg("refused: %.*s", SPAN_FMT(answer.problem.detail));
	assert_int_equal(answer.type, CORE_SIGNER_ISSUED);
	return answer.issued.der;
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

/* The old key's evidence says nothing about the new key's wishes, and the
 * other way round. */
static void
test_key_change(void **state)
{
	struct scene scene = scene_of(&fixture);
	struct issue_request old_finalize, request;

	(void)state;
	old_finalize = scene_request(&scene);
	scene = scene_of(&fixture);
	scene.account = fixture.other_key;
	scene.signs = fixture.other_key;
	request = scene_request(&scene);
	expect_refusal(&request, ERR_UNAUTHORIZED, "another account key");
	/* New attestations, old finalize, under the new and the old key. */
	scene.num_attestations = 0;
	scene_attest(&scene, "example.com", 0);
	attestation_seal(&scene.attestations[0], scene.keys[0]);
	request = old_finalize;
	request.attestations = scene.attestations;
	expect_refusal(&request, ERR_UNAUTHORIZED, "another account key");
	key_to_spki(fixture.other_key, &fixture.arena, &request.account_spki,
	    NULL);
	expect_refusal(&request, ERR_MALFORMED, "signature");
}

/* The primary perspective and three remote ones. */
static void
scene_with(struct scene *scene, size_t a, size_t b, size_t c)
{
	const size_t who[] = { 0, a, b, c };

	*scene = scene_of(&fixture);
	scene->num_attestations = 0;
	for (size_t i = 0; i < 4; i++)
		scene_attest(scene, "example.com", who[i]);
}

static void
expect_remote(struct scene *scene, const char *words, size_t a, size_t b,
    size_t c)
{
	struct issue_request request;

	scene_with(scene, a, b, c);
	request = scene_request(scene);
	expect_refusal(&request, words[0] == '\0' ? ERR_INTERNAL :
	    ERR_UNAUTHORIZED, words);
}

static void
test_webpki(void **state)
{
	static const size_t copies[] = { 0, 0, 1, 1, 1, 1 };
	struct scene scene = scene_of(&fixture);
	struct issue_request request;

	(void)state;
	fixture.config.program = PROGRAM_WEBPKI;
	/* Today four remote perspectives are asked and three must agree. */
	request = scene_request(&scene);
	expect_refusal(&request, ERR_UNAUTHORIZED, "0 remote");
	/* One perspective does not become many by speaking often. */
	scene = scene_of(&fixture);
	scene.num_attestations = 0;
	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++)
		scene_attest(&scene, "example.com", copies[i]);
	request = scene_request(&scene);
	expect_refusal(&request, ERR_UNAUTHORIZED,
	    "1 primary and 1 remote");
	/* Nor do those of one registry's region. */
	expect_remote(&scene, "3 remote perspectives in 1 reg", 4, 5, 6);
	/* Nor do remote ones without the primary. */
	scene_with(&scene, 1, 2, 3);
	scene.attestations[0] = scene.attestations[1];
	scene.keys[0] = scene.keys[1];
	request = scene_request(&scene);
	expect_refusal(&request, ERR_UNAUTHORIZED, "0 primary and 3 remote");
	/* Nor do those of another attempt. */
	scene_with(&scene, 1, 2, 3);
	scene.attestations[3].at -= FIXTURE_HOUR_MS;
	request = scene_request(&scene);
	expect_refusal(&request, ERR_UNAUTHORIZED, "1 primary and 2 remote");
	/* Enough is enough; but what a Web PKI certificate must have is not
	 * all built yet, and the lint sees to it that none is signed. */
	expect_remote(&scene, "", 1, 2, 3);
	fixture.config.program = PROGRAM_PRIVATE;
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

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_asked_times),
		cmocka_unit_test(test_issuer_ends),
		cmocka_unit_test(test_attacks),
		cmocka_unit_test(test_changed_parts),
		cmocka_unit_test(test_changed_attestation),
		cmocka_unit_test(test_repeated),
		cmocka_unit_test(test_future_order),
		cmocka_unit_test(test_second_form_of_signature),
		cmocka_unit_test(test_key_change),
		cmocka_unit_test(test_webpki),
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_crashes),
		cmocka_unit_test(test_bad_issuer),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, setup, teardown);
}
