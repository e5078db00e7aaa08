/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_CERTKEY_CERTKEY_H
#define SIGNET_AGENT_CERTKEY_CERTKEY_H

/*
 * certkey: what is done with certificates' keys: those that are not published
 * yet, in DIR/pending as NAME.TYPE.key, and those that files lends for a
 * moment. Nothing here talks.
 */

#include "agent/proc/key_file.h"
#include "agent/rpc/judge_certkey.h"

/* The key that a new request is to be made with: the pending one, or (if
 * fresh, or if there is none) a new one, which is pending from now on. */
int certkey_pending(int fd_dir, const struct judge_certkey_request *request,
    EVP_PKEY **ret, struct err *err);

/* The pending key with that hash. -ERR_NOT_FOUND. */
int certkey_find(int fd_dir, struct span site, enum site_key_type type,
    const uint8_t hash[CERTKEY_HASH_SIZE], EVP_PKEY **ret, struct err *err);

/* It is published: its pending file goes, if it is the one with that hash. */
int certkey_published(int fd_dir, struct span site, enum site_key_type type,
    const uint8_t hash[CERTKEY_HASH_SIZE], struct err *err);

/* Appends the CSR. */
int certkey_request(const struct judge_certkey_request *request,
    EVP_PKEY *key, struct bld *out, struct err *err);

/* Appends the JWS of a revocation request by the certificate's key (RFC 8555
 * 7.6); the certificate must be of it. */
int certkey_revoke(const struct judge_certkey_request *request, EVP_PKEY *key,
    struct bld *out, struct err *err);

#endif
