/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_ACME_PROBLEM_H
#define SIGNET_ACME_PROBLEM_H

/*
 * problem: RFC 7807 problem documents with the types of RFC 8555 section 6.7.
 *
 * One const table maps enum err_kind to the type, the HTTP status and the
 * sentence of the RFC. Kinds that are ours alone become serverInternal with a
 * fixed detail: what went wrong inside stays in the log.
 */

#include "base/bld.h"
#include "base/cur.h"
#include "base/err.h"
#include "base/mem.h"
#include "pkix/ident.h"

/* acme.sh looks for these words, not for the type, to know that it may try
 * again with a new nonce. */
#define PROBLEM_BAD_NONCE_DETAIL "JWS has an invalid anti-replay nonce"

/* Bytes of a detail, with the rule that it may end with. */
#define PROBLEM_DETAIL_MAX (ERR_TEXT_SIZE + 64)
#define PROBLEM_SUBPROBLEMS_MAX IDENT_LIST_MAX

struct problem_sub {
	enum err_kind kind;
	struct ident ident;
	struct span detail;
	struct span rule;
};

/*
 * A zeroed problem (kind ERR_NONE) is "no problem". All spans are borrowed.
 *
 * A refusal names the rule that it enforces, document and section. Where it is
 * made, that is `rule`; from problem_put_json and problem_encode on it is the
 * end of the detail, "(RFC 8555 7.4)", for that is what clients print.
 */
struct problem {
	enum err_kind kind;
	struct span detail;
	struct span rule; /* empty: none, or in the detail */
	int64_t retry_after_s; /* 0: no Retry-After */
	size_t num_subs;
	struct problem_sub *subs; /* RFC 8555 6.7.1 */
};

/* "urn:ietf:params:acme:error:badNonce"; never NULL. */
const char *problem_type(enum err_kind kind);
int problem_status(enum err_kind kind);

/* From an error: the detail is err's text, or the fixed one for kinds that
 * are ours, which have no rule; borrowed from err. */
struct problem problem_of(const struct err *err);
/* As problem_of, for one of several; copied into the arena. */
struct problem_sub problem_sub_of(const struct err *err,
    const struct ident *ident, struct arena *arena);
/* The detail with its rule; in text, or the problem's own. */
struct span problem_detail(const struct problem *problem,
    char text[PROBLEM_DETAIL_MAX]);

/* Appends {"type":...,"detail":...,"status":...}. */
void problem_put_json(struct bld *out, const struct problem *problem);

/* The form between processes and in the store: kinds stand there by name, so
 * that adding one changes no stored problem. */
void problem_encode(struct bld *out, const struct problem *problem);
void problem_decode(struct cur *cur, struct arena *arena,
    struct problem *ret);

#endif
