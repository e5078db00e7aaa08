/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/proc/trusted.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int
check_one(const char *path, struct err *err)
{
	struct stat st;
	bool shared;

	if (lstat(path, &st) < 0)
		return 0; /* nothing to be trusted */
	if (st.st_uid != 0)
		return err_set(err, ERR_CONFIG, NULL, "%s belongs to the user "
		    "with id %u, who could make root run anything; run signet "
		    "as that user, or name a place of root's own", path,
		    (unsigned)st.st_uid);
	shared = (st.st_mode & S_IWOTH) != 0 || ((st.st_mode & S_IWGRP) != 0 &&
	    st.st_gid >= TRUSTED_GID_MIN);
	if (!shared || S_ISLNK(st.st_mode) ||
	    (S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX) != 0))
		return 0;
	return err_set(err, ERR_CONFIG, NULL, "%s can be written to by others "
	    "than root, who could make root run anything; take that right "
	    "away (chmod go-w), or name a place of root's own", path);
}

/* Each folder on the way, and then the thing itself. */
static int
check_parts(const char *path, struct err *err)
{
	char part[PATH_MAX];
	int r = 0;

	for (size_t i = 1; r == 0 && path[0] != '\0'; i++) {
		size_t len = i + strcspn(path + i, "/");

		if (len >= sizeof(part))
			return err_set(err, ERR_CONFIG, NULL,
			    "a path is too long: %.100s", path);
		memcpy(part, path, len);
		part[len] = '\0';
		r = check_one(part, err);
		i = len;
		if (path[len] == '\0')
			break;
	}
	return r;
}

int
trusted_path(const char *path, struct err *err)
{
	char whole[PATH_MAX], real[PATH_MAX], *slash;
	int r;

	if (geteuid() != 0)
		return 0;
	if (path[0] != '/' && getcwd(real, sizeof(real)) != NULL)
		snprintf(whole, sizeof(whole), "%.2000s/%.2000s", real, path);
	else
		snprintf(whole, sizeof(whole), "%s", path);
	r = check_parts(whole, err);
	/* Where links lead, as far as it is there. */
	while (r == 0 && realpath(whole, real) == NULL) {
		slash = strrchr(whole, '/');
		if (slash == NULL || slash == whole)
			return 0;
		*slash = '\0';
	}
	return r < 0 ? r : check_parts(real, err);
}

int
trusted_command(const char *command, struct err *err)
{
	char program[PATH_MAX];

	command += strspn(command, " \t");
	if (command[0] != '/')
		return 0;
	snprintf(program, sizeof(program), "%.*s",
	    (int)strcspn(command, " \t\n;&|<>()$`\"'\\"), command);
	return trusted_path(program, err);
}
