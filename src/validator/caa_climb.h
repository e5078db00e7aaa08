/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_VALIDATOR_CAA_CLIMB_H
#define SIGNET_VALIDATOR_CAA_CLIMB_H

/*
 * caa_climb: finds the relevant CAA record set of a name, asking from it up to
 * the top-level domain (RFC 8659 section 3), and judges it (dns/caa.h).
 *
 * A question that fails is no permission, whatever the failure: the Baseline
 * Requirements (3.2.2.8) would let a CA take some failures for one, but then
 * who can keep answers from us could forge the answer.
 */

#include "base/env.h"
#include "base/mem.h"
#include "dns/caa.h"

#define CAA_CLIMB_TOTAL_MS 10000 /* for all questions of one name */

/* Calls done(arg) once, never before it returns: kind ERR_NONE, ERR_CAA or
 * ERR_DNS. name, request's spans and arena, where all that it needs is
 * allocated, live until done. */
void caa_climb(const struct env *env, struct span name,
    const struct caa_request *request, struct arena *arena,
    void (*done)(void *arg, const struct err *err), void *arg);

#endif
