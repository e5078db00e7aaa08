/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_FILES_ARCHIVE_H
#define SIGNET_AGENT_FILES_ARCHIVE_H

/*
 * archive: what was live before: DIR/archive/NAME/N of our own layout, and the
 * numbered files of certbot's.
 */

#include "agent/files/layout.h"
#include "agent/files/publish.h"

/* Moves the folder from fd_parent to DIR/archive/name/N, with the next number,
 * and removes the oldest; *ret_pruned, which is ERR_INIT before, says if one of
 * them stays: that is no failure. */
int archive_add(const char *dir, int fd_parent, const char *folder,
    const char *name, struct err *ret_pruned, struct err *err);

/* The number for a new set of files in a folder of numbered ones: one more than
 * the greatest, or the greatest again where cert, its certificate, is the one
 * that is to be published: that was begun before. */
int archive_next(int fd, const struct layout *layout, struct span cert,
    int64_t *ret, struct err *err);

/* A key file, appended, if hash is NULL or the key's. -ERR_NOT_FOUND. */
int archive_read_key(int fd, const char *file, const uint8_t *hash,
    struct bld *out, struct err *err);

/* The key with that hash of an archived set. -ERR_NOT_FOUND. */
int archive_find_key(const char *dir, const char *name, const uint8_t *hash,
    struct bld *out, struct err *err);

#endif
