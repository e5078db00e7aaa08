/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CA_POLICY_NAMES_H
#define SIGNET_CA_POLICY_NAMES_H

/*
 * policy_names: DNS names that no certificate may have, by dated rows: names
 * that are nobody's (special-use names) or that a program forbids.
 *
 * That a Web PKI name ends in a top-level domain that exists (BR 4.2.2,
 * Internal Names) is shown by its validation: a public resolver has to find
 * it.
 */

#include "ca/policy.h"

/* base is a canonical dNSName without "*.". -ERR_REJECTED_IDENTIFIER. */
int policy_names_check(const struct policy_row *policy,
    const struct ident *base, bool wildcard, int64_t now, struct err *err);

#endif
