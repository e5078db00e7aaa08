/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_VALIDATOR_HTTP01_H
#define SIGNET_VALIDATOR_HTTP01_H

/*
 * http01: RFC 8555 section 8.3 (and RFC 8738 section 4 for addresses), as a
 * state machine over env:
 *
 *   resolve A and AAAA -> dial -> judge the answer -> done
 *        ^                 |            |
 *        |                 +-- IPv4, if IPv6 cannot be reached
 *        +------- redirect --------------+
 *
 * Each hop is resolved anew, its addresses are checked against the ranges
 * that the rules permit, and the very address that was checked is dialled.
 */

#include "validator/method.h"

#define HTTP01_REDIRECTS_MAX 10
#define HTTP01_BODY_MAX 512 /* bytes: a key authorization has 87; the rest may
                               be white space */

extern const struct method http01_method;

#endif
