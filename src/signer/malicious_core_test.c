/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The malicious core: whoever has taken over web, core and the database puts
 * questions to the signer. None of them may get a certificate for a name whose
 * control the perspectives have not attested to.
 */
#include "base/log.h"
#include "signer/signer_expect.h"

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
static void
other_method(struct scene *s)
{
	s->attestations[0].method = CHALLENGE_TYPE_COUNT;
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
	ATTACK(other_name, ERR_BAD_CSR, "nobody attests"),
	ATTACK(parent_name, ERR_BAD_CSR, "nobody attests"),
	ATTACK(as_wildcard, ERR_UNAUTHORIZED, "wildcard"),
	ATTACK(wildcard_name, ERR_REJECTED_IDENTIFIER, "wildcard"),
	ATTACK(other_method, ERR_UNAUTHORIZED, "may not be validated by"),
	ATTACK(future, ERR_UNAUTHORIZED, "in the future"),
	ATTACK(far_future, ERR_UNAUTHORIZED, "in the future"),
	ATTACK(stale, ERR_UNAUTHORIZED, "too old"),
	ATTACK(before_time, ERR_UNAUTHORIZED, "too old"),
	ATTACK(forged, ERR_UNAUTHORIZED, "forged"),
	ATTACK(unknown_perspective, ERR_UNAUTHORIZED, "unknown perspective"),
	ATTACK(caa_forbids, ERR_CAA, "CAA records forbid"),
	ATTACK(caa_unchecked, ERR_UNAUTHORIZED, "not checked"),
	ATTACK(more_names, ERR_BAD_CSR, "nobody attests"),
	ATTACK(fewer_names, ERR_BAD_CSR, "lacks \"example.org\""),
	ATTACK(common_name_besides, ERR_BAD_CSR, "nobody attests"),
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
	ATTACK(unknown_profile, ERR_INVALID_PROFILE, "profile"),
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
	att->method = CHALLENGE_TYPE_COUNT;
	expect_refusal(&request, ERR_UNAUTHORIZED, "forged");
	*att = sealed;
	att->caa = CAA_FORBIDS;
	expect_refusal(&request, ERR_UNAUTHORIZED, "forged");
	*att = sealed;
	att->thumbprint[0] ^= 1;
	expect_refusal(&request, ERR_UNAUTHORIZED, "forged");
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

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attacks),
		cmocka_unit_test(test_changed_parts),
		cmocka_unit_test(test_changed_attestation),
		cmocka_unit_test(test_key_change),
		cmocka_unit_test(test_webpki),
	};

	log_set_level(LOG_ERROR);
	return cmocka_run_group_tests(tests, setup, teardown);
}
