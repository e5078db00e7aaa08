/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/files/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/rpc/site.h"
#include "base/file.h"

#define LINKS_MAX 16 /* on the way to a folder */

void (*fs_before_step)(void);
bool fs_no_exchange;

static void
step(void)
{
	if (fs_before_step != NULL)
		fs_before_step();
}

/* What a link says, of one that is open by O_PATH. */
static int
read_link(int link, char out[PATH_MAX])
{
	ssize_t len = readlinkat(link, "", out, PATH_MAX - 1);

	if (len < 0)
		return -1;
	out[len] = '\0';
	return 0;
}

static int walk(int fd_dir, const char *path, unsigned links);

/* One step of walk: what fd_dir has under the name, and if that is a link of
 * root's own, what it leads to. */
static int
walk_part(int fd_dir, const char *name, unsigned links)
{
	int fd = openat(fd_dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC), to = -1;
	char target[PATH_MAX];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISLNK(st.st_mode))
		return fd;
	if (st.st_uid != 0 || links == 0)
		errno = ELOOP;
	else if (read_link(fd, target) == 0)
		to = walk(fd_dir, target, links - 1);
	close(fd);
	return to;
}

/* Opens a path (O_PATH) that others may have a say in. As root we can write
 * where they cannot: a link of theirs would lead us there. */
static int
walk(int fd_dir, const char *path, unsigned links)
{
	char name[NAME_MAX + 1];
	int fd = openat(fd_dir, path[0] == '/' ? "/" : ".", O_PATH |
	    O_DIRECTORY | O_CLOEXEC), next;
	size_t len;

	while (fd >= 0 && *(path += strspn(path, "/")) != '\0') {
		len = strcspn(path, "/");
		errno = ENAMETOOLONG;
		next = -1;
		if (len < sizeof(name)) {
			snprintf(name, sizeof(name), "%.*s", (int)len, path);
			next = walk_part(fd, name, links);
		}
		close(fd);
		fd = next;
		path += len;
	}
	return fd;
}

/* Relative paths are names of what we make ourselves: never links. */
static int
open_folder(int fd_dir, const char *path)
{
	int place, fd;

	if (path[0] != '/' || geteuid() != 0)
		return openat(fd_dir, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC |
		    (path[0] == '/' ? 0 : O_NOFOLLOW));
	place = walk(fd_dir, path, LINKS_MAX);
	if (place < 0)
		return -1;
	fd = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(place);
	return fd;
}

int
fs_open(int fd_dir, const char *path, int *ret_fd, struct err *err)
{
	*ret_fd = open_folder(fd_dir, path);
	if (*ret_fd < 0 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, NULL,
		    "there is no folder %s", path);
	if (*ret_fd < 0 && errno == ELOOP)
		return err_set(err, ERR_CONFIG, NULL, "the folder %s is behind "
		    "a link that is not root's: it could lead anywhere; name "
		    "the folder itself", path);
	return *ret_fd < 0 ? err_errno(err, "cannot open the folder %s",
	    path) : 0;
}

/* A file, through a link in its place: for root, through one of root's own. */
static int
open_through(int fd_dir, const char *name)
{
	const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
	int fd, link, place = -1;
	char target[PATH_MAX], *base;
	struct stat st;

	if (geteuid() != 0)
		return openat(fd_dir, name, flags);
	fd = openat(fd_dir, name, flags | O_NOFOLLOW);
	if (fd >= 0 || errno != ELOOP)
		return fd;
	link = openat(fd_dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (link >= 0 && fstat(link, &st) == 0 && S_ISLNK(st.st_mode) &&
	    st.st_uid == 0 && read_link(link, target) == 0) {
		base = strrchr(target, '/');
		if (base != NULL)
			*base++ = '\0';
		place = walk(fd_dir, base == NULL ? "." : target[0] == '\0' ?
		    "/" : target, LINKS_MAX);
		if (place >= 0)
			fd = openat(place, base == NULL ? target : base,
			    flags | O_NOFOLLOW);
	} else {
		errno = ELOOP;
	}
	if (place >= 0)
		close(place);
	if (link >= 0)
		close(link);
	return fd;
}

int
fs_read(int fd_dir, const char *name, bool follow, struct bld *out,
    struct err *err)
{
	struct stat st;
	int fd, r;

	if (!follow)
		return file_read(fd_dir, name, O_NOFOLLOW, out, err);
	fd = open_through(fd_dir, name);
	if (fd < 0 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, NULL, "there is no file %s",
		    name);
	if (fd < 0)
		return err_errno(err, "cannot open %s", name);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(err, ERR_CONFIG, NULL, "%s is not a regular "
		    "file", name);
	}
	r = file_slurp(fd, name, out, err);
	close(fd);
	return r;
}

/* The owner before the mode: a change of owner takes bits away. */
static int
give(int fd, const struct fs_owner *owner)
{
	if ((owner->uid != SITE_KEEP_ID || owner->gid != SITE_KEEP_ID) &&
	    fchown(fd, owner->uid, owner->gid) < 0)
		return -1;
	return fchmod(fd, owner->mode);
}

int
fs_create(int fd_dir, const char *name, struct span data,
    const struct fs_owner *owner, struct err *err)
{
	int fd, r = 0;

	step();
	fd = openat(fd_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, "cannot make the file %s", name);
	step();
	if (file_write(fd, data) < 0 || give(fd, owner) < 0 || fsync(fd) < 0)
		r = err_errno(err, "cannot write the file %s", name);
	close(fd);
	return r;
}

int
fs_replace(int fd_dir, const char *name, struct span data,
    const struct fs_owner *owner, struct err *err)
{
	char temporary[NAME_MAX + 1];
	int r;

	snprintf(temporary, sizeof(temporary), ".%.240s.signet", name);
	r = fs_unlink(fd_dir, temporary, err);
	if (r == 0)
		r = fs_create(fd_dir, temporary, data, owner, err);
	if (r == 0)
		r = fs_rename(fd_dir, temporary, fd_dir, name, err);
	if (r < 0)
		unlinkat(fd_dir, temporary, 0);
	return r;
}

int
fs_mkdir(int fd_dir, const char *name, struct err *err)
{
	step();
	if (mkdirat(fd_dir, name, 0700) < 0 && errno != EEXIST)
		return err_errno(err, "cannot make the folder %s", name);
	return 0;
}

int
fs_symlink(int fd_dir, const char *name, const char *target, struct err *err)
{
	step();
	if (symlinkat(target, fd_dir, name) < 0)
		return err_errno(err, "cannot make the link %s", name);
	return 0;
}

int
fs_rename(int fd_from, const char *from, int fd_to, const char *to,
    struct err *err)
{
	step();
	if (renameat(fd_from, from, fd_to, to) < 0)
		return err_errno(err, "cannot rename %s to %s", from, to);
	return 0;
}

/* A moment without the second name, but never a wrong pair under it. */
static int
exchange_slowly(int fd_dir, const char *first, const char *second,
    struct err *err)
{
	char aside[NAME_MAX + 1];
	int r;

	snprintf(aside, sizeof(aside), ".%.240s.aside", second);
	r = fs_rename(fd_dir, second, fd_dir, aside, err);
	if (r == 0)
		r = fs_rename(fd_dir, first, fd_dir, second, err);
	if (r == 0)
		r = fs_rename(fd_dir, aside, fd_dir, first, err);
	return r;
}

int
fs_exchange(int fd_dir, const char *first, const char *second,
    struct err *err)
{
	step();
	if (fs_no_exchange)
		errno = fs_exists(fd_dir, second) ? EINVAL : ENOENT;
	else if (renameat2(fd_dir, first, fd_dir, second,
	    RENAME_EXCHANGE) == 0)
		return 0;
	if (errno == ENOENT)
		return fs_rename(fd_dir, first, fd_dir, second, err);
	if (errno == EINVAL || errno == ENOSYS)
		return exchange_slowly(fd_dir, first, second, err);
	return err_errno(err, "cannot exchange %s and %s", first, second);
}

int
fs_unlink(int fd_dir, const char *name, struct err *err)
{
	step();
	if (unlinkat(fd_dir, name, 0) < 0 && errno != ENOENT)
		return err_errno(err, "cannot remove %s", name);
	return 0;
}

int
fs_sync(int fd_dir, struct err *err)
{
	step();
	if (fsync(fd_dir) < 0)
		return err_errno(err, "cannot write a folder to the disk");
	return 0;
}

int
fs_dress(int fd_dir, const struct fs_owner *owner, struct err *err)
{
	step();
	if (give(fd_dir, owner) < 0)
		return err_errno(err, "cannot set owner and mode of a folder");
	return 0;
}

int
fs_owner_of(int fd_dir, struct fs_owner *ret, struct err *err)
{
	struct stat st;

	if (fstat(fd_dir, &st) < 0)
		return err_errno(err, "cannot look at a folder");
	*ret = (struct fs_owner){ st.st_uid, st.st_gid, st.st_mode & 07777 };
	return 0;
}

bool
fs_exists(int fd_dir, const char *name)
{
	struct stat st;

	return fstatat(fd_dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

int
fs_each(int fd_dir, int (*visit)(void *ctx, const char *name,
    struct err *err), void *ctx, struct err *err)
{
	int fd = openat(fd_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	size_t count = 0;
	int r = 0;

	if (list == NULL) {
		r = err_errno(err, "cannot list a folder");
		if (fd >= 0)
			close(fd);
		return r;
	}
	while (r == 0 && (entry = readdir(list)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 ||
		    strcmp(entry->d_name, "..") == 0)
			continue;
		r = ++count > FS_ENTRIES_MAX ? err_set(err, ERR_TOO_LARGE,
		    NULL, "the folder has more than %d entries",
		    FS_ENTRIES_MAX) : visit(ctx, entry->d_name, err);
	}
	closedir(list);
	return r;
}

static int
remove_entry(void *ctx, const char *name, struct err *err)
{
	return fs_unlink(*(const int *)ctx, name, err);
}

int
fs_remove_folder(int fd_dir, const char *name, struct err *err)
{
	struct stat st;
	int fd, r;

	/* Somebody's link or file: what it leads to is none of ours. */
	if (fstatat(fd_dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    !S_ISDIR(st.st_mode))
		return fs_unlink(fd_dir, name, err);
	r = fs_open(fd_dir, name, &fd, err);
	if (r == -(int)ERR_NOT_FOUND)
		return 0;
	if (r < 0)
		return r;
	r = fs_each(fd, remove_entry, &fd, err);
	close(fd);
	if (r < 0)
		return r;
	step();
	if (unlinkat(fd_dir, name, AT_REMOVEDIR) < 0)
		return err_errno(err, "cannot remove the folder %s", name);
	return 0;
}

struct carry {
	int from, to;
};

static int
carry_entry(void *ctx, const char *name, struct err *err)
{
	const struct carry *carry = ctx;
	char target[PATH_MAX];
	struct stat st;
	ssize_t len;

	if (fstatat(carry->from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, "cannot look at %s", name);
	if (S_ISREG(st.st_mode)) {
		step();
		if (linkat(carry->from, name, carry->to, name, 0) < 0 &&
		    errno != EEXIST)
			return err_errno(err, "cannot link %s", name);
	} else if (S_ISLNK(st.st_mode) && fstatat(carry->to, name, &st,
	    AT_SYMLINK_NOFOLLOW) < 0) {
		len = readlinkat(carry->from, name, target,
		    sizeof(target) - 1);
		if (len < 0)
			return err_errno(err, "cannot read the link %s", name);
		target[len] = '\0';
		return fs_symlink(carry->to, name, target, err);
	}
	return 0;
}

int
fs_carry(int fd_from, int fd_to, struct err *err)
{
	struct carry carry = { fd_from, fd_to };

	return fs_each(fd_from, carry_entry, &carry, err);
}

static int
move_folder(void *ctx, const char *name, struct err *err)
{
	const struct carry *carry = ctx;
	struct stat st;

	if (fstatat(carry->from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(err, "cannot look at %s", name);
	return !S_ISDIR(st.st_mode) ? 0 :
	    fs_rename(carry->from, name, carry->to, name, err);
}

int
fs_move_folders(int fd_from, int fd_to, struct err *err)
{
	struct carry carry = { fd_from, fd_to };

	return fs_each(fd_from, move_folder, &carry, err);
}
