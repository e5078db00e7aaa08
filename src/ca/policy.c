/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/policy.h"

#include <inttypes.h>
#include <stdio.h>

#include "ca/policy_names.h"

#define DAY_S 86400
#define HOUR_S 3600

/* Midnight UTC of the dates of Baseline Requirements 1.2.2. */
#define D_2025_03_15 1741996800
#define D_2025_09_15 1757894400
#define D_2026_03_15 1773532800
#define D_2026_06_15 1781481600
#define D_2026_12_15 1797292800
#define D_2027_03_15 1805068800
#define D_2029_03_15 1868227200

#define BR_6_3_2 "BR 6.3.2"
#define BR_4_2_1 "BR 4.2.1"
#define BR_3_2_2_9 "BR 3.2.2.9"

/* A validation's CAA check is good for this long (BR 3.2.2.8, 8 hours), so a
 * validation that leads to issuance may not be older either; an hour of it is
 * left between an authorization's expiry and the signature. */
#define CAA_AGE_S (8 * HOUR_S)

#define WEBPKI(from, lifetime, reuse, remote, agree, rirs) { \
	.program = PROGRAM_WEBPKI, .from_s = (from), \
	.lifetime_max_s = (lifetime) * DAY_S, \
	.reuse_max_s = (reuse) * DAY_S, \
	.caa_needed = true, .caa_age_max_s = CAA_AGE_S, \
	.remote_needed = (remote), .remote_agree = (agree), \
	.rirs_needed = (rirs), .attempt_max_s = 600, .labels_min = 2, \
	.lifetime_rule = BR_6_3_2, .reuse_rule = BR_4_2_1, \
	.perspectives_rule = BR_3_2_2_9 }

/* By program, then date. The remote perspectives that must agree are those
 * that must be asked less the non-corroborations that the Quorum Requirements
 * of BR 3.2.2.9 allow: one of 2 to 5. */
static const struct policy_row rows[] = {
	{
		.program = PROGRAM_PRIVATE,
		.from_s = 0,
		/* No program binds a private CA; browsers refuse more. */
		.lifetime_max_s = 825 * DAY_S,
		.reuse_max_s = 398 * DAY_S,
		/* Names inside an organisation are often ones whose CAA cannot
		 * be looked up at all; a CA that has a CAA identity is held to
		 * it (policy_evidence.c). */
		.caa_needed = false,
		.caa_age_max_s = 398 * DAY_S,
		.attempt_max_s = 600,
		.labels_min = 1,
		.lifetime_rule = "certificate_lifetime",
		.reuse_rule = "authorization_lifetime",
		.perspectives_rule = "RFC 8555 8",
	},
	/*     from          days  reuse  asked agree registries */
	WEBPKI(0,            398,  398,   0,    0,    0),
	WEBPKI(D_2025_03_15, 398,  398,   2,    0,    0),
	WEBPKI(D_2025_09_15, 398,  398,   2,    1,    0),
	WEBPKI(D_2026_03_15, 200,  200,   3,    2,    2),
	WEBPKI(D_2026_06_15, 200,  200,   4,    3,    2),
	WEBPKI(D_2026_12_15, 200,  200,   5,    4,    2),
	WEBPKI(D_2027_03_15, 100,  100,   5,    4,    2),
	WEBPKI(D_2029_03_15, 47,   10,    5,    4,    2),
};
#define NUM_ROWS (sizeof(rows) / sizeof(rows[0]))

static const struct policy_profile profiles[] = {
	{
		.name = "default",
		.description = "TLS server certificates with the common name "
		    "that the request asks for",
		.common_name = true,
		.key_encipherment = true,
	},
};
#define NUM_PROFILES (sizeof(profiles) / sizeof(profiles[0]))

const struct policy_row *
policy_rows(size_t *ret_count)
{
	*ret_count = NUM_ROWS;
	return rows;
}

const struct policy_row *
policy_at(enum config_program program, int64_t now)
{
	const struct policy_row *found = &rows[0];

	for (size_t i = 0; i < NUM_ROWS; i++)
		if (rows[i].program == program && rows[i].from_s <= now / 1000)
			found = &rows[i];
	return found;
}

const struct policy_profile *
policy_profiles(size_t *ret_count)
{
	*ret_count = NUM_PROFILES;
	return profiles;
}

int
policy_profile(struct span name, const struct policy_profile **ret,
    struct err *err)
{
	char shown[ACME_PROFILE_MAX + 1];

	if (name.len == 0) {
		*ret = &profiles[0];
		return 0;
	}
	for (size_t i = 0; i < NUM_PROFILES; i++)
		if (span_equal_str(name, profiles[i].name)) {
			*ret = &profiles[i];
			return 0;
		}
	snprintf(shown, sizeof(shown), "%.*s", SPAN_FMT(name));
	return err_set(err, ERR_INVALID_PROFILE, "draft-ietf-acme-profiles 4",
	    "profile \"%s\" is unknown; ask for \"default\" or for none",
	    shown);
}

int
policy_check_ident(const struct config *config, const struct ident *ident,
    int64_t now, struct err *err)
{
	const struct policy_row *policy = policy_at(config->program, now);
	struct ident base = *ident;
	bool wildcard = ident_is_wildcard(ident);
	int r;

	if (ident->type == IDENT_IP)
		return err_set(err, ERR_UNSUPPORTED_IDENTIFIER, "RFC 8738 3",
		    "this CA issues for DNS names only, not for IP addresses");
	if (wildcard)
		base.value = span_from(base.value, 2);
	r = policy_names_check(policy, &base, wildcard, now, err);
	if (r < 0)
		return r;
	if (policy_challenges(config, &base, wildcard) == 0)
		return err_set(err, ERR_REJECTED_IDENTIFIER, "BR 3.2.2.4.19",
		    "\"%.*s\" is a wildcard, which needs a challenge over DNS, "
		    "which this CA does not offer", SPAN_FMT(ident->value));
	return 0;
}

uint32_t
policy_challenges(const struct config *config, const struct ident *ident,
    bool wildcard)
{
	(void)config;
	/* BR 3.2.2.4.19: http-01 is not for wildcards. */
	if (ident->type != IDENT_DNS || wildcard)
		return 0;
	return 1u << CHALLENGE_HTTP_01;
}

static int64_t
min_of(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
policy_authz_lifetime_ms(const struct config *config, int64_t now)
{
	const struct policy_row *policy = policy_at(config->program, now);
	int64_t limit_s = min_of(policy->reuse_max_s, policy->caa_age_max_s);

	return min_of(config->authz_lifetime_s * 1000,
	    limit_s * 1000 - POLICY_GRACE_MS);
}

static int
check_asked(const struct policy_row *policy, int64_t max_s,
    const struct policy_validity *v, int64_t now_s, struct err *err)
{
	int64_t asked_s = v->not_after_s - v->not_before_s + 1;

	/* BR 7.1.2.7: notBefore within 48 hours of the signature. */
	if (v->not_before_s < now_s - 48 * HOUR_S ||
	    v->not_before_s > now_s + 48 * HOUR_S)
		return err_set(err, ERR_MALFORMED, "BR 7.1.2.7",
		    "notBefore is more than 48 hours away; leave it out");
	if (v->not_after_s <= v->not_before_s || v->not_after_s <= now_s)
		return err_set(err, ERR_MALFORMED, "RFC 8555 7.4",
		    "notAfter must be later than notBefore and than now");
	if (asked_s > max_s)
		return err_set(err, ERR_MALFORMED, policy->lifetime_rule,
		    "the order asks for a validity of %" PRId64 " seconds; at "
		    "most %" PRId64 " are allowed", asked_s, max_s);
	return 0;
}

/* When a certificate begins whose order does not say: a little ago, for clients'
 * slow clocks, but not so long ago that until the end that the order asks for
 * it would be too long. Both ends belong to the lifetime, so all of it, asked
 * for in this second, begins with the next. */
static int64_t
choose_start(int64_t not_after, int64_t max_s, int64_t now_s)
{
	int64_t start = now_s - min_of(POLICY_BACKDATE_S, max_s / 10);
	int64_t earliest = not_after / 1000 - max_s + 1;

	return not_after == 0 || earliest <= start ? start :
	    min_of(earliest, now_s + 1);
}

int
policy_validity(const struct config *config, int64_t not_before,
    int64_t not_after, int64_t now, struct policy_validity *ret,
    struct err *err)
{
	const struct policy_row *policy = policy_at(config->program, now);
	int64_t max_s = min_of(policy->lifetime_max_s,
	    config->certificate_lifetime_s);
	int64_t now_s = now / 1000;

	/* The lifetime counts from notBefore, and both ends belong to it
	 * (RFC 5280 4.1.2.5), so 90 days end one second early. */
	ret->not_before_s = not_before != 0 ? not_before / 1000 :
	    choose_start(not_after, max_s, now_s);
	ret->not_after_s = not_after != 0 ? not_after / 1000 :
	    ret->not_before_s + max_s - 1;
	return check_asked(policy, max_s, ret, now_s, err);
}

int
policy_check_order(const struct config *config, int64_t not_before,
    int64_t not_after, struct span profile, int64_t now,
    const struct policy_profile **ret_profile, struct err *err)
{
	struct policy_validity validity;
	int r = policy_profile(profile, ret_profile, err);

	if (r < 0)
		return r;
	return policy_validity(config, not_before, not_after, now, &validity,
	    err);
}
