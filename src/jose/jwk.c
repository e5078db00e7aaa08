/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/jwk.h"

#include <openssl/core_names.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "jose/jwk_check.h"
#include "pkix/key.h"

#define JWK_COORDINATE_MAX 66 /* bytes: P-521 */
#define JWK_TEXT_MAX 2048     /* bytes of what jwk_put writes */

/* What each algorithm is called and what its keys are. */
struct alg_row {
	const char *name;
	const char *kty;
	const char *crv;      /* NULL for RSA */
	size_t coordinate;    /* bytes of x (and y), RFC 7518 6.2.1.2 */
	const char *digest;   /* NULL: the algorithm has its own */
	int type;             /* OpenSSL's, and the bits of such a curve */
	int bits;
};

static const struct alg_row rows[] = {
	[JWK_ES256] = { "ES256", "EC", "P-256", 32, "SHA256", EVP_PKEY_EC,
	    256 },
	[JWK_ES384] = { "ES384", "EC", "P-384", 48, "SHA384", EVP_PKEY_EC,
	    384 },
	[JWK_ES512] = { "ES512", "EC", "P-521", 66, "SHA512", EVP_PKEY_EC,
	    521 },
	[JWK_RS256] = { "RS256", "RSA", NULL, 0, "SHA256", EVP_PKEY_RSA, 0 },
	[JWK_EDDSA] = { "EdDSA", "OKP", "Ed25519", JWK_ED25519_SIZE, NULL,
	    EVP_PKEY_ED25519, 0 },
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
	/* Fetched once: an implicit fetch costs a lock and a search. */
	static EVP_MD *fetched[ROWS];

	if (rows[alg].digest == NULL)
		return NULL;
	if (fetched[alg] == NULL)
		fetched[alg] = EVP_MD_fetch(NULL, rows[alg].digest, NULL);
	return fetched[alg];
}

/* The numbers of a public key: x and y, n and e, or x alone. */
struct numbers {
	struct span first;
	struct span second;
};

static void
put_number(struct bld *out, const char *name, struct span bytes)
{
	bld_u8(out, '"');
	bld_str(out, name);
	bld_str(out, "\":\"");
	text_base64url(out, bytes);
	bld_u8(out, '"');
}

/* RFC 7638 section 3: the required members in lexicographic order without
 * white space. */
static void
put_canonical(struct bld *out, enum jwk_alg alg, const struct numbers *key)
{
	const struct alg_row *row = &rows[alg];

	bld_u8(out, '{');
	if (alg == JWK_RS256) {
		put_number(out, "e", key->second);
		bld_fmt(out, ",\"kty\":\"%s\",", row->kty);
		put_number(out, "n", key->first);
	} else {
		bld_fmt(out, "\"crv\":\"%s\",\"kty\":\"%s\",", row->crv,
		    row->kty);
		put_number(out, "x", key->first);
		if (alg != JWK_EDDSA) {
			bld_u8(out, ',');
			put_number(out, "y", key->second);
		}
	}
	bld_u8(out, '}');
}

static int
make_thumbprint(struct jwk *jwk, const struct numbers *key, struct err *err)
{
	struct bld text;
	int ok;

	bld_init(&text, JWK_TEXT_MAX);
	put_canonical(&text, jwk->alg, key);
	ok = bld_end(&text) == 0 && EVP_Digest(text.data, text.len,
	    jwk->thumbprint, NULL, jwk_digest(JWK_ES256), NULL) == 1;
	bld_free(&text);
	return ok ? 0 : err_set(err, ERR_INTERNAL, NULL,
	    "cannot hash the key's thumbprint");
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

static bool
is_odd_above_1(struct span number)
{
	return number.len > 0 && (number.data[number.len - 1] & 1) != 0 &&
	    (number.len > 1 || number.data[0] > 1);
}

/* pkey is NULL if OpenSSL could make none of the numbers. */
static int
check_key(const EVP_PKEY *pkey, enum jwk_alg alg, const struct numbers *key,
    struct err *err)
{
	switch (alg) {
	case JWK_RS256:
		if (pkey == NULL || !is_odd_above_1(key->first) ||
		    !is_odd_above_1(key->second) ||
		    key->second.len > JWK_RSA_EXPONENT_MAX)
			return err_set(err, ERR_BAD_PUBLIC_KEY, "RFC 8017 3.1",
			    "the key's \"n\" and \"e\" are no RSA public "
			    "key: both must be odd and greater than 1, and "
			    "\"e\" short");
		return 0;
	case JWK_EDDSA:
		if (pkey == NULL)
			return err_set(err, ERR_BAD_PUBLIC_KEY, "RFC 8037 2",
			    "the key's \"x\" is not an Ed25519 key of %d "
			    "bytes", JWK_ED25519_SIZE);
		if (jwk_check_small_order(key->first.data))
			return err_set(err, ERR_BAD_PUBLIC_KEY, "RFC 8725 3.4",
			    "the Ed25519 key has small order: anybody can "
			    "sign");
		return 0;
	case JWK_ES256:
	case JWK_ES384:
	case JWK_ES512:
	default:
		if (pkey == NULL)
			return err_set(err, ERR_BAD_PUBLIC_KEY,
			    "RFC 7518 6.2.1", "the key's \"x\" and \"y\" are "
			    "no point of the curve %s", rows[alg].crv);
		return 0;
	}
}

/* Takes over pkey. */
static int
finish(EVP_PKEY *pkey, enum jwk_alg alg, const struct numbers *key,
    struct jwk *ret, struct err *err)
{
	int r;

	*ret = (struct jwk){ .pkey = pkey, .alg = alg };
	r = check_key(pkey, alg, key, err);
	if (r == 0)
		r = make_thumbprint(ret, key, err);
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

	*out = (struct bld){ .max = max };
	if (r != 0)
		return err_prefix(err, "the JWK");
	if (text_unbase64url(out, text) != 0) {
		bld_free(out);
		return err_set(err, ERR_BAD_PUBLIC_KEY, "RFC 7518 6",
		    "the JWK's \"%s\" is not base64url without padding of at "
		    "most %zu bytes", name, max);
	}
	return 0;
}

static int
parse_ec(const json_t *obj, enum jwk_alg alg, struct jwk *ret,
    struct err *err)
{
	uint8_t point[1 + 2 * JWK_COORDINATE_MAX] = { 0x04 };
	static const char *const names[] = { "x", "y" };
	const struct alg_row *row = &rows[alg];
	const struct numbers key = {
		span_of(point + 1, row->coordinate),
		span_of(point + 1 + row->coordinate, row->coordinate),
	};

	for (size_t i = 0; i < 2; i++) {
		struct bld bytes;
		size_t len;
		int r = get_bytes(obj, names[i], &bytes, JWK_COORDINATE_MAX,
		    err);

		if (r != 0)
			return r;
		len = bytes.len;
		if (bytes.data != NULL && len == row->coordinate)
			memcpy(point + 1 + i * len, bytes.data, len);
		bld_free(&bytes);
		if (len != row->coordinate)
			return err_set(err, ERR_BAD_PUBLIC_KEY,
			    "RFC 7518 6.2.1.2", "the JWK's \"%s\" has %zu "
			    "bytes; a coordinate of %s has exactly %zu",
			    names[i], len, row->crv, row->coordinate);
	}
	return finish(key_from_point(row->crv, span_of(point,
	    1 + 2 * row->coordinate)), alg, &key, ret, err);
}

/* Base64urlUInt: RFC 7518 section 2. */
static int
get_number(const json_t *obj, const char *name, size_t max, struct bld *out,
    struct err *err)
{
	int r = get_bytes(obj, name, out, max, err);

	if (r == 0 && (out->len == 0 || out->data[0] == 0))
		r = err_set(err, ERR_BAD_PUBLIC_KEY, "RFC 7518 2",
		    "the JWK's \"%s\" is empty, zero or begins with a zero "
		    "byte", name);
	return r;
}

static int
parse_rsa(const json_t *obj, struct jwk *ret, struct err *err)
{
	struct bld n = { .max = 0 }, e = { .max = 0 };
	int r = get_number(obj, "n", JWK_RSA_MODULUS_MAX, &n, err);

	if (r == 0)
		r = get_number(obj, "e", JWK_RSA_EXPONENT_MAX, &e, err);
	if (r == 0)
		r = finish(key_from_rsa(bld_view(&n), bld_view(&e)),
		    JWK_RS256, &(struct numbers){ bld_view(&n),
		    bld_view(&e) }, ret, err);
	bld_free(&n);
	bld_free(&e);
	return r;
}

static int
parse_okp(const json_t *obj, struct jwk *ret, struct err *err)
{
	EVP_PKEY *pkey = NULL;
	struct bld x;
	int r = get_bytes(obj, "x", &x, JWK_ED25519_SIZE, err);

	if (r != 0)
		return r;
	if (x.len == JWK_ED25519_SIZE)
		pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL,
		    x.data, x.len);
	r = finish(pkey, JWK_EDDSA, &(struct numbers){ .first = bld_view(&x) },
	    ret, err);
	bld_free(&x);
	return r;
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
		return parse_rsa(obj, ret, err);
	if (alg == JWK_EDDSA)
		return parse_okp(obj, ret, err);
	return parse_ec(obj, alg, ret, err);
}

static enum jwk_alg
alg_of(const EVP_PKEY *pkey)
{
	for (unsigned alg = JWK_ES256; alg < ROWS; alg++) {
		if (EVP_PKEY_get_base_id(pkey) == rows[alg].type &&
		    (rows[alg].bits == 0 ||
		    EVP_PKEY_get_bits(pkey) == rows[alg].bits))
			return (enum jwk_alg)alg;
	}
	return 0;
}

/* A number of an RSA key. */
static bool
get_param(const EVP_PKEY *pkey, const char *param,
    uint8_t out[JWK_RSA_MODULUS_MAX], struct span *ret)
{
	BIGNUM *number = NULL;
	bool ok = EVP_PKEY_get_bn_param(pkey, param, &number) == 1 &&
	    BN_num_bytes(number) <= JWK_RSA_MODULUS_MAX;

	if (ok)
		*ret = span_of(out, (size_t)BN_bn2bin(number, out));
	BN_free(number);
	return ok;
}

/* The numbers of a key, in out. */
static bool
get_numbers(const EVP_PKEY *pkey, enum jwk_alg alg,
    uint8_t out[2 * JWK_RSA_MODULUS_MAX], struct numbers *ret)
{
	size_t size = rows[alg].coordinate, len = 0;

	if (alg == JWK_RS256)
		return get_param(pkey, OSSL_PKEY_PARAM_RSA_N, out,
		    &ret->first) && get_param(pkey, OSSL_PKEY_PARAM_RSA_E,
		    out + JWK_RSA_MODULUS_MAX, &ret->second);
	if (EVP_PKEY_get_octet_string_param(pkey, OSSL_PKEY_PARAM_PUB_KEY,
	    out, (size_t)2 * JWK_RSA_MODULUS_MAX, &len) != 1)
		return false;
	if (alg == JWK_EDDSA) {
		ret->first = span_of(out, len);
		return len == size;
	}
	/* Behind 0x04, which says that x and y follow. */
	ret->first = span_of(out + 1, size);
	ret->second = span_of(out + 1 + size, size);
	return len == 1 + 2 * size;
}

int
jwk_from_spki(struct span spki, struct jwk *ret, struct err *err)
{
	uint8_t bytes[2 * JWK_RSA_MODULUS_MAX];
	struct numbers key = { 0 };
	EVP_PKEY *pkey;
	enum jwk_alg alg;
	int r = key_from_spki(spki, &pkey, err);

	*ret = (struct jwk){ .pkey = NULL };
	if (r < 0)
		return r;
	alg = alg_of(pkey);
	if (alg == 0 || !get_numbers(pkey, alg, bytes, &key)) {
		EVP_PKEY_free(pkey);
		return err_set(err, ERR_INTERNAL, NULL,
		    "cannot read the numbers of a public key");
	}
	return finish(pkey, alg, &key, ret, err);
}

int
jwk_from_key(EVP_PKEY *pkey, struct jwk *ret, struct err *err)
{
	unsigned char *spki = NULL;
	int r, len = i2d_PUBKEY(pkey, &spki);

	r = jwk_from_spki(span_of(spki, len < 0 ? 0 : (size_t)len), ret, err);
	OPENSSL_free(spki);
	if (r != 0)
		return r;
	EVP_PKEY_up_ref(pkey);
	EVP_PKEY_free(ret->pkey);
	ret->pkey = pkey;
	return 0;
}

int
jwk_put(struct bld *out, const struct jwk *jwk, struct err *err)
{
	uint8_t bytes[2 * JWK_RSA_MODULUS_MAX];
	struct numbers key;
	bool ok = get_numbers(jwk->pkey, jwk->alg, bytes, &key);

	if (ok)
		put_canonical(out, jwk->alg, &key);
	return ok && bld_end(out) == 0 ? 0 : err_set(err, ERR_INTERNAL, NULL,
	    "cannot write the public key as JSON");
}

void
jwk_key_authorization(struct bld *out, struct span token,
    const uint8_t thumbprint[JWK_THUMBPRINT_SIZE])
{
	bld_span(out, token);
	bld_u8(out, '.');
	text_base64url(out, span_of(thumbprint, JWK_THUMBPRINT_SIZE));
}
