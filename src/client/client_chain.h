/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CLIENT_CHAIN_H
#define SIGNET_CLIENT_CHAIN_H

/*
 * client_chain: certificate chains as a CA sends them, RFC 8555 7.4.2, 9.1.
 * Pure functions.
 */

#include "client/client_types.h"

/* The chain of a body, written anew in arena: PEM certificates and nothing
 * else. -ERR_MALFORMED for what is no chain of 1 to CLIENT_CERTIFICATES_MAX
 * certificates of at most CLIENT_CHAIN_MAX bytes. */
int client_chain_parse(struct span body, struct arena *arena, struct span *ret,
    struct err *err);

/* Whether the chain is the wanted one: the commonName of its topmost
 * certificate's issuer, or the SHA-256 fingerprint of one of its certificates
 * in hex with or without colons. */
bool client_chain_matches(struct span chain, struct span wanted);

#endif
