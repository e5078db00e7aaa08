/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/remember.h"

#include <dirent.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cur.h"
#include "base/mem.h"

#define HASH_SIZE 32
#define NOTE_MAX (CHANGE_FILE_MAX + CHANGE_PATH_SIZE + 128)
#define SITE_SIZE 256

/* u8 was there, path behind its 16-bit length, SHA-256 of what was put there
 * last and before that (a change may have been taken back), bytes behind their
 * 32-bit length. */
struct note {
	bool existed;
	struct span path, hashes[2], data;
};

static void
hash(struct span data, uint8_t ret[HASH_SIZE])
{
	if (EVP_Q_digest(NULL, "SHA256", NULL, data.data, data.len, ret,
	    NULL) != 1)
		abort(); /* out of memory */
}

/* "KEY.was.SITE.": the rest is 16 digits, which tell paths apart. */
static size_t
name_start(const struct change *change, const char *site,
    char out[SITE_SIZE + 100])
{
	return (size_t)snprintf(out, SITE_SIZE + 100, "%s.was.%.250s.",
	    change->key, site);
}

static void
make_name(const struct change *change, const char *site, const char *path,
    char out[CHANGE_PATH_SIZE])
{
	char start[SITE_SIZE + 100];
	uint64_t digits;
	uint8_t full[HASH_SIZE];

	hash(span_str(path), full);
	memcpy(&digits, full, sizeof(digits));
	name_start(change, site, start);
	snprintf(out, CHANGE_PATH_SIZE, "%s/%s%016llx", change->folder, start,
	    (unsigned long long)digits);
}

/* The spans are in form. */
static int
read_note(const char *name, struct bld *form, struct note *ret,
    struct err *err)
{
	struct cur cur;
	int r = change_read(name, form, err);

	if (r < 0)
		return r;
	cur = CUR_OF(bld_view(form));
	ret->existed = cur_bool(&cur);
	ret->path = cur_text(&cur, CHANGE_PATH_SIZE - 1);
	ret->hashes[0] = cur_bytes(&cur, HASH_SIZE);
	ret->hashes[1] = cur_bytes(&cur, HASH_SIZE);
	ret->data = cur_span32(&cur);
	if (cur_end(&cur) < 0)
		return err_set(err, ERR_FRAME, NULL, "%s is damaged; look at "
		    "it, and remove it", name);
	return 0;
}

static bool
is_put(const struct note *note, struct span data)
{
	uint8_t is[HASH_SIZE];

	hash(data, is);
	return span_equal(span_of(is, HASH_SIZE), note->hashes[0]) ||
	    span_equal(span_of(is, HASH_SIZE), note->hashes[1]);
}

static int
write_note(const char *name, const struct note *note, struct err *err)
{
	struct bld form;
	int r;

	bld_init_secret(&form, NOTE_MAX);
	bld_u8(&form, note->existed);
	bld_span16(&form, note->path);
	bld_span(&form, note->hashes[0]);
	bld_span(&form, note->hashes[1]);
	bld_span32(&form, note->data);
	r = change_put(name, bld_view(&form), 0600, err);
	bld_free(&form);
	return r;
}

int
remember_put(const struct change *change, const char *site,
    const char *path, struct span data, struct err *err)
{
	char name[CHANGE_PATH_SIZE];
	uint8_t put[HASH_SIZE];
	struct note note = { 0 };
	struct bld form, now;
	int r;

	make_name(change, site, path, name);
	hash(data, put);
	bld_init_secret(&form, NOTE_MAX);
	bld_init_secret(&now, CHANGE_FILE_MAX);
	r = change_read(path, &now, err);
	if (read_note(name, &form, &note, NULL) < 0 || r < 0 ||
	    !is_put(&note, bld_view(&now)))
		note = (struct note){ .existed = r == 0,
		    .path = span_str(path), .data = bld_view(&now),
		    .hashes[0] = span_of(put, HASH_SIZE) };
	note.hashes[1] = note.hashes[0];
	note.hashes[0] = span_of(put, HASH_SIZE);
	if (r == 0 || r == -(int)ERR_NOT_FOUND)
		r = write_note(name, &note, err);
	bld_free(&form);
	bld_free(&now);
	return r;
}

/* The next file of those; false at the end. */
static bool
next_name(DIR *folder, const struct change *change, const char *site,
    char out[CHANGE_PATH_SIZE])
{
	char start[SITE_SIZE + 100];
	size_t len = name_start(change, site, start);
	const struct dirent *entry;

	while (folder != NULL && (entry = readdir(folder)) != NULL)
		if (strncmp(entry->d_name, start, len) == 0 &&
		    strlen(entry->d_name) == len + 16) {
			snprintf(out, CHANGE_PATH_SIZE, "%s/%s",
			    change->folder, entry->d_name);
			return true;
		}
	return false;
}

static int
visit_name(const char *name, int (*visit)(void *ctx, const char *path,
    const struct span *was, struct err *err), void *ctx, struct err *err)
{
	char path[CHANGE_PATH_SIZE];
	struct note note = { 0 };
	struct bld form, now;
	int r;

	bld_init_secret(&form, NOTE_MAX);
	bld_init_secret(&now, CHANGE_FILE_MAX);
	r = read_note(name, &form, &note, err);
	snprintf(path, sizeof(path), "%.*s", SPAN_FMT(note.path));
	if (r == 0 && change_read(path, &now, NULL) == 0 &&
	    is_put(&note, bld_view(&now)))
		r = visit(ctx, path, note.existed ? &note.data : NULL, err);
	bld_free(&form);
	bld_free(&now);
	return r;
}

int
remember_each(const struct change *change, const char *site,
    int (*visit)(void *ctx, const char *path, const struct span *was,
    struct err *err), void *ctx, struct err *err)
{
	char name[CHANGE_PATH_SIZE];
	DIR *folder = opendir(change->folder);
	int r = 0;

	while (r == 0 && next_name(folder, change, site, name))
		r = visit_name(name, visit, ctx, err);
	if (folder != NULL)
		closedir(folder);
	return r;
}

void
remember_forget(const struct change *change, const char *site)
{
	char name[CHANGE_PATH_SIZE];
	DIR *folder = opendir(change->folder);

	while (next_name(folder, change, site, name))
		unlink(name);
	if (folder != NULL)
		closedir(folder);
}
