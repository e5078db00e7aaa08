/* SPDX-License-Identifier: Apache-2.0 */
#include "jose/jws.h"

#include "base/json.h"
#include "base/json_flat.h"
#include "base/text.h"
#include "jose/jwa.h"

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

/*
 * An object of either form: seen by json_flat_scan, or else parsed. ACME's
 * requests are nearly always of the first.
 */
struct object {
	struct json_flat flat;
	json_t *json; /* NULL: flat has the members */
};

static int
object_parse(struct span in, const char *what, struct object *ret,
    struct err *err)
{
	ret->json = NULL;
	if (json_flat_scan(in, &ret->flat))
		return 0;
	return json_parse_object(in, what, &ret->json, err);
}

static bool
object_has(const struct object *obj, const char *name)
{
	return obj->json != NULL ? json_object_get(obj->json, name) != NULL :
	    json_flat_get(&obj->flat, name).data != NULL;
}

/* As json_get_string and json_need_string. */
static int
object_string(const struct object *obj, const char *name, bool needed,
    struct span *ret, struct err *err)
{
	int r = 0;

	if (obj->json != NULL)
		r = json_get_string(obj->json, name, ret, err);
	else
		*ret = json_flat_get(&obj->flat, name);
	if (r == 0 && needed && ret->data == NULL)
		r = err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
		    "member \"%s\" is missing", name);
	return r;
}

static int
parse_alg(const struct object *obj, struct jws_header *header,
    struct err *err)
{
	char shown[64];
	struct span name;
	int r = object_string(obj, "alg", true, &name, err);

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
refuse_extensions(const struct object *obj, struct err *err)
{
	if (object_has(obj, "crit"))
		return err_set(err, ERR_MALFORMED, "RFC 7515 4.1.11",
		    "the protected header has \"crit\"; no extension is "
		    "understood here");
	if (object_has(obj, "b64"))
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
		    "the protected header has \"b64\"; the payload must be "
		    "base64url-encoded");
	return 0;
}

static int
parse_key(const struct object *obj, struct jws_header *header,
    struct err *err)
{
	bool has_jwk = object_has(obj, "jwk");
	int r = object_string(obj, "kid", false, &header->kid, err);

	if (r != 0)
		return err_prefix(err, "the protected header");
	if (has_jwk == (header->kid.data != NULL))
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
		    "the protected header has %s of \"jwk\" and \"kid\"; one "
		    "is needed", has_jwk ? "both" : "neither");
	header->jwk = json_object_get(obj->json, "jwk");
	if (has_jwk && !json_is_object(header->jwk))
		return err_set(err, ERR_MALFORMED, "RFC 7515 4.1.3",
		    "the protected header's \"jwk\" is not an object");
	if (!has_jwk && !is_url_text(header->kid))
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
		    "the protected header's \"kid\" is not an account URL of "
		    "at most %d bytes", JWS_URL_MAX);
	return 0;
}

static int
parse_target(const struct object *obj, struct jws_header *header,
    struct err *err)
{
	int r = object_string(obj, "nonce", false, &header->nonce, err);

	if (r == 0)
		r = object_string(obj, "url", false, &header->url, err);
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
	struct object obj;
	int r;

	*ret = (struct jws_header){ .json = NULL };
	if (header.len > JWS_HEADER_MAX)
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
		    "the protected header has %zu bytes; at most %d are taken",
		    header.len, JWS_HEADER_MAX);
	r = object_parse(header, "the protected header", &obj, err);
	ret->json = obj.json;
	if (r == 0)
		r = refuse_extensions(&obj, err);
	if (r == 0)
		r = parse_alg(&obj, ret, err);
	if (r == 0)
		r = parse_key(&obj, ret, err);
	if (r == 0)
		r = parse_target(&obj, ret, err);
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
refuse_unprotected(const struct object *body, struct err *err)
{
	static const char *const refused[] = { "header", "signatures" };

	for (size_t i = 0; i < 2; i++) {
		if (object_has(body, refused[i]))
			return err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
			    "the JWS has a member \"%s\"; it must be in the "
			    "flattened form with one signature and nothing "
			    "unprotected", refused[i]);
	}
	return 0;
}

static int
get_part(const struct object *body, const char *name, struct arena *arena,
    struct span *ret_text, struct span *ret_bytes, struct err *err)
{
	struct span text;
	int r = object_string(body, name, true, &text, err);

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
	struct span header = SPAN_NONE, unused;
	struct object obj;
	int r;

	*ret = (struct jws){ .payload = SPAN_NONE };
	if (body.len > JWS_BODY_MAX)
		return err_set(err, ERR_TOO_LARGE, "RFC 9110 15.5.14",
		    "the request has more than %d bytes", JWS_BODY_MAX);
	r = object_parse(body, "the JWS", &obj, err);
	if (r == 0)
		r = refuse_unprotected(&obj, err);
	if (r == 0)
		r = get_part(&obj, "protected", arena, &ret->protected_b64,
		    &header, err);
	if (r == 0)
		r = get_part(&obj, "payload", arena, &ret->payload_b64,
		    &ret->payload, err);
	if (r == 0)
		r = get_part(&obj, "signature", arena, &unused,
		    &ret->signature, err);
	if (r == 0)
		r = jws_header_parse(header, &ret->header, err);
	json_decref(obj.json);
	return r;
}

void
jws_done(struct jws *jws)
{
	jws_header_done(&jws->header);
}

void
jws_shrink(struct jws *jws)
{
	enum jwk_alg alg = jws->header.alg;

	jws_header_done(&jws->header);
	jws->header.alg = alg;
}

int
jws_verify_parts(struct span protected_b64, struct span payload_b64,
    struct span signature, const struct jwk *key, struct err *err)
{
	/* The signing input of RFC 7515 section 5.2. */
	const struct span parts[] = {
		protected_b64, SPAN_LIT("."), payload_b64
	};

	if (jwa_verify(key, parts, 3, signature) != 0)
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
		    "the JWS's signature is not by this key over this header "
		    "and payload");
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

int
jws_sign(struct bld *out, struct span header, struct span payload,
    const struct jwk *key, struct err *err)
{
	struct bld protected_b64, payload_b64, signature;
	struct span parts[3];
	int r;

	bld_init(&protected_b64, JWS_BODY_MAX);
	bld_init(&payload_b64, JWS_BODY_MAX);
	bld_init(&signature, JWS_BODY_MAX);
	text_base64url(&protected_b64, header);
	text_base64url(&payload_b64, payload);
	parts[0] = bld_view(&protected_b64);
	parts[1] = SPAN_LIT(".");
	parts[2] = bld_view(&payload_b64);
	if (bld_end(&protected_b64) != 0 || bld_end(&payload_b64) != 0)
		r = err_set(err, ERR_TOO_LARGE, "RFC 9110 15.5.14",
		    "the JWS would have more than %d bytes", JWS_BODY_MAX);
	else
		r = jwa_sign(&signature, key, parts, 3, err);
	if (r == 0) {
		bld_str(out, "{\"protected\":\"");
		bld_span(out, parts[0]);
		bld_str(out, "\",\"payload\":\"");
		bld_span(out, parts[2]);
		bld_str(out, "\",\"signature\":\"");
		text_base64url(out, bld_view(&signature));
		bld_str(out, "\"}");
		r = bld_end(out);
	}
	bld_free(&protected_b64);
	bld_free(&payload_b64);
	bld_free(&signature);
	return r;
}
