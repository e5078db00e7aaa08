/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PKIX_IDENT_IDNA_H
#define SIGNET_PKIX_IDENT_IDNA_H

/*
 * ident_idna: whether every "xn--" label of a DNS name is an A-label (RFC 5890
 * 2.3.2.1): it decodes, its U-label is permitted by RFC 5891 to 5893, and it
 * encodes back to the same bytes. Apart from ident.c because it needs libidn2,
 * which the signer does not link: web asks this of a new order.
 */

#include "pkix/ident.h"

/* ident is canonical (ident_parse). -ERR_MALFORMED naming the label. */
int ident_idna_check(const struct ident *ident, struct err *err);

#endif
