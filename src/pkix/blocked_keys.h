/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PKIX_BLOCKED_KEYS_H
#define SIGNET_PKIX_BLOCKED_KEYS_H

/*
 * blocked_keys: public keys whose private half others know or can find:
 * reported as compromised, or made by broken software, as Debian's OpenSSL of
 * 2006 to 2008 (Baseline Requirements 6.1.1.3). They are known by SHA-256 over
 * their SubjectPublicKeyInfo, one a line in hex; what follows white space or
 * '#' is a comment. A sorted file needs no sorting here.
 */

#include "base/err.h"
#include "base/span.h"

#define BLOCKED_KEYS_MAX 1000000 /* keys; 32 bytes each in each process */
#define BLOCKED_KEYS_FILE_MAX (128U << 20) /* bytes */

struct blocked_keys;

/* -ERR_CONFIG names the line. The caller frees. */
int blocked_keys_parse(struct span text, struct blocked_keys **ret,
    struct err *err);
void blocked_keys_free(struct blocked_keys *keys);

/* NULL has none. */
bool blocked_keys_has(const struct blocked_keys *keys, struct span spki);

#endif
