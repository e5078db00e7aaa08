/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/jws.h"

#include <openssl/ec.h>

#include "base/json.h"
#include "base/text.h"

#define JWS_COORDINATE_MAX 66  /* bytes of r and of s: P-521 */
#define JWS_SIGNATURE_MAX 512  /* bytes: RSA of 4096 bits */
#define JWS_DER_MAX 160        /* bytes of an ECDSA signature in DER */

/* Decodes text into memory of the arena. */
static int
decode(struct span text, struct arena *arena, struct span *ret)
{
	/* A builder that stays within its capacity allocates nothing. */
	size_t cap = text.len / 4 * 3 + 3;
	struct bld out = {
		.data = arena_alloc(arena, cap), .cap = cap, .max = cap
	};
	int r = text_unbase64url(&out, text);

	*ret = bld_view(&out);
	return r;
}

/* Visible ASCII: RFC 3986 section 2 for URLs. */
static bool
is_url_text(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] <= 0x20 || text.data[i] >= 0x7f)
			return false;
	}
	return text.len > 0 && text.len <= JWS_URL_MAX;
}

static bool
is_nonce(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'Z') &&
		    !(c >= 'a' && c <= 'z') && c != '-' && c != '_')
			return false;
	}
	return text.len > 0 && text.len <= JWS_NONCE_MAX;
}

static int
parse_alg(struct jws_header *header, struct err *err)
{
	char shown[64];
	struct span name;
	int r = json_need_string(header->json, "alg", &name, err);

	if (r != 0)
		return err_prefix(err, "the protected header");
	header->alg = jwk_alg_from_name(name);
	if (header->alg != 0)
		return 0;
	text_printable(shown, sizeof(shown), name);
	return err_set(err, ERR_BAD_SIGNATURE_ALGORITHM, "RFC 8555 6.2",
	    "the JWS's \"alg\" is \"%s\"; use ES256, ES384, ES512, RS256 or "
	    "EdDSA", shown);
}

/* Extensions change what a signature means: RFC 7515 section 4.1.11, RFC
 * 7797 section 6. */
static int
refuse_extensions(const struct jws_header *header, struct err *err)
{
	if (json_object_get(header->json, "crit") != NULL)
		return err_set(err, ERR_MALFORMED, "RFC 7515 4.1.11",
		    "the protected header has \"crit\"; no extension is "
		    "understood here");
	if (json_object_get(header->json, "b64") != NULL)
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
		    "the protected header has \"b64\"; the payload must be "
		    "base64url-encoded");
	return 0;
}

static int
parse_key(struct jws_header *header, struct err *err)
{
	int r = json_get_string(header->json, "kid", &header->kid, err);

	if (r != 0)
		return err_prefix(err, "the protected header");
	header->jwk = json_object_get(header->json, "jwk");
	if ((header->jwk != NULL) == (header->kid.data != NULL))
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
		    "the protected header has %s of \"jwk\" and \"kid\"; one "
		    "is needed", header->jwk != NULL ? "both" : "neither");
	if (header->jwk != NULL && !json_is_object(header->jwk))
		return err_set(err, ERR_MALFORMED, "RFC 7515 4.1.3",
		    "the protected header's \"jwk\" is not an object");
	if (header->kid.data != NULL && !is_url_text(header->kid))
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
		    "the protected header's \"kid\" is not an account URL of "
		    "at most %d bytes", JWS_URL_MAX);
	return 0;
}

static int
parse_target(struct jws_header *header, struct err *err)
{
	int r = json_get_string(header->json, "nonce", &header->nonce, err);

	if (r == 0)
		r = json_get_string(header->json, "url", &header->url, err);
	if (r != 0)
		return err_prefix(err, "the protected header");
	if (header->nonce.data != NULL && !is_nonce(header->nonce))
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.5.2",
		    "the protected header's \"nonce\" is not base64url of at "
		    "most %d bytes", JWS_NONCE_MAX);
	if (header->url.data != NULL && !is_url_text(header->url))
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.4.1",
		    "the protected header's \"url\" is not a URL of at most "
		    "%d bytes", JWS_URL_MAX);
	return 0;
}

int
jws_header_parse(struct span header, struct jws_header *ret, struct err *err)
{
	int r;

	*ret = (struct jws_header){ .json = NULL };
	if (header.len > JWS_HEADER_MAX)
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
		    "the protected header has %zu bytes; at most %d are taken",
		    header.len, JWS_HEADER_MAX);
	r = json_parse_object(header, "the protected header", &ret->json, err);
	if (r == 0)
		r = refuse_extensions(ret, err);
	if (r == 0)
		r = parse_alg(ret, err);
	if (r == 0)
		r = parse_key(ret, err);
	if (r == 0)
		r = parse_target(ret, err);
	if (r != 0)
		jws_header_done(ret);
	return r;
}

void
jws_header_done(struct jws_header *header)
{
	json_decref(header->json);
	*header = (struct jws_header){ .json = NULL };
}

/*
 * Unprotected and several signatures: RFC 8555 section 6.2. Other members
 * that we do not understand "MUST be ignored": RFC 7515 section 7.2.1, which
 * holds for the flattened form by section 7.2.2.
 */
static int
refuse_unprotected(const json_t *body, struct err *err)
{
	static const char *const refused[] = { "header", "signatures" };

	for (size_t i = 0; i < 2; i++) {
		if (json_object_get(body, refused[i]) != NULL)
			return err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
			    "the JWS has a member \"%s\"; it must be in the "
			    "flattened form with one signature and nothing "
			    "unprotected", refused[i]);
	}
	return 0;
}

static int
get_part(const json_t *body, const char *name, struct arena *arena,
    struct span *ret_text, struct span *ret_bytes, struct err *err)
{
	struct span text;
	int r = json_need_string(body, name, &text, err);

	if (r != 0)
		return err_prefix(err, "the JWS");
	*ret_text = arena_dup(arena, text);
	if (decode(*ret_text, arena, ret_bytes) != 0)
		return err_set(err, ERR_MALFORMED, "RFC 7515 2",
		    "the JWS's \"%s\" is not base64url without padding", name);
	return 0;
}

int
jws_parse(struct span body, struct arena *arena, struct jws *ret,
    struct err *err)
{
	cleanup_json json_t *json = NULL;
	struct span header, unused;
	int r;

	*ret = (struct jws){ .payload = SPAN_NONE };
	if (body.len > JWS_BODY_MAX)
		return err_set(err, ERR_TOO_LARGE, "RFC 9110 15.5.14",
		    "the request has more than %d bytes", JWS_BODY_MAX);
	r = json_parse_object(body, "the JWS", &json, err);
	if (r == 0)
		r = refuse_unprotected(json, err);
	if (r == 0)
		r = get_part(json, "protected", arena, &ret->protected_b64,
		    &header, err);
	if (r == 0)
		r = get_part(json, "payload", arena, &ret->payload_b64,
		    &ret->payload, err);
	if (r == 0)
		r = get_part(json, "signature", arena, &unused,
		    &ret->signature, err);
	if (r == 0)
		r = jws_header_parse(header, &ret->header, err);
	return r;
}

void
jws_done(struct jws *jws)
{
	jws_header_done(&jws->header);
}

static int
bad_signature(struct err *err)
{
	return err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
	    "the JWS's signature is not by this key over this header and "
	    "payload");
}

static size_t
coordinate_size(enum jwk_alg alg)
{
	switch (alg) {
	case JWK_ES256:
		return 32;
	case JWK_ES384:
		return 48;
	case JWK_ES512:
		return 66;
	case JWK_RS256:
	case JWK_EDDSA:
		break;
	}
	return 0;
}

/* RFC 7518 section 3.4: r and s, each of the curve's size, to the DER that
 * OpenSSL takes. Returns its length, or 0. */
static size_t
der_of_ecdsa(struct span signature, size_t size, uint8_t der[JWS_DER_MAX])
{
	ECDSA_SIG *sig;
	BIGNUM *r, *s;
	uint8_t *at = der;
	int len = 0;

	if (signature.len != 2 * size)
		return 0;
	sig = ECDSA_SIG_new();
	r = BN_bin2bn(signature.data, (int)size, NULL);
	s = BN_bin2bn(signature.data + size, (int)size, NULL);
	if (sig != NULL && r != NULL && s != NULL &&
	    ECDSA_SIG_set0(sig, r, s) == 1) {
		len = i2d_ECDSA_SIG(sig, &at);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(sig);
	return len > 0 ? (size_t)len : 0;
}

/* The signing input is protected_b64 "." payload_b64: RFC 7515 section 5.2. */
static int
digest_input(enum jwk_alg alg, struct span protected_b64,
    struct span payload_b64, uint8_t out[EVP_MAX_MD_SIZE], unsigned *ret_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int ok;

	ok = ctx != NULL &&
	    EVP_DigestInit_ex2(ctx, jwk_digest(alg), NULL) == 1 &&
	    EVP_DigestUpdate(ctx, protected_b64.data, protected_b64.len) == 1 &&
	    EVP_DigestUpdate(ctx, ".", 1) == 1 &&
	    EVP_DigestUpdate(ctx, payload_b64.data, payload_b64.len) == 1 &&
	    EVP_DigestFinal_ex(ctx, out, ret_len) == 1;
	EVP_MD_CTX_free(ctx);
	return ok ? 0 : -1;
}

static uint8_t *
join_input(struct span protected_b64, struct span payload_b64, size_t *ret_len)
{
	uint8_t *input;

	*ret_len = protected_b64.len + 1 + payload_b64.len;
	input = mem_alloc(*ret_len);
	if (protected_b64.len > 0)
		memcpy(input, protected_b64.data, protected_b64.len);
	input[protected_b64.len] = '.';
	if (payload_b64.len > 0)
		memcpy(input + protected_b64.len + 1, payload_b64.data,
		    payload_b64.len);
	return input;
}

/* EdDSA signs the whole input at once: RFC 8037 section 3.1. */
static bool
verify_eddsa(struct span protected_b64, struct span payload_b64,
    struct span signature, const struct jwk *key)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len;
	uint8_t *input = join_input(protected_b64, payload_b64, &len);
	bool ok;

	ok = ctx != NULL &&
	    EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key->pkey) == 1 &&
	    EVP_DigestVerify(ctx, signature.data, signature.len, input,
	    len) == 1;
	EVP_MD_CTX_free(ctx);
	free(input);
	return ok;
}

int
jws_verify_parts(struct span protected_b64, struct span payload_b64,
    struct span signature, const struct jwk *key, struct err *err)
{
	uint8_t digest[EVP_MAX_MD_SIZE], der[JWS_DER_MAX];
	size_t size = coordinate_size(key->alg);
	unsigned digest_len;

	if (key->alg == JWK_EDDSA)
		return verify_eddsa(protected_b64, payload_b64, signature,
		    key) ? 0 : bad_signature(err);
	if (digest_input(key->alg, protected_b64, payload_b64, digest,
	    &digest_len) != 0)
		return err_set(err, ERR_INTERNAL, NULL, "cannot hash the JWS");
	if (size > 0)
		signature = span_of(der, der_of_ecdsa(signature, size, der));
	if (signature.len == 0 || EVP_PKEY_verify(key->verifier,
	    signature.data, signature.len, digest, digest_len) != 1)
		return bad_signature(err);
	return 0;
}

int
jws_verify(const struct jws *jws, const struct jwk *key, struct err *err)
{
	if (jws->header.alg != key->alg)
		return err_set(err, jws->header.jwk != NULL ?
		    ERR_BAD_PUBLIC_KEY : ERR_MALFORMED, "RFC 8555 6.2",
		    "the JWS's \"alg\" is \"%s\", but its key is one for "
		    "\"%s\"", jwk_alg_name(jws->header.alg),
		    jwk_alg_name(key->alg));
	return jws_verify_parts(jws->protected_b64, jws->payload_b64,
	    jws->signature, key, err);
}

/* The mirror of der_of_ecdsa; appends base64url. */
static bool
put_ecdsa(struct bld *out, struct span der, size_t size)
{
	uint8_t raw[2 * JWS_COORDINATE_MAX];
	const unsigned char *at = der.data;
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
	bool ok;

	ok = sig != NULL &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, (int)size) ==
	    (int)size &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + size, (int)size) ==
	    (int)size;
	if (ok)
		text_base64url(out, span_of(raw, 2 * size));
	ECDSA_SIG_free(sig);
	return ok;
}

static bool
put_signature(struct bld *out, struct span input, const struct jwk *key)
{
	uint8_t signature[JWS_SIGNATURE_MAX];
	size_t len = sizeof(signature), size = coordinate_size(key->alg);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL,
	    jwk_digest(key->alg), NULL, key->pkey) == 1 &&
	    EVP_DigestSign(ctx, signature, &len, input.data, input.len) == 1;
	EVP_MD_CTX_free(ctx);
	if (ok && size > 0)
		return put_ecdsa(out, span_of(signature, len), size);
	if (ok)
		text_base64url(out, span_of(signature, len));
	return ok;
}

int
jws_sign(struct bld *out, struct span header, struct span payload,
    const struct jwk *key, struct err *err)
{
	struct bld input;
	size_t header_len;
	bool ok;

	bld_init(&input, JWS_BODY_MAX);
	text_base64url(&input, header);
	header_len = input.len;
	bld_u8(&input, '.');
	text_base64url(&input, payload);
	if (bld_end(&input) != 0) {
		bld_free(&input);
		return err_set(err, ERR_TOO_LARGE, NULL,
		    "the JWS would have more than %d bytes", JWS_BODY_MAX);
	}
	bld_str(out, "{\"protected\":\"");
	bld_bytes(out, input.data, header_len);
	bld_str(out, "\",\"payload\":\"");
	bld_span(out, span_from(bld_view(&input), header_len + 1));
	bld_str(out, "\",\"signature\":\"");
	ok = put_signature(out, bld_view(&input), key);
	bld_str(out, "\"}");
	bld_free(&input);
	if (!ok)
		return err_set(err, ERR_INTERNAL, NULL,
		    "cannot sign with this key");
	return bld_end(out);
}
