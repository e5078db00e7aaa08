/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PKIX_IDENT_H
#define SIGNET_PKIX_IDENT_H

/*
 * ident: one name that a certificate is for: an ACME identifier (RFC 8555
 * section 9.7.7, RFC 8738) and a subjectAltName entry (RFC 5280 section
 * 4.2.1.6) are the same thing in the same canonical form, so that they can be
 * compared byte by byte:
 *
 *   dns  lower-case A-labels without final dot, perhaps with one leading "*."
 *   ip   RFC 5952 text for IPv6, dotted decimal for IPv4
 *
 * Names are checked against RFC 5890 LDH syntax, not against policy, which is
 * ca/policy.h. Whether "xn--" labels are A-labels is for pkix/ident_idna.h.
 */

#include "base/err.h"
#include "base/mem.h"
#include "base/span.h"

#define IDENT_DNS_MAX 253   /* bytes, RFC 1035 2.3.4 without the root label */
#define IDENT_LABEL_MAX 63  /* bytes, RFC 1035 2.3.4 */
#define IDENT_LIST_MAX 100  /* identifiers in one order or certificate */

enum ident_type { IDENT_DNS = 1, IDENT_IP = 2 };

struct ident {
	enum ident_type type;
	struct span value; /* canonical text; borrowed */
};

struct ident_list {
	size_t count;
	struct ident items[IDENT_LIST_MAX];
};

/* "dns" or "ip"; never NULL. */
const char *ident_type_name(enum ident_type type);

/* Checks value and gives its canonical form, allocated in arena (upper case
 * becomes lower case; a final dot is refused). Errors: -ERR_MALFORMED,
 * -ERR_REJECTED_IDENTIFIER (a name that can never be certified, the sentence
 * says why) and -ERR_UNSUPPORTED_IDENTIFIER for an unknown type text. */
int ident_parse(struct span type, struct span value, struct arena *arena,
    struct ident *ret, struct err *err);

/* The same check for a value that must already be canonical (from CSRs, from
 * other processes). */
int ident_check(const struct ident *ident, struct err *err);

bool ident_is_wildcard(const struct ident *ident);

/* Total order by type, then value. */
int ident_compare(const struct ident *a, const struct ident *b);

/* Sorts and removes duplicates: the form in which lists are compared. */
void ident_list_sort(struct ident_list *list);
bool ident_list_equal(const struct ident_list *a, const struct ident_list *b);

#endif
