/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/files/intent.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/files/fs.h"
#include "agent/files/layout.h"

#define VERSION 1
#define MODE 0600

void
intent_encode(struct bld *out, const struct intent *intent)
{
	bld_u8(out, VERSION);
	bld_i64(out, intent->at_s);
	bld_u8(out, intent->no_key);
	bld_bytes(out, intent->spki_hash, FILES_HASH_SIZE);
	bld_span32(out, intent->chain);
}

int
intent_decode(struct span in, struct intent *ret, struct err *err)
{
	struct cur cur = CUR_OF(in);

	if (cur_u8(&cur) != VERSION)
		cur.failed = true;
	ret->at_s = cur_i64(&cur);
	ret->no_key = cur_bool(&cur);
	cur_copy(&cur, ret->spki_hash, FILES_HASH_SIZE);
	ret->chain = cur_span32(&cur);
	if (cur_end(&cur) < 0)
		return err_set(err, ERR_FRAME, NULL,
		    "what was to be published is not of its form");
	return 0;
}

static int
open_folder(const char *dir, int *ret_fd, struct err *err)
{
	char path[LAYOUT_PATH_SIZE];

	snprintf(path, sizeof(path), "%s/publish", dir);
	return fs_open(AT_FDCWD, path, ret_fd, err);
}

int
intent_write(const char *dir, const struct site *site,
    const struct intent *intent, struct err *err)
{
	const struct fs_owner owner = { SITE_KEEP_ID, SITE_KEEP_ID, MODE };
	char name[SITE_FOLDER_SIZE];
	struct bld out;
	int fd, r = open_folder(dir, &fd, err);

	if (r < 0)
		return r;
	site_folder(site, name);
	bld_init(&out, INTENT_MAX);
	intent_encode(&out, intent);
	r = bld_end(&out) < 0 ? err_set(err, ERR_TOO_LARGE, NULL,
	    "the certificate's chain is too long") :
	    fs_replace(fd, name, bld_view(&out), &owner, err);
	if (r == 0)
		r = fs_sync(fd, err);
	bld_free(&out);
	close(fd);
	return r;
}

int
intent_read(const char *dir, const struct site *site, struct arena *arena,
    struct intent *ret, struct err *err)
{
	char name[SITE_FOLDER_SIZE];
	struct bld in;
	int fd, r = open_folder(dir, &fd, err);

	if (r < 0)
		return r;
	site_folder(site, name);
	bld_init(&in, INTENT_MAX);
	r = fs_read(fd, name, false, &in, err);
	if (r == 0)
		r = intent_decode(arena_dup(arena, bld_view(&in)), ret, err);
	bld_free(&in);
	close(fd);
	return r;
}

int
intent_remove(const char *dir, const struct site *site, struct err *err)
{
	char name[SITE_FOLDER_SIZE];
	int fd, r = open_folder(dir, &fd, err);

	if (r < 0)
		return r;
	site_folder(site, name);
	r = fs_unlink(fd, name, err);
	if (r == 0)
		r = fs_sync(fd, err);
	close(fd);
	return r;
}
