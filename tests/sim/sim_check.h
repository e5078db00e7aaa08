/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TESTS_SIM_SIM_CHECK_H
#define SIGNET_TESTS_SIM_SIM_CHECK_H

/*
 * sim_check: what must hold when a simulation has come to rest:
 *
 *   every certificate in the signer's journal is recorded in the store, by
 *   its serial number and byte by byte, and every one in the store is in the
 *   journal;
 *   no finalize request led to two certificates;
 *   every recorded order is consistent: valid with a certificate for exactly
 *   its names, or not valid and without; none is left in processing;
 *   every client has a certificate, and it is one of the journal's.
 */

#include "sim_ca.h"

/* False with the broken promise in ca->trouble. */
bool sim_check(struct sim_ca *ca);

#endif
