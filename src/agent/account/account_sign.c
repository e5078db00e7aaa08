/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/account/account_sign.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <stdio.h>

#include "base/json.h"
#include "base/text.h"

#define HEADER_MAX JWS_HEADER_MAX
#define JWK_JSON_MAX 2048 /* bytes */

const struct jwk *
account_sign_key(const struct account_signer *account)
{
	return account->use_next ? &account->pair.next : &account->pair.key;
}

static size_t
authority_end(struct span url, size_t at)
{
	while (at < url.len && url.data[at] != '/' && url.data[at] != '?' &&
	    url.data[at] != '#')
		at++;
	return at;
}

/* Scheme, host and port in one form: lower case, without the port that the
 * scheme has anyway. False for what is no http(s) URL or has a user name. */
static bool
origin_of(struct span url, char out[ACCOUNT_ORIGIN_MAX + 1])
{
	static const struct {
		const char *scheme;
		const char *port;
	} schemes[] = { { "https://", ":443" }, { "http://", ":80" } };
	size_t len = 0, start = 0;

	for (size_t i = 0; i < 2 && start == 0; i++) {
		size_t n = strlen(schemes[i].scheme);

		if (url.len <= n || strncasecmp((const char *)url.data,
		    schemes[i].scheme, n) != 0)
			continue;
		start = n;
		len = authority_end(url, start);
		n = strlen(schemes[i].port);
		if (len - start > n && memcmp(url.data + len - n,
		    schemes[i].port, n) == 0)
			len -= n;
	}
	if (len <= start || len > ACCOUNT_ORIGIN_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = url.data[i];

		if (c <= ' ' || c >= 0x7f || c == '@' || c == '\\')
			return false;
		out[i] = text_lower((char)c);
	}
	out[len] = '\0';
	return true;
}

int
account_sign_bind(struct account_signer *account, const struct span *origins,
    size_t count, struct err *err)
{
	account->num_origins = 0;
	for (size_t i = 0; i < count; i++) {
		if (!origin_of(origins[i], account->origins[i]))
			return err_set(err, ERR_CONFIG, NULL, "\"%.*s\" is not "
			    "where a CA can be", SPAN_FMT(origins[i]));
		account->num_origins++;
	}
	return 0;
}

bool
account_sign_allows(const struct account_signer *account, struct span url)
{
	char origin[ACCOUNT_ORIGIN_MAX + 1];

	if (!origin_of(url, origin))
		return false;
	for (size_t i = 0; i < account->num_origins; i++) {
		if (strcmp(origin, account->origins[i]) == 0)
			return true;
	}
	return false;
}

static void
put_member(struct bld *out, const char *name, struct span value)
{
	bld_fmt(out, ",\"%s\":", name);
	json_put_string(out, value);
}

/* alg, then url, and of the rest what is given. */
static int
put_header(struct bld *out, const char *alg, const struct client_sign *sign,
    const struct jwk *jwk, struct span kid, struct err *err)
{
	int r = 0;

	bld_fmt(out, "{\"alg\":\"%s\"", alg);
	if (sign->nonce.len > 0)
		put_member(out, "nonce", sign->nonce);
	put_member(out, "url", sign->url);
	if (kid.len > 0)
		put_member(out, "kid", kid);
	if (jwk != NULL) {
		bld_str(out, ",\"jwk\":");
		r = jwk_put(out, jwk, err);
	}
	bld_str(out, "}");
	if (r == 0 && bld_end(out) < 0)
		r = err_set(err, ERR_TOO_LARGE, NULL,
		    "the header of a request to the CA would be too long");
	return r;
}

void
account_sign_send(struct account_signer *account,
    const uint8_t hash[ACCOUNT_HASH_SIZE],
    const uint8_t names[ACCOUNT_HASH_SIZE])
{
	struct account_send *send =
	    &account->sends[account->num_sends++ % ACCOUNT_SENDS_MAX];

	memcpy(send->hash, hash, ACCOUNT_HASH_SIZE);
	memcpy(send->names, names, ACCOUNT_HASH_SIZE);
	send->orders = 0;
}

static size_t
count_sends(const struct account_signer *account)
{
	return account->num_sends < ACCOUNT_SENDS_MAX ? account->num_sends :
	    ACCOUNT_SENDS_MAX;
}

/* Some CAs read members in any case, in a way of their own (U+017F for an s):
 * so what is not exactly one of ours may mean anything. */
static bool
is_ours(json_t *obj)
{
	static const char *const names[] = { "csr", "identifiers", "profile",
		"replaces", "notBefore", "notAfter", "status", "contact",
		"termsOfServiceAgreed", "onlyReturnExisting",
		"externalAccountBinding", "certificate", "reason" };
	const char *name;
	const json_t *value;

	json_object_foreach(obj, name, value) {
		bool found = false;

		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			found |= strcmp(name, names[i]) == 0;
		if (!found)
			return false;
	}
	return true;
}

/* Of an order's end (RFC 8555 7.4) the one thing that says for which key the
 * certificate is to be, and of a revocation (7.6) what is revoked: whether it is
 * one that judge told of. No value is fine. */
static bool
may_send(const struct account_signer *account, const json_t *value)
{
	size_t count = count_sends(account);
	uint8_t hash[SHA256_DIGEST_LENGTH];
	bool known = value == NULL;
	struct bld der;

	bld_init(&der, ACCOUNT_SIGN_PAYLOAD_MAX);
	if (json_is_string(value) && text_unbase64url(&der,
	    span_of(json_string_value(value), json_string_length(value))) ==
	    0) {
		SHA256(der.data, der.len, hash);
		for (size_t i = 0; i < count; i++)
			known |= memcmp(hash, account->sends[i].hash,
			    sizeof(hash)) == 0;
	}
	bld_free(&der);
	return known;
}

/* Exactly type and value of each: what else stands there may mean anything. */
static bool
parse_names(const json_t *array, struct arena *arena, struct ident_list *ret)
{
	const json_t *item;
	struct span type, value;
	size_t i;

	ret->count = 0;
	if (!json_is_array(array) || json_array_size(array) == 0 ||
	    json_array_size(array) > IDENT_LIST_MAX)
		return false;
	json_array_foreach(array, i, item) {
		if (!json_is_object(item) || json_object_size(item) != 2 ||
		    json_need_string(item, "type", &type, NULL) < 0 ||
		    json_need_string(item, "value", &value, NULL) < 0 ||
		    ident_parse(type, value, arena, &ret->items[ret->count++],
		    NULL) < 0)
			return false;
	}
	return true;
}

/* The order (RFC 8555 7.4) that judge told of, as often as it may be. No names
 * are fine. */
static bool
may_order(struct account_signer *account, const json_t *array)
{
	uint8_t hash[ACCOUNT_HASH_SIZE];
	struct ident_list names;
	struct arena arena = { 0 };
	bool known = array == NULL;

	if (!known && parse_names(array, &arena, &names)) {
		judge_account_hash(&names, hash);
		for (size_t i = 0; i < count_sends(account) && !known; i++) {
			struct account_send *send = &account->sends[i];

			known = memcmp(hash, send->names, sizeof(hash)) == 0 &&
			    send->orders < ACCOUNT_ORDERS_MAX;
			send->orders += known;
		}
	}
	arena_free(&arena);
	return known;
}

/* Without what stands before it and a '/' at its end. False if it could be
 * written otherwise: which paths are the same to a CA is its own affair. */
static bool
path_of(struct span url, char out[ACCOUNT_URL_MAX + 1])
{
	static const char *const odd[] = { "%", "?", "#", "//", "/.", ";" };
	size_t start = 0, len;

	while (start < url.len && url.data[start] != ':')
		start++;
	start = authority_end(url, start + strlen("://"));
	len = start < url.len ? url.len - start : 0;
	if (len > ACCOUNT_URL_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		out[i] = (char)url.data[start + i];
		if (out[i] <= ' ' || out[i] > '~')
			return false;
	}
	out[len > 0 && out[len - 1] == '/' ? len - 1 : len] = '\0';
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		if (strstr(out, odd[i]) != NULL)
			return false;
	}
	return true;
}

/* Whether a CA may take url for the account's. */
static bool
may_be_account(const struct account_signer *account, struct span url)
{
	char path[ACCOUNT_URL_MAX + 1], own[ACCOUNT_URL_MAX + 1];

	return account->kid[0] != '\0' && (!path_of(url, path) ||
	    !path_of(span_str(account->kid), own) ||
	    strcasecmp(path, own) == 0);
}

/* "contact" changes an account (RFC 8555 7.3.2), "status" ends one (7.3.6) or
 * an authorization (7.5.2), which is done wherever an order fails. */
static bool
may_change(const struct account_signer *account,
    const struct client_sign *sign, const json_t *obj)
{
	bool contact = sign->type == CLIENT_SIGN_KID &&
	    json_object_get(obj, "contact") != NULL;
	bool status = json_object_get(obj, "status") != NULL &&
	    may_be_account(account, sign->url);

	return account->may_change || (!contact && !status);
}

static int
check_request(struct account_signer *account,
    const struct client_sign *sign, const json_t *obj, struct err *err)
{
	if (!may_order(account, json_object_get(obj, "identifiers")))
		return err_set(err, ERR_UNAUTHORIZED, "RFC 8555 7.4",
		    "the CA would be asked for other names than the site's, or "
		    "again and again");
	if (!may_send(account, json_object_get(obj, "csr")))
		return err_set(err, ERR_UNAUTHORIZED, "RFC 8555 7.4",
		    "the CA would be asked to certify another key or other "
		    "names than the site's");
	if (!may_send(account, json_object_get(obj, "certificate")))
		return err_set(err, ERR_UNAUTHORIZED, "RFC 8555 7.6",
		    "the CA would be asked to revoke what nobody here wants "
		    "revoked");
	if (!may_change(account, sign, obj))
		return err_set(err, ERR_UNAUTHORIZED, "RFC 8555 7.3",
		    "the CA would be asked to change or end the account, "
		    "which nobody here wants");
	return 0;
}

/* A payload that is none of ours may be a JWS itself, and change the account's
 * key: it must be the inner one that was made here. RFC 8555 7.3.5. */
static int
check_payload(struct account_signer *account,
    const struct client_sign *sign, struct err *err)
{
	cleanup_json json_t *obj = NULL;
	uint8_t hash[SHA256_DIGEST_LENGTH];
	struct span payload = sign->payload;

	if (payload.len == 0)
		return 0;
	if (payload.len > ACCOUNT_SIGN_PAYLOAD_MAX ||
	    json_parse_object(payload, "the payload", &obj, NULL) < 0)
		return err_set(err, ERR_UNAUTHORIZED, NULL,
		    "what is to be signed is no JSON object");
	if (is_ours(obj))
		return check_request(account, sign, obj, err);
	SHA256(payload.data, payload.len, hash);
	if (memcmp(hash, account->rollover, sizeof(hash)) != 0)
		return err_set(err, ERR_UNAUTHORIZED, "RFC 8555 7.3.5",
		    "what is to be signed is no request that is made here: the "
		    "account's key could be changed to a foreign one");
	return 0;
}

static int
sign_with(struct account_signer *account, const struct client_sign *sign,
    bool by_kid, struct bld *out, struct err *err)
{
	const struct jwk *key = account_sign_key(account);
	struct bld header;
	int r;

	r = check_payload(account, sign, err);
	if (r < 0)
		return r;
	bld_init(&header, HEADER_MAX);
	r = put_header(&header, jwk_alg_name(key->alg), sign,
	    by_kid ? NULL : key, by_kid ? sign->kid : SPAN_NONE, err);
	if (r == 0)
		r = jws_sign(out, bld_view(&header), sign->payload, key, err);
	bld_free(&header);
	return r;
}

/* RFC 8555 7.3.5: by the new key, over the account's URL and the old key. */
static int
sign_rollover(struct account_signer *account, const struct client_sign *sign,
    struct bld *out, struct err *err)
{
	const struct jwk *next = &account->pair.next;
	struct client_sign inner = *sign;
	struct bld header, payload;
	size_t start = out->len;
	int r;

	if (next->pkey == NULL || account->use_next)
		return err_set(err, ERR_UNAUTHORIZED, "RFC 8555 7.3.5",
		    "no change of the account's key was asked for");
	inner.nonce = SPAN_NONE;
	bld_init(&header, HEADER_MAX);
	bld_init(&payload, HEADER_MAX);
	bld_str(&payload, "{\"account\":");
	json_put_string(&payload, sign->kid);
	bld_str(&payload, ",\"oldKey\":");
	r = jwk_put(&payload, &account->pair.key, err);
	bld_str(&payload, "}");
	if (r == 0)
		r = put_header(&header, jwk_alg_name(next->alg), &inner, next,
		    SPAN_NONE, err);
	if (r == 0)
		r = jws_sign(out, bld_view(&header), bld_view(&payload), next,
		    err);
	if (r == 0)
		SHA256(out->data + start, out->len - start, account->rollover);
	bld_free(&header);
	bld_free(&payload);
	return r;
}

static bool
mac(const struct account_signer *account, struct span protected_b64,
    struct span payload_b64, struct bld *out)
{
	const EVP_MD *md = account->hmac_bits == 256 ? EVP_sha256() :
	    account->hmac_bits == 384 ? EVP_sha384() : EVP_sha512();
	uint8_t tag[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct bld input;
	bool ok;

	bld_init(&input, JWS_BODY_MAX);
	bld_span(&input, protected_b64);
	bld_str(&input, ".");
	bld_span(&input, payload_b64);
	ok = bld_end(&input) == 0 && HMAC(md, account->hmac,
	    (int)account->hmac_len, input.data, input.len, tag, &len) != NULL;
	if (ok)
		text_base64url(out, span_of(tag, len));
	bld_free(&input);
	return ok;
}

/* RFC 8555 7.3.4: over the account's public key, by the key that the CA gave
 * the administrator. */
static int
sign_eab(const struct account_signer *account, const struct client_sign *sign,
    struct bld *out, struct err *err)
{
	struct client_sign inner = { .url = sign->url };
	struct bld header, payload, header_b64, payload_b64;
	char alg[8];
	int r;

	if (account->hmac_len == 0 ||
	    !span_equal_str(sign->kid, account->hmac_kid))
		return err_set(err, ERR_UNAUTHORIZED, "RFC 8555 7.3.4",
		    "no external account binding was asked for");
	snprintf(alg, sizeof(alg), "HS%u", account->hmac_bits);
	bld_init(&header, HEADER_MAX);
	bld_init(&payload, JWK_JSON_MAX);
	bld_init(&header_b64, 2 * HEADER_MAX);
	bld_init(&payload_b64, 2 * JWK_JSON_MAX);
	r = jwk_put(&payload, account_sign_key(account), err);
	if (r == 0)
		r = put_header(&header, alg, &inner, NULL, sign->kid, err);
	text_base64url(&header_b64, bld_view(&header));
	text_base64url(&payload_b64, bld_view(&payload));
	bld_str(out, "{\"protected\":\"");
	bld_span(out, bld_view(&header_b64));
	bld_str(out, "\",\"payload\":\"");
	bld_span(out, bld_view(&payload_b64));
	bld_str(out, "\",\"signature\":\"");
	if (r == 0 && !mac(account, bld_view(&header_b64),
	    bld_view(&payload_b64), out))
		r = err_set(err, ERR_INTERNAL, NULL, "cannot compute an HMAC");
	bld_str(out, "\"}");
	bld_free(&header);
	bld_free(&payload);
	bld_free(&header_b64);
	bld_free(&payload_b64);
	return r;
}

int
account_sign(struct account_signer *account, const struct client_sign *sign,
    struct bld *out, struct err *err)
{
	if (!account_sign_allows(account, sign->url))
		return err_set(err, ERR_UNAUTHORIZED, NULL, "the CA sent us to "
		    "%.*s, which is not where its directory is: nothing is "
		    "signed for it", SPAN_FMT(sign->url));
	switch (sign->type) {
	case CLIENT_SIGN_KID:
		if (sign->kid.len == 0)
			break;
		return sign_with(account, sign, true, out, err);
	case CLIENT_SIGN_JWK:
		return sign_with(account, sign, false, out, err);
	case CLIENT_SIGN_EAB:
		return sign_eab(account, sign, out, err);
	case CLIENT_SIGN_ROLLOVER:
		return sign_rollover(account, sign, out, err);
	case CLIENT_SIGN_CERTIFICATE:
	case CLIENT_SIGN_TYPE_COUNT:
		break;
	}
	return err_set(err, ERR_UNAUTHORIZED, NULL,
	    "account does not sign such a request");
}
