/* SPDX-License-Identifier: Apache-2.0 */
#include "pkix/key_ec.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/params.h>

#include "base/err.h"
#include "base/mem.h"
#include "pkix/der.h"

#define SCALAR_MAX 48
#define POINT_MAX (1 + 2 * SCALAR_MAX)
#define ANY_POINT_MAX 256 /* bytes, of curves that are not ours, too */

static const uint8_t p256_algorithm[] = {
	0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
	0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07
};
static const uint8_t p384_algorithm[] = {
	0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
	0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22
};

static const struct form {
	char group[12]; /* OpenSSL's name of the curve */
	struct span algorithm;
	size_t size;    /* of a scalar */
} forms[] = {
	{ "prime256v1", { p256_algorithm, sizeof(p256_algorithm) }, 32 },
	{ "secp384r1", { p384_algorithm, sizeof(p384_algorithm) }, 48 },
};
#define NUM_FORMS (sizeof(forms) / sizeof(forms[0]))

/* With the generator alone, OpenSSL's multiplication takes the same time for
 * all scalars of a curve; what is compared is public. */
static bool
multiplies(const EC_GROUP *group, const BIGNUM *scalar, struct span point)
{
	BN_CTX *ctx = BN_CTX_secure_new();
	EC_POINT *given = EC_POINT_new(group), *made = EC_POINT_new(group);
	bool same = ctx != NULL && given != NULL && made != NULL &&
	    !BN_is_zero(scalar) && !BN_is_negative(scalar) &&
	    BN_cmp(scalar, EC_GROUP_get0_order(group)) < 0 &&
	    EC_POINT_oct2point(group, given, point.data, point.len, ctx) ==
	    1 && EC_POINT_mul(group, made, scalar, NULL, NULL, ctx) == 1 &&
	    EC_POINT_cmp(group, given, made, ctx) == 0;

	EC_POINT_free(given);
	EC_POINT_free(made);
	BN_CTX_free(ctx);
	return same;
}

bool
key_ec_is_pair(EVP_PKEY *key)
{
	uint8_t point[ANY_POINT_MAX];
	char name[64];
	EC_GROUP *group = NULL;
	BIGNUM *scalar = NULL;
	size_t len = 0;
	bool ok;

	if (EVP_PKEY_get_group_name(key, name, sizeof(name), NULL) == 1)
		group = EC_GROUP_new_by_curve_name(OBJ_sn2nid(name));
	ok = group != NULL && EVP_PKEY_get_bn_param(key,
	    OSSL_PKEY_PARAM_PRIV_KEY, &scalar) == 1 &&
	    EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
	    point, sizeof(point), &len) == 1 &&
	    multiplies(group, scalar, span_of(point, len));
	BN_clear_free(scalar);
	EC_GROUP_free(group);
	return ok;
}

static EVP_PKEY *
make(const struct form *form, struct span scalar, struct span point)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	uint8_t native[SCALAR_MAX], public[POINT_MAX];
	char group[sizeof(form->group)];
	OSSL_PARAM params[4];
	EVP_PKEY *key = NULL;
	BIGNUM *number = BN_bin2bn(scalar.data, (int)scalar.len, NULL);

	memcpy(group, form->group, sizeof(group));
	memcpy(public, point.data, point.len);
	params[0] = OSSL_PARAM_construct_utf8_string(
	    OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
	    public, point.len);
	params[2] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native,
	    scalar.len);
	params[3] = OSSL_PARAM_construct_end();
	if (ctx == NULL || number == NULL ||
	    BN_bn2nativepad(number, native, (int)scalar.len) < 0 ||
	    EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1)
		key = NULL;
	if (key != NULL && !key_ec_is_pair(key)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	mem_wipe(native, sizeof(native));
	BN_clear_free(number);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

int
key_ec_from_der(struct span der, EVP_PKEY **ret)
{
	struct cur cur = CUR_OF(der);
	struct cur outer = der_enter(&cur, DER_SEQUENCE), octets, inner, bits;
	uint64_t version = der_take_uint(&outer, 1);
	struct span algorithm = der_take_whole(&outer, DER_SEQUENCE);
	struct span scalar, point;

	*ret = NULL;
	octets = der_enter(&outer, DER_OCTET_STRING);
	inner = der_enter(&octets, DER_SEQUENCE);
	if (version != 0 || der_take_uint(&inner, 1) != 1)
		return -(int)ERR_MALFORMED;
	scalar = der_take(&inner, DER_OCTET_STRING);
	bits = der_enter(&inner, DER_CONTEXT(1));
	point = der_take_bits(&bits);
	if (cur_end(&bits) < 0 || cur_end(&inner) < 0 ||
	    cur_end(&octets) < 0 || cur_end(&outer) < 0 || cur_end(&cur) < 0)
		return -(int)ERR_MALFORMED;
	for (size_t i = 0; i < NUM_FORMS && *ret == NULL; i++) {
		if (span_equal(algorithm, forms[i].algorithm) &&
		    scalar.len == forms[i].size &&
		    point.len == 1 + 2 * forms[i].size && point.data[0] == 4)
			*ret = make(&forms[i], scalar, point);
	}
	return *ret == NULL ? -(int)ERR_MALFORMED : 0;
}

static void
put(struct bld *out, const struct form *form, struct span scalar,
    struct span point)
{
	static const uint8_t zero = 0, one = 1;
	size_t outer = der_begin(out, DER_SEQUENCE), octets, inner, context;
	size_t bits;

	der_put_positive(out, span_of(&zero, 1));
	bld_span(out, form->algorithm);
	octets = der_begin(out, DER_OCTET_STRING);
	inner = der_begin(out, DER_SEQUENCE);
	der_put_positive(out, span_of(&one, 1));
	der_put(out, DER_OCTET_STRING, scalar);
	context = der_begin(out, DER_CONTEXT(1));
	bits = der_begin(out, DER_BIT_STRING);
	bld_u8(out, 0);
	bld_span(out, point);
	der_end(out, bits);
	der_end(out, context);
	der_end(out, inner);
	der_end(out, octets);
	der_end(out, outer);
}

static const struct form *
form_of(EVP_PKEY *key)
{
	char group[sizeof(forms[0].group)];

	if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC ||
	    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1)
		return NULL;
	for (size_t i = 0; i < NUM_FORMS; i++) {
		if (strcmp(group, forms[i].group) == 0)
			return &forms[i];
	}
	return NULL;
}

int
key_ec_to_der(EVP_PKEY *key, struct bld *out)
{
	const struct form *form = form_of(key);
	uint8_t scalar[SCALAR_MAX], point[POINT_MAX];
	BIGNUM *number = NULL;
	size_t len = 0;
	int r = -ERR_MALFORMED;

	if (form == NULL)
		return r;
	if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &number) ==
	    1 && BN_bn2binpad(number, scalar, (int)form->size) >= 0 &&
	    EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY,
	    point, sizeof(point), &len) == 1 && len == 1 + 2 * form->size &&
	    point[0] == 4) {
		put(out, form, span_of(scalar, form->size),
		    span_of(point, len));
		r = bld_end(out);
	}
	mem_wipe(scalar, sizeof(scalar));
	BN_clear_free(number);
	return r;
}
