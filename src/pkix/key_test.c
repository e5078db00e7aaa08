/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/text.h"
#include "pkix/key.h"
#include "pkix/key_ec.h"

/* Of the parameters in build, which goes. */
static EVP_PKEY *
key_of(const char *type, int selection, OSSL_PARAM_BLD *build)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY *key = NULL;

	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &key, selection, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static EVP_PKEY *
rsa_key(const BIGNUM *n, unsigned long exponent)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();

	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n);
	OSSL_PARAM_BLD_push_ulong(build, OSSL_PKEY_PARAM_RSA_E, exponent);
	return key_of("RSA", EVP_PKEY_PUBLIC_KEY, build);
}

/* A random prime of bits with its two top bits set. */
static BIGNUM *
prime(int bits)
{
	BIGNUM *p = BN_new();

	assert_int_equal(BN_generate_prime_ex(p, bits, 0, NULL, NULL, NULL), 1);
	return p;
}

static BIGNUM *
product(const BIGNUM *p, const BIGNUM *q)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *n = BN_new();

	assert_int_equal(BN_mul(n, p, q, ctx), 1);
	BN_CTX_free(ctx);
	return n;
}

static void
expect_key(EVP_PKEY *key, enum key_use use, enum err_kind kind,
    const char *rule)
{
	struct err err = ERR_INIT;
	int r = key_check(key, use, &err);

	if (r != -(int)kind)
		fail_msg("got %d (%s), wanted %d", r, err.text, -(int)kind);
	if (rule != NULL)
		assert_string_equal(err.rule, rule);
}

/* i2d_PUBKEY and d2i_PUBKEY are the judges of both directions. */
static void
round_trip(EVP_PKEY *key)
{
	struct arena arena = { 0 };
	struct span spki;
	uint8_t *expected = NULL;
	int len = i2d_PUBKEY(key, &expected);
	EVP_PKEY_CTX *lent;
	EVP_PKEY *again;

	assert_int_equal(key_to_spki(key, &arena, &spki, NULL), 0);
	assert_int_equal(spki.len, len);
	assert_memory_equal(spki.data, expected, spki.len);
	assert_int_equal(key_from_spki(spki, &again, NULL), 0);
	assert_int_equal(EVP_PKEY_eq(key, again), 1);
	EVP_PKEY_free(again);
	assert_int_equal(key_lend(spki, &lent, NULL), 0);
	assert_int_equal(EVP_PKEY_eq(key, EVP_PKEY_CTX_get0_pkey(lent)), 1);
	assert_int_not_equal(key_lend(span_of(spki.data, spki.len - 1),
	    &lent, NULL), 0);
	assert_int_not_equal(key_from_spki(span_of(spki.data, spki.len - 1),
	    &again, NULL), 0);
	OPENSSL_free(expected);
	arena_free(&arena);
}

static void
test_ec(void **state)
{
	static const char *const good[] = { "P-256", "P-384", "P-521" };
	static const char *const bad[] = { "secp256k1", "P-224" };
	EVP_PKEY *key;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		key = EVP_EC_gen(good[i]);
		expect_key(key, KEY_USE_ACCOUNT, ERR_NONE, NULL);
		expect_key(key, KEY_USE_CERTIFICATE, ERR_NONE, NULL);
		round_trip(key);
		EVP_PKEY_free(key);
	}
	for (size_t i = 0; i < 2; i++) {
		key = EVP_EC_gen(bad[i]);
		expect_key(key, KEY_USE_ACCOUNT, ERR_BAD_PUBLIC_KEY,
		    "BR 6.1.5");
		EVP_PKEY_free(key);
	}
}

static void
expect_no_key(struct span spki)
{
	EVP_PKEY_CTX *lent;
	EVP_PKEY *key;
	struct err err;

	assert_int_equal(key_from_spki(spki, &key, &err),
	    -ERR_BAD_PUBLIC_KEY);
	assert_int_equal(key_lend(spki, &lent, &err), -ERR_BAD_PUBLIC_KEY);
}

static void
test_off_curve(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct arena arena = { 0 };
	struct span spki;
	uint8_t copy[200];

	(void)state;
	assert_int_equal(key_to_spki(key, &arena, &spki, NULL), 0);
	memcpy(copy, spki.data, spki.len);
	copy[spki.len - 1] ^= 1;
	expect_no_key(span_of(copy, spki.len));
	memset(copy + spki.len - 64, 0, 64); /* infinity, sort of */
	expect_no_key(span_of(copy, spki.len));
	memset(copy + spki.len - 64, 0xff, 64); /* beyond the field */
	expect_no_key(span_of(copy, spki.len));
	EVP_PKEY_free(key);
	arena_free(&arena);
}

static void
test_ed25519(void **state)
{
	EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	(void)state;
	expect_key(key, KEY_USE_ACCOUNT, ERR_NONE, NULL);
	expect_key(key, KEY_USE_CERTIFICATE, ERR_BAD_PUBLIC_KEY, "BR 6.1.5");
	round_trip(key);
	EVP_PKEY_free(key);
}

static void
test_rsa(void **state)
{
	EVP_PKEY *key = EVP_RSA_gen(2048);
	BIGNUM *n = NULL;
	EVP_PKEY *other;

	(void)state;
	expect_key(key, KEY_USE_CERTIFICATE, ERR_NONE, NULL);
	round_trip(key);
	assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n),
	    1);
	other = rsa_key(n, 3);
	expect_key(other, KEY_USE_ACCOUNT, ERR_BAD_PUBLIC_KEY, "BR 6.1.6");
	EVP_PKEY_free(other);
	other = rsa_key(n, 65538);
	expect_key(other, KEY_USE_ACCOUNT, ERR_BAD_PUBLIC_KEY, "BR 6.1.6");
	EVP_PKEY_free(other);
	BN_free(n);
	EVP_PKEY_free(key);
}

static void
test_rsa_size(void **state)
{
	static const int bits[] = { 1024, 2047, 2056, 4104 };
	BIGNUM *n = BN_new();
	EVP_PKEY *key;

	(void)state;
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		BN_rand(n, bits[i], BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD);
		key = rsa_key(n, 65537);
		expect_key(key, KEY_USE_ACCOUNT, ERR_BAD_PUBLIC_KEY,
		    "BR 6.1.5");
		EVP_PKEY_free(key);
	}
	BN_free(n);
}

static void
test_rsa_small_factor(void **state)
{
	BIGNUM *p = BN_new(), *q = BN_new(), *n;
	EVP_PKEY *key;

	(void)state;
	BN_set_word(p, 751);
	BN_rand(q, 2038, BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ODD);
	n = product(p, q);
	key = rsa_key(n, 65537);
	expect_key(key, KEY_USE_ACCOUNT, ERR_BAD_PUBLIC_KEY, "BR 6.1.6");
	EVP_PKEY_free(key);
	BN_free(n);
	BN_free(p);
	BN_free(q);
}

static void
test_rsa_close_primes(void **state)
{
	BIGNUM *p = prime(1024), *q = BN_dup(p), *n;
	BN_CTX *ctx = BN_CTX_new();
	EVP_PKEY *key;

	(void)state;
	do
		BN_add_word(q, 2);
	while (BN_check_prime(q, ctx, NULL) != 1);
	n = product(p, q);
	key = rsa_key(n, 65537);
	expect_key(key, KEY_USE_ACCOUNT, ERR_BAD_PUBLIC_KEY, "BR 6.1.1.3");
	EVP_PKEY_free(key);
	BN_free(n);
	n = product(p, p); /* the power of a prime */
	key = rsa_key(n, 65537);
	expect_key(key, KEY_USE_ACCOUNT, ERR_BAD_PUBLIC_KEY, "BR 6.1.1.3");
	EVP_PKEY_free(key);
	BN_free(n);
	BN_free(p);
	BN_free(q);
	BN_CTX_free(ctx);
}

/* A number that has the fingerprint: a power of 65537 modulo the product of
 * the first 39 primes, with random high bits that keep the residue. */
static void
test_rsa_roca(void **state)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *m = BN_new(), *n = BN_new(), *k = BN_new();
	EVP_PKEY *key;

	(void)state;
	BN_one(m);
	for (unsigned p = 2, d; p <= 167; p++) {
		for (d = 2; d < p && p % d != 0; d++)
			;
		if (d == p)
			BN_mul_word(m, p);
	}
	BN_set_word(n, 65537);
	BN_set_word(k, 123457);
	BN_mod_exp(n, n, k, m, ctx);
	BN_rand(k, 2047 - BN_num_bits(m), BN_RAND_TOP_TWO, BN_RAND_BOTTOM_ANY);
	BN_lshift1(k, k);
	BN_mul(k, k, m, ctx);
	BN_add(n, n, k);
	while (BN_num_bits(n) < 2048)
		BN_add(n, n, k);
	/* Other small factors would be found first. */
	for (unsigned p = 173; p < 752; p++)
		if (BN_mod_word(n, p) == 0) {
			BN_add(n, n, m);
			BN_add(n, n, m);
			p = 173;
		}
	key = rsa_key(n, 65537);
	expect_key(key, KEY_USE_ACCOUNT, ERR_BAD_PUBLIC_KEY, "BR 6.1.1.3");
	EVP_PKEY_free(key);
	BN_free(m);
	BN_free(n);
	BN_free(k);
	BN_CTX_free(ctx);
}

/* The modulus of a device, from the tests of those who found the weakness
 * (github.com/crocs-muni/roca, roca/tests/data/mod03.txt). */
static void
test_rsa_roca_device(void **state)
{
	static const char modulus[] =
	    "9dcd7420e420c270a68060eb8b5aa7457a9f6648f86fafed2775cc1f79ae962f"
	    "1e63f1b9e51c55f9ea6fdc7332e9b0058c9ff2eb1fc89855029cf6aafe21e689"
	    "feb38ac9ffb12f1ce371bb5d0e9aae64161abce74b4244bf68f1edb4411f756a"
	    "097c8929c14740245ea355f8332d1aa36bb50c7dcb4505da8de02e4e53d38f8d"
	    "f06097da7524df0df93db48eac8cc4af2d3a16257eb2b2adca6ba464e5974fa9"
	    "2550d31b1babf161e7692d00b86e3dd886ecab4abfbe1a8f8cc263ff4af55cdb"
	    "45f4249a5193925f5e983d762f0b6800943eb0267b08f42ed311ce1f5c86eacb"
	    "c8ce4d3cb7a2fee1ef5641423a1cf4114e5ecf50034a60a412523af9e6f4aa11";
	BIGNUM *n = NULL;
	EVP_PKEY *key;

	(void)state;
	assert_int_equal(BN_hex2bn(&n, modulus), sizeof(modulus) - 1);
	key = rsa_key(n, 65537);
	expect_key(key, KEY_USE_CERTIFICATE, ERR_BAD_PUBLIC_KEY,
	    "BR 6.1.1.3");
	EVP_PKEY_free(key);
	BN_free(n);
}

/* It is written as OpenSSL writes it, and read again. */
static void
expect_pem(EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	EVP_PKEY *again;
	struct bld out;
	char *data;
	long len;

	assert_non_null(key);
	bld_init(&out, 4096);
	assert_int_equal(key_to_pem(key, &out, NULL), 0);
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0,
	    NULL, NULL), 1);
	len = BIO_get_mem_data(bio, &data);
	assert_int_equal(len, out.len);
	assert_memory_equal(data, out.data, out.len);
	BIO_free(bio);
	assert_int_equal(key_from_pem(bld_view(&out), &again, NULL), 0);
	assert_int_equal(EVP_PKEY_eq(key, again), 1);
	EVP_PKEY_free(again);
	EVP_PKEY_free(key);
	bld_free(&out);
}

static void
test_pem(void **state)
{
	EVP_PKEY *key;
	struct err err;

	(void)state;
	assert_int_equal(key_generate(&key, NULL), 0);
	expect_pem(key);
	expect_pem(EVP_EC_gen("P-384"));
	expect_pem(EVP_EC_gen("P-521"));
	expect_pem(EVP_RSA_gen(2048));
	expect_pem(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	assert_int_equal(key_from_pem(SPAN_LIT("no key"), &key, &err),
	    -ERR_CONFIG);
}

/* Cut off, with a point that is not on the curve, with something after it, and
 * a key of another kind. */
static void
test_key_ec(void **state)
{
	EVP_PKEY *key = EVP_EC_gen("P-256"), *ret;
	struct bld der;
	struct span whole;

	(void)state;
	bld_init(&der, KEY_EC_DER_MAX);
	assert_int_equal(key_ec_to_der(key, &der), 0);
	whole = bld_view(&der);
	assert_int_equal(key_ec_from_der(whole, &ret), 0);
	EVP_PKEY_free(ret);
	for (size_t len = 0; len < whole.len; len++)
		assert_int_not_equal(key_ec_from_der(span_of(whole.data, len),
		    &ret), 0);
	der.data[whole.len - 1] ^= 1;
	assert_int_not_equal(key_ec_from_der(whole, &ret), 0);
	assert_null(ret);
	bld_u8(&der, 0);
	assert_int_not_equal(key_ec_from_der(bld_view(&der), &ret), 0);
	bld_free(&der);
	EVP_PKEY_free(key);
	key = EVP_RSA_gen(2048);
	assert_int_not_equal(key_ec_to_der(key, &der), 0);
	EVP_PKEY_free(key);
	ERR_clear_error();
}

/* RFC 6979 A.2.5 to A.2.7, and the order of the group. */
static const struct pair {
	const char *curve, *scalar, *x, *y, *order;
	int size;
} pairs[] = {
	{ "P-256",
	    "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F"
	    "6721",
	    "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F2"
	    "9FB6",
	    "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D446"
	    "2299",
	    "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC63"
	    "2551", 32 },
	{ "P-384",
	    "6B9D3DAD2E1B8C1C05B19875B6659F4DE23C3B667BF297BA9AA477407871"
	    "37D896D5724E4C70A825F872C9EA60D2EDF5",
	    "EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B30"
	    "0C64DEF8F0EA9055866064A254515480BC13",
	    "8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C"
	    "9DB1288B231C3AE0D4FE7344FD2533264720",
	    "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F437"
	    "2DDF581A0DB248B0A77AECEC196ACCC52973", 48 },
	{ "P-521",
	    "0FAD06DAA62BA3B25D2FB40133DA757205DE67F5BB0018FEE8C86E1B68C7"
	    "E75CAA896EB32F1F47C70855836A6D16FCC1466F6D8FBEC67DB89EC0C08B"
	    "0E996B83538",
	    "1894550D0785932E00EAA23B694F213F8C3121F86DC97A04E5A7167DB4E5"
	    "BCD371123D46E45DB6B5D5370A7F20FB633155D38FFA16D2BD761DCAC474"
	    "B9A2F5023A4",
	    "493101C962CD4D2FDDF782285E64584139C2F91B47F87FF82354D6630F74"
	    "6A28A0DB25741B5B34A828008B22ACC23F924FAAFBD4D33F81EA66956DFE"
	    "AA2BFDFCF5",
	    "1FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
	    "FFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB"
	    "71E91386409", 66 },
};

static void
from_hex(const char *hex, uint8_t *out, int size)
{
	BIGNUM *bn = NULL;

	assert_int_not_equal(BN_hex2bn(&bn, hex), 0);
	assert_int_equal(BN_bn2binpad(bn, out, size), size);
	BN_free(bn);
}

static EVP_PKEY *
make_pair(const struct pair *pair)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	uint8_t point[133] = { 4 };
	EVP_PKEY *key;
	BIGNUM *d = NULL;

	from_hex(pair->x, point + 1, pair->size);
	from_hex(pair->y, point + 1 + pair->size, pair->size);
	BN_hex2bn(&d, pair->scalar);
	OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME,
	    pair->curve, 0);
	OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
	    point, 1 + 2 * (size_t)pair->size);
	OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, d);
	key = key_of("EC", EVP_PKEY_KEYPAIR, build);
	BN_free(d);
	return key;
}

/* The key as OpenSSL writes it, with another private half. */
static int
read_with(EVP_PKEY *key, const struct pair *pair, const char *scalar,
    bool sec1)
{
	uint8_t old[66], new[66], *der = NULL, *at;
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
	int len = sec1 ? i2d_PrivateKey(key, &der) :
	    i2d_PKCS8_PRIV_KEY_INFO(p8, &der), r;
	EVP_PKEY *ret;
	struct bld pem;

	PKCS8_PRIV_KEY_INFO_free(p8);
	from_hex(pair->scalar, old, pair->size);
	from_hex(scalar, new, pair->size);
	at = memmem(der, (size_t)len, old, (size_t)pair->size);
	assert_non_null(at);
	memcpy(at, new, (size_t)pair->size);
	bld_init(&pem, 4096);
	text_pem(&pem, sec1 ? PEM_STRING_ECPRIVATEKEY : PEM_STRING_PKCS8INF,
	    span_of(der, (size_t)len));
	r = key_from_pem(bld_view(&pem), &ret, NULL);
	assert_true((r == 0) == (ret != NULL));
	EVP_PKEY_free(ret);
	bld_free(&pem);
	OPENSSL_free(der);
	return r;
}

/* A private key whose file says another public key is none, in both forms. */
static void
test_halves(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		const struct pair *pair = &pairs[i];
		EVP_PKEY *key = make_pair(pair);

		for (int sec1 = 0; sec1 < 2; sec1++) {
			assert_int_equal(read_with(key, pair, pair->scalar,
			    sec1), 0);
			assert_int_equal(read_with(key, pair, "1", sec1),
			    -ERR_CONFIG);
			assert_int_equal(read_with(key, pair, "0", sec1),
			    -ERR_CONFIG);
			assert_int_equal(read_with(key, pair, pair->order,
			    sec1), -ERR_CONFIG);
		}
		EVP_PKEY_free(key);
	}
	ERR_clear_error();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ec),
		cmocka_unit_test(test_off_curve),
		cmocka_unit_test(test_ed25519),
		cmocka_unit_test(test_rsa),
		cmocka_unit_test(test_rsa_size),
		cmocka_unit_test(test_rsa_small_factor),
		cmocka_unit_test(test_rsa_close_primes),
		cmocka_unit_test(test_rsa_roca),
		cmocka_unit_test(test_rsa_roca_device),
		cmocka_unit_test(test_pem),
		cmocka_unit_test(test_key_ec),
		cmocka_unit_test(test_halves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
