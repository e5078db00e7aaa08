/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CA_CHALLENGE_SM_H
#define SIGNET_CA_CHALLENGE_SM_H

/* The states of a challenge: RFC 8555 7.1.6. */

#include "acme/objects.h"
#include "ca/sm.h"

enum challenge_event {
	CHALLENGE_RESPOND = 1, /* the client is ready, RFC 8555 7.5.1 */
	CHALLENGE_VALIDATE, /* a quorum attested control */
	CHALLENGE_FAIL, /* validation failed */
};

extern const struct sm challenge_sm;

/* Moves *status, or -ERR_CONFLICT. */
int challenge_sm_step(enum challenge_status *status, enum challenge_event event,
    struct err *err);

#endif
