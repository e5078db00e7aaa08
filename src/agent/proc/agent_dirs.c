/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/proc/agent_dirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* All in DIR. */
static const struct {
	const char *name;
	enum agent_role role; /* whose */
	mode_t mode;
} dirs[] = {
	{ "accounts", AGENT_ACCOUNT, 0700 },
	{ "pending", AGENT_CERTKEY, 0700 },
	{ "live", AGENT_FILES, 0755 },
	{ "archive", AGENT_FILES, 0700 },
	{ "publish", AGENT_FILES, 0700 },
	{ "dns", AGENT_DNS, 0700 },
};
#define NUM_DIRS (sizeof(dirs) / sizeof(dirs[0]))

/* One level at a time, as mkdir -p; what is there already stays as it is. */
int
agent_dirs_make(const char *dir, struct err *err)
{
	char path[PATH_MAX];
	size_t len = strlen(dir);

	if (len == 0 || len >= sizeof(path) || dir[0] != '/')
		return err_set(err, ERR_CONFIG, NULL,
		    "the state's folder must be an absolute path");
	for (size_t i = 1; i <= len; i++) {
		if (dir[i] != '/' && dir[i] != '\0')
			continue;
		snprintf(path, sizeof(path), "%.*s", (int)i, dir);
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return err_errno(err, "cannot make the folder %s for "
			    "the state; --dir chooses another", path);
	}
	return 0;
}

/* Files only, and only plain ones: a link may lead anywhere. */
static int
give_entries(int fd, uid_t uid, struct err *err)
{
	int copy = dup(fd);
	DIR *list = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	int r = 0;

	if (list == NULL) {
		if (copy >= 0)
			close(copy);
		return err_errno(err, "cannot list a folder of the state");
	}
	while (r == 0 && (entry = readdir(list)) != NULL) {
		struct stat st;

		if (fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    S_ISREG(st.st_mode) && st.st_nlink == 1 &&
		    fchownat(fd, entry->d_name, uid, uid,
		    AT_SYMLINK_NOFOLLOW) < 0)
			r = err_errno(err, "cannot give %s away",
			    entry->d_name);
	}
	closedir(list);
	return r;
}

static int
give(int fd, const char *name, enum agent_role role, mode_t mode,
    struct err *err)
{
	/* dns reads its folder before it gives root up. */
	uid_t uid = role == AGENT_FILES || role == AGENT_DNS ? 0 :
	    AGENT_UID_BASE + (uid_t)role;
	struct stat st;
	int r = 0;

	if (fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_set(err, ERR_IO, NULL, "%s is no folder", name);
	if (role != AGENT_FILES && (st.st_mode & 0777) != mode &&
	    fchmod(fd, mode) < 0)
		return err_errno(err, "cannot protect the folder %s", name);
	if (geteuid() != 0 || st.st_uid == uid)
		return 0;
	if (role != AGENT_FILES)
		r = give_entries(fd, uid, err);
	if (r == 0 && fchown(fd, uid, uid) < 0)
		r = err_errno(err, "cannot give the folder %s away", name);
	return r;
}

/* The folder name below fd_dir, made if need be. */
static int
open_in(int fd_dir, size_t row, int *ret_fd, struct err *err)
{
	const char *name = dirs[row].name;
	int r;

	if (mkdirat(fd_dir, name, dirs[row].mode) < 0 && errno != EEXIST)
		return err_errno(err, "cannot make the folder %s of the state",
		    name);
	*ret_fd = openat(fd_dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (*ret_fd < 0)
		return err_errno(err, "cannot open the folder %s of the state",
		    name);
	r = give(*ret_fd, name, dirs[row].role, dirs[row].mode, err);
	if (r < 0)
		close(*ret_fd);
	return r;
}

int
agent_dirs_open(const char *dir, enum agent_role role, int *ret_fd,
    struct err *err)
{
	int fd_dir, fd = -1, r = 0;

	*ret_fd = -1;
	if (role != AGENT_ACCOUNT && role != AGENT_CERTKEY &&
	    role != AGENT_FILES && role != AGENT_DNS)
		return 0;
	r = agent_dirs_make(dir, err);
	if (r < 0)
		return r;
	fd_dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd_dir < 0)
		return err_errno(err, "cannot open the state's folder %s",
		    dir);
	for (size_t i = 0; r == 0 && i < NUM_DIRS; i++) {
		if (dirs[i].role != role)
			continue;
		r = open_in(fd_dir, i, &fd, err);
		if (r == 0 && role == AGENT_FILES)
			close(fd);
		else if (r == 0)
			*ret_fd = fd;
	}
	if (r == 0 && role == AGENT_FILES)
		*ret_fd = fd_dir;
	else
		close(fd_dir);
	return r;
}
