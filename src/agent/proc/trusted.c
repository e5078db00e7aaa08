/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/proc/trusted.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/proc/shell_text.h"
#include "base/file.h"

/* Who looks, and what for. */
struct look {
	bool strict; /* what is missing must not be for others to make */
	bool open;   /* the last one is a folder that others may add to */
};

static int
check_missing(const struct look *look, const char *path, struct err *err)
{
	if (!look->strict || !look->open)
		return 0; /* nothing to be trusted */
	return err_set(err, ERR_CONFIG, NULL, "there is no %s, and others "
	    "than root may make it, who could make root run anything; name a "
	    "place of root's own", path);
}

static int
check_one(struct look *look, const char *path, struct err *err)
{
	struct stat st;
	bool shared;

	if (lstat(path, &st) < 0) {
		int r = check_missing(look, path, err);

		look->open = false;
		return r;
	}
	if (st.st_uid != 0)
		return err_set(err, ERR_CONFIG, NULL, "%s belongs to the user "
		    "with id %u, who could make root run anything; run signet "
		    "as that user, or name a place of root's own", path,
		    (unsigned)st.st_uid);
	shared = (st.st_mode & S_IWOTH) != 0 || ((st.st_mode & S_IWGRP) != 0 &&
	    st.st_gid >= TRUSTED_GID_MIN);
	look->open = shared && S_ISDIR(st.st_mode);
	if (!shared || S_ISLNK(st.st_mode) ||
	    (S_ISDIR(st.st_mode) && (st.st_mode & S_ISVTX) != 0))
		return 0;
	return err_set(err, ERR_CONFIG, NULL, "%s can be written to by others "
	    "than root, who could make root run anything; take that right "
	    "away (chmod go-w), or name a place of root's own", path);
}

/* Each folder on the way, and then the thing itself. */
static int
check_parts(struct look *look, const char *path, struct err *err)
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
		r = check_one(look, part, err);
		i = len;
		if (path[len] == '\0')
			break;
	}
	return r;
}

static int
check(struct look *look, const char *path, struct err *err)
{
	char whole[PATH_MAX], real[PATH_MAX], *slash;
	int r;

	if (geteuid() != 0)
		return 0;
	if (path[0] != '/' && getcwd(real, sizeof(real)) != NULL)
		snprintf(whole, sizeof(whole), "%.2000s/%.2000s", real, path);
	else
		snprintf(whole, sizeof(whole), "%s", path);
	r = check_parts(look, whole, err);
	/* Where links lead, as far as it is there. */
	while (r == 0 && realpath(whole, real) == NULL) {
		slash = strrchr(whole, '/');
		if (slash == NULL || slash == whole)
			return 0;
		*slash = '\0';
	}
	return r < 0 ? r : check_parts(look, real, err);
}

int
trusted_path(const char *path, struct err *err)
{
	struct look look = { .strict = false };

	return check(&look, path, err);
}

int
trusted_file(const char *path, struct err *err)
{
	struct look look = { .strict = true };

	return check(&look, path, err);
}

/* ---- commands ----------------------------------------------------------- */

struct search {
	const char *folders; /* as in PATH */
	char *ret;           /* those of them that are root's own */
	size_t len;
};

/* Calls each for the folders of a PATH until it gives true. */
static bool
each_folder(const char *folders, bool (*each)(void *ctx, const char *folder),
    void *ctx)
{
	char folder[PATH_MAX];

	while (*folders != '\0') {
		size_t len = strcspn(folders, ":");

		snprintf(folder, sizeof(folder), "%.*s", (int)len, folders);
		if (folder[0] == '/' && len < sizeof(folder) &&
		    each(ctx, folder))
			return true;
		folders += len + (folders[len] == ':');
	}
	return false;
}

struct program {
	const char *name;
	char path[2 * PATH_MAX]; /* "": in none of the folders */
};

static bool
has_program(void *ctx, const char *folder)
{
	struct program *program = ctx;

	snprintf(program->path, sizeof(program->path), "%s/%s", folder,
	    program->name);
	if (access(program->path, X_OK) == 0)
		return true;
	program->path[0] = '\0';
	return false;
}

/* A path is one from "/", where commands are run. */
static int
check_program(void *ctx, const char *name, struct err *err)
{
	const struct search *search = ctx;
	struct program program = { .name = name };

	if (strchr(name, '/') == NULL)
		each_folder(search->folders, has_program, &program);
	else
		snprintf(program.path, sizeof(program.path), "%s%s",
		    name[0] == '/' ? "" : "/", name);
	return program.path[0] == '\0' ? 0 : trusted_file(program.path, err);
}

int
trusted_command(const char *const *argv, const char *folders, struct err *err)
{
	struct search search = { .folders = folders };
	int r;

	if (geteuid() != 0)
		return 0;
	r = check_program(&search, argv[0], err);
	if (r == 0 && strcmp(argv[0], "/bin/sh") == 0 && argv[1] != NULL &&
	    strcmp(argv[1], "-c") == 0 && argv[2] != NULL)
		r = shell_text_each(argv[2], check_program, &search, err);
	return r;
}

/* To one with the sticky bit, others may add a program. */
static bool
add_folder(void *ctx, const char *folder)
{
	struct search *search = ctx;
	struct look look = { .strict = true };
	size_t len = strlen(folder) + (search->len > 0);

	if (check(&look, folder, NULL) < 0 || look.open ||
	    search->len + len >= TRUSTED_FOLDERS_MAX)
		return false;
	snprintf(search->ret + search->len, len + 1, "%s%s",
	    search->len == 0 ? "" : ":", folder);
	search->len += len;
	return false;
}

void
trusted_folders(const char *folders, char ret[TRUSTED_FOLDERS_MAX])
{
	struct search search = { .ret = ret };

	ret[0] = '\0';
	if (geteuid() == 0)
		each_folder(folders, add_folder, &search);
	else
		snprintf(ret, TRUSTED_FOLDERS_MAX, "%s", folders);
}

/* ---- files -------------------------------------------------------------- */

int
trusted_files(const char *const *paths, struct err *err)
{
	int r = 0;

	for (; r == 0 && *paths != NULL; paths++)
		r = trusted_file(*paths, err);
	return r;
}

int
trusted_read(const char *path, size_t max, struct arena *arena,
    struct span *ret, struct err *err)
{
	struct bld text;
	int r = trusted_file(path, err);

	*ret = SPAN_NONE;
	if (r < 0)
		return r;
	bld_init_secret(&text, max);
	r = file_read(AT_FDCWD, path, 0, &text, err);
	if (r == 0)
		*ret = arena_dup(arena, bld_view(&text));
	bld_free(&text);
	return r;
}
