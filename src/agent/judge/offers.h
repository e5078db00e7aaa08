/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_JUDGE_OFFERS_H
#define SIGNET_AGENT_JUDGE_OFFERS_H

/*
 * offers: whether what net wants to be set up is what it may want. Solvers can
 * do more than a site needs: change other names' records, and prove control
 * for other accounts. Pure.
 */

#include "agent/rpc/judge_net.h"
#include "jose/jwk.h"

/* Each for one of the names that were asked for, and with the answer of the
 * account with this key. -ERR_FRAME. */
int offers_check(const struct judge_net_offers *offers,
    const struct ident_list *names,
    const uint8_t thumbprint[JWK_THUMBPRINT_SIZE], struct err *err);

#endif
