/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BENCH_FLOOR_H
#define SIGNET_BENCH_FLOOR_H

/*
 * floor: what the signature operations of one certificate cost that no CA can
 * do without: as bare OpenSSL calls with warm keys and contexts made before,
 * on this machine, in this run. Slices before, between and after the rounds of
 * the load, with all processors busy as under the load (one that is alone may
 * run faster), scheduled as the CA is.
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

/* Medians of one slice, in microseconds of CPU time. */
struct floor_slice {
	double verify_us, sign_us;
};

/* About a quarter of a second. Other processors do the same meanwhile. */
void floor_measure(struct floor *floor, struct floor_slice *ret);

/* Of one certificate. */
double floor_total_us(const struct floor_slice *slice);

#endif
