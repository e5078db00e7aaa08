/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PKIX_CRYPTO_H
#define SIGNET_PKIX_CRYPTO_H

/*
 * crypto: libcrypto's start. It does most when something is asked for the first
 * time: reads its configuration, seeds its generators, and makes a table of
 * each kind of algorithm. That takes longer than the signatures of a
 * certificate.
 */

/* Before anything else of libcrypto: at the process's end the kernel takes its
 * memory back as a whole, not libcrypto piece by piece. */
void crypto_init(void);

/* crypto_init, and does now what would be done later, for keys as most are
 * (P-256). For who forks processes that work with keys: they find it done. A
 * generator is seeded anew in each of them, as libcrypto does after any
 * fork. */
void crypto_prepare(void);

#endif
