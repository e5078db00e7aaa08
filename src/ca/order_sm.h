/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CA_ORDER_SM_H
#define SIGNET_CA_ORDER_SM_H

/* The states of an order: RFC 8555 7.1.6, drawn in docs/state-machines.md. */

#include "acme/objects.h"
#include "ca/sm.h"

enum order_event {
	ORDER_AUTHORIZE = 1, /* the last one became valid */
	ORDER_FAIL, /* one failed or was deactivated */
	ORDER_EXPIRE, /* its time is over */
	ORDER_FINALIZE, /* a finalize that the account made */
	ORDER_ISSUE, /* the signer gave the certificate */
	ORDER_REFUSE, /* the signer refused the evidence */
};

extern const struct sm order_sm;

/* Moves *status, or -ERR_CONFLICT. */
int order_sm_step(enum order_status *status, enum order_event event,
    struct err *err);

#endif
