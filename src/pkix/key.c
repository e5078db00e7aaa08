/* SPDX-License-Identifier: Apache-2.0 */
#include "pkix/key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "base/text.h"
#include "pkix/der.h"
#include "pkix/key_ec.h"
#include "pkix/key_rsa.h"

/* What stands before the key bits in a SubjectPublicKeyInfo: the only
 * encodings that Baseline Requirements 7.1.3.1 allows, and RFC 8410 4 for
 * Ed25519. EC keys are uncompressed points (RFC 5480 2.2). */
static const uint8_t p256_head[] = {
	0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
	0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01,
	0x07, 0x03, 0x42, 0x00
};
static const uint8_t p384_head[] = {
	0x30, 0x76, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d,
	0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22, 0x03, 0x62,
	0x00
};
static const uint8_t p521_head[] = {
	0x30, 0x81, 0x9b, 0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce,
	0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x23, 0x03,
	0x81, 0x86, 0x00
};
static const uint8_t ed25519_head[] = {
	0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21,
	0x00
};
static const uint8_t rsa_algorithm[] = {
	0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01,
	0x01, 0x01, 0x05, 0x00
};

struct curve {
	const char *name;  /* OpenSSL's */
	const char *alias; /* what OpenSSL makes of it */
	struct span head;
	size_t point_size;
};

static const struct curve curves[] = {
	{ "P-256", "prime256v1", { p256_head, sizeof(p256_head) }, 65 },
	{ "P-384", "secp384r1", { p384_head, sizeof(p384_head) }, 97 },
	{ "P-521", "secp521r1", { p521_head, sizeof(p521_head) }, 133 },
};
#define NUM_CURVES (sizeof(curves) / sizeof(curves[0]))

static const struct curve *
curve_of(EVP_PKEY *key)
{
	char name[32];

	if (EVP_PKEY_get_group_name(key, name, sizeof(name), NULL) != 1)
		return NULL;
	for (size_t i = 0; i < NUM_CURVES; i++)
		if (strcmp(name, curves[i].name) == 0 ||
		    strcmp(name, curves[i].alias) == 0)
			return &curves[i];
	return NULL;
}

int
key_check(EVP_PKEY *key, enum key_use use, struct err *err)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_EC:
		/* No point that is off its curve gets into an EVP_PKEY:
		 * EC_POINT_oct2point refuses it (SP 800-56A 5.6.2.3.3). */
		if (curve_of(key) == NULL)
			return err_set(err, ERR_BAD_PUBLIC_KEY, "BR 6.1.5",
			    "the EC key's curve is not allowed; use P-256, "
			    "P-384 or P-521");
		return 0;
	case EVP_PKEY_RSA:
		return key_rsa_check(key, err);
	case EVP_PKEY_ED25519:
		if (use == KEY_USE_CERTIFICATE)
			return err_set(err, ERR_BAD_PUBLIC_KEY, "BR 6.1.5",
			    "Ed25519 keys are not allowed in certificates; "
			    "use ECDSA P-256 or RSA 2048");
		return 0;
	default:
		return err_set(err, ERR_BAD_PUBLIC_KEY, "BR 6.1.5",
		    "the key's type is not allowed; use ECDSA P-256 or RSA "
		    "2048");
	}
}

static int
bad_spki(struct err *err)
{
	ERR_clear_error();
	return err_set(err, ERR_BAD_PUBLIC_KEY, "BR 7.1.3.1",
	    "the public key is no SubjectPublicKeyInfo of an allowed type: "
	    "RSA, or EC with a named curve P-256, P-384 or P-521 and an "
	    "uncompressed point that lies on it");
}

/* A copy of a parameters-only key is four times as fast as a new key. */
static EVP_PKEY *
new_on_curve(size_t i)
{
	static EVP_PKEY *parameters[NUM_CURVES];
	EVP_PKEY *whole;

	if (parameters[i] == NULL) {
		whole = EVP_EC_gen(curves[i].name);
		parameters[i] = EVP_PKEY_new();
		if (whole == NULL || parameters[i] == NULL ||
		    EVP_PKEY_copy_parameters(parameters[i], whole) != 1) {
			EVP_PKEY_free(parameters[i]);
			parameters[i] = NULL;
		}
		EVP_PKEY_free(whole);
	}
	return parameters[i] == NULL ? NULL : EVP_PKEY_dup(parameters[i]);
}

static bool
set_point(EVP_PKEY *key, size_t i, struct span point)
{
	return point.len == curves[i].point_size && point.data[0] == 4 &&
	    EVP_PKEY_set1_encoded_public_key(key, point.data, point.len) == 1;
}

static EVP_PKEY *
ec_from_point(size_t i, struct span point)
{
	EVP_PKEY *key = new_on_curve(i);

	if (key != NULL && !set_point(key, i, point)) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

EVP_PKEY *
key_from_point(const char *curve, struct span point)
{
	for (size_t i = 0; i < NUM_CURVES; i++) {
		if (strcmp(curve, curves[i].name) == 0)
			return ec_from_point(i, point);
	}
	return NULL;
}

EVP_PKEY *
key_from_rsa(struct span n, struct span e)
{
	EVP_PKEY_CTX *ctx;
	OSSL_PARAM_BLD *build;
	BIGNUM *bn_n, *bn_e;
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (n.len > KEY_RSA_MAX || e.len > KEY_RSA_MAX)
		return NULL;
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	build = OSSL_PARAM_BLD_new();
	bn_n = BN_bin2bn(n.data, (int)n.len, NULL);
	bn_e = BN_bin2bn(e.data, (int)e.len, NULL);
	if (ctx == NULL || build == NULL || bn_n == NULL || bn_e == NULL ||
	    !OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, bn_n) ||
	    !OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, bn_e) ||
	    (params = OSSL_PARAM_BLD_to_param(build)) == NULL ||
	    EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	BN_free(bn_n);
	BN_free(bn_e);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

static EVP_PKEY *
rsa_from_spki(struct span spki)
{
	struct cur cur = CUR_OF(spki);
	struct cur outer = der_enter(&cur, DER_SEQUENCE), bits, numbers;
	struct span algorithm = der_take_whole(&outer, DER_SEQUENCE), n, e;

	if (!span_equal(algorithm, span_of(rsa_algorithm,
	    sizeof(rsa_algorithm))))
		return NULL;
	bits = CUR_OF(der_take_bits(&outer));
	numbers = der_enter(&bits, DER_SEQUENCE);
	n = der_take_positive(&numbers);
	e = der_take_positive(&numbers);
	if (cur_end(&numbers) < 0 || cur_end(&bits) < 0 ||
	    cur_end(&outer) < 0 || cur_end(&cur) < 0)
		return NULL;
	return key_from_rsa(n, e);
}

/* The curve that spki names, or NUM_CURVES. */
static size_t
curve_in(struct span spki)
{
	size_t i = 0;

	while (i < NUM_CURVES && !span_starts_with(spki, curves[i].head))
		i++;
	return i;
}

static EVP_PKEY *
other_from_spki(struct span spki)
{
	struct span ed = span_of(ed25519_head, sizeof(ed25519_head));

	if (span_starts_with(spki, ed) && spki.len == ed.len + 32)
		return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
		    spki.data + ed.len, 32);
	return rsa_from_spki(spki);
}

int
key_from_spki(struct span spki, EVP_PKEY **ret, struct err *err)
{
	size_t i = curve_in(spki);

	*ret = i == NUM_CURVES ? other_from_spki(spki) :
	    ec_from_point(i, span_from(spki, curves[i].head.len));
	return *ret == NULL ? bad_spki(err) : 0;
}

/* One key for each curve, of which each loan has another point. */
static EVP_PKEY_CTX *
lend_on_curve(size_t i, struct span point)
{
	static EVP_PKEY_CTX *kept[NUM_CURVES];
	EVP_PKEY *key;

	if (kept[i] == NULL && (key = new_on_curve(i)) != NULL) {
		kept[i] = EVP_PKEY_CTX_new(key, NULL);
		EVP_PKEY_free(key);
	}
	return kept[i] != NULL && set_point(EVP_PKEY_CTX_get0_pkey(kept[i]),
	    i, point) ? kept[i] : NULL;
}

static EVP_PKEY_CTX *
lend_other(struct span spki)
{
	static EVP_PKEY_CTX *kept;
	EVP_PKEY *key = other_from_spki(spki);

	EVP_PKEY_CTX_free(kept);
	kept = key == NULL ? NULL : EVP_PKEY_CTX_new(key, NULL);
	EVP_PKEY_free(key);
	return kept;
}

int
key_lend(struct span spki, EVP_PKEY_CTX **ret, struct err *err)
{
	size_t i = curve_in(spki);

	*ret = i == NUM_CURVES ? lend_other(spki) :
	    lend_on_curve(i, span_from(spki, curves[i].head.len));
	return *ret == NULL ? bad_spki(err) : 0;
}

static void
put_number(struct bld *out, EVP_PKEY *key, const char *name)
{
	uint8_t octets[KEY_RSA_MAX];
	BIGNUM *bn = NULL;
	int len = -1;

	if (EVP_PKEY_get_bn_param(key, name, &bn) == 1 &&
	    BN_num_bytes(bn) <= (int)sizeof(octets))
		len = BN_bn2bin(bn, octets);
	BN_free(bn);
	if (len <= 0)
		out->failed = true;
	else
		der_put_positive(out, span_of(octets, (size_t)len));
}

static void
put_rsa(struct bld *out, EVP_PKEY *key)
{
	size_t spki = der_begin(out, DER_SEQUENCE), bits, numbers;

	bld_bytes(out, rsa_algorithm, sizeof(rsa_algorithm));
	bits = der_begin(out, DER_BIT_STRING);
	bld_u8(out, 0);
	numbers = der_begin(out, DER_SEQUENCE);
	put_number(out, key, OSSL_PKEY_PARAM_RSA_N);
	put_number(out, key, OSSL_PKEY_PARAM_RSA_E);
	der_end(out, numbers);
	der_end(out, bits);
	der_end(out, spki);
}

static void
put_ec(struct bld *out, EVP_PKEY *key)
{
	const struct curve *curve = curve_of(key);
	uint8_t point[133];
	size_t len = 0;

	if (curve == NULL || EVP_PKEY_get_octet_string_param(key,
	    OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len) != 1 ||
	    len != curve->point_size || point[0] != 4) {
		out->failed = true;
		return;
	}
	bld_span(out, curve->head);
	bld_bytes(out, point, len);
}

static void
put_ed25519(struct bld *out, EVP_PKEY *key)
{
	uint8_t raw[32];
	size_t len = sizeof(raw);

	if (EVP_PKEY_get_raw_public_key(key, raw, &len) != 1 || len != 32) {
		out->failed = true;
		return;
	}
	bld_bytes(out, ed25519_head, sizeof(ed25519_head));
	bld_bytes(out, raw, len);
}

int
key_to_spki(EVP_PKEY *key, struct arena *arena, struct span *ret,
    struct err *err)
{
	struct bld out;
	bool ok;

	bld_init(&out, KEY_SPKI_MAX);
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_EC:
		put_ec(&out, key);
		break;
	case EVP_PKEY_RSA:
		put_rsa(&out, key);
		break;
	case EVP_PKEY_ED25519:
		put_ed25519(&out, key);
		break;
	default:
		out.failed = true;
		break;
	}
	ok = bld_end(&out) == 0;
	if (ok)
		*ret = arena_dup(arena, bld_view(&out));
	bld_free(&out);
	return ok ? 0 : bad_spki(err);
}

int
key_generate(EVP_PKEY **ret, struct err *err)
{
	*ret = EVP_EC_gen("P-256");
	if (*ret == NULL)
		return err_set(err, ERR_INTERNAL, NULL,
		    "cannot generate a P-256 key");
	return 0;
}

/* As most keys are. */
static EVP_PKEY *
usual_from_pem(BIO *bio)
{
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	EVP_PKEY *key = NULL;
	long len;

	if (PEM_read_bio(bio, &name, &header, &der, &len) != 1)
		return NULL;
	if (strcmp(name, PEM_STRING_PKCS8INF) == 0 && header[0] == '\0')
		(void)key_ec_from_der(span_of(der, (size_t)len), &key);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_clear_free(der, (size_t)len);
	return key;
}

int
key_from_pem(struct span pem, EVP_PKEY **ret, struct err *err)
{
	BIO *bio = pem.len > INT32_MAX ? NULL :
	    BIO_new_mem_buf(pem.data, (int)pem.len);
	char no_passphrase[] = "";

	*ret = bio == NULL ? NULL : usual_from_pem(bio);
	if (bio != NULL && *ret == NULL && BIO_reset(bio) == 1)
		*ret = PEM_read_bio_PrivateKey(bio, NULL, NULL,
		    no_passphrase);
	BIO_free(bio);
	if (*ret != NULL && EVP_PKEY_get_base_id(*ret) == EVP_PKEY_EC &&
	    !key_ec_is_pair(*ret)) {
		EVP_PKEY_free(*ret);
		*ret = NULL;
		ERR_clear_error();
		return err_set(err, ERR_CONFIG, "SP 800-56A 5.6.2.1.4",
		    "its public half is not that of its private half: the "
		    "file is damaged, or somebody changed it");
	}
	ERR_clear_error();
	if (*ret == NULL)
		return err_set(err, ERR_CONFIG, "RFC 7468 10",
		    "it holds no PEM private key without passphrase "
		    "(\"-----BEGIN PRIVATE KEY-----\")");
	return 0;
}

static int
usual_to_pem(EVP_PKEY *key, struct bld *out)
{
	struct bld der;
	int r;

	bld_init_secret(&der, KEY_EC_DER_MAX);
	r = key_ec_to_der(key, &der);
	if (r == 0)
		text_pem(out, PEM_STRING_PKCS8INF, bld_view(&der));
	bld_free(&der);
	return r == 0 ? bld_end(out) : r;
}

int
key_to_pem(EVP_PKEY *key, struct bld *out, struct err *err)
{
	BIO *bio;
	char *data = NULL;
	long len = 0;

	if (usual_to_pem(key, out) == 0)
		return 0;
	bio = BIO_new(BIO_s_mem());
	if (bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL,
	    0, NULL, NULL) == 1)
		len = BIO_get_mem_data(bio, &data);
	if (len > 0)
		bld_bytes(out, data, (size_t)len);
	BIO_free(bio); /* wipes what it held */
	if (len <= 0 || bld_end(out) < 0)
		return err_set(err, ERR_INTERNAL, NULL,
		    "cannot write a private key as PEM");
	return 0;
}
