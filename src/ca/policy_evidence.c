/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which attestations count for a name, and whether they are enough.
 */
#include "ca/policy.h"

struct tally {
	const struct policy_perspective *counted[ATTESTATIONS_PER_IDENT_MAX];
	int64_t at[ATTESTATIONS_PER_IDENT_MAX];
	size_t count;
	struct err why_not; /* the first that was about this name */
};

struct question {
	const struct config *config;
	const struct policy_row *policy;
	struct span name;      /* as it will stand in the certificate */
	struct ident base;
	bool wildcard;
	const uint8_t *thumbprint;
	int64_t now;
};

/* Whether an attestation is about the name in question at all. */
static bool
is_about(const struct question *q, const struct attestation *att)
{
	return ident_compare(&att->ident, &q->base) == 0;
}

static int
check_claims(const struct question *q, const struct attestation *att,
    struct err *err)
{
	if (memcmp(att->thumbprint, q->thumbprint, JWK_THUMBPRINT_SIZE) != 0)
		return err_set(err, ERR_UNAUTHORIZED, "RFC 8555 8.1",
		    "\"%.*s\" was validated for another account key",
		    SPAN_FMT(q->name));
	if (att->wildcard != q->wildcard)
		return err_set(err, ERR_UNAUTHORIZED, "RFC 8555 7.1.4",
		    "\"%.*s\" was validated as a name %s wildcard",
		    SPAN_FMT(q->name), att->wildcard ? "with" : "without");
	if ((policy_challenges(q->config, &q->base, q->wildcard) &
	    1u << att->method) == 0)
		return err_set(err, ERR_UNAUTHORIZED, "BR 3.2.2.4",
		    "\"%.*s\" may not be validated by %s", SPAN_FMT(q->name),
		    challenge_type_name(att->method));
	return 0;
}

static int
check_time(const struct question *q, const struct attestation *att,
    struct err *err)
{
	int64_t age, reuse;

	/* Times come from a frame: no difference may overflow. */
	if (att->at > q->now + POLICY_SKEW_MS)
		return err_set(err, ERR_UNAUTHORIZED, q->policy->reuse_rule,
		    "the validation of \"%.*s\" lies in the future",
		    SPAN_FMT(q->name));
	age = att->at < 0 ? q->now : q->now - att->at;
	reuse = policy_authz_lifetime_ms(q->config, q->now) + POLICY_GRACE_MS;
	if (age > reuse || age > q->policy->reuse_max_s * 1000)
		return err_set(err, ERR_UNAUTHORIZED, q->policy->reuse_rule,
		    "the validation of \"%.*s\" is %lld seconds old, too old "
		    "to be used again", SPAN_FMT(q->name),
		    (long long)(age / 1000));
	if (age > q->policy->caa_age_max_s * 1000)
		return err_set(err, ERR_UNAUTHORIZED, "BR 3.2.2.8",
		    "the CAA check of \"%.*s\" is older than 8 hours",
		    SPAN_FMT(q->name));
	return 0;
}

static int
check_caa(const struct question *q, const struct attestation *att,
    struct err *err)
{
	switch (att->caa) {
	case CAA_PERMITS:
		return 0;
	case CAA_FORBIDS:
		return err_set(err, ERR_CAA, "RFC 8659 3",
		    "CAA records forbid this CA to issue for \"%.*s\"",
		    SPAN_FMT(q->name));
	case CAA_NOT_CHECKED:
		break;
	}
	/* RFC 8659 is about domain names; `signetd dev` may validate
	 * nothing at all. */
	if ((!q->policy->caa_needed && q->config->caa_identity == NULL) ||
	    q->base.type != IDENT_DNS ||
	    (q->config->dev && q->config->dev_always_valid))
		return 0;
	return err_set(err, ERR_UNAUTHORIZED, "BR 3.2.2.8",
	    "CAA records of \"%.*s\" were not checked", SPAN_FMT(q->name));
}

static void
count_one(const struct question *q, const struct policy_evidence *evidence,
    const struct attestation *att, struct tally *tally)
{
	const struct policy_perspective *who = NULL;
	struct err err = ERR_INIT;
	int r = evidence->find(evidence->ctx, att, &who, &err);

	if (r == 0)
		r = check_claims(q, att, &err);
	if (r == 0)
		r = check_time(q, att, &err);
	if (r == 0)
		r = check_caa(q, att, &err);
	if (r < 0) {
		if (tally->why_not.kind == ERR_NONE)
			tally->why_not = err;
		return;
	}
	for (size_t i = 0; i < tally->count; i++)
		if (tally->counted[i] == who) {
			/* The newer one speaks for it. */
			if (att->at > tally->at[i])
				tally->at[i] = att->at;
			return;
		}
	if (tally->count < ATTESTATIONS_PER_IDENT_MAX) {
		tally->at[tally->count] = att->at;
		tally->counted[tally->count++] = who;
	}
}

struct quorum {
	unsigned primary, remote, rirs;
};

/* Of one attempt: what lies in a window that begins at start. */
static struct quorum
quorum_from(const struct question *q, const struct tally *tally,
    int64_t start)
{
	struct quorum found = { 0 };
	unsigned seen = 0;

	for (size_t i = 0; i < tally->count; i++) {
		const struct policy_perspective *who = tally->counted[i];

		if (tally->at[i] < start ||
		    tally->at[i] - start > q->policy->attempt_max_s * 1000)
			continue;
		if (!who->remote) {
			found.primary++;
			continue;
		}
		found.remote++;
		if (who->rir != POLICY_RIR_NONE &&
		    (seen & 1u << who->rir) == 0) {
			seen |= 1u << who->rir;
			found.rirs++;
		}
	}
	return found;
}

static int
check_quorum(const struct question *q, const struct tally *tally,
    struct err *err)
{
	const struct policy_row *p = q->policy;
	struct quorum best = { 0 };

	for (size_t i = 0; i < tally->count; i++) {
		struct quorum found = quorum_from(q, tally, tally->at[i]);

		if (found.primary > 0 && found.remote >= p->remote_agree &&
		    found.rirs >= p->rirs_needed)
			return 0;
		if (found.primary + found.remote > best.primary + best.remote)
			best = found;
	}
	if (tally->why_not.kind != ERR_NONE) {
		if (err != NULL)
			*err = tally->why_not;
		return -(int)tally->why_not.kind;
	}
	if (best.primary + best.remote == 0)
		return err_set(err, ERR_UNAUTHORIZED, p->perspectives_rule,
		    "nobody attests control of \"%.*s\"", SPAN_FMT(q->name));
	return err_set(err, ERR_UNAUTHORIZED, p->perspectives_rule,
	    "control of \"%.*s\" was seen by %u primary and %u remote "
	    "perspectives in %u registries' regions; needed are 1, %u and %u",
	    SPAN_FMT(q->name), best.primary, best.remote, best.rirs,
	    p->remote_agree, p->rirs_needed);
}

int
policy_check_evidence(const struct config *config, const struct ident *ident,
    const struct policy_evidence *evidence, int64_t now, struct err *err)
{
	struct tally tally = { .why_not = ERR_INIT };
	struct question q = {
		.config = config,
		.policy = policy_at(config->program, now),
		.name = ident->value,
		.base = *ident,
		.wildcard = ident_is_wildcard(ident),
		.thumbprint = evidence->thumbprint,
		.now = now,
	};

	if (q.wildcard)
		q.base.value = span_from(q.base.value, 2);
	for (size_t i = 0; i < evidence->count; i++)
		if (is_about(&q, &evidence->attestations[i]))
			count_one(&q, evidence, &evidence->attestations[i],
			    &tally);
	return check_quorum(&q, &tally, err);
}
