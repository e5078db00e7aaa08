/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_DISK_H
#define SIGNET_MASTER_DISK_H

/*
 * disk: whole small files and folders, for the commands that make and renew a
 * CA's directory.
 */

#include <sys/types.h>

#include "base/bld.h"
#include "base/err.h"

#define DISK_FILE_MAX (1024 * 1024) /* bytes */

struct disk_owner {
	mode_t mode;
	uid_t uid;  /* (uid_t)-1: leave; gid is the same number */
	bool sync;  /* wait until it would survive a power loss */
};

/* A new file; one that exists is an error. */
int disk_write(const char *path, struct span content,
    const struct disk_owner *owner, struct err *err);

/* Replaces a file at once: others see the old or the new content. */
int disk_replace(const char *path, struct span content,
    const struct disk_owner *owner, struct err *err);

int disk_make_folder(const char *path, const struct disk_owner *owner,
    struct err *err);

/* Makes names in a folder durable. */
int disk_sync_folder(const char *path, struct err *err);

/* A folder and all below; symbolic links are removed, not followed. */
int disk_remove_tree(const char *path, struct err *err);

#endif
