/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_RPC_RPC_ERR_H
#define SIGNET_AGENT_RPC_RPC_ERR_H

/*
 * rpc_err: a struct err between two of the agent's processes, as the last
 * member of an answer: kind and text. The rule becomes part of the text, since
 * a struct err only borrows it.
 */

#include "base/bld.h"
#include "base/cur.h"
#include "base/err.h"

void rpc_err_encode(struct bld *out, const struct err *err);
/* Fails cur for a kind that is none. ERR_NONE is "no error". */
void rpc_err_decode(struct cur *cur, struct err *ret);

#endif
