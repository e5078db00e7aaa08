/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BENCH_FLOOR_H
#define SIGNET_BENCH_FLOOR_H

/*
 * floor: what the signature operations of one certificate cost that no CA can
 * do without: as bare OpenSSL calls with warm keys and contexts made before,
 * on this machine, in this run. Short measurements before, between and after
 * the load, with all processors busy as under the load (one that is alone may
 * run faster); the median of all.
 */

#include "base/err.h"

/* One certificate here: newOrder, authorization, challenge, authorization,
 * finalize and certificate are six signed requests (RFC 8555 6.2), a CSR is
 * signed by its key (RFC 8555 7.4), and the certificate is signed once. */
#define FLOOR_JWS 6
#define FLOOR_CSR 1
#define FLOOR_SIGNATURES 1

struct floor;

struct floor *floor_new(struct err *err);
void floor_free(struct floor *floor);

/* About a twentieth of a second. Other processors do the same meanwhile. */
void floor_measure(struct floor *floor);

/* Medians so far, in microseconds of CPU time. */
double floor_verify_us(const struct floor *floor);
double floor_sign_us(const struct floor *floor);

/* Of one certificate. */
double floor_total_us(const struct floor *floor);

#endif
