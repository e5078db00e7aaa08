/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/certkey/certkey.h"

#include <stdio.h>

#include "base/json.h"
#include "base/text.h"
#include "jose/jws.h"
#include "pkix/csr.h"
#include "pkix/pki.h"

static void
name_of(struct span site, enum site_key_type type,
    char out[KEY_FILE_NAME_MAX + 1])
{
	snprintf(out, KEY_FILE_NAME_MAX + 1, "%.*s.%s.key", SPAN_FMT(site),
	    site_key_type_name(type));
}

static bool
has_hash(EVP_PKEY *key, const uint8_t hash[CERTKEY_HASH_SIZE])
{
	uint8_t own[KEY_FILE_HASH_SIZE];

	return key_file_hash(key, own, NULL) == 0 &&
	    memcmp(own, hash, sizeof(own)) == 0;
}

int
certkey_pending(int fd_dir, const struct judge_certkey_request *request,
    EVP_PKEY **ret, struct err *err)
{
	char name[KEY_FILE_NAME_MAX + 1];
	int r = -(int)ERR_NOT_FOUND;

	name_of(request->site, request->key_type, name);
	if (request->policy != CERTKEY_FRESH)
		r = key_file_read(fd_dir, name, ret, err);
	if (r != -(int)ERR_NOT_FOUND)
		return r;
	r = key_file_generate(request->key_type, ret, err);
	if (r == 0)
		r = key_file_write(fd_dir, name, *ret, err);
	return r;
}

int
certkey_find(int fd_dir, struct span site, enum site_key_type type,
    const uint8_t hash[CERTKEY_HASH_SIZE], EVP_PKEY **ret, struct err *err)
{
	char name[KEY_FILE_NAME_MAX + 1];
	int r;

	name_of(site, type, name);
	r = key_file_read(fd_dir, name, ret, err);
	if (r == 0 && !has_hash(*ret, hash)) {
		EVP_PKEY_free(*ret);
		*ret = NULL;
		r = err_set(err, ERR_NOT_FOUND, NULL, "the key of %.*s that "
		    "is kept for the next certificate is another one",
		    SPAN_FMT(site));
	}
	return r;
}

int
certkey_published(int fd_dir, struct span site, enum site_key_type type,
    const uint8_t hash[CERTKEY_HASH_SIZE], struct err *err)
{
	char name[KEY_FILE_NAME_MAX + 1];
	EVP_PKEY *key = NULL;
	int r;

	r = certkey_find(fd_dir, site, type, hash, &key, err);
	EVP_PKEY_free(key);
	if (r == -(int)ERR_NOT_FOUND)
		return 0;
	name_of(site, type, name);
	return r == 0 ? key_file_remove(fd_dir, name, err) : r;
}

int
certkey_request(const struct judge_certkey_request *request, EVP_PKEY *key,
    struct bld *out, struct err *err)
{
	return request->must_staple ?
	    csr_make_stapled(out, key, request->common_name, &request->names,
	    err) : csr_make(out, key, request->common_name, &request->names,
	    err);
}

static int
put_header(const struct judge_certkey_request *request, const struct jwk *key,
    struct bld *out, struct err *err)
{
	int r;

	bld_fmt(out, "{\"alg\":\"%s\",\"nonce\":", jwk_alg_name(key->alg));
	json_put_string(out, request->nonce);
	bld_str(out, ",\"url\":");
	json_put_string(out, request->url);
	bld_str(out, ",\"jwk\":");
	r = jwk_put(out, key, err);
	bld_str(out, "}");
	return r;
}

static void
put_payload(const struct judge_certkey_request *request, struct bld *out)
{
	bld_str(out, "{\"certificate\":\"");
	text_base64url(out, request->certificate);
	bld_str(out, "\"");
	if (request->reason >= 0)
		bld_fmt(out, ",\"reason\":%d", (int)request->reason);
	bld_str(out, "}");
}

int
certkey_revoke(const struct judge_certkey_request *request, EVP_PKEY *key,
    struct bld *out, struct err *err)
{
	struct bld header, payload;
	struct jwk jwk;
	int r;

	if ((r = pki_check_key(request->certificate, key, err)) < 0 ||
	    (r = jwk_from_key(key, &jwk, err)) < 0)
		return r;
	bld_init(&header, JWS_HEADER_MAX);
	bld_init(&payload, JWS_BODY_MAX);
	put_payload(request, &payload);
	r = put_header(request, &jwk, &header, err);
	if (r == 0 && (bld_end(&header) < 0 || bld_end(&payload) < 0))
		r = err_set(err, ERR_TOO_LARGE, NULL,
		    "the revocation request would be too long");
	if (r == 0)
		r = jws_sign(out, bld_view(&header), bld_view(&payload), &jwk,
		    err);
	bld_free(&header);
	bld_free(&payload);
	jwk_done(&jwk);
	return r;
}
