/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "pkix/csr.h"
#include "pkix/der.h"
#include "pkix/key.h"
#include "pkix/sigalg.h"

static struct arena arena;
static EVP_PKEY *key;

static int
setup(void **state)
{
	(void)state;
	return key_generate(&key, NULL);
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(key);
	arena_free(&arena);
	return 0;
}

/* What a client's OpenSSL would make. extensions is NULL-ended pairs of short
 * name and value as in openssl.cnf. */
static struct span
request_of(EVP_PKEY *by, const char *md, const char *const subject[],
    const char *const extensions[])
{
	X509_REQ *req = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
	X509_NAME *name = X509_REQ_get_subject_name(req);
	unsigned char *der = NULL;
	struct span out;
	int len;

	X509_REQ_set_pubkey(req, by);
	for (size_t i = 0; subject != NULL && subject[i] != NULL; i += 2)
		assert_int_equal(X509_NAME_add_entry_by_txt(name, subject[i],
		    MBSTRING_UTF8, (const unsigned char *)subject[i + 1], -1,
		    -1, 0), 1);
	for (size_t i = 0; extensions != NULL && extensions[i] != NULL;
	    i += 2) {
		X509_EXTENSION *ext = X509V3_EXT_nconf(NULL, NULL,
		    extensions[i], extensions[i + 1]);

		assert_non_null(ext);
		sk_X509_EXTENSION_push(list, ext);
	}
	if (sk_X509_EXTENSION_num(list) > 0)
		X509_REQ_add_extensions(req, list);
	assert_true(X509_REQ_sign(req, by, md == NULL ? NULL :
	    EVP_get_digestbyname(md)) > 0);
	len = i2d_X509_REQ(req, &der);
	out = arena_dup(&arena, span_of(der, (size_t)len));
	OPENSSL_free(der);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	X509_REQ_free(req);
	return out;
}

static void
expect_bad(struct span der, const char *words)
{
	struct err err = ERR_INIT;
	struct csr csr;
	int r = csr_parse(der, &arena, &csr, &err);

	if (r != -ERR_BAD_CSR || err.kind != ERR_BAD_CSR ||
	    strstr(err.text, words) == NULL)
		fail_msg("got %d %s, wanted ...%s...", r, err.text, words);
	assert_non_null(err.rule);
}

static void
expect_good(struct span der, const char *names, const char *common_name,
    bool must_staple)
{
	struct err err = ERR_INIT;
	struct bld text;
	struct csr csr;

	if (csr_parse(der, &arena, &csr, &err) < 0)
		fail_msg("%s", err.text);
	bld_init(&text, 65536);
	for (size_t i = 0; i < csr.names.count; i++)
		bld_fmt(&text, "%s%.*s", i == 0 ? "" : " ",
		    SPAN_FMT(csr.names.items[i].value));
	if (!span_equal_str(bld_view(&text), names))
		fail_msg("got %.*s", SPAN_FMT(bld_view(&text)));
	assert_true(span_equal_str(csr.common_name, common_name));
	assert_int_equal(csr.must_staple, must_staple);
	bld_free(&text);
}

#define LIST(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
test_names(void **state)
{
	(void)state;
	expect_good(request_of(key, "SHA256", NULL,
	    LIST("subjectAltName", "DNS:b.example,DNS:A.example")),
	    "a.example b.example", "", false);
	expect_good(request_of(key, "SHA256", LIST("CN", "A.example"),
	    LIST("subjectAltName", "DNS:b.example,DNS:b.example")),
	    "a.example b.example", "a.example", false);
	expect_good(request_of(key, "SHA256", LIST("CN", "a.example"), NULL),
	    "a.example", "a.example", false);
	expect_good(request_of(key, "SHA256",
	    LIST("C", "DE", "O", "Org"),
	    LIST("subjectAltName", "DNS:*.b.example")), "*.b.example", "",
	    false);
	expect_good(request_of(key, "SHA256", LIST("CN", "192.0.2.7"),
	    LIST("subjectAltName", "IP:2001:db8::1,IP:192.0.2.7")),
	    "192.0.2.7 2001:db8::1", "", false);
	expect_bad(request_of(key, "SHA256", LIST("C", "DE"), NULL),
	    "names nothing");
	expect_bad(request_of(key, "SHA256", LIST("CN", "My server"), NULL),
	    "commonName");
	expect_bad(request_of(key, "SHA256",
	    LIST("CN", "a.example", "CN", "b.example"), NULL), "several");
	expect_bad(request_of(key, "SHA256", NULL,
	    LIST("subjectAltName", "email:a@b.example")), "neither dNSName");
	expect_bad(request_of(key, "SHA256", NULL,
	    LIST("subjectAltName", "DNS:a.example,URI:http://a.example")),
	    "neither dNSName");
	expect_bad(request_of(key, "SHA256", NULL,
	    LIST("subjectAltName", "DNS:a_b.example")), "letters, digits");
	expect_bad(request_of(key, "SHA256", NULL,
	    LIST("subjectAltName", "DNS:a.example.")), "empty label");
}

static void
test_extensions(void **state)
{
	static const char san[] = "DNS:a.example";

	(void)state;
	expect_good(request_of(key, "SHA256", NULL,
	    LIST("subjectAltName", san, "keyUsage",
	    "critical,digitalSignature,keyEncipherment", "extendedKeyUsage",
	    "serverAuth,clientAuth", "basicConstraints", "CA:FALSE",
	    "subjectKeyIdentifier", "0123", "nsComment", "hello")),
	    "a.example", "", false);
	expect_good(request_of(key, "SHA256", NULL,
	    LIST("subjectAltName", san, "tlsfeature", "status_request")),
	    "a.example", "", true);
	expect_bad(request_of(key, "SHA256", NULL,
	    LIST("subjectAltName", san, "basicConstraints", "CA:TRUE")),
	    "CA:TRUE");
	expect_bad(request_of(key, "SHA256", NULL,
	    LIST("subjectAltName", san, "subjectAltName", san)),
	    "two subjectAltName");
}

static void
test_many_names(void **state)
{
	struct ident_list names = { 0 };
	char text[IDENT_LIST_MAX][32];
	struct csr csr;
	struct bld out;

	(void)state;
	for (size_t i = 0; i < IDENT_LIST_MAX; i++) {
		snprintf(text[i], sizeof(text[i]), "n%02zu.example", i);
		names.items[names.count++] = (struct ident){ IDENT_DNS,
		    span_str(text[i]) };
	}
	bld_init(&out, CSR_DER_MAX);
	assert_int_equal(csr_make(&out, key, SPAN_LIT("n00.example"), &names,
	    NULL), 0);
	assert_int_equal(csr_parse(bld_view(&out), &arena, &csr, NULL), 0);
	assert_true(ident_list_equal(&csr.names, &names));
	bld_reset(&out);
	assert_int_equal(csr_make(&out, key, SPAN_LIT("other.example"),
	    &names, NULL), 0);
	expect_bad(bld_view(&out), "more than 100");
	bld_free(&out);
}

static void
test_keys(void **state)
{
	static const struct {
		const char *type, *param, *md, *words;
	} rows[] = {
		{ "EC", "P-256", "SHA256", NULL },
		{ "EC", "P-384", "SHA384", NULL },
		{ "EC", "P-521", "SHA512", NULL },
		{ "EC", "P-256", "SHA512", NULL },
		{ "EC", "secp256k1", "SHA256", "SubjectPublicKeyInfo" },
		{ "EC", "P-256", "SHA1", "algorithm" },
		{ "ED25519", NULL, NULL, "algorithm" },
		{ "RSA", "2048", "SHA256", NULL },
		{ "RSA", "2048", "SHA512", NULL },
		{ "RSA", "2048", "SHA1", "algorithm" },
		{ "RSA", "1024", "SHA256", "1024 bits" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool ec = strcmp(rows[i].type, "EC") == 0;
		bool rsa = strcmp(rows[i].type, "RSA") == 0;
		EVP_PKEY *k = ec ? EVP_EC_gen(rows[i].param) :
		    rsa ? EVP_RSA_gen((unsigned)atoi(rows[i].param)) :
		    EVP_PKEY_Q_keygen(NULL, NULL, rows[i].type);
		struct span der = request_of(k, rows[i].md,
		    LIST("CN", "a.example"), NULL);

		if (rows[i].words != NULL)
			expect_bad(der, rows[i].words);
		else
			expect_good(der, "a.example", "a.example", false);
		EVP_PKEY_free(k);
	}
}

static struct span
request_by(EVP_PKEY *subject, EVP_PKEY *by)
{
	X509_REQ *req = X509_REQ_new();
	unsigned char *der = NULL;
	struct span out;
	int len;

	X509_REQ_set_pubkey(req, subject);
	X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN",
	    MBSTRING_ASC, (const unsigned char *)"a.example", -1, -1, 0);
	assert_true(X509_REQ_sign(req, by, EVP_sha256()) > 0);
	len = i2d_X509_REQ(req, &der);
	out = arena_dup(&arena, span_of(der, (size_t)len));
	OPENSSL_free(der);
	X509_REQ_free(req);
	return out;
}

/* Whose key was seen last has no say in the next request. */
static void
test_whose_signature(void **state)
{
	EVP_PKEY *pairs[][2] = {
		{ EVP_EC_gen("P-256"), EVP_EC_gen("P-256") },
		{ EVP_EC_gen("P-521"), EVP_EC_gen("P-521") },
		{ EVP_RSA_gen(2048), EVP_RSA_gen(2048) },
		{ EVP_EC_gen("P-256"), EVP_RSA_gen(2048) },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		EVP_PKEY *a = pairs[i][0], *b = pairs[i][1];

		expect_good(request_by(a, a), "a.example", "a.example", false);
		expect_bad(request_by(b, a), "");
		expect_good(request_by(b, b), "a.example", "a.example", false);
		expect_bad(request_by(b, a), "");
		expect_bad(request_by(a, b), "");
		EVP_PKEY_free(a);
		EVP_PKEY_free(b);
	}
}

/* Every bit of a request matters: none may change without being noticed. */
static void
test_flipped_bits(void **state)
{
	struct span der = request_of(key, "SHA256", LIST("CN", "a.example"),
	    LIST("subjectAltName", "DNS:a.example"));
	uint8_t *copy = arena_alloc(&arena, der.len);
	struct csr csr;

	(void)state;
	for (size_t i = 0; i < der.len * 8; i += 3) {
		memcpy(copy, der.data, der.len);
		copy[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(csr_parse(span_of(copy, der.len), &arena,
		    &csr, NULL), -ERR_BAD_CSR);
	}
}

static void
test_lengths(void **state)
{
	struct span der = request_of(key, "SHA256", LIST("CN", "a.example"),
	    NULL);
	uint8_t *longer = arena_alloc(&arena, der.len + 1);

	(void)state;
	for (size_t i = 0; i < der.len; i++)
		expect_bad(span_of(der.data, i), "");
	memcpy(longer, der.data, der.len);
	longer[der.len] = 0;
	expect_bad(span_of(longer, der.len + 1), "bytes follow");
}

/* Attributes that are no extensionRequest, as certbot's or an old Windows's
 * software adds. */
static void
test_attributes(void **state)
{
	X509_REQ *req = X509_REQ_new();
	unsigned char *der = NULL;
	int len;

	(void)state;
	X509_REQ_set_pubkey(req, key);
	X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(req), "CN",
	    MBSTRING_ASC, (const unsigned char *)"a.example", -1, -1, 0);
	X509_REQ_add1_attr_by_txt(req, "challengePassword", MBSTRING_ASC,
	    (const unsigned char *)"secret", -1);
	X509_REQ_add1_attr_by_txt(req, "unstructuredName", MBSTRING_ASC,
	    (const unsigned char *)"name", -1);
	assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
	len = i2d_X509_REQ(req, &der);
	expect_good(span_of(der, (size_t)len), "a.example", "a.example",
	    false);
	OPENSSL_free(der);
	X509_REQ_free(req);
}

/* ruby acme-client writes version 2, as of a certificate: RFC 2986 4.1. */
static void
test_versions(void **state)
{
	struct span der;

	(void)state;
	for (long version = 0; version <= 3; version++) {
		X509_REQ *req = X509_REQ_new();
		X509_NAME *name = X509_REQ_get_subject_name(req);
		unsigned char *out = NULL;
		int len;

		X509_REQ_set_version(req, version);
		X509_REQ_set_pubkey(req, key);
		X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
		    (const unsigned char *)"a.example", -1, -1, 0);
		assert_true(X509_REQ_sign(req, key, EVP_sha256()) > 0);
		len = i2d_X509_REQ(req, &out);
		der = arena_dup(&arena, span_of(out, (size_t)len));
		OPENSSL_free(out);
		X509_REQ_free(req);
		if (version <= 2)
			expect_good(der, "a.example", "a.example", false);
		else
			expect_bad(der, "version");
	}
}

/* What csr_make makes, OpenSSL takes. */
static void
test_make(void **state)
{
	struct ident_list names = { .count = 2, .items = {
		{ IDENT_DNS, SPAN_LIT("a.example") },
		{ IDENT_IP, SPAN_LIT("192.0.2.1") },
	} };
	const uint8_t *at;
	struct bld out;
	X509_REQ *req;

	(void)state;
	bld_init(&out, CSR_DER_MAX);
	assert_int_equal(csr_make(&out, key, SPAN_NONE, &names, NULL), 0);
	at = out.data;
	req = d2i_X509_REQ(NULL, &at, (long)out.len);
	assert_non_null(req);
	assert_int_equal(X509_REQ_verify(req, key), 1);
	X509_REQ_free(req);
	expect_good(bld_view(&out), "a.example 192.0.2.1", "", false);
	bld_reset(&out);
	assert_int_equal(csr_make_stapled(&out, key, SPAN_NONE, &names, NULL),
	    0);
	expect_good(bld_view(&out), "a.example 192.0.2.1", "", true);
	bld_free(&out);
}

static void
test_find_spki(void **state)
{
	struct ident_list names = { 1, { { IDENT_DNS, SPAN_LIT("a.test") } } };
	struct span spki = SPAN_NONE;
	const uint8_t *at;
	struct bld out;
	EVP_PKEY *found;

	(void)state;
	bld_init(&out, CSR_DER_MAX);
	assert_int_equal(csr_make(&out, key, SPAN_NONE, &names, NULL), 0);
	for (size_t len = 0; len <= out.len; len++) {
		spki = csr_find_spki(span_of(out.data, len));
		assert_int_equal(spki.len > 0, len == out.len);
	}
	at = spki.data;
	found = d2i_PUBKEY(NULL, &at, (long)spki.len);
	assert_ptr_equal(at, spki.data + spki.len);
	assert_int_equal(EVP_PKEY_eq(found, key), 1);
	EVP_PKEY_free(found);
	bld_free(&out);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_extensions),
		cmocka_unit_test(test_many_names),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_whose_signature),
		cmocka_unit_test(test_flipped_bits),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_attributes),
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_make),
		cmocka_unit_test(test_find_spki),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
