/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/change.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cur.h"
#include "base/file.h"

/* What is written down about a file: u8 was there, u32 mode, u32 uid, u32 gid,
 * path behind its 16-bit length, bytes behind their 32-bit length. */
struct before {
	bool exists;
	uint32_t mode, uid, gid;
	struct span path, data;
};

static void
note_path(const struct change *change, unsigned index, char out[CHANGE_PATH_SIZE])
{
	snprintf(out, CHANGE_PATH_SIZE, "%s/%s.%u", change->folder, change->key,
	    index);
}

void
change_path(const struct change *change, const char *suffix,
    char out[CHANGE_PATH_SIZE])
{
	snprintf(out, CHANGE_PATH_SIZE, "%s/%s.%s", change->folder,
	    change->key, suffix);
}

static void
sync_folder_of(const char *path)
{
	char folder[CHANGE_PATH_SIZE];
	char *slash;
	int fd;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		return;
	slash[slash == folder] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

/* Beside the file, under a name that no server includes. */
static int
put_file(const char *path, const struct before *file, struct err *err)
{
	const char *slash = strrchr(path, '/');
	char temporary[CHANGE_PATH_SIZE];
	int fd;

	if (slash == NULL || snprintf(temporary, sizeof(temporary),
	    "%.*s/.%s.signet", (int)(slash - path), path, slash + 1) >=
	    (int)sizeof(temporary))
		return err_set(err, ERR_CONFIG, NULL, "%s is too long a path",
		    path);
	unlink(temporary);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(err, "cannot write %s", path);
	if (fchmod(fd, file->mode) < 0 || (geteuid() == 0 &&
	    fchown(fd, file->uid, file->gid) < 0) ||
	    file_write(fd, file->data) < 0 || fsync(fd) < 0 ||
	    rename(temporary, path) < 0) {
		err_errno(err, "cannot write %s", path);
		close(fd);
		unlink(temporary);
		return -(int)ERR_IO;
	}
	close(fd);
	sync_folder_of(path);
	return 0;
}

int
change_put(const char *path, struct span data, unsigned mode,
    struct err *err)
{
	struct before file = { .mode = mode, .uid = geteuid(),
	    .gid = getegid(), .data = data };

	return put_file(path, &file, err);
}

int
change_read(const char *path, struct bld *out, struct err *err)
{
	return file_read(AT_FDCWD, path, 0, out, err);
}

/* Its bytes, mode and owner are of one and the same file: who may change the
 * folder could else have another's bytes written under his own name. */
static int
read_before(const char *path, struct before *now, struct bld *data,
    struct err *err)
{
	struct stat st;
	int fd, r = file_open(AT_FDCWD, path, 0, &fd, err);

	if (r < 0)
		return r;
	r = fstat(fd, &st) < 0 ? err_errno(err, "cannot look at %s", path) :
	    file_slurp(fd, path, data, err);
	close(fd);
	if (r < 0)
		return r;
	*now = (struct before){ .exists = true, .mode = st.st_mode & 07777,
	    .uid = st.st_uid, .gid = st.st_gid };
	return 0;
}

/* Writes down what the file is now. */
static int
note(struct change *change, const char *path, struct before *now,
    struct bld *data, struct err *err)
{
	char name[CHANGE_PATH_SIZE];
	struct bld form;
	int r = read_before(path, now, data, err);

	if (r < 0 && r != -(int)ERR_NOT_FOUND)
		return r;
	if (change->count == CHANGE_FILES_MAX)
		return err_set(err, ERR_INTERNAL, NULL, "too many files");
	bld_init_secret(&form, CHANGE_FILE_MAX + CHANGE_PATH_SIZE + 64);
	bld_u8(&form, now->exists);
	bld_u32(&form, now->mode);
	bld_u32(&form, now->uid);
	bld_u32(&form, now->gid);
	bld_span16(&form, span_of(path, strlen(path)));
	bld_span32(&form, bld_view(data));
	note_path(change, change->count, name);
	r = put_file(name, &(struct before){ .mode = 0600, .uid = geteuid(),
	    .gid = getegid(), .data = bld_view(&form) }, err);
	bld_free(&form);
	if (r == 0)
		change->count++;
	return r;
}

int
change_write(struct change *change, const char *path, struct span data,
    unsigned mode, struct err *err)
{
	struct before file = { 0 };
	struct bld old;
	int r;

	bld_init_secret(&old, CHANGE_FILE_MAX);
	r = note(change, path, &file, &old, err);
	if (!file.exists) {
		file.mode = mode;
		file.uid = geteuid();
		file.gid = getegid();
	}
	file.data = data;
	if (r == 0)
		r = put_file(path, &file, err);
	bld_free(&old);
	return r;
}

int
change_remove(struct change *change, const char *path, struct err *err)
{
	struct before file = { 0 };
	struct bld old;
	int r;

	assert(path != NULL);
	bld_init_secret(&old, CHANGE_FILE_MAX);
	r = note(change, path, &file, &old, err);
	if (r == 0 && unlink(path) < 0 && errno != ENOENT)
		r = err_errno(err, "cannot remove %s", path);
	bld_free(&old);
	if (r == 0)
		sync_folder_of(path);
	return r;
}

static int
restore(const char *name, struct err *err)
{
	struct bld form;
	struct before file;
	struct cur cur;
	char path[CHANGE_PATH_SIZE];
	int r;

	bld_init_secret(&form, CHANGE_FILE_MAX + CHANGE_PATH_SIZE + 64);
	r = change_read(name, &form, err);
	if (r == 0) {
		cur = CUR_OF(bld_view(&form));
		file.exists = cur_bool(&cur);
		file.mode = cur_u32(&cur);
		file.uid = cur_u32(&cur);
		file.gid = cur_u32(&cur);
		file.path = cur_text(&cur, CHANGE_PATH_SIZE - 1);
		file.data = cur_span32(&cur);
		snprintf(path, sizeof(path), "%.*s", SPAN_FMT(file.path));
		if (cur_end(&cur) < 0 || path[0] != '/')
			r = err_set(err, ERR_FRAME, NULL, "%s is damaged; look "
			    "at it, and remove it", name);
		else if (file.exists)
			r = put_file(path, &file, err);
		else if (unlink(path) < 0 && errno != ENOENT)
			r = err_errno(err, "cannot remove %s", path);
	}
	bld_free(&form);
	return r;
}

int
change_undo(struct change *change, struct err *err)
{
	char name[CHANGE_PATH_SIZE];
	int ret = 0;

	note_path(change, 0, name);
	/* From the last to the first: one file may be in it twice. */
	while (change->count > 0) {
		struct err each = ERR_INIT;

		note_path(change, --change->count, name);
		if (access(name, F_OK) < 0)
			continue;
		if (restore(name, &each) < 0 && ret == 0) {
			ret = -(int)each.kind;
			if (err != NULL)
				*err = each;
		} else if (ret == 0) {
			unlink(name);
		}
	}
	sync_folder_of(name);
	return ret;
}

/* Takes the notes away. */
static void
forget(struct change *change)
{
	char name[CHANGE_PATH_SIZE];

	note_path(change, 0, name);
	while (change->count > 0) {
		note_path(change, --change->count, name);
		unlink(name);
	}
	sync_folder_of(name);
}

/* The mark makes it one step: with it, the notes that are still there say
 * nothing. */
void
change_keep(struct change *change)
{
	char mark[CHANGE_PATH_SIZE];
	struct before empty = { .mode = 0600, .uid = geteuid(),
	    .gid = getegid() };

	if (change->count == 0)
		return;
	change_path(change, "kept", mark);
	put_file(mark, &empty, NULL);
	forget(change);
	unlink(mark);
}

static int
take_lock(struct change *change, struct err *err)
{
	char name[CHANGE_PATH_SIZE];
	struct timespec pause = { .tv_nsec = 20000000 };

	change_path(change, "lock", name);
	change->fd_lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (change->fd_lock < 0)
		return err_errno(err, "cannot open %s", name);
	for (int i = 0; flock(change->fd_lock, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK || i > CHANGE_WAIT_S * 50)
			return err_errno(err, "cannot lock %s", name);
		nanosleep(&pause, NULL);
	}
	return 0;
}

/* FNV-1a: tells arguments apart in file names, no more. */
static void
make_key(struct change *change, const char *server, const char *argument)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (const char *c = argument; *c != '\0'; c++)
		hash = (hash ^ (uint8_t)*c) * UINT64_C(1099511628211);
	snprintf(change->key, sizeof(change->key), "%s%s%.0llx", server,
	    argument[0] == '\0' ? "" : "-", argument[0] == '\0' ? 0 :
	    (unsigned long long)hash);
}

static int
find_left(struct change *change, const char *argument, struct err *err)
{
	char name[CHANGE_PATH_SIZE];
	struct before file = { .mode = 0600, .uid = geteuid(),
	    .gid = getegid(), .data = span_str(argument) };

	for (unsigned i = 0; i < CHANGE_FILES_MAX; i++) {
		note_path(change, i, name);
		if (access(name, F_OK) == 0)
			change->count = i + 1;
	}
	change_path(change, "kept", name);
	if (access(name, F_OK) == 0) {
		forget(change);
		unlink(name);
	}
	change_path(change, "argument", name);
	return access(name, F_OK) == 0 ? 0 : put_file(name, &file, err);
}

/* Notes say what is written where: nobody else may write one. */
static int
check_folder(const char *folder, struct err *err)
{
	struct stat st;

	if (lstat(folder, &st) < 0)
		return err_errno(err, "cannot look at %s", folder);
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() ||
	    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
		return err_set(err, ERR_CONFIG, NULL, "%s is not a folder that "
		    "only you (user id %u) can write to; look at what is in "
		    "it, and remove it", folder, (unsigned)geteuid());
	return 0;
}

int
change_begin(struct change *change, const char *dir, const char *server,
    const char *argument, struct err *err)
{
	int r;

	*change = (struct change){ .fd_lock = -1 };
	make_key(change, server, argument);
	snprintf(change->folder, sizeof(change->folder), "%s/changes", dir);
	if (mkdir(change->folder, 0700) < 0 && errno != EEXIST)
		return err_errno(err, "cannot make %s", change->folder);
	r = check_folder(change->folder, err);
	if (r == 0)
		r = take_lock(change, err);
	if (r == 0)
		r = find_left(change, argument, err);
	if (r < 0)
		change_end(change);
	return r;
}

void
change_end(struct change *change)
{
	if (change->fd_lock >= 0)
		close(change->fd_lock);
	change->fd_lock = -1;
}

/* A note, or tasks. */
bool
change_is_left(const struct change *change)
{
	static const char *const suffixes[] = { "0", "tasks", "kept" };
	char name[CHANGE_PATH_SIZE];
	bool found = false;

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		change_path(change, suffixes[i], name);
		found = found || access(name, F_OK) == 0;
	}
	return found;
}

static void
visit_key(const struct change *change, void (*visit)(void *ctx,
    const struct change *change, const char *server, const char *argument),
    void *ctx)
{
	char name[CHANGE_PATH_SIZE], server[64];
	struct bld argument;

	change_path(change, "argument", name);
	snprintf(server, sizeof(server), "%.*s",
	    (int)strcspn(change->key, "-"), change->key);
	bld_init(&argument, CHANGE_PATH_SIZE);
	if (change_read(name, &argument, NULL) == 0) {
		bld_u8(&argument, 0);
		visit(ctx, change, server, (const char *)argument.data);
	}
	bld_free(&argument);
}

void
change_each(const char *dir, void (*visit)(void *ctx,
    const struct change *change, const char *server, const char *argument),
    void *ctx)
{
	struct change change = { .fd_lock = -1 };
	const struct dirent *entry;
	DIR *open_folder;

	snprintf(change.folder, sizeof(change.folder), "%s/changes", dir);
	open_folder = opendir(change.folder);
	while (open_folder != NULL && (entry = readdir(open_folder)) != NULL) {
		const char *dot = strchr(entry->d_name, '.');

		if (dot == NULL || strcmp(dot, ".argument") != 0 ||
		    dot - entry->d_name >= (ptrdiff_t)sizeof(change.key))
			continue;
		snprintf(change.key, sizeof(change.key), "%.*s",
		    (int)(dot - entry->d_name), entry->d_name);
		visit_key(&change, visit, ctx);
	}
	if (open_folder != NULL)
		closedir(open_folder);
}
