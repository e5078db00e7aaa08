/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/account/jwk_private.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "base/json.h"
#include "base/text.h"

#define NUMBER_MAX 512   /* bytes: a modulus of 4096 bits */
#define NUMBERS_MAX 8    /* of an RSA key */
#define POINT_MAX (1 + 2 * 66)

/* Which member is which of OpenSSL's parameters. */
static const struct {
	const char *member;
	const char *param;
} rsa_numbers[NUMBERS_MAX] = {
	{ "n", OSSL_PKEY_PARAM_RSA_N },
	{ "e", OSSL_PKEY_PARAM_RSA_E },
	{ "d", OSSL_PKEY_PARAM_RSA_D },
	{ "p", OSSL_PKEY_PARAM_RSA_FACTOR1 },
	{ "q", OSSL_PKEY_PARAM_RSA_FACTOR2 },
	{ "dp", OSSL_PKEY_PARAM_RSA_EXPONENT1 },
	{ "dq", OSSL_PKEY_PARAM_RSA_EXPONENT2 },
	{ "qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1 },
};

static const struct {
	const char *crv;
	size_t size; /* bytes of a coordinate */
} curves[] = { { "P-256", 32 }, { "P-384", 48 }, { "P-521", 66 } };
#define NUM_CURVES (sizeof(curves) / sizeof(curves[0]))

/* The octets of a base64url member, appended. */
static int
get_octets(const json_t *obj, const char *name, struct bld *out,
    struct err *err)
{
	struct span text;
	int r = json_need_string(obj, name, &text, err);

	return r == 0 ? text_unbase64url(out, text) : r;
}

static int
get_number(const json_t *obj, const char *name, BIGNUM **ret,
    struct err *err)
{
	struct bld octets;
	int r;

	bld_init_secret(&octets, NUMBER_MAX);
	r = get_octets(obj, name, &octets, err);
	*ret = NULL;
	if (r == 0 && bld_end(&octets) == 0)
		*ret = BN_secure_new();
	if (*ret != NULL &&
	    BN_bin2bn(octets.data, (int)octets.len, *ret) == NULL) {
		BN_clear_free(*ret);
		*ret = NULL;
	}
	bld_free(&octets);
	return *ret == NULL ? -(int)ERR_CONFIG : 0;
}

static EVP_PKEY *
make_key(const char *type, OSSL_PARAM_BLD *build)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
	EVP_PKEY *key = NULL;

	if (ctx == NULL || params == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return key;
}

static EVP_PKEY *
parse_rsa(const json_t *obj, struct err *err)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	BIGNUM *numbers[NUMBERS_MAX] = { NULL };
	EVP_PKEY *key = NULL;
	bool ok = build != NULL;

	for (size_t i = 0; ok && i < NUMBERS_MAX; i++)
		ok = get_number(obj, rsa_numbers[i].member, &numbers[i],
		    err) == 0 && OSSL_PARAM_BLD_push_BN(build,
		    rsa_numbers[i].param, numbers[i]) == 1;
	if (ok)
		key = make_key("RSA", build);
	OSSL_PARAM_BLD_free(build);
	for (size_t i = 0; i < NUMBERS_MAX; i++)
		BN_clear_free(numbers[i]);
	return key;
}

/* The uncompressed point, which must have exactly size bytes a coordinate. */
static bool
get_point(const json_t *obj, size_t size, struct bld *out, struct err *err)
{
	bld_u8(out, 4);
	return get_octets(obj, "x", out, err) == 0 && out->len == 1 + size &&
	    get_octets(obj, "y", out, err) == 0 && out->len == 1 + 2 * size;
}

static EVP_PKEY *
parse_ec(const json_t *obj, struct err *err)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY *key = NULL;
	BIGNUM *d = NULL;
	struct span crv;
	struct bld point;
	size_t i = 0;

	bld_init(&point, POINT_MAX);
	if (json_need_string(obj, "crv", &crv, err) == 0) {
		while (i < NUM_CURVES && !span_equal_str(crv, curves[i].crv))
			i++;
	}
	if (build != NULL && crv.len > 0 && i < NUM_CURVES &&
	    get_point(obj, curves[i].size, &point, err) &&
	    get_number(obj, "d", &d, err) == 0 &&
	    OSSL_PARAM_BLD_push_utf8_string(build,
	    OSSL_PKEY_PARAM_GROUP_NAME, curves[i].crv, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY,
	    point.data, point.len) == 1 &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, d) == 1)
		key = make_key("EC", build);
	OSSL_PARAM_BLD_free(build);
	BN_clear_free(d);
	bld_free(&point);
	return key;
}

/* Whether the private half is the public one's. */
static bool
is_pair(EVP_PKEY *key)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	bool ok = ctx != NULL && EVP_PKEY_pairwise_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

int
jwk_private_parse(struct span text, EVP_PKEY **ret, struct err *err)
{
	cleanup_json json_t *obj = NULL;
	struct span kty;
	int r;

	*ret = NULL;
	r = json_parse_object(text, "the JWK", &obj, err);
	if (r == 0)
		r = json_need_string(obj, "kty", &kty, err);
	if (r == 0)
		*ret = span_equal_str(kty, "RSA") ? parse_rsa(obj, err) :
		    span_equal_str(kty, "EC") ? parse_ec(obj, err) : NULL;
	if (*ret != NULL && !is_pair(*ret)) {
		EVP_PKEY_free(*ret);
		*ret = NULL;
	}
	ERR_clear_error();
	if (*ret == NULL)
		return err_set(err, ERR_CONFIG, "RFC 7518 6", "it is no JSON "
		    "Web Key with private members: RSA, or EC with P-256, "
		    "P-384 or P-521");
	return 0;
}
