/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/judge/trouble.h"

#include <stdio.h>

#include "base/text.h"

#define NAMES_SAID_MAX 5 /* to which the same happened */

static const char trouble_of_its_own[] = "the CA has trouble of its own: the "
    "next run tries again";

/* By the problem's type (RFC 8555 6.7 and later), then by cause. "%s" stands
 * for the name where the sentence needs one. */
static const struct {
	const char *type;
	const char *remedy;
} remedies[] = {
	{ "rateLimited", "wait: the next run tries again by itself; "
	    "certificates that are there stay in use" },
	{ "unauthorized", "check that the name's address is this host's and "
	    "that the challenge can be reached from the Internet" },
	{ "incorrectResponse", "check that requests for "
	    "/.well-known/acme-challenge/ reach the folder or program that "
	    "--via names" },
	{ "connection", "open port 80 (http-01) or 443 (tls-alpn-01) of every "
	    "address that the name has, IPv6 too" },
	{ "dns", "give the name an A or AAAA record, and check that all its "
	    "name servers answer" },
	{ "tls", "check what answers on port 443 of the name's addresses" },
	{ "caa", "add the CA to the name's CAA records, or remove them" },
	{ "rejectedIdentifier", "ask for names only that the CA may certify" },
	{ "unsupportedIdentifier", "ask for names only of the kind that the CA "
	    "certifies, or ask another CA with --ca" },
	{ "externalAccountRequired", "get a key identifier and a key from the "
	    "CA, and set eab_kid and eab_key_file in the ca block of "
	    "signet.conf" },
	{ "userActionRequired", "open the page that is named and do what it "
	    "asks" },
	{ "accountDoesNotExist", "the CA has forgotten the account: "
	    "`signet account update` makes a new one" },
	{ "invalidContact", "write e-mail addresses that exist with --email" },
	{ "unsupportedContact", "write e-mail addresses with --email" },
	{ "badCSR", "choose another type of key with --key" },
	{ "badPublicKey", "choose another type of key with --key" },
	{ "invalidProfile", "choose a profile that the CA has" },
	{ "badNonce", trouble_of_its_own },
	{ "serverInternal", trouble_of_its_own },
};

static const char unreachable[] = "check the network and the URL of the CA; "
    "if its certificate is not trusted, this machine's clock, or give its "
    "roots with --ca-file";

static const char nonsense[] = "check that the URL is that of an ACME "
    "directory; if it is, tell the CA's operator, and ask another CA";

static const char *const by_cause[CLIENT_CAUSE_COUNT] = {
	[CLIENT_REFUSED] = "the CA's words say what it wants",
	[CLIENT_UNREACHABLE] = unreachable,
	[CLIENT_NONSENSE] = nonsense,
	[CLIENT_TIMEOUT] = "the next run goes on where this one ended",
	[CLIENT_SETUP] = "change the configuration as it says",
	[CLIENT_DECLINED] = "mend that, or choose another --via",
	[CLIENT_SIGNING] = "check the keys in the state's folder accounts",
	[CLIENT_CANCELLED] = "start it again",
	[CLIENT_LACKING] = "ask the CA's operator whether there is another way",
};

static const char *
find_remedy(const struct client_problem *problem)
{
	struct span type = problem->type;

	if (problem->cause == CLIENT_SETUP && problem->terms_url.len > 0)
		return "read the terms and agree to them with --agree-terms";
	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
		if (span_equal_str(type, remedies[i].type))
			return remedies[i].remedy;
		for (size_t j = 0; j < problem->num_subs; j++) {
			if (span_equal_str(type, "compound") && span_equal_str(
			    problem->subs[j].type, remedies[i].type))
				return remedies[i].remedy;
		}
	}
	return by_cause[problem->cause];
}

/* RFC 9457 4.2.1: about:blank says nothing; and compound nothing that the
 * subproblems do not say (RFC 8555 6.7.1). */
static void
put_type(struct bld *out, struct span type)
{
	if (type.len > 0 && !span_equal_str(type, "about:blank") &&
	    !span_equal_str(type, "compound"))
		bld_fmt(out, " (%.*s)", SPAN_FMT(type));
}

static bool
is_alike(const struct client_subproblem *a, const struct client_subproblem *b)
{
	return a->method == b->method && span_equal(a->type, b->type) &&
	    span_equal(a->detail, b->detail);
}

/* The names of all that say what the one at i says: what fails for one name
 * fails as a rule for the others. False if an earlier one has told it. */
static bool
put_names(struct bld *out, const struct client_problem *problem, size_t i)
{
	const struct client_subproblem *subs = problem->subs;
	size_t said = 0, more = 0;

	for (size_t j = 0; j < i; j++)
		if (is_alike(&subs[j], &subs[i]))
			return false;
	bld_str(out, out->len == 0 ? "" : "; ");
	for (size_t j = i; j < problem->num_subs; j++) {
		if (!is_alike(&subs[j], &subs[i]) || subs[j].ident.type == 0)
			continue;
		if (said == NAMES_SAID_MAX)
			more++;
		else
			bld_fmt(out, "%s%.*s", said++ == 0 ? "" : ", ",
			    SPAN_FMT(subs[j].ident.value));
	}
	if (more > 0)
		bld_fmt(out, " and %zu more", more);
	bld_str(out, said == 0 ? "" : ": ");
	return true;
}

static void
put_subs(struct bld *out, const struct client_problem *problem)
{
	for (size_t i = 0; i < problem->num_subs; i++) {
		const struct client_subproblem *sub = &problem->subs[i];

		/* Of a single name, the CA's sentence is often the same. */
		if (sub->detail.len == 0 || memmem(problem->detail.data,
		    problem->detail.len, sub->detail.data, sub->detail.len) !=
		    NULL || !put_names(out, problem, i))
			continue;
		if (sub->method != 0)
			bld_fmt(out, "%s: ", client_method_name(sub->method));
		bld_span(out, sub->detail);
		put_type(out, sub->type);
	}
}

static void
put_text(const struct client_problem *problem, char *out, size_t size)
{
	char until[TEXT_TIME_SIZE];
	struct bld text;

	bld_init(&text, 65536);
	bld_span(&text, problem->detail);
	put_type(&text, problem->type);
	put_subs(&text, problem);
	if (problem->retry_at > 0) {
		text_time(until, problem->retry_at);
		bld_fmt(&text, "; the CA asks to wait until %s", until);
	}
	if (problem->instance.len > 0)
		bld_fmt(&text, "; see %.*s", SPAN_FMT(problem->instance));
	if (problem->terms_url.len > 0)
		bld_fmt(&text, "; the terms are at %.*s",
		    SPAN_FMT(problem->terms_url));
	text_printable(out, size, bld_view(&text));
	bld_free(&text);
}

void
trouble_judge(const struct client_problem *problem, struct trouble *ret)
{
	*ret = (struct trouble){ .next = TROUBLE_OTHER_CA,
	    .retry_at = problem->retry_at };
	/* Nothing was asked of the CA, or nobody could prove anything. */
	if (problem->cause == CLIENT_DECLINED ||
	    problem->cause == CLIENT_CANCELLED)
		ret->next = TROUBLE_OURS;
	/* RFC 8555 6.7: weak, known to others, or of a kind that it does not
	 * take. */
	else if (span_equal_str(problem->type, "badPublicKey") ||
	    span_equal_str(problem->type, "badCSR"))
		ret->next = TROUBLE_OTHER_KEY;
	put_text(problem, ret->text, sizeof(ret->text));
	snprintf(ret->remedy, sizeof(ret->remedy), "%s", find_remedy(problem));
}

bool
trouble_concerns(const struct client_problem *problem,
    const struct ident *ident)
{
	bool named = false;

	for (size_t i = 0; i < problem->num_subs; i++) {
		const struct ident *sub = &problem->subs[i].ident;

		if (sub->type == 0)
			continue;
		named = true;
		if (ident_compare(sub, ident) == 0 ||
		    (ident_is_wildcard(ident) && span_equal(sub->value,
		    span_from(ident->value, 2))))
			return true;
	}
	return !named;
}
