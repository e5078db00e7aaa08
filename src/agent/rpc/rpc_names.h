/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_RPC_RPC_NAMES_H
#define SIGNET_AGENT_RPC_RPC_NAMES_H

/* rpc_names: a list of identifiers between two of the agent's processes. */

#include "base/bld.h"
#include "base/cur.h"
#include "pkix/ident.h"

void rpc_names_encode(struct bld *out, const struct ident_list *names);
/* Fails cur for names that are not canonical. */
void rpc_names_decode(struct cur *cur, struct ident_list *ret);

#endif
