/* SPDX-License-Identifier: Apache-2.0 */
#include "web/web_call.h"

#include <strings.h>

#include "acme/objects_json.h"
#include "base/text.h"

#define MEDIA_TYPE "application/jose+json"

/* RFC 8555 6.2. Parameters of the media type are none of its business. */
static int
check_media_type(struct span type, struct err *err)
{
	size_t len = sizeof(MEDIA_TYPE) - 1;

	if (type.len >= len && strncasecmp((const char *)type.data,
	    MEDIA_TYPE, len) == 0 && (type.len == len ||
	    type.data[len] == ';' || type.data[len] == ' '))
		return 0;
	return err_set(err, ERR_UNSUPPORTED_MEDIA, "RFC 8555 6.2",
	    "the Content-Type of a POST must be " MEDIA_TYPE);
}

/* RFC 8555 6.4: byte for byte what this server gave out. */
static int
check_url(const struct web_call *call, struct err *err)
{
	struct span url = call->jws.header.url;

	if (url.len == 0)
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.4",
		    "the protected header has no \"url\"");
	if (span_starts_with(url, call->base) &&
	    span_equal(span_from(url, call->base.len), call->target))
		return 0;
	return err_set(err, ERR_UNAUTHORIZED, "RFC 8555 6.4",
	    "the protected header's \"url\" is not the URL of this request, "
	    "%.*s%.*s", SPAN_FMT(call->base), SPAN_FMT(call->target));
}

/* RFC 8555 6.2: the account's URL as newAccount gave it. */
static int
take_kid(struct web_call *call, struct err *err)
{
	struct span kid = call->jws.header.kid;
	const struct span path = SPAN_LIT(ACME_PATH_ACCOUNT);
	uint64_t id;

	if (call->jws.header.jwk != NULL || kid.len == 0)
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
		    "this request must name its account by \"kid\", not "
		    "bring a \"jwk\"");
	if (span_starts_with(kid, call->base)) {
		kid = span_from(kid, call->base.len);
		if (span_starts_with(kid, path) &&
		    text_uint(span_from(kid, path.len), INT64_MAX, &id) == 0 &&
		    id > 0) {
			call->account_id = (int64_t)id;
			return 0;
		}
	}
	return err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
	    "\"kid\" is not the URL of an account here; those begin with "
	    "%.*s" ACME_PATH_ACCOUNT, SPAN_FMT(call->base));
}

static int
take_jwk(struct web_call *call, struct err *err)
{
	if (call->jws.header.jwk == NULL)
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
		    "a newAccount request must bring its key as \"jwk\"");
	return jwk_parse(call->jws.header.jwk, &call->jwk, err);
}

/* Whether dev mode refuses a good nonce, to try out its client. */
static bool
unlucky(const struct web *web)
{
	uint32_t random;

	if (web->settings.nonce_reject <= 0)
		return false;
	env_random(&web->env, &random, sizeof(random));
	return random % 100 < (uint64_t)web->settings.nonce_reject;
}

int
web_auth_begin(struct web_call *call, const struct http_request *request,
    struct err *err)
{
	int r = check_media_type(request->content_type, err);
	bool fresh;

	if (r == 0)
		r = jws_parse(request->body, &call->arena, &call->jws, err);
	if (r < 0)
		return r;
	call->has_jws = true;
	/* Whatever becomes of the request, its nonce is used up. */
	fresh = nonce_take(call->web->nonces, call->jws.header.nonce) &&
	    !unlucky(call->web);
	r = check_url(call, err);
	if (r == 0)
		r = call->route->auth == WEB_AUTH_JWK ?
		    take_jwk(call, err) : take_kid(call, err);
	if (r == 0 && !fresh)
		r = err_set(err, ERR_BAD_NONCE, "RFC 8555 6.5",
		    PROBLEM_BAD_NONCE_DETAIL);
	return r;
}

int
web_auth_verify(struct web_call *call, const struct jwk *key,
    struct err *err)
{
	memcpy(call->thumbprint, key->thumbprint, sizeof(call->thumbprint));
	if (call->route->auth == WEB_AUTH_SIGNER && !call->verify)
		return 0;
	return jws_verify(&call->jws, key, err);
}
