/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_WEB_NONCE_H
#define SIGNET_WEB_NONCE_H

/*
 * nonce: anti-replay nonces (RFC 8555 section 6.5) in one file that all web
 * processes map, so that each takes what any made, without a message and
 * without the store.
 *
 * Making one is an atomic increment of a shared counter; the text is the
 * counter, encrypted as one AES block with a key from the file, so that it is
 * unpredictable and carries its own proof. Taking one is decrypting it and an
 * atomic test-and-set of the counter's bit. The bits are a ring: a nonce stays
 * good until NONCE_WINDOW later ones were made.
 *
 * The file outlives kill -9 of every process, and so do the nonces. After the
 * machine went down, writes to the file may be lost: another boot id gets a
 * new key, and with it no older nonce is good.
 */

#include "base/env.h"
#include "base/span.h"

#define NONCE_BITS ((uint64_t)1 << 23)
/* Counters whose bits are cleared at once, half the ring ahead. */
#define NONCE_BLOCK ((uint64_t)1 << 16)
#define NONCE_WINDOW (NONCE_BITS / 2 - 2 * NONCE_BLOCK)
#define NONCE_HEADER_SIZE 4096 /* bytes before the bits */
#define NONCE_MAP_SIZE (NONCE_HEADER_SIZE + NONCE_BITS / 8) /* bytes */
#define NONCE_TEXT_SIZE 23     /* bytes, with the final NUL */
#define NONCE_BOOT_ID_SIZE 36  /* bytes of the kernel's random/boot_id */

struct nonces;

/* Gives a new file its size: for whoever creates it. */
int nonce_map_create(int fd, struct err *err);

/* Maps the file and, under its lock, makes it new if it is not of our form or
 * of another boot. fd stays the caller's; -1 gives a map of this process
 * alone. boot_id has NONCE_BOOT_ID_SIZE bytes. */
int nonce_open(int fd, const char *boot_id, const struct env *env,
    struct nonces **ret, struct err *err);
void nonce_close(struct nonces *nonces);

void nonce_make(struct nonces *nonces, char out[NONCE_TEXT_SIZE]);

/* Whether this is a nonce of ours, not too old, taken for the first time. */
bool nonce_take(struct nonces *nonces, struct span text);

#endif
