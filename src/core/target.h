/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CORE_TARGET_H
#define SIGNET_CORE_TARGET_H

/*
 * target: whose servers a validation depends on, as a number for queue.h: of
 * a DNS name its last two labels, or three where the last two are a country's
 * usual suffix ("co.uk"); of an address its /24 or /48. One holder of a name
 * can make as many names below it as it likes, so all of them are one target.
 *
 * Where many holders share two labels (a host of many users' names), they
 * share a target, and wait for each other when validators are busy.
 */

#include <stdint.h>

#include "pkix/ident.h"

/* Never 0. */
uint64_t target_of(const struct ident *ident);

#endif
