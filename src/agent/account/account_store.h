/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_ACCOUNT_ACCOUNT_STORE_H
#define SIGNET_AGENT_ACCOUNT_ACCOUNT_STORE_H

/*
 * account_store: account keys in DIR/accounts, by the account's number N:
 *
 *   N.key   the account's key
 *   N.next  a key that is to take its place: whether the CA took it, is known
 *           when one of account_store_commit and _abandon is called
 */

#include "jose/jwk.h"
#include "base/mem.h"

struct account_pair {
	struct jwk key;
	struct jwk next;  /* its pkey is NULL: there is none */
};

/* alg is of a key that is made if there is none; 0: -ERR_NOT_FOUND then. On
 * success account_store_done frees. */
int account_store_open(int fd_dir, int64_t id, enum jwk_alg alg,
    struct account_pair *ret, bool *ret_created, struct err *err);
void account_store_done(struct account_pair *pair);

/* Makes N.next, durably; one that is there already stays. */
int account_store_roll(int fd_dir, int64_t id, enum jwk_alg alg,
    struct account_pair *pair, struct err *err);
int account_store_commit(int fd_dir, int64_t id, struct account_pair *pair,
    struct err *err);
int account_store_abandon(int fd_dir, int64_t id, struct account_pair *pair,
    struct err *err);

/* PEM or JWK, as N.key, which must not be there yet with another key. */
int account_store_import(int fd_dir, int64_t id, struct span text,
    struct err *err);

int account_store_remove(int fd_dir, int64_t id, struct err *err);

#endif
