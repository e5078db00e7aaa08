/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_FILES_FS_H
#define SIGNET_AGENT_FILES_FS_H

/*
 * fs: the few operations on files that publishing is made of. Each is one step
 * that is done or not done when the machine stops; what it made is on disk when
 * it returns 0, but for names, which fs_sync of their folder makes durable.
 */

#include <sys/types.h>

#include "base/bld.h"
#include "base/err.h"

#define FS_FILE_MAX (512 * 1024) /* bytes of a file that is read */
#define FS_ENTRIES_MAX 100000    /* of a folder that is gone through */

/* Who owns a new file; SITE_KEEP_ID (agent/rpc/site.h): whoever makes it. */
struct fs_owner {
	uint32_t uid, gid;
	uint32_t mode;
};

/* Called before every step that changes anything: tests stop there. NULL. */
extern void (*fs_before_step)(void);

/* For tests, too: as on a file system that cannot exchange. */
extern bool fs_no_exchange;

/* A folder, for the other functions; path is absolute, or the name of one in
 * fd_dir that is no link. As root, no link but root's own is followed on the
 * way: who may write there must not lead us elsewhere. -ERR_NOT_FOUND. */
int fs_open(int fd_dir, const char *path, int *ret_fd, struct err *err);

/* A file's bytes, appended. Not through a link unless follow. -ERR_NOT_FOUND */
int fs_read(int fd_dir, const char *name, bool follow, struct bld *out,
    struct err *err);

/* Makes a file that must not be there. */
int fs_create(int fd_dir, const char *name, struct span data,
    const struct fs_owner *owner, struct err *err);
/* Puts a file in the place of what is there, by one rename. */
int fs_replace(int fd_dir, const char *name, struct span data,
    const struct fs_owner *owner, struct err *err);

int fs_mkdir(int fd_dir, const char *name, struct err *err);
int fs_symlink(int fd_dir, const char *name, const char *target,
    struct err *err);
int fs_rename(int fd_from, const char *from, int fd_to, const char *to,
    struct err *err);

/* Exchanges two names of a folder at once; where the file system cannot, puts
 * the first in the place of the second by two renames. The second may be
 * missing. */
int fs_exchange(int fd_dir, const char *first, const char *second,
    struct err *err);

/* What is there already is no error. */
int fs_unlink(int fd_dir, const char *name, struct err *err);
/* Removes a folder and the files in it (not folders). */
int fs_remove_folder(int fd_dir, const char *name, struct err *err);

int fs_sync(int fd_dir, struct err *err);

/* Gives an open folder its owner and mode; and the ones of a folder. */
int fs_dress(int fd_dir, const struct fs_owner *owner, struct err *err);
int fs_owner_of(int fd_dir, struct fs_owner *ret, struct err *err);

bool fs_exists(int fd_dir, const char *name);

/* Gives each entry of a folder but "." and "..". visit returns 0 to go on. */
int fs_each(int fd_dir, int (*visit)(void *ctx, const char *name,
    struct err *err), void *ctx, struct err *err);

/* Gives what is in the folder fd_from a second name in fd_to, links as links,
 * folders not; what is there already stays. */
int fs_carry(int fd_from, int fd_to, struct err *err);
/* Moves the folders in fd_from to fd_to. */
int fs_move_folders(int fd_from, int fd_to, struct err *err);

#endif
