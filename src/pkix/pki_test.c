/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <openssl/x509v3.h>

#include "base/text.h"
#include "pkix/key.h"
#include "pkix/pki.h"

#define NOW_MS 1795255200000 /* 2026-11-21 */

static uint64_t random_state = 1;

static int64_t
fake_now(void *ctx)
{
	(void)ctx;
	return NOW_MS;
}

static void
fake_random(void *ctx, void *out, size_t len)
{
	uint8_t *at = out;

	(void)ctx;
	for (size_t i = 0; i < len; i++) {
		random_state = random_state * 6364136223846793005u + 1;
		at[i] = (uint8_t)(random_state >> 56);
	}
}

static const struct env env = { .now = fake_now, .random = fake_random };

static struct arena arena;
static EVP_PKEY *root_key, *ca_key, *api_key, *leaf_key;
static struct pki_issuer root, intermediate, api_ca;

static struct ident_list
names_of(const char *a, const char *b)
{
	struct ident_list list = { 0 };
	const char *all[] = { a, b };

	for (size_t i = 0; i < 2; i++) {
		bool ip = all[i] != NULL && strpbrk(all[i], ":123") != NULL;

		if (all[i] != NULL)
			assert_int_equal(ident_parse(span_str(ip ? "ip" :
			    "dns"), span_str(all[i]), &arena,
			    &list.items[list.count++], NULL), 0);
	}
	ident_list_sort(&list);
	return list;
}

static int
setup(void **state)
{
	struct ident_list names = names_of("localhost", "127.0.0.1");

	(void)state;
	key_generate(&root_key, NULL);
	key_generate(&ca_key, NULL);
	key_generate(&api_key, NULL);
	key_generate(&leaf_key, NULL);
	root.key = root_key;
	intermediate.key = ca_key;
	api_ca.key = api_key;
	return pki_make_root(&env, root_key, "Test root", 0, &arena,
	    &root.certificate, NULL) < 0 ||
	    pki_make_intermediate(&env, &root, ca_key, "Test intermediate", 0,
	    &arena, &intermediate.certificate, NULL) < 0 ||
	    pki_make_api_ca(&env, &root, api_key, "Test API", &names, 0,
	    &arena, &api_ca.certificate, NULL) < 0;
}

static int
teardown(void **state)
{
	(void)state;
	EVP_PKEY_free(root_key);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(api_key);
	EVP_PKEY_free(leaf_key);
	arena_free(&arena);
	return 0;
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

/* What OpenSSL says of root <- ca <- leaf for a host or address. */
static int
verify(struct span ca, struct span leaf, const char *host, const char *ip)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *chain = sk_X509_new_null();
	X509 *r = x509(root.certificate), *c = x509(ca), *l = x509(leaf);
	X509_VERIFY_PARAM *param;
	int result;

	X509_STORE_add_cert(store, r);
	sk_X509_push(chain, c);
	X509_STORE_CTX_init(ctx, store, l, chain);
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, NOW_MS / 1000);
	X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT |
	    X509_V_FLAG_CHECK_SS_SIGNATURE);
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
	if (host != NULL)
		X509_VERIFY_PARAM_set1_host(param, host, 0);
	if (ip != NULL)
		X509_VERIFY_PARAM_set1_ip_asc(param, ip);
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
test_api_chain(void **state)
{
	struct ident_list names = names_of("localhost", "127.0.0.1");
	struct span leaf;

	(void)state;
	assert_int_equal(pki_make_api_leaf(&env, &api_ca, leaf_key, &names, 0,
	    &arena, &leaf, NULL), 0);
	assert_int_equal(verify(api_ca.certificate, leaf, "localhost", NULL),
	    X509_V_OK);
	assert_int_equal(verify(api_ca.certificate, leaf, NULL, "127.0.0.1"),
	    X509_V_OK);
	assert_int_equal(verify(api_ca.certificate, leaf, "other", NULL),
	    X509_V_ERR_HOSTNAME_MISMATCH);
}

static void
test_api_constraints(void **state)
{
	static const char *const outside[][2] = {
		{ "example.com", NULL }, { "127.0.0.2", NULL },
		{ "localhost", "::1" }, { "localhost", "example.org" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(outside) / sizeof(outside[0]); i++) {
		struct ident_list names = names_of(outside[i][0],
		    outside[i][1]);
		struct span leaf;

		assert_int_equal(pki_make_api_leaf(&env, &api_ca, leaf_key,
		    &names, 0, &arena, &leaf, NULL), 0);
		assert_int_equal(verify(api_ca.certificate, leaf, NULL, NULL),
		    X509_V_ERR_PERMITTED_VIOLATION);
	}
}

/* With DNS names only, addresses are excluded, and the other way round. */
static void
test_constraints_of_one_type(void **state)
{
	struct ident_list permitted = names_of("localhost", NULL);
	struct ident_list address = names_of("10.0.0.1", NULL);
	struct pki_issuer only = { .key = api_key };
	struct span leaf;

	(void)state;
	assert_int_equal(pki_make_api_ca(&env, &root, api_key, "Test API",
	    &permitted, 0, &arena, &only.certificate, NULL), 0);
	assert_int_equal(pki_make_api_leaf(&env, &only, leaf_key, &permitted,
	    0, &arena, &leaf, NULL), 0);
	assert_int_equal(verify(only.certificate, leaf, "localhost", NULL),
	    X509_V_OK);
	assert_int_equal(pki_make_api_leaf(&env, &only, leaf_key, &address,
	    0, &arena, &leaf, NULL), 0);
	assert_int_equal(verify(only.certificate, leaf, NULL, NULL),
	    X509_V_ERR_EXCLUDED_VIOLATION);
}

static void
test_intermediate(void **state)
{
	struct ident_list names = names_of("example.com", NULL);
	X509 *x = x509(intermediate.certificate);
	struct span leaf;

	(void)state;
	assert_int_equal(X509_check_ca(x), 1);
	assert_int_equal(X509_get_pathlen(x), 0);
	assert_int_equal(X509_get_extended_key_usage(x), XKU_SSL_SERVER);
	assert_int_equal(X509_get_extension_flags(x) & EXFLAG_INVALID, 0);
	X509_free(x);
	assert_int_equal(pki_make_api_leaf(&env, &intermediate, leaf_key,
	    &names, 0, &arena, &leaf, NULL), 0);
	assert_int_equal(verify(intermediate.certificate, leaf, "example.com",
	    NULL), X509_V_OK);
}

static void
test_read(void **state)
{
	struct pki_certificate read;
	struct err err;

	(void)state;
	assert_int_equal(pki_read(intermediate.certificate, &read, NULL), 0);
	assert_true(span_equal_str(read.common_name, "Test intermediate"));
	assert_int_equal(read.not_before_s, NOW_MS / 1000 - 3600);
	assert_int_equal(read.not_after_s, NOW_MS / 1000 - 3600 +
	    PKI_INTERMEDIATE_DAYS * 86400 - 1);
	assert_int_equal(pki_check_key(intermediate.certificate, ca_key,
	    NULL), 0);
	assert_int_equal(pki_check_key(intermediate.certificate, leaf_key,
	    &err), -ERR_CONFIG);
	for (size_t i = 0; i < intermediate.certificate.len; i++)
		assert_int_equal(pki_read(span_of(
		    intermediate.certificate.data, i), &read, &err),
		    -ERR_CONFIG);
}

static void
test_pem(void **state)
{
	struct span der[2];
	struct bld out;
	struct err err;
	size_t n;

	(void)state;
	bld_init(&out, 8192);
	text_pem(&out, "CERTIFICATE", intermediate.certificate);
	text_pem(&out, "CERTIFICATE", root.certificate);
	assert_int_equal(pki_from_pem(bld_view(&out), &arena, der, 2, &n,
	    NULL), 0);
	assert_int_equal(n, 2);
	assert_true(span_equal(der[1], root.certificate));
	assert_int_equal(pki_from_pem(bld_view(&out), &arena, der, 1, &n,
	    &err), -ERR_CONFIG);
	assert_int_equal(pki_from_pem(SPAN_LIT("x"), &arena, der, 1, &n,
	    &err), -ERR_CONFIG);
	/* The second one is cut short, which is not the end of the chain. */
	out.len -= 40;
	assert_int_equal(pki_from_pem(bld_view(&out), &arena, der, 2, &n,
	    &err), -ERR_CONFIG);
	assert_non_null(strstr(err.text, "damaged"));
	bld_free(&out);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_api_chain),
		cmocka_unit_test(test_api_constraints),
		cmocka_unit_test(test_constraints_of_one_type),
		cmocka_unit_test(test_intermediate),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_pem),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
