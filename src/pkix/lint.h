/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PKIX_LINT_H
#define SIGNET_PKIX_LINT_H

/*
 * lint: reads a subscriber certificate's to-be-signed bytes back and holds
 * them, rule by rule, against what was wanted and against the Baseline
 * Requirements 7.1.2.7, before a key is touched. It shares no code with the
 * builder but the DER reader, so that a mistake of the builder is found here
 * and not by the world.
 *
 * Rules are rows of one table; lint_rules gives it, for the test that breaks
 * each.
 */

#include "base/err.h"
#include "pkix/ident.h"
#include "pkix/sigalg.h"

struct lint_want {
	const struct ident_list *names; /* exactly these, in this order */
	struct span spki;
	struct span issuer;             /* Name, DER */
	struct span authority_key_id;
	const struct sigalg *alg;
	int64_t now_s;
	int64_t lifetime_max_s;
	bool webpki;                    /* what BR demand beyond RFC 5280 */
};

/* -ERR_INTERNAL with the rule that the bytes fail: a bug of ours, so that no
 * client is told more than that. */
int lint_check(struct span tbs, const struct lint_want *want,
    struct err *err);

struct lint_tbs;
struct lint_rule {
	const char *rule;
	const char *sentence;
	bool webpki_only;
	bool (*holds)(const struct lint_tbs *tbs,
	    const struct lint_want *want);
};
const struct lint_rule *lint_rules(size_t *ret_count);

#endif
