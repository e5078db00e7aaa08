/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_RPC_CLIENT_CODE_H
#define SIGNET_AGENT_RPC_CLIENT_CODE_H

/*
 * client_code: the form between processes of what goes into and comes out of
 * a client (client/client_types.h). A value that does not keep its limits
 * fails the cursor. Decoded spans borrow from what is under the cursor, arrays
 * are in the arena.
 */

#include "base/bld.h"
#include "base/cur.h"
#include "client/client_types.h"

void client_code_put_registration(struct bld *out,
    const struct client_registration *registration);
void client_code_get_registration(struct cur *cur,
    struct client_registration *ret);
void client_code_put_options(struct bld *out,
    const struct client_options *options);
void client_code_get_options(struct cur *cur, struct client_options *ret);
void client_code_put_order(struct bld *out, const struct client_order *order);
void client_code_get_order(struct cur *cur, struct client_order *ret);
void client_code_put_sign(struct bld *out, const struct client_sign *sign);
void client_code_get_sign(struct cur *cur, struct client_sign *ret);

void client_code_put_offer(struct bld *out, const struct client_offer *offer);
void client_code_get_offer(struct cur *cur, struct client_offer *ret);
void client_code_put_progress(struct bld *out,
    const struct client_progress *progress);
void client_code_get_progress(struct cur *cur, struct client_progress *ret);
void client_code_put_account(struct bld *out,
    const struct client_account *account);
void client_code_get_account(struct cur *cur, struct client_account *ret);
void client_code_put_result(struct bld *out,
    const struct client_result *result);
void client_code_get_result(struct cur *cur, struct arena *arena,
    struct client_result *ret);

#endif
