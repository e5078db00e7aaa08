/* SPDX-License-Identifier: Apache-2.0 */
#include "master/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

#define REMOVE_FDS 16 /* open folders of one walk */

static int
own(int fd, const struct disk_owner *owner)
{
	if (owner->uid != (uid_t)-1 &&
	    fchown(fd, owner->uid, (gid_t)owner->uid) != 0)
		return -1;
	/* Not at creation, where the umask would have its say. */
	if (fchmod(fd, owner->mode) != 0)
		return -1;
	return owner->sync ? fsync(fd) : 0;
}

int
disk_write(const char *path, struct span content,
    const struct disk_owner *owner, struct err *err)
{
	int fd, r;

	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (fd < 0)
		return err_errno(err, "cannot make %s", path);
	r = file_write(fd, content);
	if (r == 0)
		r = own(fd, owner);
	if (r != 0)
		r = err_errno(err, "cannot write %s", path);
	if (close(fd) != 0 && r == 0)
		r = err_errno(err, "cannot write %s", path);
	if (r != 0)
		unlink(path);
	return r;
}

int
disk_replace(const char *path, struct span content,
    const struct disk_owner *owner, struct err *err)
{
	char temporary[PATH_MAX];
	int r;

	if (snprintf(temporary, sizeof(temporary), "%s.new", path) >=
	    (int)sizeof(temporary))
		return err_set(err, ERR_IO, NULL, "the path %s is too long",
		    path);
	/* Left by one that was interrupted. */
	unlink(temporary);
	r = disk_write(temporary, content, owner, err);
	if (r == 0 && rename(temporary, path) != 0) {
		r = err_errno(err, "cannot replace %s", path);
		unlink(temporary);
	}
	return r;
}

int
disk_make_folder(const char *path, const struct disk_owner *owner,
    struct err *err)
{
	int fd, r = 0;

	if (mkdir(path, 0700) != 0)
		return err_errno(err, "cannot make the folder %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || own(fd, owner) != 0)
		r = err_errno(err, "cannot set up the folder %s", path);
	if (fd >= 0)
		close(fd);
	return r;
}

int
disk_sync_folder(const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;

	if (fd < 0 || fsync(fd) != 0)
		r = err_errno(err, "cannot make %s durable", path);
	if (fd >= 0)
		close(fd);
	return r;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)ftw;
	/* Not remove(): it tries unlink() first, which master's sandbox
	 * refuses outside of the CA's directory. */
	return type == FTW_DP ? rmdir(path) : unlink(path);
}

int
disk_remove_tree(const char *path, struct err *err)
{
	if (nftw(path, remove_one, REMOVE_FDS, FTW_DEPTH | FTW_PHYS) != 0 &&
	    errno != ENOENT)
		return err_errno(err, "cannot remove %s", path);
	return 0;
}
