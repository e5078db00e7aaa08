/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CA_ACCOUNT_SM_H
#define SIGNET_CA_ACCOUNT_SM_H

/* The states of an account: RFC 8555 7.1.6. */

#include "acme/objects.h"
#include "ca/sm.h"

enum account_event {
	ACCOUNT_DEACTIVATE = 1, /* by its holder, RFC 8555 7.3.6 */
};

extern const struct sm account_sm;

/* Moves *status, or -ERR_CONFLICT. */
int account_sm_step(enum account_status *status, enum account_event event,
    struct err *err);

#endif
