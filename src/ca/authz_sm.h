/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CA_AUTHZ_SM_H
#define SIGNET_CA_AUTHZ_SM_H

/* The states of an authorization: RFC 8555 7.1.6. */

#include "acme/objects.h"
#include "ca/sm.h"

enum authz_event {
	AUTHZ_VALIDATE = 1, /* a quorum attested control */
	AUTHZ_FAIL, /* the attempt failed */
	AUTHZ_DEACTIVATE, /* by its account, RFC 8555 7.5.2 */
	AUTHZ_EXPIRE, /* its time is over */
};

extern const struct sm authz_sm;

/* Moves *status, or -ERR_CONFLICT. */
int authz_sm_step(enum authz_status *status, enum authz_event event,
    struct err *err);

#endif
