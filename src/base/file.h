/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_FILE_H
#define SIGNET_BASE_FILE_H

/*
 * file: reads files whose place others may have a say in. A FIFO there must
 * hold nobody up, a device must not be opened for its effects, and what is
 * endless must end. And writes all of what is to be written.
 */

#include "base/bld.h"
#include "base/err.h"

/* For fd_dir and path as of openat; flags are further ones (O_NOFOLLOW), or 0.
 * Regular files alone: anything else is -ERR_CONFIG; -ERR_NOT_FOUND if there is
 * none. */
int file_open(int fd_dir, const char *path, int flags, int *ret_fd,
    struct err *err);

/* All of a file, appended; -ERR_CONFIG beyond what out may hold. What was
 * read on the way is wiped; for a secret give one of bld_init_secret. */
int file_read(int fd_dir, const char *path, int flags, struct bld *out,
    struct err *err);

/* The same of a descriptor, from where it stands; name is for errors. */
int file_slurp(int fd, const char *name, struct bld *out, struct err *err);

/* All of data, however often the kernel takes a part of it; -1 and errno. It is
 * not synced. */
int file_write(int fd, struct span data);

#endif
