/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/jwk.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"

#define JWK_COORDINATE_MAX 66 /* bytes: P-521 */
#define JWK_ED25519_SIZE 32   /* bytes, RFC 8032 5.1.5 */
#define JWK_TEXT_MAX 2048     /* bytes of what jwk_put writes */

/* What each algorithm is called and what its keys are. */
struct alg_row {
	const char *name;
	const char *kty;
	const char *crv;      /* NULL for RSA */
	const char *group;    /* OpenSSL's name of the curve */
	size_t coordinate;    /* bytes of x (and y), RFC 7518 6.2.1.2 */
	const char *digest;   /* NULL: the algorithm has its own */
};

static const struct alg_row rows[] = {
	[JWK_ES256] = { "ES256", "EC", "P-256", "P-256", 32, "SHA256" },
	[JWK_ES384] = { "ES384", "EC", "P-384", "P-384", 48, "SHA384" },
	[JWK_ES512] = { "ES512", "EC", "P-521", "P-521", 66, "SHA512" },
	[JWK_RS256] = { "RS256", "RSA", NULL, NULL, 0, "SHA256" },
	[JWK_EDDSA] = { "EdDSA", "OKP", "Ed25519", NULL, JWK_ED25519_SIZE,
	    NULL },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

const char *
jwk_alg_name(enum jwk_alg alg)
{
	return alg >= JWK_ES256 && alg < ROWS ? rows[alg].name : "unknown";
}

enum jwk_alg
jwk_alg_from_name(struct span name)
{
	for (unsigned alg = JWK_ES256; alg < ROWS; alg++) {
		if (span_equal_str(name, rows[alg].name))
			return (enum jwk_alg)alg;
	}
	return 0;
}

const EVP_MD *
jwk_digest(enum jwk_alg alg)
{
	/* Fetched once a process: an implicit fetch costs a lock and a search
	 * at each use. */
	static EVP_MD *fetched[ROWS];

	if (rows[alg].digest == NULL)
		return NULL;
	if (fetched[alg] == NULL)
		fetched[alg] = EVP_MD_fetch(NULL, rows[alg].digest, NULL);
	return fetched[alg];
}

/* RFC 7638: the members that jwk_put writes are the required ones, in
 * lexicographic order and without white space. */
static int
make_thumbprint(struct jwk *jwk, struct err *err)
{
	struct bld text;
	int r;

	bld_init(&text, JWK_TEXT_MAX);
	r = jwk_put(&text, jwk, err);
	if (r == 0 && EVP_Digest(text.data, text.len, jwk->thumbprint, NULL,
	    jwk_digest(JWK_ES256), NULL) != 1)
		r = err_set(err, ERR_INTERNAL, NULL,
		    "cannot hash the key's thumbprint");
	bld_free(&text);
	return r;
}

static int
make_verifier(struct jwk *jwk, struct err *err)
{
	EVP_PKEY_CTX *ctx;

	if (jwk->alg == JWK_EDDSA)
		return 0;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, jwk->pkey, NULL);
	if (ctx == NULL || EVP_PKEY_verify_init(ctx) != 1 ||
	    (jwk->alg == JWK_RS256 &&
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) != 1) ||
	    EVP_PKEY_CTX_set_signature_md(ctx, jwk_digest(jwk->alg)) != 1) {
		EVP_PKEY_CTX_free(ctx);
		return err_set(err, ERR_INTERNAL, NULL,
		    "cannot prepare to verify with the key");
	}
	jwk->verifier = ctx;
	return 0;
}

/* Takes over pkey. */
static int
finish(EVP_PKEY *pkey, enum jwk_alg alg, struct jwk *ret, struct err *err)
{
	int r;

	*ret = (struct jwk){ .pkey = pkey, .alg = alg };
	r = make_thumbprint(ret, err);
	if (r == 0)
		r = make_verifier(ret, err);
	if (r != 0)
		jwk_done(ret);
	return r;
}

void
jwk_done(struct jwk *jwk)
{
	EVP_PKEY_CTX_free(jwk->verifier);
	EVP_PKEY_free(jwk->pkey);
	*jwk = (struct jwk){ .pkey = NULL };
}

/* Decodes the base64url member name to at most max bytes. */
static int
get_bytes(const json_t *obj, const char *name, struct bld *out, size_t max,
    struct err *err)
{
	struct span text;
	int r = json_need_string(obj, name, &text, err);

	if (r != 0)
		return err_prefix(err, "the JWK");
	bld_init(out, max);
	if (text_unbase64url(out, text) != 0) {
		bld_free(out);
		return err_set(err, ERR_BAD_PUBLIC_KEY, "RFC 7518 6",
		    "the JWK's \"%s\" is not base64url without padding of at "
		    "most %zu bytes", name, max);
	}
	return 0;
}

/* Takes over builder. */
static int
key_from_params(const char *type, OSSL_PARAM_BLD *builder, EVP_PKEY **ret)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	int ok;

	*ret = NULL;
	ok = params != NULL && ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, ret, EVP_PKEY_PUBLIC_KEY, params) == 1;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	return ok ? 0 : -1;
}

static OSSL_PARAM_BLD *
params_new(void)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();

	if (builder == NULL)
		abort();
	return builder;
}

static int
parse_ec(const json_t *obj, enum jwk_alg alg, EVP_PKEY **ret, struct err *err)
{
	uint8_t point[1 + 2 * JWK_COORDINATE_MAX] = { 0x04 };
	static const char *const names[] = { "x", "y" };
	const struct alg_row *row = &rows[alg];
	OSSL_PARAM_BLD *builder;

	for (size_t i = 0; i < 2; i++) {
		struct bld bytes;
		size_t len;
		int r = get_bytes(obj, names[i], &bytes, JWK_COORDINATE_MAX,
		    err);

		if (r != 0)
			return r;
		len = bytes.len;
		if (len == row->coordinate)
			memcpy(point + 1 + i * len, bytes.data, len);
		bld_free(&bytes);
		if (len != row->coordinate)
			return err_set(err, ERR_BAD_PUBLIC_KEY,
			    "RFC 7518 6.2.1.2", "the JWK's \"%s\" has %zu "
			    "bytes; a coordinate of %s has exactly %zu",
			    names[i], len, row->crv, row->coordinate);
	}
	builder = params_new();
	OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME,
	    row->group, 0);
	OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY,
	    point, 1 + 2 * row->coordinate);
	if (key_from_params("EC", builder, ret) != 0)
		return err_set(err, ERR_BAD_PUBLIC_KEY, "RFC 7518 6.2.1",
		    "the JWK's \"x\" and \"y\" are no point of the curve %s",
		    row->crv);
	return 0;
}

/* Base64urlUInt: RFC 7518 section 2. */
static int
get_number(const json_t *obj, const char *name, size_t max, BIGNUM **ret,
    struct err *err)
{
	struct bld bytes;
	int r = get_bytes(obj, name, &bytes, max, err);

	*ret = NULL;
	if (r != 0)
		return r;
	if (bytes.len == 0 || bytes.data[0] == 0)
		r = err_set(err, ERR_BAD_PUBLIC_KEY, "RFC 7518 2",
		    "the JWK's \"%s\" is empty, zero or begins with a zero "
		    "byte", name);
	else
		*ret = BN_bin2bn(bytes.data, (int)bytes.len, NULL);
	bld_free(&bytes);
	return r;
}

static int
parse_rsa(const json_t *obj, EVP_PKEY **ret, struct err *err)
{
	BIGNUM *n = NULL, *e = NULL;
	int r = get_number(obj, "n", JWK_RSA_MODULUS_MAX, &n, err);

	if (r == 0)
		r = get_number(obj, "e", JWK_RSA_EXPONENT_MAX, &e, err);
	if (r == 0 && (!BN_is_odd(n) || !BN_is_odd(e) || BN_is_one(e) ||
	    BN_is_one(n)))
		r = err_set(err, ERR_BAD_PUBLIC_KEY, "RFC 8017 3.1",
		    "the JWK's \"n\" and \"e\" are no RSA public key: both "
		    "must be odd and greater than 1");
	if (r == 0) {
		OSSL_PARAM_BLD *builder = params_new();

		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n);
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e);
		if (key_from_params("RSA", builder, ret) != 0)
			r = err_set(err, ERR_BAD_PUBLIC_KEY, "RFC 7518 6.3.1",
			    "the JWK is no RSA public key");
	}
	BN_free(n);
	BN_free(e);
	return r;
}

static int
parse_okp(const json_t *obj, EVP_PKEY **ret, struct err *err)
{
	struct bld bytes;
	int r = get_bytes(obj, "x", &bytes, JWK_ED25519_SIZE, err);

	if (r != 0)
		return r;
	*ret = NULL;
	if (bytes.len == JWK_ED25519_SIZE)
		*ret = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
		    bytes.data, bytes.len);
	bld_free(&bytes);
	if (*ret == NULL)
		return err_set(err, ERR_BAD_PUBLIC_KEY, "RFC 8037 2",
		    "the JWK's \"x\" is not an Ed25519 key of %d bytes",
		    JWK_ED25519_SIZE);
	return 0;
}

/* Private and symmetric members (RFC 7518 6.2.2, 6.3.2, 6.4; RFC 8037 2). */
static int
check_public(const json_t *obj, struct err *err)
{
	static const char *const secret[] = {
		"d", "p", "q", "dp", "dq", "qi", "oth", "k"
	};

	for (size_t i = 0; i < sizeof(secret) / sizeof(secret[0]); i++) {
		if (json_object_get(obj, secret[i]) != NULL)
			return err_set(err, ERR_BAD_PUBLIC_KEY, "RFC 7517 9.2",
			    "the JWK has the private member \"%s\": that key "
			    "is disclosed; make a new one and send only its "
			    "public half", secret[i]);
	}
	return 0;
}

/* "use" and "key_ops", where they are there, must allow verifying: RFC 7517
 * sections 4.2 and 4.3. */
static int
check_use(const json_t *obj, struct err *err)
{
	const json_t *ops = json_object_get(obj, "key_ops"), *op;
	bool verify = ops == NULL;
	struct span use;
	size_t i;
	int r = json_get_string(obj, "use", &use, err);

	if (r != 0)
		return err_prefix(err, "the JWK");
	json_array_foreach(ops, i, op)
		verify = verify || (json_is_string(op) &&
		    strcmp(json_string_value(op), "verify") == 0);
	if (!verify || (use.data != NULL && !span_equal_str(use, "sig")))
		return err_set(err, ERR_BAD_PUBLIC_KEY, "RFC 7517 4",
		    "the JWK's \"use\" or \"key_ops\" does not allow "
		    "verifying signatures");
	return 0;
}

static int
find_alg(const json_t *obj, enum jwk_alg *ret, struct err *err)
{
	struct span kty, crv, alg;
	enum jwk_alg found = 0;
	int r = json_need_string(obj, "kty", &kty, err);

	if (r == 0)
		r = json_get_string(obj, "crv", &crv, err);
	if (r == 0)
		r = json_get_string(obj, "alg", &alg, err);
	if (r != 0)
		return err_prefix(err, "the JWK");
	for (unsigned i = JWK_ES256; i < ROWS && found == 0; i++) {
		if (span_equal_str(kty, rows[i].kty) && (rows[i].crv == NULL ||
		    span_equal_str(crv, rows[i].crv)))
			found = (enum jwk_alg)i;
	}
	if (found == 0)
		return err_set(err, ERR_BAD_PUBLIC_KEY, "RFC 8555 6.2",
		    "the JWK's \"kty\" and \"crv\" are not supported; use EC "
		    "with P-256, P-384 or P-521, RSA, or OKP with Ed25519");
	if (alg.data != NULL && !span_equal_str(alg, rows[found].name))
		return err_set(err, ERR_BAD_PUBLIC_KEY, "RFC 7517 4.4",
		    "the JWK's \"alg\" does not fit its type; it can only be "
		    "%s", rows[found].name);
	*ret = found;
	return 0;
}

int
jwk_parse(const json_t *obj, struct jwk *ret, struct err *err)
{
	enum jwk_alg alg = 0;
	EVP_PKEY *pkey = NULL;
	int r;

	*ret = (struct jwk){ .pkey = NULL };
	if (!json_is_object(obj))
		return err_set(err, ERR_MALFORMED, "RFC 7517 4",
		    "the JWK is not a JSON object");
	r = check_public(obj, err);
	if (r == 0)
		r = find_alg(obj, &alg, err);
	if (r == 0)
		r = check_use(obj, err);
	if (r != 0)
		return r;
	if (alg == JWK_RS256)
		r = parse_rsa(obj, &pkey, err);
	else if (alg == JWK_EDDSA)
		r = parse_okp(obj, &pkey, err);
	else
		r = parse_ec(obj, alg, &pkey, err);
	return r == 0 ? finish(pkey, alg, ret, err) : r;
}

/* The algorithm of a key that OpenSSL decoded, or 0. */
static enum jwk_alg
alg_of_key(const EVP_PKEY *pkey)
{
	char group[32];

	if (EVP_PKEY_is_a(pkey, "RSA"))
		return EVP_PKEY_get_size(pkey) <= JWK_RSA_MODULUS_MAX ?
		    JWK_RS256 : 0;
	if (EVP_PKEY_is_a(pkey, "ED25519"))
		return JWK_EDDSA;
	if (!EVP_PKEY_is_a(pkey, "EC") || EVP_PKEY_get_group_name(pkey, group,
	    sizeof(group), NULL) != 1)
		return 0;
	for (unsigned i = JWK_ES256; i <= JWK_ES512; i++) {
		if (OBJ_txt2nid(group) == EC_curve_nist2nid(rows[i].group))
			return (enum jwk_alg)i;
	}
	return 0;
}

int
jwk_from_spki(struct span spki, struct jwk *ret, struct err *err)
{
	const unsigned char *at = spki.data;
	EVP_PKEY *pkey;
	enum jwk_alg alg;

	*ret = (struct jwk){ .pkey = NULL };
	pkey = spki.len > LONG_MAX ? NULL :
	    d2i_PUBKEY(NULL, &at, (long)spki.len);
	alg = pkey == NULL ? 0 : alg_of_key(pkey);
	if (alg == 0 || at != spki.data + spki.len) {
		EVP_PKEY_free(pkey);
		return err_set(err, ERR_BAD_PUBLIC_KEY, "RFC 5280 4.1.2.7",
		    "not the SubjectPublicKeyInfo of a supported key");
	}
	return finish(pkey, alg, ret, err);
}

/* "name":"base64url" of a number, padded to len bytes if len is not 0. */
static bool
put_number(struct bld *out, const EVP_PKEY *pkey, const char *param,
    const char *name, size_t len)
{
	uint8_t bytes[JWK_RSA_MODULUS_MAX];
	BIGNUM *number = NULL;
	bool ok;

	ok = EVP_PKEY_get_bn_param(pkey, param, &number) == 1;
	if (ok && len == 0)
		len = (size_t)BN_num_bytes(number);
	ok = ok && len <= sizeof(bytes) &&
	    BN_bn2binpad(number, bytes, (int)len) == (int)len;
	BN_free(number);
	if (!ok)
		return false;
	bld_fmt(out, "\"%s\":\"", name);
	text_base64url(out, span_of(bytes, len));
	bld_u8(out, '"');
	return true;
}

static bool
put_ed25519(struct bld *out, const EVP_PKEY *pkey)
{
	uint8_t bytes[JWK_ED25519_SIZE];
	size_t len = sizeof(bytes);

	if (EVP_PKEY_get_raw_public_key(pkey, bytes, &len) != 1)
		return false;
	bld_str(out, "\"x\":\"");
	text_base64url(out, span_of(bytes, len));
	bld_u8(out, '"');
	return true;
}

int
jwk_put(struct bld *out, const struct jwk *jwk, struct err *err)
{
	const struct alg_row *row = &rows[jwk->alg];
	bool ok;

	bld_u8(out, '{');
	if (jwk->alg == JWK_RS256) {
		ok = put_number(out, jwk->pkey, OSSL_PKEY_PARAM_RSA_E, "e", 0);
		bld_fmt(out, ",\"kty\":\"%s\",", row->kty);
		ok = ok && put_number(out, jwk->pkey, OSSL_PKEY_PARAM_RSA_N,
		    "n", 0);
	} else {
		bld_fmt(out, "\"crv\":\"%s\",\"kty\":\"%s\",", row->crv,
		    row->kty);
		if (jwk->alg == JWK_EDDSA) {
			ok = put_ed25519(out, jwk->pkey);
		} else {
			ok = put_number(out, jwk->pkey,
			    OSSL_PKEY_PARAM_EC_PUB_X, "x", row->coordinate);
			bld_u8(out, ',');
			ok = ok && put_number(out, jwk->pkey,
			    OSSL_PKEY_PARAM_EC_PUB_Y, "y", row->coordinate);
		}
	}
	bld_u8(out, '}');
	if (!ok || bld_end(out) != 0)
		return err_set(err, ERR_INTERNAL, NULL,
		    "cannot write the public key as JSON");
	return 0;
}

void
jwk_key_authorization(struct bld *out, struct span token,
    const uint8_t thumbprint[JWK_THUMBPRINT_SIZE])
{
	bld_span(out, token);
	bld_u8(out, '.');
	text_base64url(out, span_of(thumbprint, JWK_THUMBPRINT_SIZE));
}
