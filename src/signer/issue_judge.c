/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May the holder of the account key have what it asks for?
 */
#include "signer/issue.h"

/* policy_evidence's find: whose attestation is it, really? */
static int
authenticate(void *ctx, const struct attestation *attestation,
    const struct policy_perspective **ret, struct err *err)
{
	const struct issue_context *context = ctx;

	for (size_t i = 0; i < context->num_perspectives; i++) {
		const struct issue_perspective *p = &context->perspectives[i];

		if (!span_equal_str(attestation->perspective, p->who.name))
			continue;
		if (!attestation_verify(attestation, p->key))
			return err_set(err, ERR_UNAUTHORIZED, "attestation",
			    "the attestation of perspective %s is forged",
			    p->who.name);
		*ret = &p->who;
		return 0;
	}
	return err_set(err, ERR_UNAUTHORIZED, "attestation",
	    "an attestation is by an unknown perspective");
}

static struct ident
base_of(struct ident name)
{
	if (ident_is_wildcard(&name))
		name.value = span_from(name.value, 2);
	return name;
}

static bool
is_asked_for(const struct ident_list *names, const struct attestation *att)
{
	for (size_t i = 0; i < names->count; i++) {
		struct ident base = base_of(names->items[i]);

		if (ident_is_wildcard(&names->items[i]) == att->wildcard &&
		    ident_compare(&base, &att->ident) == 0)
			return true;
	}
	return false;
}

/* RFC 8555 7.4: the CSR has the order's identifiers, all of them. An honest
 * core sends attestations of no others. */
static int
judge_completeness(const struct issue *issue, struct err *err)
{
	const struct issue_request *request = issue->request;

	for (size_t i = 0; i < request->num_attestations; i++)
		if (!is_asked_for(&issue->csr.names,
		    &request->attestations[i]))
			return err_set(err, ERR_BAD_CSR, "RFC 8555 7.4",
			    "the CSR lacks \"%s%.*s\", which the order has",
			    request->attestations[i].wildcard ? "*." : "",
			    SPAN_FMT(request->attestations[i].ident.value));
	return 0;
}

/* ... and no others. Whoever has evidence, but none that even speaks of this
 * name, has most likely put another name into the CSR than into the order. */
static int
judge_mention(const struct issue_request *request, const struct ident *name,
    struct err *err)
{
	struct ident base = base_of(*name);

	for (size_t i = 0; i < request->num_attestations; i++)
		if (ident_compare(&request->attestations[i].ident, &base) == 0)
			return 0;
	if (request->num_attestations == 0)
		return 0; /* for policy to refuse */
	return err_set(err, ERR_BAD_CSR, "RFC 8555 7.4", "the CSR has "
	    "\"%.*s\", which the order does not have: nobody attests it",
	    SPAN_FMT(name->value));
}

static int
judge_names(const struct issue_context *context, const struct issue *issue,
    int64_t now, struct err *err)
{
	const struct ident_list *names = &issue->csr.names;
	struct policy_evidence evidence = {
		.attestations = issue->request->attestations,
		.count = issue->request->num_attestations,
		.thumbprint = issue->key->thumbprint,
		.find = authenticate,
	};
	const void *ctx = context;
	int r = 0;

	memcpy(&evidence.ctx, &ctx, sizeof(ctx));
	for (size_t i = 0; r == 0 && i < names->count; i++) {
		r = judge_mention(issue->request, &names->items[i], err);
		if (r == 0)
			r = policy_check_ident(context->config,
			    &names->items[i], now, err);
		if (r == 0)
			r = policy_check_evidence(context->config,
			    &names->items[i], &evidence, now, err);
	}
	return r;
}

static int
judge_validity(const struct issue_context *context, struct issue *issue,
    int64_t now, struct err *err)
{
	const struct issue_request *request = issue->request;
	int r = policy_validity(context->config, request->not_before,
	    request->not_after, now, &issue->validity, err);

	if (r < 0)
		return r;
	if (issue->validity.not_after_s > context->issuer.not_after_s) {
		if (request->not_after != 0 || (request->not_before != 0 &&
		    issue->validity.not_before_s >=
		    context->issuer.not_after_s))
			return err_set(err, ERR_MALFORMED, "RFC 5280 6.1.3",
			    "the order asks for more time than the CA has "
			    "left");
		issue->validity.not_after_s = context->issuer.not_after_s;
	}
	if (issue->validity.not_after_s <= now / 1000)
		return err_set(err, ERR_INTERNAL, "RFC 5280 6.1.3",
		    "the issuing certificate has expired");
	return 0;
}

int
issue_judge(const struct issue_context *context, struct issue *issue,
    struct err *err)
{
	int64_t now = env_now(context->env);
	int r = policy_profile(issue->request->profile, &issue->profile, err);

	if (r == 0)
		r = judge_validity(context, issue, now, err);
	if (r == 0)
		r = judge_names(context, issue, now, err);
	if (r == 0)
		r = judge_completeness(issue, err);
	return r;
}
