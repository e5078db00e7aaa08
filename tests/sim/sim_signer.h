/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_TESTS_SIM_SIM_SIGNER_H
#define SIGNET_TESTS_SIM_SIM_SIGNER_H

/*
 * sim_signer: the processes of a sim_ca that hold keys: the signer with its
 * journal's disk, and the validator's answers.
 */

#include "sim_ca.h"

/* Sends a frame between core and other: to is one of the two. */
void sim_ca_frame(struct sim_ca *ca, enum sim_process to,
    enum sim_process other, uint16_t type, uint64_t id, struct span payload);

int sim_validator_frame(struct sim_ca *ca, uint16_t type, uint64_t id,
    struct span payload, struct err *err);

void sim_signer_start(struct sim_ca *ca);
int sim_signer_frame(struct sim_ca *ca, uint16_t type, uint64_t id,
    struct span payload, struct err *err);
/* Makes the journal durable, then lets the answers of the turn out. */
void sim_signer_turn_end(struct sim_ca *ca);
/* What was not durable is lost, or a part of it is on the disk. */
void sim_signer_kill(struct sim_ca *ca);

#endif
