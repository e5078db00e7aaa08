/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/files/publish.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/files/archive.h"
#include "agent/files/contents.h"
#include "agent/files/fs.h"

#define PUBLIC_MODE 0644
#define TARGET_MODE 0755        /* of our own layout */
#define PUBLISH_OCSP_FILES 3
#define FOREIGN_MODE 0700       /* of a target that a foreign layout lacks */

/* What publishing works with: all descriptors are -1 until they are open. */
struct work {
	const struct publish *publish;
	struct layout layout;
	struct contents contents;
	char stage[LAYOUT_NAME_SIZE + 16];
	int fd_parent;
	int fd_history; /* where the real files of links go */
	int fd_stage;
	int64_t number;
};

static struct fs_owner
owner_of(const struct site *site, enum site_file file)
{
	return (struct fs_owner){ site->uid, site->gid,
		contents_is_secret(file) ? site->key_mode : PUBLIC_MODE };
}

static bool
wants(const struct work *work, enum site_file file)
{
	return work->publish->key.len > 0 || !contents_is_secret(file);
}

/* Files, and links with the files that they lead to. */
static int
fill_entry(struct work *work, const struct layout_entry *entry,
    struct err *err)
{
	struct fs_owner owner = owner_of(work->publish->site, entry->file);
	struct span data = bld_view(&work->contents.files[entry->file]);
	char real[LAYOUT_NAME_SIZE], target[LAYOUT_NAME_SIZE * 3];
	int r;

	if (!wants(work, entry->file))
		return 0;
	if (entry->real[0] == '\0')
		return fs_create(work->fd_stage, entry->name, data, &owner,
		    err);
	layout_real(entry, work->number, real);
	r = fs_replace(work->fd_history >= 0 ? work->fd_history :
	    work->fd_stage, real, data, &owner, err);
	snprintf(target, sizeof(target), "%s%s", work->layout.link, real);
	return r < 0 ? r : fs_symlink(work->fd_stage, entry->name, target,
	    err);
}

/* The names of what belongs to an OCSP response; lego's folder has all sites,
 * so one with the site's name. */
static size_t
ocsp_names(const struct site *site,
    char out[PUBLISH_OCSP_FILES][LAYOUT_NAME_SIZE])
{
	static const char *const names[PUBLISH_OCSP_FILES] = {
		"ocsp.der", "combined.pem.ocsp", "ocsp.conf"
	};

	if (site->layout == SITE_LAYOUT_LEGO) {
		snprintf(out[0], LAYOUT_NAME_SIZE, "%.*s.ocsp",
		    SPAN_FMT(site->lineage));
		return 1;
	}
	for (size_t i = 0; i < PUBLISH_OCSP_FILES; i++)
		snprintf(out[i], LAYOUT_NAME_SIZE, "%s", names[i]);
	return PUBLISH_OCSP_FILES;
}

/* An OCSP response, by the names under which servers look for it: nginx is
 * told of it by a file that it includes if it is there. The response comes
 * first. */
static int
put_ocsp(int fd, const struct layout *layout, const struct site *site,
    struct span response, struct err *err)
{
	struct fs_owner owner = { site->uid, site->gid, PUBLIC_MODE };
	char names[PUBLISH_OCSP_FILES][LAYOUT_NAME_SIZE];
	size_t count = ocsp_names(site, names);
	struct bld conf;
	int r = 0;

	bld_init(&conf, 2 * LAYOUT_PATH_SIZE);
	bld_fmt(&conf, "ssl_stapling on;\nssl_stapling_file "
	    "\"%s/%s/ocsp.der\";\n", layout->parent, layout->name);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = fs_replace(fd, names[i], i == 2 ? bld_view(&conf) :
		    response, &owner, err);
	bld_free(&conf);
	return r;
}

static int
remove_ocsp(int fd, const struct site *site, struct err *err)
{
	char names[PUBLISH_OCSP_FILES][LAYOUT_NAME_SIZE];
	size_t count = ocsp_names(site, names);

	int r = 0;

	while (r == 0 && count-- > 0)
		r = fs_unlink(fd, names[count], err);
	return r;
}

/* What else a foreign target holds, and its owner and mode. */
static int
take_over(struct work *work, struct err *err)
{
	struct fs_owner owner = { SITE_KEEP_ID, SITE_KEEP_ID,
		work->layout.archive ? TARGET_MODE : FOREIGN_MODE };
	int fd, r = 0;

	if (!work->layout.archive) {
		r = fs_open(work->fd_parent, work->layout.name, &fd, err);
		if (r == 0) {
			r = fs_carry(fd, work->fd_stage, err);
			if (r == 0)
				r = fs_owner_of(fd, &owner, err);
			close(fd);
		}
		if (r < 0 && r != -(int)ERR_NOT_FOUND)
			return r;
	}
	return fs_dress(work->fd_stage, &owner, err);
}

static int
fill(struct work *work, struct err *err)
{
	int r;

	r = fs_remove_folder(work->fd_parent, work->stage, err);
	if (r == 0)
		r = fs_mkdir(work->fd_parent, work->stage, err);
	if (r == 0)
		r = fs_open(work->fd_parent, work->stage, &work->fd_stage,
		    err);
	for (size_t i = 0; r == 0 && i < work->layout.count; i++)
		r = fill_entry(work, &work->layout.entries[i], err);
	if (r == 0 && work->fd_history >= 0)
		r = fs_sync(work->fd_history, err);
	if (r == 0)
		r = take_over(work, err);
	/* That of the certificate before is none of this one. */
	if (r == 0)
		r = remove_ocsp(work->fd_stage, work->publish->site, err);
	if (r == 0 && work->publish->ocsp.len > 0)
		r = put_ocsp(work->fd_stage, &work->layout,
		    work->publish->site, work->publish->ocsp, err);
	if (r == 0)
		r = fs_sync(work->fd_stage, err);
	return r;
}

int
publish_settle(const struct site *site, const char *dir, struct err *err)
{
	char aside[LAYOUT_NAME_SIZE + 16], stage[LAYOUT_NAME_SIZE + 16];
	struct layout layout;
	int fd, r;

	layout_of(site, dir, &layout);
	r = fs_open(AT_FDCWD, layout.parent, &fd, err);
	if (r < 0)
		return r == -(int)ERR_NOT_FOUND ? 0 : r;
	snprintf(aside, sizeof(aside), ".%.240s.aside", layout.name);
	snprintf(stage, sizeof(stage), ".%.240s.signet", layout.name);
	if (fs_exists(fd, aside))
		r = fs_rename(fd, aside, fd, fs_exists(fd, layout.name) ?
		    stage : layout.name, err);
	close(fd);
	return r;
}

static bool
is_live(const struct publish *publish)
{
	struct arena arena = { 0 };
	struct chain live;
	bool same;

	same = publish_live(publish->site, publish->dir, &arena, &live,
	    NULL) == 0 && live.leaf.exists && span_equal(live.certificates[0],
	    publish->chain->certificates[0]);
	arena_free(&arena);
	return same;
}

/* What was live goes where it belongs. */
static int
retire(struct work *work, struct err *ret_pruned, struct err *err)
{
	int old, new, r;

	if (!fs_exists(work->fd_parent, work->stage))
		return 0;
	if (work->layout.archive)
		return archive_add(work->publish->dir, work->fd_parent,
		    work->stage, work->layout.name, ret_pruned, err);
	r = fs_open(work->fd_parent, work->stage, &old, err);
	if (r < 0)
		return r;
	r = fs_open(work->fd_parent, work->layout.name, &new, err);
	if (r == 0) {
		r = fs_move_folders(old, new, err);
		if (r == 0)
			r = fs_sync(new, err);
		close(new);
	}
	close(old);
	return r < 0 ? r : fs_remove_folder(work->fd_parent, work->stage, err);
}

static int
open_work(struct work *work, const struct publish *publish, struct err *err)
{
	int r;

	*work = (struct work){ .publish = publish, .fd_parent = -1,
		.fd_history = -1, .fd_stage = -1, .number = publish->at_s };
	layout_of(publish->site, publish->dir, &work->layout);
	snprintf(work->stage, sizeof(work->stage), ".%.240s.signet",
	    work->layout.name);
	if (publish->key.len == 0 && !work->layout.archive)
		return err_set(err, ERR_CONFIG, NULL, "a certificate for a "
		    "key from elsewhere cannot be put into another program's "
		    "folders; give the site a folder of our own");
	contents_make(publish, &work->contents);
	r = fs_open(AT_FDCWD, work->layout.parent, &work->fd_parent, err);
	if (r == 0 && work->layout.history[0] != '\0')
		r = fs_open(AT_FDCWD, work->layout.history, &work->fd_history,
		    err);
	if (r == 0 && work->fd_history >= 0)
		r = archive_next(work->fd_history, &work->layout,
		    bld_view(&work->contents.files[SITE_CERT]), &work->number,
		    err);
	return r;
}

static void
close_work(struct work *work)
{
	if (work->fd_parent >= 0)
		close(work->fd_parent);
	if (work->fd_history >= 0)
		close(work->fd_history);
	if (work->fd_stage >= 0)
		close(work->fd_stage);
	contents_done(&work->contents);
}

int
publish_target(const struct publish *publish, struct err *ret_pruned,
    struct err *err)
{
	struct work work;
	int r = open_work(&work, publish, err);

	if (r == 0)
		r = publish_settle(publish->site, publish->dir, err);
	if (r == 0 && !is_live(publish)) {
		r = fill(&work, err);
		if (r == 0)
			r = fs_exchange(work.fd_parent, work.stage,
			    work.layout.name, err);
	}
	/* Before anything of the old goes, the new is there for good. */
	if (r == 0)
		r = fs_sync(work.fd_parent, err);
	if (r == 0)
		r = retire(&work, ret_pruned, err);
	if (r == 0)
		r = fs_sync(work.fd_parent, err);
	close_work(&work);
	return r;
}

static int
put_copy(const struct contents *contents, const struct site_copy *copy,
    struct err *err)
{
	struct fs_owner owner = { copy->uid, copy->gid, copy->mode };
	char path[SITE_PATH_MAX + 1], *name;
	int fd, r;

	snprintf(path, sizeof(path), "%.*s", SPAN_FMT(copy->path));
	name = strrchr(path, '/');
	*name++ = '\0';
	r = fs_open(AT_FDCWD, path[0] == '\0' ? "/" : path, &fd, err);
	if (r < 0)
		return r;
	r = fs_replace(fd, name, bld_view(&contents->files[copy->file]),
	    &owner, err);
	if (r == 0)
		r = fs_sync(fd, err);
	close(fd);
	return r < 0 ? err_prefix(err, "copy to %s", path) : 0;
}

int
publish_copies(const struct publish *publish, struct err *err)
{
	const struct site *site = publish->site;
	struct contents contents;
	int result = 0;

	contents_make(publish, &contents);
	for (size_t i = 0; i < site->num_copies; i++) {
		struct err why = ERR_INIT;
		int r;

		if (publish->key.len == 0 &&
		    contents_is_secret(site->copies[i].file))
			continue;
		r = put_copy(&contents, &site->copies[i], &why);
		if (r < 0 && result == 0) {
			result = r;
			if (err != NULL)
				*err = why;
		}
	}
	contents_done(&contents);
	return result;
}

/* The target, for reading. */
static int
open_target(const struct site *site, const char *dir, struct layout *layout,
    int *ret_fd, struct err *err)
{
	int parent, r;

	layout_of(site, dir, layout);
	r = fs_open(AT_FDCWD, layout->parent, &parent, err);
	if (r < 0)
		return r;
	r = fs_open(parent, layout->name, ret_fd, err);
	close(parent);
	return r;
}

int
publish_live(const struct site *site, const char *dir, struct arena *arena,
    struct chain *ret, struct err *err)
{
	struct layout layout;
	struct bld pem;
	int fd, r;

	*ret = (struct chain){ 0 };
	r = open_target(site, dir, &layout, &fd, err);
	if (r == -(int)ERR_NOT_FOUND)
		return 0;
	if (r < 0)
		return r;
	bld_init(&pem, FILES_CHAIN_MAX);
	r = fs_read(fd, layout_name(&layout, SITE_FULLCHAIN), true, &pem, err);
	if (r == 0)
		r = chain_parse(bld_view(&pem), arena, ret, err);
	bld_free(&pem);
	close(fd);
	/* Somebody took the file away: there is nothing to keep. */
	return r == -(int)ERR_NOT_FOUND ? 0 : r;
}

int
publish_live_key(const struct site *site, const char *dir,
    const uint8_t *hash, struct bld *out, struct err *err)
{
	struct layout layout;
	int fd, r;

	r = open_target(site, dir, &layout, &fd, err);
	if (r == 0) {
		r = archive_read_key(fd, layout_name(&layout, SITE_PRIVKEY),
		    hash, out, err);
		close(fd);
	}
	if (r == -(int)ERR_NOT_FOUND && hash != NULL && layout.archive)
		r = archive_find_key(dir, layout.name, hash, out, err);
	return r;
}

int
publish_remove(const struct site *site, const char *dir,
    struct err *ret_pruned, struct err *err)
{
	struct layout layout;
	int parent, r;

	layout_of(site, dir, &layout);
	if (!layout.archive)
		return err_set(err, ERR_CONFIG, NULL, "the files are in the "
		    "folder of another program; remove them there");
	r = fs_open(AT_FDCWD, layout.parent, &parent, err);
	if (r < 0)
		return r;
	if (fs_exists(parent, layout.name))
		r = archive_add(dir, parent, layout.name, layout.name,
		    ret_pruned, err);
	if (r == 0)
		r = fs_sync(parent, err);
	close(parent);
	return r;
}

int
publish_ocsp(const struct site *site, const char *dir, struct span response,
    struct err *err)
{
	struct layout layout;
	int fd, r;

	r = open_target(site, dir, &layout, &fd, err);
	if (r == -(int)ERR_NOT_FOUND && response.len == 0)
		return 0;
	if (r < 0)
		return r;
	r = response.len > 0 ? put_ocsp(fd, &layout, site, response, err) :
	    remove_ocsp(fd, site, err);
	if (r == 0)
		r = fs_sync(fd, err);
	close(fd);
	return r;
}
