/* SPDX-License-Identifier: Apache-2.0 */
/* What a CA may send: only what was asked for passes. */
#include "agent/files/files_fixture.h"

#include <openssl/ocsp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#define DAY_MS (INT64_C(86400) * 1000)

static struct files_fixture fixture;
static struct files_set set;
static struct ident_list names = { .count = 1,
	.items = { { IDENT_DNS, { (const uint8_t *)"www.example.org", 15 } } } };

static int
setup(void **state)
{
	(void)state;
	files_fixture_init(&fixture);
	files_fixture_set(&fixture, "www.example.org", NULL, &set);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(set.key);
	files_fixture_done(&fixture);
	return 0;
}

/* A chain of those certificates. */
static struct chain
chain_of(size_t count, const struct span *ders)
{
	struct chain chain;
	struct bld pem;

	bld_init(&pem, FILES_CHAIN_MAX);
	for (size_t i = 0; i < count; i++)
		text_pem(&pem, "CERTIFICATE", ders[i]);
	assert_int_equal(chain_parse(arena_dup(&fixture.arena,
	    bld_view(&pem)), &fixture.arena, &chain, NULL), 0);
	bld_free(&pem);
	return chain;
}

static void
expect_bad(const struct chain *chain, const uint8_t *hash,
    const struct ident_list *wanted, int64_t late_ms, const char *words)
{
	struct err err = ERR_INIT;

	assert_int_equal(chain_check(chain, hash, wanted,
	    env_now(&fixture.env) + late_ms, &err), -(int)ERR_MALFORMED);
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" has no \"%s\"", err.text, words);
}

static void
test_good(void **state)
{
	const struct span all[] = { set.der, fixture.ca, fixture.root };
	struct chain chain;

	(void)state;
	for (size_t count = 1; count <= 3; count++) {
		chain = chain_of(count, all);
		assert_int_equal(chain_check(&chain, set.spki_hash, &names,
		    env_now(&fixture.env), NULL), 0);
	}
	assert_int_equal(chain_check(&chain, set.spki_hash, NULL,
	    env_now(&fixture.env), NULL), 0);
}

static void
test_bad(void **state)
{
	const struct span orders[][3] = {
		{ set.der, fixture.root, fixture.ca },
		{ set.der, set.der, fixture.ca },
	};
	struct ident_list other = names, more = names;
	struct files_set second;
	struct chain chain = chain_of(1, &set.der);

	(void)state;
	files_fixture_set(&fixture, "www.example.org", NULL, &second);
	expect_bad(&chain, second.spki_hash, &names, 0, "another key");
	other.items[0].value = SPAN_LIT("other.example");
	expect_bad(&chain, set.spki_hash, &other, 0, "other names");
	more.items[more.count++] = other.items[0];
	expect_bad(&chain, set.spki_hash, &more, 0, "other names");
	expect_bad(&chain, set.spki_hash, &names, 91 * DAY_MS, "clock");
	expect_bad(&chain, set.spki_hash, &names, -2 * DAY_MS, "clock");
	for (size_t i = 0; i < 2; i++) {
		chain = chain_of(3, orders[i]);
		expect_bad(&chain, set.spki_hash, &names, 0, "in order");
	}
	EVP_PKEY_free(second.key);
}

/* Names alone do not make a chain: the signature does. */
static void
test_false_issuer(void **state)
{
	struct files_fixture twin;
	struct chain chain;
	struct span false_chain[2];

	(void)state;
	files_fixture_init(&twin);
	false_chain[0] = set.der;
	false_chain[1] = twin.ca;
	chain = chain_of(2, false_chain);
	expect_bad(&chain, set.spki_hash, &names, 0, "signature");
	files_fixture_done(&twin);
}

static void
test_no_chain(void **state)
{
	static const char *const texts[] = { "", "nothing",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
	};
	struct chain chain;
	struct bld long_one;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(chain_parse(span_str(texts[i]),
		    &fixture.arena, &chain, NULL), -(int)ERR_MALFORMED);
	bld_init(&long_one, FILES_CHAIN_MAX);
	for (int i = 0; i <= FILES_CHAIN_CERTIFICATES_MAX; i++)
		text_pem(&long_one, "CERTIFICATE", set.der);
	assert_int_equal(chain_parse(bld_view(&long_one), &fixture.arena,
	    &chain, NULL), -(int)ERR_MALFORMED);
	bld_free(&long_one);
}

/* A CA's own certificate is no leaf. */
static void
test_ca(void **state)
{
	struct chain chain;
	struct bld pem;

	(void)state;
	bld_init(&pem, FILES_CHAIN_MAX);
	text_pem(&pem, "CERTIFICATE", fixture.root);
	assert_int_equal(chain_parse(bld_view(&pem), &fixture.arena, &chain,
	    NULL), -(int)ERR_MALFORMED);
	bld_free(&pem);
}

static void
test_leaf(void **state)
{
	const struct files_live *leaf = &set.chain.leaf;
	int64_t now_s = env_now(&fixture.env) / 1000;

	(void)state;
	assert_true(leaf->exists);
	assert_true(leaf->not_before_s <= now_s);
	assert_true(leaf->not_after_s > now_s + 80 * 86400);
	assert_true(span_equal_str(leaf->issuer, "Test CA"));
	assert_int_equal(leaf->authority_key_id.len, 20);
	assert_int_equal(leaf->serial.len, 16);
	assert_false(leaf->must_staple);
	assert_true(ident_list_equal(&leaf->names, &names));
}

static X509 *
decode(struct span der)
{
	const unsigned char *at = der.data;

	return d2i_X509(NULL, &at, (long)der.len);
}

/* RFC 9773 4.1 wants the octets of DER, with the zero before a high bit. */
static void
test_serial(void **state)
{
	X509 *leaf = decode(set.der);
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	unsigned char *der = NULL;
	struct span again;
	int len;

	(void)state;
	assert_int_equal(ASN1_INTEGER_set_uint64(serial, 0x87654321), 1);
	assert_int_equal(X509_set_serialNumber(leaf, serial), 1);
	assert_true(X509_sign(leaf, fixture.ca_key, EVP_sha256()) > 0);
	len = i2d_X509(leaf, &der);
	again = span_of(der, (size_t)len);
	assert_true(span_equal(chain_of(1, &again).leaf.serial,
	    SPAN_LIT("\x00\x87\x65\x43\x21")));
	OPENSSL_free(der);
	ASN1_INTEGER_free(serial);
	X509_free(leaf);
}

/* A response about the leaf by key, which has that certificate; without an end
 * if lasts_s is 0. */
static struct span
ocsp_response_for(int status, struct span signer_der, EVP_PKEY *key,
    long lasts_s)
{
	X509 *leaf = decode(set.der), *issuer = decode(fixture.ca);
	X509 *signer = decode(signer_der);
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(NULL, leaf, issuer);
	ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
	ASN1_TIME *next = lasts_s == 0 ? NULL : X509_gmtime_adj(NULL, lasts_s);
	unsigned char *der = NULL;
	OCSP_RESPONSE *response;
	struct span ret;
	int len;

	assert_non_null(OCSP_basic_add1_status(basic, id, status, 0,
	    status == V_OCSP_CERTSTATUS_REVOKED ? now : NULL, now, next));
	assert_int_equal(OCSP_basic_sign(basic, signer, key, EVP_sha256(),
	    NULL, 0), 1);
	response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL,
	    basic);
	len = i2d_OCSP_RESPONSE(response, &der);
	assert_true(len > 0);
	ret = arena_dup(&fixture.arena, span_of(der, (size_t)len));
	OPENSSL_free(der);
	OCSP_RESPONSE_free(response);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(now);
	ASN1_TIME_free(next);
	X509_free(leaf);
	X509_free(issuer);
	X509_free(signer);
	return ret;
}

static struct span
ocsp_response(int status, struct span signer_der, EVP_PKEY *key)
{
	return ocsp_response_for(status, signer_der, key, 3600);
}

static enum files_ocsp_status
says(struct span response)
{
	struct files_ocsp ocsp;
	int r = chain_read_ocsp(&set.chain, response,
	    env_now(&fixture.env), &ocsp, NULL);

	assert_true((r == 0) == (ocsp.status != FILES_OCSP_NONE));
	return ocsp.status;
}

static void
test_ocsp(void **state)
{
	struct span good = ocsp_response(V_OCSP_CERTSTATUS_GOOD, fixture.ca,
	    fixture.ca_key), revoked;
	int64_t now = env_now(&fixture.env);
	struct files_ocsp ocsp;

	(void)state;
	assert_int_equal(chain_read_ocsp(&set.chain, good, now, &ocsp, NULL),
	    0);
	assert_int_equal(ocsp.status, FILES_OCSP_GOOD);
	assert_int_equal(ocsp.next_s - ocsp.this_s, 3600);
	revoked = ocsp_response(V_OCSP_CERTSTATUS_REVOKED, fixture.ca,
	    fixture.ca_key);
	assert_int_equal(chain_read_ocsp(&set.chain, revoked, now, &ocsp,
	    NULL), 0);
	assert_int_equal(ocsp.status, FILES_OCSP_REVOKED);
	assert_int_equal(ocsp.reason, 0);
	assert_int_equal(ocsp.revoked_s, ocsp.this_s);
	assert_int_equal(says(ocsp_response(V_OCSP_CERTSTATUS_UNKNOWN,
	    fixture.ca, fixture.ca_key)), FILES_OCSP_UNKNOWN);
	/* By the certificate itself; and what is none. */
	assert_int_equal(says(ocsp_response(V_OCSP_CERTSTATUS_GOOD, set.der,
	    set.key)), FILES_OCSP_NONE);
	assert_int_equal(says(SPAN_LIT("x")), FILES_OCSP_NONE);
	assert_int_equal(says(span_of(good.data, good.len - 1)),
	    FILES_OCSP_NONE);
	/* An hour later, and a day before. */
	assert_true(chain_read_ocsp(&set.chain, good, now + 3601000, &ocsp,
	    NULL) < 0);
	assert_true(chain_read_ocsp(&set.chain, good, now - 86400000, &ocsp,
	    NULL) < 0);
	/* One without an end does not last for ever. */
	good = ocsp_response_for(V_OCSP_CERTSTATUS_GOOD, fixture.ca,
	    fixture.ca_key, 0);
	assert_int_equal(chain_read_ocsp(&set.chain, good, now + 1000 *
	    (int64_t)(CHAIN_OCSP_OLD_S - 60), &ocsp, NULL), 0);
	assert_int_equal(ocsp.next_s, 0);
	assert_true(chain_read_ocsp(&set.chain, good, now + 1000 *
	    (int64_t)(CHAIN_OCSP_OLD_S + 60), &ocsp, NULL) < 0);
}

/* RFC 7633: it is in use all the same, and said. */
static void
test_must_staple_is_missing(void **state)
{
	struct err noted = ERR_INIT, err = ERR_INIT;

	(void)state;
	assert_int_equal(chain_check_use(&set.chain, false, false, &noted,
	    &err), 0);
	assert_int_equal(noted.kind, ERR_NONE);
	assert_int_equal(chain_check_use(&set.chain, true, false, &noted,
	    &err), 0);
	assert_int_equal(noted.kind, ERR_MALFORMED);
	assert_string_equal(noted.rule, "RFC 7633");
	assert_non_null(strstr(noted.text, "must_staple = false"));
	assert_int_equal(err.kind, ERR_NONE);
}

static void
test_ocsp_request(void **state)
{
	struct chain alone = set.chain;
	const unsigned char *at;
	OCSP_REQUEST *request;
	struct bld out;

	(void)state;
	bld_init(&out, FILES_OCSP_REQUEST_MAX);
	assert_int_equal(chain_make_ocsp(&set.chain, &out, NULL), 0);
	at = out.data;
	request = d2i_OCSP_REQUEST(NULL, &at, (long)out.len);
	assert_non_null(request);
	assert_int_equal(OCSP_request_onereq_count(request), 1);
	OCSP_REQUEST_free(request);
	alone.count = 1;
	assert_true(chain_make_ocsp(&alone, &out, NULL) < 0);
	bld_free(&out);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_false_issuer),
		cmocka_unit_test(test_no_chain),
		cmocka_unit_test(test_ca),
		cmocka_unit_test(test_leaf),
		cmocka_unit_test(test_serial),
		cmocka_unit_test(test_ocsp),
		cmocka_unit_test(test_ocsp_request),
		cmocka_unit_test(test_must_staple_is_missing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
