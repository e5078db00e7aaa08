/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CA_POLICY_H
#define SIGNET_CA_POLICY_H

/*
 * policy: what may be issued, by dated rows.
 *
 * A row says what one program (the private use of a CA, or the Web PKI under
 * the CA/Browser Forum's Baseline Requirements) demands from a date on; the
 * clock picks the row. Core asks policy early, so that a client hears no
 * before it works in vain; the signer asks again with the evidence, and only
 * its answer counts. Both ask the same functions.
 *
 * Every refusal names its rule and section.
 */

#include "conf/config.h"
#include "rpc/attestation.h"

#define POLICY_SKEW_MS 60000           /* a perspective's clock may be ahead */
#define POLICY_GRACE_MS (3600 * 1000)  /* from authz expiry to signature */
#define POLICY_BACKDATE_S 3600         /* notBefore, for clients' slow clocks */

/* Regional Internet Registries: BR 3.2.2.9. */
enum policy_rir {
	POLICY_RIR_NONE, POLICY_RIR_AFRINIC, POLICY_RIR_APNIC, POLICY_RIR_ARIN,
	POLICY_RIR_LACNIC, POLICY_RIR_RIPE
};

struct policy_row {
	int64_t from_s;            /* effective from this Unix second on */
	int64_t lifetime_max_s;    /* of a certificate */
	int64_t reuse_max_s;       /* of a completed validation */
	int64_t caa_age_max_s;     /* of a CAA check, at issuance */
	int64_t attempt_max_s;     /* one attempt's attestations lie within */
	const char *lifetime_rule, *reuse_rule, *perspectives_rule;
	enum config_program program;
	unsigned remote_needed;    /* remote perspectives to ask */
	unsigned remote_agree;     /* of them that must corroborate */
	unsigned rirs_needed;      /* registries among those that do */
	unsigned labels_min;       /* in a DNS name */
	bool caa_needed;           /* even without a configured CAA identity */
};

/* What a certificate of a profile looks like. */
struct policy_profile {
	const char *name;
	const char *description;
	bool common_name;          /* the CSR's, if it has one that fits */
	bool key_encipherment;     /* for RSA keys */
};

/* A perspective as the signer knows it. */
struct policy_perspective {
	char name[ATTESTATION_PERSPECTIVE_MAX + 1];
	bool remote;
	enum policy_rir rir;
};

struct policy_validity {
	int64_t not_before_s;
	int64_t not_after_s; /* the last second of validity */
};

/* The row that holds for a program at a time (Unix milliseconds). */
const struct policy_row *policy_at(enum config_program program, int64_t now);

/* All rows, by program and date: for the test that looks at each. */
const struct policy_row *policy_rows(size_t *ret_count);

/* Those that clients can ask for. The first is the default. */
const struct policy_profile *policy_profiles(size_t *ret_count);

/* The profile with this name; empty is the default. -ERR_INVALID_PROFILE. */
int policy_profile(struct span name, const struct policy_profile **ret,
    struct err *err);

/* Whether ident (canonical, perhaps with "*.") may stand in a certificate.
 * -ERR_REJECTED_IDENTIFIER, -ERR_UNSUPPORTED_IDENTIFIER. */
int policy_check_ident(const struct config *config,
    const struct ident *ident, int64_t now, struct err *err);

/* Challenge types that can prove ident, as bits (1 << type). ident is the
 * base name for a wildcard. */
uint32_t policy_challenges(const struct config *config,
    const struct ident *ident, bool wildcard);

/* Whether an order for these times and this profile can ever be filled, and
 * which profile it is. */
int policy_check_order(const struct config *config, int64_t not_before,
    int64_t not_after, struct span profile, int64_t now,
    const struct policy_profile **ret_profile, struct err *err);

/* How long a new validation stays usable. */
int64_t policy_authz_lifetime_ms(const struct config *config, int64_t now);

/* The validity of a certificate issued now; what the order asked for (0: did
 * not) is in Unix milliseconds. */
int policy_validity(const struct config *config, int64_t not_before,
    int64_t not_after, int64_t now, struct policy_validity *ret,
    struct err *err);

/*
 * Whether attestations are enough for one name (with its "*." if it is a
 * wildcard) and one account key. Only those about this name by this key
 * count; each perspective counts once. find says whose an attestation is, or
 * refuses it (unknown perspective, wrong MAC). -ERR_UNAUTHORIZED with the
 * first reason for which one about this name did not count (-ERR_CAA when that
 * is CAA).
 */
struct policy_evidence {
	const struct attestation *attestations;
	size_t count;
	const uint8_t *thumbprint; /* JWK_THUMBPRINT_SIZE bytes */
	int (*find)(void *ctx, const struct attestation *attestation,
	    const struct policy_perspective **ret, struct err *err);
	void *ctx;
};
int policy_check_evidence(const struct config *config,
    const struct ident *ident, const struct policy_evidence *evidence,
    int64_t now, struct err *err);

#endif
