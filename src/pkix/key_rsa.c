/* SPDX-License-Identifier: Apache-2.0 */
#include "pkix/key_rsa.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdbool.h>

#define FACTOR_MAX 751      /* BR 6.1.6: no factor smaller than 752 */
#define ROCA_PRIME_MAX 167  /* the primes that every ROCA modulus shares */
#define FERMAT_ROUNDS 100   /* BR 6.1.1.3 (5) */
#define EXPONENT_MIN 65537  /* BR 6.1.6 */
#define EXPONENT_BITS_MAX 256
#define NEWTON_MAX 64       /* steps; 13 suffice for 4096 bits */

static bool
is_prime(unsigned n)
{
	for (unsigned d = 2; d * d <= n; d++)
		if (n % d == 0)
			return false;
	return n >= 2;
}

static bool
has_small_factor(const BIGNUM *n)
{
	for (unsigned p = 2; p <= FACTOR_MAX; p++)
		if (is_prime(p) && BN_mod_word(n, p) == 0)
			return true;
	return false;
}

/* Whether r is a power of 65537 modulo p. */
static bool
in_roca_group(unsigned r, unsigned p)
{
	unsigned v = 1;

	for (unsigned i = 0; i < p; i++) {
		if (v == r)
			return true;
		v = v * (65537 % p) % p;
	}
	return false;
}

/* "The Return of Coppersmith's Attack" 3.3: both primes, hence the modulus,
 * are powers of 65537 modulo every one of the first 39 primes. A good key
 * passes for one with probability 2^-27. */
static bool
has_roca_fingerprint(const BIGNUM *n)
{
	for (unsigned p = 3; p <= ROCA_PRIME_MAX; p++)
		if (is_prime(p) &&
		    !in_roca_group((unsigned)BN_mod_word(n, p), p))
			return false;
	return true;
}

/* ret = the integer square root of n, by Newton's method from above. */
static bool
integer_sqrt(BIGNUM *ret, const BIGNUM *n, BN_CTX *ctx)
{
	BIGNUM *next = BN_CTX_get(ctx);

	if (next == NULL || !BN_one(ret) ||
	    !BN_lshift(ret, ret, (BN_num_bits(n) + 1) / 2))
		return false;
	for (int i = 0; i < NEWTON_MAX; i++) {
		if (!BN_div(next, NULL, n, ret, ctx) ||
		    !BN_add(next, next, ret) || !BN_rshift1(next, next))
			return false;
		if (BN_cmp(next, ret) >= 0)
			return true;
		if (BN_copy(ret, next) == NULL)
			return false;
	}
	return false;
}

static bool
is_square_modulo(unsigned r, unsigned m)
{
	for (unsigned x = 0; x <= m / 2; x++)
		if (x * x % m == r)
			return true;
	return false;
}

/* Most non-squares show modulo small numbers; the rest by their root. */
static bool
is_square(const BIGNUM *v, BN_CTX *ctx)
{
	static const unsigned moduli[] = { 64, 63, 65, 11, 17, 19 };
	BIGNUM *root, *again;
	bool square = false;

	if (BN_is_zero(v))
		return true;
	for (size_t i = 0; i < sizeof(moduli) / sizeof(moduli[0]); i++)
		if (!is_square_modulo((unsigned)BN_mod_word(v, moduli[i]),
		    moduli[i]))
			return false;
	BN_CTX_start(ctx);
	root = BN_CTX_get(ctx);
	again = BN_CTX_get(ctx);
	if (again != NULL && integer_sqrt(root, v, ctx) &&
	    BN_sqr(again, root, ctx))
		square = BN_cmp(again, v) == 0;
	BN_CTX_end(ctx);
	return square;
}

/* Fermat: n = a^2 - b^2 for an a a little above the root of n. -1 when
 * OpenSSL fails. */
static int
has_close_primes(const BIGNUM *n, BN_CTX *ctx)
{
	BIGNUM *a = BN_CTX_get(ctx), *rest = BN_CTX_get(ctx);

	if (rest == NULL || !integer_sqrt(a, n, ctx))
		return -1;
	for (int i = 0; i <= FERMAT_ROUNDS; i++) {
		if (!BN_sqr(rest, a, ctx) || !BN_sub(rest, rest, n))
			return -1;
		if (!BN_is_negative(rest) && is_square(rest, ctx))
			return 1;
		if (!BN_add_word(a, 1))
			return -1;
	}
	return 0;
}

static int
check_numbers(const BIGNUM *n, const BIGNUM *e, BN_CTX *ctx, struct err *err)
{
	int bits = BN_num_bits(n), close;

	if (bits != 2048 && bits != 3072 && bits != 4096)
		return err_set(err, ERR_BAD_PUBLIC_KEY, "BR 6.1.5",
		    "the RSA key has %d bits; use 2048, 3072 or 4096, or an "
		    "ECDSA P-256 key", bits);
	if (!BN_is_odd(e) || BN_num_bits(e) > EXPONENT_BITS_MAX ||
	    (BN_num_bits(e) <= 32 && BN_get_word(e) < EXPONENT_MIN))
		return err_set(err, ERR_BAD_PUBLIC_KEY, "BR 6.1.6",
		    "the RSA key's public exponent is not allowed; use 65537");
	if (has_small_factor(n))
		return err_set(err, ERR_BAD_PUBLIC_KEY, "BR 6.1.6",
		    "the RSA modulus has a prime factor below 752; make a new "
		    "key");
	if (has_roca_fingerprint(n))
		return err_set(err, ERR_BAD_PUBLIC_KEY, "BR 6.1.1.3",
		    "the RSA key was made by a device with the ROCA weakness "
		    "(CVE-2017-15361); make a new key elsewhere");
	close = has_close_primes(n, ctx);
	if (close < 0)
		return err_set(err, ERR_INTERNAL, NULL,
		    "cannot check an RSA key for close primes");
	if (close > 0)
		return err_set(err, ERR_BAD_PUBLIC_KEY, "BR 6.1.1.3",
		    "the RSA key's primes are so close that it can be "
		    "factored; make a new key with other software");
	return 0;
}

int
key_rsa_check(EVP_PKEY *key, struct err *err)
{
	BIGNUM *n = NULL, *e = NULL;
	BN_CTX *ctx = BN_CTX_new();
	int r;

	if (ctx == NULL ||
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
	    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) != 1) {
		r = err_set(err, ERR_INTERNAL, NULL,
		    "cannot read the numbers of an RSA key");
	} else {
		BN_CTX_start(ctx);
		r = check_numbers(n, e, ctx, err);
		BN_CTX_end(ctx);
	}
	BN_free(n);
	BN_free(e);
	BN_CTX_free(ctx);
	ERR_clear_error();
	return r;
}
