/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What does the holder of the account key ask for? The signature comes first;
 * nothing is parsed that it does not cover.
 */
#include "acme/objects_json.h"
#include "base/text.h"
#include "jose/jws.h"
#include "signer/issue.h"

static int
decode_part(struct span b64, struct arena *arena, const char *what,
    struct span *ret, struct err *err)
{
	struct bld out;
	int r;

	bld_init(&out, b64.len);
	r = text_unbase64url(&out, b64);
	if (r == 0)
		*ret = arena_dup(arena, bld_view(&out));
	bld_free(&out);
	return r == 0 ? 0 : err_set(err, ERR_MALFORMED, "RFC 7515 2",
	    "%s is not base64url", what);
}

/* What of url stands before "/acme/": the CA's own base URL if it has one;
 * else (development) any "https://host". */
static bool
split_base(const struct config *config, struct span url, struct span *base,
    struct span *path)
{
	struct span own = span_str(config->base_url), scheme;
	const uint8_t *slash;

	if (config->base_url != NULL) {
		*base = own;
	} else {
		scheme = SPAN_LIT("https://");
		if (!span_starts_with(url, scheme))
			return false;
		slash = memchr(url.data + scheme.len, '/',
		    url.len - scheme.len);
		if (slash == NULL)
			return false;
		*base = span_of(url.data, (size_t)(slash - url.data));
	}
	if (!span_starts_with(url, *base))
		return false;
	*path = span_from(url, base->len);
	return true;
}

/* path is prefix, a number, suffix. */
static bool
is_numbered(struct span path, struct span prefix, struct span suffix,
    uint64_t *ret_id)
{
	struct span number;

	if (path.len <= prefix.len + suffix.len ||
	    !span_starts_with(path, prefix))
		return false;
	number = span_of(path.data + prefix.len,
	    path.len - prefix.len - suffix.len);
	return span_equal(span_from(path, path.len - suffix.len), suffix) &&
	    text_uint(number, INT64_MAX, ret_id) == 0;
}

/* The client signed the order's id, and the id has the order's age: so no
 * finalize can be kept for later, when the journal has forgotten it. An id may
 * lie in the future (after a clock was wrong); the journal remembers it for as
 * long. */
static int
check_order_age(const struct issue_context *context, struct issue *issue,
    uint64_t order_id, struct err *err)
{
	int64_t age;

	issue->order_at = ACME_ID_EPOCH_MS +
	    (int64_t)(order_id >> ACME_ID_RANDOM_BITS);
	age = env_now(context->env) - issue->order_at;
	if (age > context->config->order_lifetime_s * 1000 +
	    ISSUE_ORDER_GRACE_MS)
		return err_set(err, ERR_UNAUTHORIZED, "RFC 8555 7.1.6",
		    "the order has expired; make a new one");
	return 0;
}

static int
check_header(const struct issue_context *context, struct issue *issue,
    const struct jws_header *header, struct err *err)
{
	struct span base = SPAN_NONE, kid_base = SPAN_NONE;
	struct span path = SPAN_NONE, kid_path = SPAN_NONE;
	uint64_t order_id, account_id;

	if (header->alg != issue->key->alg)
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
		    "the finalize JWS says \"alg\" %s, but the account's key "
		    "is for %s", jwk_alg_name(header->alg),
		    jwk_alg_name(issue->key->alg));
	if (header->kid.len == 0)
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
		    "the finalize JWS has no \"kid\"");
	if (!split_base(context->config, header->url, &base, &path) ||
	    !is_numbered(path, SPAN_LIT(ACME_PATH_ORDER),
	    SPAN_LIT(ACME_PATH_FINALIZE), &order_id))
		return err_set(err, ERR_UNAUTHORIZED, "RFC 8555 6.4",
		    "the JWS was not made for an order's finalize URL of "
		    "this CA");
	if (!split_base(context->config, header->kid, &kid_base, &kid_path) ||
	    !span_equal(base, kid_base) || !is_numbered(kid_path,
	    SPAN_LIT(ACME_PATH_ACCOUNT), SPAN_NONE, &account_id))
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.2",
		    "the JWS's \"kid\" is no account URL of this CA");
	return check_order_age(context, issue, order_id, err);
}

static int
read_header(const struct issue_context *context, struct issue *issue,
    struct arena *arena, struct err *err)
{
	struct jws_header header = { 0 };
	struct span text = SPAN_NONE;
	int r = decode_part(issue->request->protected_b64, arena,
	    "the protected header", &text, err);

	if (r == 0)
		r = jws_header_parse(text, &header, err);
	if (r < 0)
		return r;
	r = check_header(context, issue, &header, err);
	jws_header_done(&header);
	return r;
}

static int
read_payload(const struct issue *issue, struct arena *arena,
    struct span *ret_csr, struct err *err)
{
	struct span text = SPAN_NONE;
	int r = decode_part(issue->request->payload_b64, arena, "the payload",
	    &text, err);

	return r < 0 ? r : finalize_get_csr(text, arena, ret_csr, err);
}

static int
read_csr(const struct issue_context *context, struct issue *issue,
    struct span der, struct arena *arena, struct err *err)
{
	int r = csr_parse(der, arena, &issue->csr, err);

	if (r < 0)
		return r;
	if (span_equal(issue->csr.spki, issue->request->account_spki))
		return err_set(err, ERR_BAD_CSR, "RFC 8555 11.1",
		    "the CSR's key is the account's key; make another");
	if (blocked_keys_has(context->blocked, issue->csr.spki))
		return err_set(err, ERR_BAD_CSR, "BR 6.1.1.3",
		    "others know the private half of the CSR's key; make "
		    "another");
	if (issue->csr.must_staple)
		return err_set(err, ERR_BAD_CSR, "RFC 7633 4",
		    "the CSR asks for OCSP must-staple, but this CA offers no "
		    "OCSP; ask without it");
	return 0;
}

/* Who else knows an account's key can do what its holder can, so its
 * signature says nothing. */
static int
check_account(const struct issue_context *context,
    const struct issue_request *request, struct err *err)
{
	if (!blocked_keys_has(context->blocked, request->account_spki))
		return 0;
	return err_set(err, ERR_UNAUTHORIZED, "RFC 8555 6.2",
	    "others know the private half of the account's key; make an "
	    "account with another");
}

int
issue_read(const struct issue_context *context, struct issue *issue,
    struct arena *arena, struct err *err)
{
	const struct issue_request *request = issue->request;
	struct span csr = SPAN_NONE;
	int r = jws_verify_parts(request->protected_b64, request->payload_b64,
	    request->signature, issue->key, err);

	if (r == 0)
		r = check_account(context, request, err);
	if (r == 0)
		r = read_header(context, issue, arena, err);
	if (r == 0)
		r = read_payload(issue, arena, &csr, err);
	if (r == 0)
		r = read_csr(context, issue, csr, arena, err);
	return r;
}
