/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_PROC_KEY_FILE_H
#define SIGNET_AGENT_PROC_KEY_FILE_H

/*
 * key_file: private keys in a folder of the agent's state: PKCS#8 PEM, mode
 * 0400, whole or not there at all, on disk before anybody hears of them.
 */

#include <openssl/evp.h>

#include "agent/rpc/site.h"

#define KEY_FILE_PEM_MAX 16384   /* bytes */
#define KEY_FILE_HASH_SIZE 32    /* bytes: SHA-256 of SubjectPublicKeyInfo */
#define KEY_FILE_NAME_MAX 255    /* bytes of a file's name */

/* A new key of that kind. */
int key_file_generate(enum site_key_type type, EVP_PKEY **ret,
    struct err *err);

/* Of an existing key; 0 for one that is none of them. */
enum site_key_type key_file_type(EVP_PKEY *key);

int key_file_hash(EVP_PKEY *key, uint8_t ret[KEY_FILE_HASH_SIZE],
    struct err *err);

/* The key in pem, if it has that hash (NULL: any), appended as PEM that is
 * encoded anew: whatever else stands beside it does not come along. For out
 * give one of bld_init_secret. -ERR_CONFIG. */
int key_file_recode(struct span pem, const uint8_t *hash, struct bld *out,
    struct err *err);

/* Puts the key into the folder under name, instead of what is there. When it
 * returns 0, a crash loses nothing. */
int key_file_write(int fd_dir, const char *name, EVP_PKEY *key,
    struct err *err);

/* -ERR_NOT_FOUND if there is no such file. */
int key_file_read(int fd_dir, const char *name, EVP_PKEY **ret,
    struct err *err);

/* Both are durable when they return 0; removing what is not there is fine. */
int key_file_rename(int fd_dir, const char *from, const char *to,
    struct err *err);
int key_file_remove(int fd_dir, const char *name, struct err *err);
#endif
