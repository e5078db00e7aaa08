/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/seen.h"

#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#define STAMP_SIZE 128
#define AGAIN "again " /* begins the line of seen_postpone */

static void
add(struct seen *seen, struct span path)
{
	char text[CHANGE_PATH_SIZE];

	/* It could not be a line; nobody has such. */
	if (path.len == 0 || path.len >= sizeof(text) || path.data[0] != '/' ||
	    memchr(path.data, '\n', path.len) != NULL)
		return;
	if (seen->count == seen->cap) {
		seen->cap = seen->cap * 2 + 64;
		seen->paths = mem_realloc(seen->paths,
		    seen->cap * sizeof(*seen->paths));
	}
	snprintf(text, sizeof(text), "%.*s", SPAN_FMT(path));
	seen->paths[seen->count++] = mem_strdup(text);
}

static struct span
folder_of(struct span path)
{
	while (path.len > 1 && path.data[path.len - 1] != '/')
		path.len--;
	if (path.len > 1)
		path.len--;
	return path;
}

void
seen_add(struct seen *seen, struct span path)
{
	add(seen, path);
	add(seen, folder_of(path));
}

void
seen_add_pattern(struct seen *seen, const char *pattern)
{
	struct span folder = folder_of(span_str(pattern));
	char text[CHANGE_PATH_SIZE];
	glob_t found;

	if (folder.len >= sizeof(text))
		return;
	snprintf(text, sizeof(text), "%.*s", SPAN_FMT(folder));
	if (strpbrk(text, "*?[") == NULL) {
		add(seen, folder);
		return;
	}
	seen_add_pattern(seen, text);
	if (glob(text, GLOB_ONLYDIR, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			add(seen, span_str(found.gl_pathv[i]));
	globfree(&found);
}

void
seen_free(struct seen *seen)
{
	for (size_t i = 0; i < seen->count; i++)
		free(seen->paths[i]);
	free(seen->paths);
	*seen = (struct seen){ 0 };
}

/* Of file systems, as it has its steps. */
struct timespec
seen_now(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME_COARSE, &now) < 0)
		now = (struct timespec){ 0 };
	return now;
}

/* Some file systems know only seconds. */
static bool
is_after(const struct timespec *changed, const struct timespec *since)
{
	return changed->tv_sec > since->tv_sec ||
	    (changed->tv_sec == since->tv_sec && (changed->tv_nsec == 0 ||
	    changed->tv_nsec >= since->tv_nsec));
}

/* since: NULL: whenever it changed. */
static void
make_stamp(const char *path, const struct timespec *since,
    char out[STAMP_SIZE])
{
	struct stat st = { 0 };

	if (stat(path, &st) < 0 ||
	    (since != NULL && is_after(&st.st_ctim, since)))
		st = (struct stat){ 0 };
	snprintf(out, STAMP_SIZE, "%" PRIu64 " %" PRId64 " %" PRId64 ".%09ld ",
	    (uint64_t)st.st_ino, (int64_t)st.st_size,
	    (int64_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
seen_write(const struct change *change, struct seen *seen,
    const struct timespec *since, struct err *err)
{
	char path[CHANGE_PATH_SIZE], stamp[STAMP_SIZE];
	struct bld text;
	int r;

	if (seen->count > 0)
		qsort(seen->paths, seen->count, sizeof(*seen->paths), by_text);
	bld_init(&text, SEEN_MAX);
	for (size_t i = 0; i < seen->count; i++) {
		if (i > 0 && strcmp(seen->paths[i], seen->paths[i - 1]) == 0)
			continue;
		make_stamp(seen->paths[i], since, stamp);
		bld_fmt(&text, "%s%s\n", stamp, seen->paths[i]);
	}
	change_path(change, "looked", path);
	r = bld_end(&text) < 0 ? err_set(err, ERR_TOO_LARGE, NULL, "%s would "
	    "be too large", path) : change_put(path, bld_view(&text), 0600,
	    err);
	bld_free(&text);
	return r;
}

void
seen_keep(const struct change *change)
{
	char from[CHANGE_PATH_SIZE], to[CHANGE_PATH_SIZE];

	change_path(change, "looked", from);
	change_path(change, "seen", to);
	/* Where it fails, the server is asked once more. */
	(void)rename(from, to);
}

void
seen_forget(const struct change *change)
{
	char path[CHANGE_PATH_SIZE];

	change_path(change, "seen", path);
	unlink(path);
}

/* A line's path, behind three words. */
static struct span
line_path(struct span line)
{
	for (int i = 0; i < 3; i++)
		(void)span_cut(&line, ' ');
	return line;
}

static bool
read_seen(const struct change *change, struct bld *text)
{
	char path[CHANGE_PATH_SIZE];

	change_path(change, "seen", path);
	bld_init(text, SEEN_MAX);
	return file_read(AT_FDCWD, path, O_NOFOLLOW, text, NULL) == 0;
}

void
seen_postpone(const struct change *change, int64_t until)
{
	char path[CHANGE_PATH_SIZE], file[CHANGE_PATH_SIZE], stamp[STAMP_SIZE];
	struct bld old, text;
	struct span rest;

	bld_init(&text, SEEN_MAX);
	bld_fmt(&text, AGAIN "%" PRId64 "\n", until);
	if (read_seen(change, &old)) {
		rest = bld_view(&old);
		while (rest.len > 0) {
			struct span line = span_cut(&rest, '\n');

			if (span_starts_with(line, SPAN_LIT(AGAIN)))
				continue;
			snprintf(file, sizeof(file), "%.*s",
			    SPAN_FMT(line_path(line)));
			make_stamp(file, NULL, stamp);
			bld_fmt(&text, "%s%s\n", stamp, file);
		}
	}
	change_path(change, "seen", path);
	if (bld_end(&text) == 0)
		(void)change_put(path, bld_view(&text), 0600, NULL);
	bld_free(&old);
	bld_free(&text);
}

/* A clock that was put back does not make it wait for ever. */
static bool
is_again(struct span line, int64_t now)
{
	uint64_t until;

	return text_uint(span_from(line, strlen(AGAIN)), INT64_MAX, &until) < 0
	    || (int64_t)until <= now || (int64_t)until - now > 2 * 3600000;
}

static bool
is_same(struct span line, int64_t now)
{
	char file[CHANGE_PATH_SIZE], stamp[STAMP_SIZE];
	struct span path;

	if (span_starts_with(line, SPAN_LIT(AGAIN)))
		return !is_again(line, now);
	path = line_path(line);
	snprintf(file, sizeof(file), "%.*s", SPAN_FMT(path));
	make_stamp(file, NULL, stamp);
	return line.len - path.len == strlen(stamp) &&
	    memcmp(line.data, stamp, strlen(stamp)) == 0;
}

bool
seen_same(const struct change *change, int64_t now)
{
	struct bld text;
	bool same = read_seen(change, &text);
	struct span rest = bld_view(&text);

	while (same && rest.len > 0)
		same = is_same(span_cut(&rest, '\n'), now);
	bld_free(&text);
	return same;
}
