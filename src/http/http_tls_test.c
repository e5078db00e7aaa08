/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/pem.h>

#include "base/bld.h"
#include "http/http_tls.h"

#define PEM_MAX 65536
#define CHAIN_MAX 8 /* as http_tls.c says */

struct pair {
	struct bld certificate, key;
};

static void
put_pem(struct bld *out, BIO *bio)
{
	char *data;
	long len = BIO_get_mem_data(bio, &data);

	bld_init(out, PEM_MAX);
	bld_bytes(out, data, (size_t)len);
	BIO_free(bio);
}

/* Takes over key. */
static void
pair_init(struct pair *pair, EVP_PKEY *key)
{
	BIO *cert_pem = BIO_new(BIO_s_mem()), *key_pem = BIO_new(BIO_s_mem());
	X509 *cert = X509_new();

	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	assert_int_equal(PEM_write_bio_X509(cert_pem, cert), 1);
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(key_pem, key, NULL,
	    NULL, 0, NULL, NULL), 1);
	put_pem(&pair->certificate, cert_pem);
	put_pem(&pair->key, key_pem);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void
pair_done(struct pair *pair)
{
	bld_free(&pair->certificate);
	bld_free(&pair->key);
}

static int
try(const struct bld *chain, const struct bld *key, struct err *err)
{
	SSL_CTX *ctx;
	int r;

	*err = (struct err)ERR_INIT;
	r = http_tls_new(bld_view(chain), bld_view(key), &ctx, err);
	assert_int_equal(r == 0, ctx != NULL);
	SSL_CTX_free(ctx);
	return r;
}

static void
test_key(void **state)
{
	struct pair ec, other, rsa;
	struct bld none;
	struct err err;

	(void)state;
	pair_init(&ec, EVP_EC_gen("P-256"));
	pair_init(&other, EVP_EC_gen("P-256"));
	pair_init(&rsa, EVP_RSA_gen(2048));
	bld_init(&none, PEM_MAX);
	assert_int_equal(try(&ec.certificate, &ec.key, &err), 0);
	assert_int_equal(try(&rsa.certificate, &rsa.key, &err), 0);
	assert_int_equal(try(&ec.certificate, &other.key, &err), -ERR_CONFIG);
	assert_non_null(strstr(err.text, "not that of the certificate"));
	assert_int_equal(try(&rsa.certificate, &ec.key, &err), -ERR_CONFIG);
	assert_non_null(strstr(err.text, "not that of the certificate"));
	assert_int_equal(try(&ec.certificate, &rsa.key, &err), -ERR_CONFIG);
	assert_int_equal(try(&ec.key, &ec.key, &err), -ERR_CONFIG);
	assert_int_equal(try(&ec.certificate, &ec.certificate, &err),
	    -ERR_CONFIG);
	assert_int_equal(try(&none, &ec.key, &err), -ERR_CONFIG);
	assert_int_equal(try(&ec.certificate, &none, &err), -ERR_CONFIG);
	pair_done(&ec);
	pair_done(&other);
	pair_done(&rsa);
}

/* What stands behind the leaf is sent to clients, all of it or the server does
 * not start. */
static void
test_chain(void **state)
{
	struct pair pair;
	struct bld chain;
	struct err err;

	(void)state;
	pair_init(&pair, EVP_EC_gen("P-256"));
	bld_init(&chain, PEM_MAX);
	for (int n = 0; n < CHAIN_MAX; n++) {
		bld_span(&chain, bld_view(&pair.certificate));
		assert_int_equal(try(&chain, &pair.key, &err), 0);
	}
	bld_str(&chain, "text behind it is none of it\n");
	assert_int_equal(try(&chain, &pair.key, &err), 0);
	bld_span(&chain, bld_view(&pair.certificate));
	assert_int_equal(try(&chain, &pair.key, &err), -ERR_CONFIG);
	assert_non_null(strstr(err.text, "more than 8"));
	/* The second one is cut short. */
	chain.len = 2 * pair.certificate.len - 40;
	assert_int_equal(try(&chain, &pair.key, &err), -ERR_CONFIG);
	assert_non_null(strstr(err.text, "cannot be used"));
	bld_free(&chain);
	pair_done(&pair);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_chain),
	};

	return cmocka_run_group_tests_name("http_tls", tests, NULL, NULL);
}
