/* SPDX-License-Identifier: Apache-2.0 */
#include "acme/problem.h"

#include <stdio.h>

#include "acme/objects_json.h"
#include "base/json.h"
#include "base/text.h"

#define PROBLEM_URN "urn:ietf:params:acme:error:"

struct problem_row {
	const char *type;
	int status;
	const char *detail; /* for kinds that are ours; NULL: the error's own */
};

#define INTERNAL "The server had an internal error, which is in its log"

/* The sentences are those of RFC 8555 section 6.7, whose table gives no HTTP
 * status: where another section sets it, that section stands behind. */
static const struct problem_row rows[ERR_KIND_COUNT] = {
	/* Ours: the server experienced an internal error. */
	[ERR_NONE] = { PROBLEM_URN "serverInternal", 500, INTERNAL },
	[ERR_INTERNAL] = { PROBLEM_URN "serverInternal", 500, INTERNAL },
	[ERR_IO] = { PROBLEM_URN "serverInternal", 500, INTERNAL },
	[ERR_FRAME] = { PROBLEM_URN "serverInternal", 500, INTERNAL },
	[ERR_CONFIG] = { PROBLEM_URN "serverInternal", 500, INTERNAL },
	[ERR_CONFLICT] = { PROBLEM_URN "serverInternal", 500,
	    "The object was changed meanwhile; send the request again" },
	[ERR_NOT_FOUND] = { PROBLEM_URN "serverInternal", 500, INTERNAL },
	[ERR_BUSY] = { PROBLEM_URN "serverInternal", 503,
	    "The server is busy; send the request again later" },
	/* The request specified an account that does not exist. 7.3.1 */
	[ERR_ACCOUNT_DOES_NOT_EXIST] =
	    { PROBLEM_URN "accountDoesNotExist", 400, NULL },
	/* The request specified a certificate to be revoked that has already
	 * been revoked. 7.6 */
	[ERR_ALREADY_REVOKED] = { PROBLEM_URN "alreadyRevoked", 400, NULL },
	/* The CSR is unacceptable (e.g., due to a short key). */
	[ERR_BAD_CSR] = { PROBLEM_URN "badCSR", 400, NULL },
	/* The client sent an unacceptable anti-replay nonce. 6.5 */
	[ERR_BAD_NONCE] = { PROBLEM_URN "badNonce", 400, NULL },
	/* The JWS was signed by a public key the server does not support.
	 * 6.2 */
	[ERR_BAD_PUBLIC_KEY] = { PROBLEM_URN "badPublicKey", 400, NULL },
	/* The revocation reason provided is not allowed by the server. */
	[ERR_BAD_REVOCATION_REASON] =
	    { PROBLEM_URN "badRevocationReason", 400, NULL },
	/* The JWS was signed with an algorithm the server does not support.
	 * 6.2 */
	[ERR_BAD_SIGNATURE_ALGORITHM] =
	    { PROBLEM_URN "badSignatureAlgorithm", 400, NULL },
	/* Certification Authority Authorization (CAA) records forbid the CA
	 * from issuing a certificate. */
	[ERR_CAA] = { PROBLEM_URN "caa", 403, NULL },
	/* Specific error conditions are indicated in the "subproblems"
	 * array. */
	[ERR_COMPOUND] = { PROBLEM_URN "compound", 400, NULL },
	/* The server could not connect to validation target. */
	[ERR_CONNECTION] = { PROBLEM_URN "connection", 400, NULL },
	/* There was a problem with a DNS query during identifier
	 * validation. */
	[ERR_DNS] = { PROBLEM_URN "dns", 400, NULL },
	/* The request must include a value for the "externalAccountBinding"
	 * field. */
	[ERR_EXTERNAL_ACCOUNT_REQUIRED] =
	    { PROBLEM_URN "externalAccountRequired", 403, NULL },
	/* Response received didn't match the challenge's requirements. */
	[ERR_INCORRECT_RESPONSE] =
	    { PROBLEM_URN "incorrectResponse", 403, NULL },
	/* A contact URL for an account was invalid. */
	[ERR_INVALID_CONTACT] = { PROBLEM_URN "invalidContact", 400, NULL },
	/* The request specified a profile which this server does not
	 * support: draft-ietf-acme-profiles 6.3 */
	[ERR_INVALID_PROFILE] = { PROBLEM_URN "invalidProfile", 400, NULL },
	/* The request message was malformed. */
	[ERR_MALFORMED] = { PROBLEM_URN "malformed", 400, NULL },
	/* The request attempted to finalize an order that is not ready to be
	 * finalized. 7.4 */
	[ERR_ORDER_NOT_READY] = { PROBLEM_URN "orderNotReady", 403, NULL },
	/* The request exceeds a rate limit. 6.6; status of RFC 6585 4 */
	[ERR_RATE_LIMITED] = { PROBLEM_URN "rateLimited", 429, NULL },
	/* The server will not issue certificates for the identifier. */
	[ERR_REJECTED_IDENTIFIER] =
	    { PROBLEM_URN "rejectedIdentifier", 400, NULL },
	/* The server received a TLS error during validation. */
	[ERR_TLS] = { PROBLEM_URN "tls", 400, NULL },
	/* The client lacks sufficient authorization. 7.6 */
	[ERR_UNAUTHORIZED] = { PROBLEM_URN "unauthorized", 403, NULL },
	/* A contact URL for an account used an unsupported protocol
	 * scheme. */
	[ERR_UNSUPPORTED_CONTACT] =
	    { PROBLEM_URN "unsupportedContact", 400, NULL },
	/* An identifier is of an unsupported type. */
	[ERR_UNSUPPORTED_IDENTIFIER] =
	    { PROBLEM_URN "unsupportedIdentifier", 400, NULL },
	/* Visit the "instance" URL and take actions specified there. 7.3.3 */
	[ERR_USER_ACTION_REQUIRED] =
	    { PROBLEM_URN "userActionRequired", 403, NULL },
	/* As unauthorized, for accounts that are no longer valid. 7.3.6 */
	[ERR_ACCOUNT_NOT_VALID] = { PROBLEM_URN "unauthorized", 401, NULL },
	/* As malformed. 6.3 */
	[ERR_METHOD_NOT_ALLOWED] = { PROBLEM_URN "malformed", 405, NULL },
	/* As malformed: RFC 9110 15.5.5, 15.5.14 */
	[ERR_NO_SUCH_RESOURCE] = { PROBLEM_URN "malformed", 404, NULL },
	[ERR_TOO_LARGE] = { PROBLEM_URN "malformed", 413, NULL },
	/* As malformed. 6.2 */
	[ERR_UNSUPPORTED_MEDIA] = { PROBLEM_URN "malformed", 415, NULL },
};

static const struct problem_row *
row_of(enum err_kind kind)
{
	return &rows[(unsigned)kind < ERR_KIND_COUNT ? kind : ERR_INTERNAL];
}

const char *
problem_type(enum err_kind kind)
{
	return row_of(kind)->type;
}

int
problem_status(enum err_kind kind)
{
	return row_of(kind)->status;
}

struct problem
problem_of(const struct err *err)
{
	const char *fixed = row_of(err->kind)->detail;

	return (struct problem){
		.kind = err->kind,
		.detail = span_str(fixed != NULL ? fixed : err->text),
		.rule = span_str(fixed != NULL ? NULL : err->rule),
	};
}

struct problem_sub
problem_sub_of(const struct err *err, const struct ident *ident,
    struct arena *arena)
{
	struct problem problem = problem_of(err);

	return (struct problem_sub){
		.kind = problem.kind,
		.ident = *ident,
		.detail = arena_dup(arena, problem.detail),
		.rule = problem.rule,
	};
}

static struct span
join(struct span detail, struct span rule, char text[PROBLEM_DETAIL_MAX])
{
	if (rule.len == 0)
		return detail;
	snprintf(text, PROBLEM_DETAIL_MAX, "%.*s (%.*s)", SPAN_FMT(detail),
	    SPAN_FMT(rule));
	return span_str(text);
}

struct span
problem_detail(const struct problem *problem, char text[PROBLEM_DETAIL_MAX])
{
	return join(problem->detail, problem->rule, text);
}

static void
put_type_and_detail(struct bld *out, enum err_kind kind, struct span detail)
{
	bld_str(out, "{\"type\":\"");
	bld_str(out, problem_type(kind));
	bld_str(out, "\",\"detail\":");
	json_put_string(out, detail);
}

static void
put_sub(struct bld *out, const struct problem_sub *sub)
{
	char text[PROBLEM_DETAIL_MAX];

	put_type_and_detail(out, sub->kind,
	    join(sub->detail, sub->rule, text));
	if (sub->ident.type != 0) {
		bld_str(out, ",\"identifier\":");
		ident_put_json(out, &sub->ident);
	}
	bld_u8(out, '}');
}

/* "The problem document returned with the error MUST include an "algorithms"
 * field with an array of supported "alg" values." RFC 8555 section 6.2. */
static void
put_algorithms(struct bld *out)
{
	static const enum jwk_alg algs[] = {
		JWK_ES256, JWK_ES384, JWK_ES512, JWK_RS256, JWK_EDDSA
	};

	bld_str(out, ",\"algorithms\":[");
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		bld_fmt(out, "%s\"%s\"", i > 0 ? "," : "",
		    jwk_alg_name(algs[i]));
	bld_u8(out, ']');
}

void
problem_put_json(struct bld *out, const struct problem *problem)
{
	char text[PROBLEM_DETAIL_MAX];

	put_type_and_detail(out, problem->kind,
	    problem_detail(problem, text));
	bld_str(out, ",\"status\":");
	text_decimal(out, problem_status(problem->kind));
	if (problem->kind == ERR_BAD_SIGNATURE_ALGORITHM)
		put_algorithms(out);
	if (problem->num_subs > 0) {
		bld_str(out, ",\"subproblems\":[");
		for (size_t i = 0; i < problem->num_subs; i++) {
			if (i > 0)
				bld_u8(out, ',');
			put_sub(out, &problem->subs[i]);
		}
		bld_u8(out, ']');
	}
	bld_u8(out, '}');
}

static enum err_kind
decode_kind(struct cur *cur)
{
	struct span name = cur_span16(cur);

	for (int kind = 0; kind < ERR_KIND_COUNT; kind++) {
		if (span_equal_str(name, err_kind_name((enum err_kind)kind)))
			return (enum err_kind)kind;
	}
	cur->failed = true;
	return ERR_NONE;
}

static struct span
decode_detail(struct cur *cur)
{
	struct span detail = cur_span16(cur);

	if (detail.len > PROBLEM_DETAIL_MAX)
		cur->failed = true;
	return detail;
}

/* A subproblem need not be about one identifier: type 0 stands for none. */
static void
encode_sub(struct bld *out, const struct problem_sub *sub)
{
	char text[PROBLEM_DETAIL_MAX];

	bld_span16(out, span_str(err_kind_name(sub->kind)));
	bld_span16(out, join(sub->detail, sub->rule, text));
	bld_u8(out, sub->ident.type != 0);
	if (sub->ident.type != 0)
		ident_encode(out, &sub->ident);
}

static void
decode_sub(struct cur *cur, struct problem_sub *ret)
{
	*ret = (struct problem_sub){ .kind = decode_kind(cur) };
	ret->detail = decode_detail(cur);
	if (cur_bool(cur))
		ident_decode(cur, &ret->ident);
}

void
problem_encode(struct bld *out, const struct problem *problem)
{
	struct span name = span_str(err_kind_name(problem->kind));
	char text[PROBLEM_DETAIL_MAX];

	bld_span16(out, name);
	if (problem->kind == ERR_NONE)
		return;
	bld_span16(out, problem_detail(problem, text));
	bld_u64(out, (uint64_t)problem->retry_after_s);
	bld_u16(out, (uint16_t)problem->num_subs);
	for (size_t i = 0; i < problem->num_subs; i++)
		encode_sub(out, &problem->subs[i]);
}

void
problem_decode(struct cur *cur, struct arena *arena, struct problem *ret)
{
	*ret = (struct problem){ .kind = decode_kind(cur) };
	if (ret->kind == ERR_NONE)
		return;
	ret->detail = decode_detail(cur);
	ret->retry_after_s = (int64_t)cur_u64(cur);
	ret->num_subs = cur_count(cur, PROBLEM_SUBPROBLEMS_MAX);
	if (ret->num_subs == 0)
		return;
	ret->subs = arena_alloc(arena, ret->num_subs * sizeof(*ret->subs));
	for (size_t i = 0; i < ret->num_subs; i++)
		decode_sub(cur, &ret->subs[i]);
}
