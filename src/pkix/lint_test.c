/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each rule of the lint is broken once, by a builder that was told wrong or by
 * bytes that no builder of ours writes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <openssl/rsa.h>

#include "pkix/cert.h"
#include "pkix/der.h"
#include "pkix/key.h"
#include "pkix/lint.h"

#define NOW_S 1795255200
#define DAY_S 86400

static struct arena arena;
static EVP_PKEY *key, *rsa;
static struct span issuer, spki, rsa_spki;
static uint8_t key_id[CERT_KEY_ID_SIZE] = { 1, 2, 3 };
/* A constant initializer. */
#define TEXT(s) { (const uint8_t *)(s), sizeof(s) - 1 }

static const struct ident_list names = { .count = 2, .items = {
	{ IDENT_DNS, TEXT("a.example") },
	{ IDENT_DNS, TEXT("b.example") },
} };
static const struct ident_list one_name = { .count = 1, .items = {
	{ IDENT_DNS, TEXT("a.example") },
} };
static const struct ident_list three_names = { .count = 3, .items = {
	{ IDENT_DNS, TEXT("a.example") },
	{ IDENT_DNS, TEXT("b.example") },
	{ IDENT_DNS, TEXT("c.example") },
} };
static const struct ident_list other_names = { .count = 2, .items = {
	{ IDENT_DNS, TEXT("a.example") },
	{ IDENT_DNS, TEXT("B.example") },
} };

static int
setup(void **state)
{
	struct bld name;

	(void)state;
	key_generate(&key, NULL);
	rsa = EVP_RSA_gen(2048);
	key_to_spki(key, &arena, &spki, NULL);
	key_to_spki(rsa, &arena, &rsa_spki, NULL);
	bld_init(&name, 100);
	cert_put_name(&name, SPAN_LIT("Issuer"));
	issuer = arena_dup(&arena, bld_view(&name));
	bld_free(&name);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	EVP_PKEY_free(rsa);
	arena_free(&arena);
	return 0;
}

static struct cert
good_cert(void)
{
	static const uint8_t serial[CERT_SERIAL_SIZE] = {
		0x4a, 0x91, 0x02, 0xee, 0x10, 0x33, 0x7b, 0xc5,
		0x08, 0x5d, 0xf1, 0x62, 0x9a, 0x44, 0xb0, 0x17,
	};
	struct cert cert = {
		.issuer = issuer, .not_before_s = NOW_S - 3600,
		.not_after_s = NOW_S - 3600 + 90 * DAY_S - 1,
		.common_name = SPAN_LIT("b.example"), .spki = spki,
		.key_usage = CERT_DIGITAL_SIGNATURE, .server_auth = true,
		.path_len = CERT_NO_PATH_LEN, .names = &names,
		.authority_key_id = span_of(key_id, sizeof(key_id)),
	};

	memcpy(cert.serial, serial, sizeof(serial));
	return cert;
}

static struct lint_want
want(void)
{
	return (struct lint_want){
		.names = &names, .spki = spki, .issuer = issuer,
		.authority_key_id = span_of(key_id, sizeof(key_id)),
		.alg = sigalg_of_key(key), .now_s = NOW_S,
		.lifetime_max_s = 90 * DAY_S,
	};
}

static int
lint(const struct cert *cert, const struct lint_want *wanted,
    struct err *err)
{
	struct bld tbs;
	int r;

	bld_init(&tbs, CERT_DER_MAX);
	cert_put_tbs(&tbs, cert, sigalg_of_key(key));
	assert_int_equal(bld_end(&tbs), 0);
	r = lint_check(bld_view(&tbs), wanted, err);
	bld_free(&tbs);
	return r;
}

static void zero_serial(struct cert *c) { memset(c->serial, 0, 16); }
static void
dull_serial(struct cert *c)
{
	memset(c->serial, 0x44, sizeof(c->serial));
}
static void negative(struct cert *c) { c->serial[0] = 0x91; }
static void short_serial(struct cert *c) { memset(c->serial, 0, 8); }
static void other_issuer(struct cert *c) { c->issuer = SPAN_LIT("\x30\0"); }
static void too_early(struct cert *c) { c->not_before_s -= 48 * 3600; }
static void too_late(struct cert *c) { c->not_before_s = NOW_S + 48 * 3601; }
static void over(struct cert *c) { c->not_after_s = NOW_S; }
static void too_long(struct cert *c) { c->not_after_s++; }
static void
other_subject(struct cert *c)
{
	c->common_name = SPAN_LIT("c.example");
}
static void other_key(struct cert *c) { c->spki = rsa_spki; }
static void
more_extensions(struct cert *c)
{
	c->subject_key_id = SPAN_LIT("x");
}
static void constrained(struct cert *c) { c->permitted = &names; }
static void ca_usage(struct cert *c) { c->key_usage |= CERT_KEY_CERT_SIGN; }
static void
rsa_usage(struct cert *c)
{
	c->key_usage |= CERT_KEY_ENCIPHERMENT;
}
static void no_usage(struct cert *c) { c->key_usage = 0; }
static void no_purpose(struct cert *c) { c->server_auth = false; }
static void is_ca(struct cert *c) { c->ca = true; }
static void
no_authority(struct cert *c)
{
	c->authority_key_id = SPAN_NONE;
}
static void
other_authority(struct cert *c)
{
	c->authority_key_id = SPAN_LIT("x");
}
static void no_names(struct cert *c) { c->names = NULL; }
static void fewer_names(struct cert *c) { c->names = &one_name; }
static void more_names(struct cert *c) { c->names = &three_names; }
static void case_of_names(struct cert *c) { c->names = &other_names; }
static void with_policy(struct cert *c) { c->domain_validated = true; }

static const struct {
	void (*spoil)(struct cert *cert);
	const char *rule;
} rows[] = {
	{ zero_serial, "RFC 5280 4.1.2.2" },
	{ dull_serial, "BR 7.1.2.7" },
	{ short_serial, "RFC 5280 4.1.2.2" },
	{ other_issuer, "BR 7.1.4.1" },
	{ too_early, "BR 7.1.2.7" },
	{ too_late, "BR 7.1.2.7" },
	{ over, "BR 6.3.2" },
	{ too_long, "BR 6.3.2" },
	{ other_subject, "BR 7.1.4.3" },
	{ other_key, "BR 7.1.3.1" },
	{ more_extensions, "BR 7.1.2.7.6" },
	{ constrained, "BR 7.1.2.7.6" },
	{ ca_usage, "BR 7.1.2.7.11" },
	{ rsa_usage, "BR 7.1.2.7.11" },
	{ no_usage, "BR 7.1.2.7.11" },
	{ no_purpose, "BR 7.1.2.7.10" },
	{ is_ca, "BR 7.1.2.7.8" },
	{ no_authority, "BR 7.1.2.11.1" },
	{ other_authority, "BR 7.1.2.11.1" },
	{ no_names, "BR 7.1.2.7.12" },
	{ fewer_names, "BR 7.1.2.7.12" },
	{ more_names, "BR 7.1.2.7.12" },
	{ case_of_names, "BR 7.1.2.7.12" },
	{ with_policy, "BR 7.1.2.7.9" },
};

static void
test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct cert cert = good_cert();
		struct lint_want wanted = want();
		struct err err = ERR_INIT;

		rows[i].spoil(&cert);
		assert_int_equal(lint(&cert, &wanted, &err), -ERR_INTERNAL);
		if (strcmp(err.rule, rows[i].rule) != 0)
			fail_msg("row %zu: %s %s, wanted %s", i, err.rule,
			    err.text, rows[i].rule);
	}
}

static void
test_good(void **state)
{
	struct cert cert = good_cert();
	struct lint_want wanted = want();
	struct err err = ERR_INIT;

	(void)state;
	assert_int_equal(lint(&cert, &wanted, &err), 0);
	cert.common_name = SPAN_NONE;
	assert_int_equal(lint(&cert, &wanted, &err), 0);
	/* What looks negative gets a leading zero from the writer. */
	negative(&cert);
	assert_int_equal(lint(&cert, &wanted, &err), -ERR_INTERNAL);
	cert = good_cert();
	cert.spki = wanted.spki = rsa_spki;
	assert_int_equal(lint(&cert, &wanted, &err), 0);
	rsa_usage(&cert);
	assert_int_equal(lint(&cert, &wanted, &err), 0);
	wanted.alg = sigalg_of_key(rsa);
	assert_int_equal(lint(&cert, &wanted, &err), -ERR_INTERNAL);
	assert_string_equal(err.rule, "BR 7.1.3.2");
}

static void
test_webpki(void **state)
{
	struct cert cert = good_cert();
	struct lint_want wanted = want();
	struct err err = ERR_INIT;

	(void)state;
	wanted.webpki = true;
	assert_int_equal(lint(&cert, &wanted, &err), -ERR_INTERNAL);
	assert_string_equal(err.rule, "BR 7.1.2.7.9");
	cert.domain_validated = true;
	assert_int_equal(lint(&cert, &wanted, &err), -ERR_INTERNAL);
	assert_non_null(strstr(err.text, "authorityInformationAccess"));
}

/* No byte of a certificate may change unnoticed, but for the ones that only
 * the builder chooses: the random serial number, and times within limits. */
static void
test_changed_bytes(void **state)
{
	struct cert cert = good_cert();
	struct lint_want wanted = want();
	unsigned unnoticed = 0;
	struct bld tbs;

	(void)state;
	bld_init(&tbs, CERT_DER_MAX);
	cert_put_tbs(&tbs, &cert, sigalg_of_key(key));
	for (size_t i = 0; i < tbs.len; i++) {
		tbs.data[i] ^= 0x40;
		unnoticed += lint_check(bld_view(&tbs), &wanted, NULL) == 0;
		tbs.data[i] ^= 0x40;
		assert_int_equal(lint_check(span_of(tbs.data, i), &wanted,
		    NULL), -ERR_INTERNAL);
	}
	assert_true(unnoticed <= CERT_SERIAL_SIZE);
	bld_u8(&tbs, 0);
	assert_int_equal(lint_check(bld_view(&tbs), &wanted, NULL),
	    -ERR_INTERNAL);
	bld_free(&tbs);
}

static void
test_table(void **state)
{
	const struct lint_rule *rules;
	size_t count;

	(void)state;
	rules = lint_rules(&count);
	assert_true(count > 10);
	for (size_t i = 0; i < count; i++) {
		assert_non_null(rules[i].rule);
		assert_non_null(rules[i].sentence);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_webpki),
		cmocka_unit_test(test_changed_bytes),
		cmocka_unit_test(test_table),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
