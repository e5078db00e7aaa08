/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/files/archive.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/files/fs.h"
#include "agent/proc/key_file.h"
#include "base/text.h"

#define NUMBER_SIZE 24 /* bytes of a number in decimal, with the NUL */
#define LOOKED_AT_MAX 64 /* numbers that are tried, of which some may be gone */

/* Folders with numbers as names: the greatest, and the least. */
struct range {
	uint64_t first, last; /* 0: none */
};

static int
see_number(void *ctx, const char *name, struct err *err)
{
	struct range *range = ctx;
	uint64_t number;

	(void)err;
	if (text_uint(span_str(name), INT64_MAX, &number) < 0 || number == 0)
		return 0;
	if (number > range->last)
		range->last = number;
	if (range->first == 0 || number < range->first)
		range->first = number;
	return 0;
}

static void
put_number(uint64_t number, char out[NUMBER_SIZE])
{
	snprintf(out, NUMBER_SIZE, "%" PRIu64, number);
}

static int
open_archive(const char *dir, const char *name, bool make, int *ret_fd,
    struct err *err)
{
	char path[LAYOUT_PATH_SIZE];
	int fd, r;

	snprintf(path, sizeof(path), "%s/archive", dir);
	r = fs_open(AT_FDCWD, path, &fd, err);
	if (r < 0)
		return r;
	if (make)
		r = fs_mkdir(fd, name, err);
	if (r == 0)
		r = fs_open(fd, name, ret_fd, err);
	close(fd);
	return r;
}

struct pruning {
	int fd;
	uint64_t last;
	struct err first_err;
};

/* One that cannot be removed does not keep the others. */
static int
prune_number(void *ctx, const char *name, struct err *err)
{
	struct pruning *pruning = ctx;
	struct err why = ERR_INIT;
	uint64_t number;

	(void)err;
	if (text_uint(span_str(name), INT64_MAX, &number) < 0 || number == 0 ||
	    number + PUBLISH_ARCHIVED_MAX > pruning->last)
		return 0;
	if (fs_remove_folder(pruning->fd, name, &why) < 0 &&
	    pruning->first_err.kind == ERR_NONE)
		pruning->first_err = why;
	return 0;
}

static int
prune(int fd, uint64_t last, struct err *err)
{
	struct pruning pruning = { .fd = fd, .last = last };
	int r = fs_each(fd, prune_number, &pruning, err);

	if (r == 0 && pruning.first_err.kind != ERR_NONE) {
		*err = pruning.first_err;
		r = -(int)err->kind;
	}
	return r;
}

int
archive_add(const char *dir, int fd_parent, const char *folder,
    const char *name, struct err *ret_pruned, struct err *err)
{
	struct range range = { 0 };
	struct err why = ERR_INIT;
	char number[NUMBER_SIZE];
	int fd = -1, r;

	r = open_archive(dir, name, true, &fd, err);
	if (r < 0)
		return r;
	r = fs_each(fd, see_number, &range, err);
	put_number(++range.last, number);
	if (r == 0)
		r = fs_rename(fd_parent, folder, fd, number, err);
	if (r == 0)
		r = fs_sync(fd, err);
	if (r == 0 && prune(fd, range.last, &why) < 0) {
		err_prefix(&why, "of what is in %s/archive/%s, not all but the "
		    "last %d could be removed", dir, name,
		    PUBLISH_ARCHIVED_MAX);
		*ret_pruned = why;
	}
	close(fd);
	return r;
}

struct numbers {
	const struct layout *layout;
	int64_t last;
};

static int
see_file(void *ctx, const char *name, struct err *err)
{
	struct numbers *numbers = ctx;

	(void)err;
	for (size_t i = 0; i < numbers->layout->count; i++) {
		int64_t n = layout_number_of(&numbers->layout->entries[i],
		    name);

		if (n > numbers->last)
			numbers->last = n;
	}
	return 0;
}

int
archive_next(int fd, const struct layout *layout, struct span cert,
    int64_t *ret, struct err *err)
{
	struct numbers numbers = { layout, 0 };
	char name[LAYOUT_NAME_SIZE];
	struct bld there;
	int r = fs_each(fd, see_file, &numbers, err);

	if (r < 0)
		return r;
	*ret = numbers.last + 1;
	bld_init(&there, FS_FILE_MAX);
	for (size_t i = 0; i < layout->count; i++) {
		if (layout->entries[i].file != SITE_CERT)
			continue;
		layout_real(&layout->entries[i], numbers.last, name);
		if (fs_read(fd, name, false, &there, NULL) == 0 &&
		    span_equal(bld_view(&there), cert))
			*ret = numbers.last;
	}
	bld_free(&there);
	return 0;
}

int
archive_read_key(int fd, const char *file, const uint8_t *hash,
    struct bld *out, struct err *err)
{
	struct bld text;
	int r;

	bld_init_secret(&text, PUBLISH_KEY_MAX);
	r = fs_read(fd, file, true, &text, err);
	if (r == 0 && key_file_recode(bld_view(&text), hash, out, NULL) < 0)
		r = err_set(err, ERR_NOT_FOUND, NULL,
		    "%s is not the key that is wanted", file);
	bld_free(&text);
	return r;
}

int
archive_find_key(const char *dir, const char *name, const uint8_t *hash,
    struct bld *out, struct err *err)
{
	struct range range = { 0 };
	char number[NUMBER_SIZE];
	int fd = -1, set, r;

	r = open_archive(dir, name, false, &fd, err);
	if (r < 0)
		return r;
	r = fs_each(fd, see_number, &range, err);
	if (r == 0)
		r = err_set(err, ERR_NOT_FOUND, NULL,
		    "no key of the certificate is kept");
	for (uint64_t n = range.last; n > 0 && r == -(int)ERR_NOT_FOUND &&
	    n >= range.first && n + LOOKED_AT_MAX > range.last; n--) {
		put_number(n, number);
		if (fs_open(fd, number, &set, NULL) < 0)
			continue;
		r = archive_read_key(set, "privkey.pem", hash, out, err);
		close(set);
	}
	close(fd);
	return r;
}
