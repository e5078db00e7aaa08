/* SPDX-License-Identifier: Apache-2.0 */
/*
 * webroot: the answer to http-01 becomes a file that a running web server
 * shows (RFC 8555 8.3). The web server's user may write to the folder, and
 * judge may be root: no link below it is followed.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/solvers/challenge_file.h"
#include "base/mem.h"

static const char *const folders[] = { ".well-known", "acme-challenge" };
#define NUM_FOLDERS 2

#define ROOTS_MAX 16 /* folders of one argument */

struct roots {
	struct arena arena;
	size_t count;
	const char *paths[ROOTS_MAX];
};

/* "DIR" or "DIR,DIR": a folder's own name may have a comma, too. */
static void
split(const char *argument, struct roots *ret)
{
	struct stat st;

	*ret = (struct roots){ 0 };
	while (ret->count < ROOTS_MAX) {
		size_t len = stat(argument, &st) == 0 ? strlen(argument) :
		    strcspn(argument, ",");

		ret->paths[ret->count++] = arena_str(&ret->arena,
		    span_of(argument, len));
		if (argument[len] == '\0')
			return;
		argument += len + 1;
	}
}

static int
check(const char *argument, struct err *err)
{
	struct roots roots;
	struct stat st;
	int r = 0;

	split(argument, &roots);
	for (size_t i = 0; r == 0 && i < roots.count; i++) {
		const char *path = roots.paths[i];

		if (path[0] != '/')
			r = err_set(err, ERR_CONFIG, NULL, "webroot=%s is not "
			    "an absolute path; write --via "
			    "webroot=/var/www/html, the folder that the web "
			    "server shows as /", path);
		else if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
			r = err_set(err, ERR_CONFIG, NULL, "there is no folder "
			    "%s; write the one that the web server shows as /",
			    path);
	}
	arena_free(&roots.arena);
	return r;
}

/* ---- folders that we make ----------------------------------------------- */

/* A web root in which challenges stand. Orders of one run share it: the folders
 * that the first of them made go with the last. */
static struct used {
	struct used *next;
	char *path;
	size_t tasks;
	bool made;
} *used_roots;

static struct used *
use_root(const char *path, size_t tasks)
{
	struct used *used = used_roots;

	while (used != NULL && strcmp(used->path, path) != 0)
		used = used->next;
	if (used == NULL) {
		used = mem_alloc(sizeof(*used));
		*used = (struct used){ .next = used_roots,
		    .path = mem_strdup(path) };
		used_roots = used;
	}
	used->tasks += tasks;
	return used;
}

/* Was it the last of those that stood there, in folders that we made? */
static bool
leave_root(const char *path, size_t tasks)
{
	struct used **at = &used_roots, *used;
	bool made;

	while (*at != NULL && strcmp((*at)->path, path) != 0)
		at = &(*at)->next;
	used = *at;
	if (used == NULL)
		return false;
	used->tasks -= tasks < used->tasks ? tasks : used->tasks;
	if (used->tasks > 0)
		return false;
	made = used->made;
	*at = used->next;
	free(used->path);
	free(used);
	return made;
}

/* ARGUMENT/.well-known/acme-challenge. What is missing of it is made, which
 * ret_made then says; NULL: it is not, and -ERR_NOT_FOUND. */
static int
open_folder(const char *argument, bool *ret_made, struct err *err)
{
	int fd = open(argument, O_PATH | O_DIRECTORY | O_CLOEXEC), next;
	mode_t mask;
	bool made;

	for (size_t i = 0; fd >= 0 && i < NUM_FOLDERS; i++) {
		/* Whatever the umask is, the web server must look inside. No
		 * chmod afterwards: who owns the folder above may have put a
		 * link to any file of root's in this one's place. */
		mask = umask(0);
		made = ret_made != NULL && mkdirat(fd, folders[i], 0755) == 0;
		umask(mask);
		if (made)
			*ret_made = true;
		if (!made && ret_made != NULL && errno != EEXIST) {
			err_errno(err, "cannot make the folder %s in %s",
			    folders[i], argument);
			close(fd);
			return -(int)ERR_IO;
		}
		next = openat(fd, folders[i], O_PATH | O_DIRECTORY |
		    O_NOFOLLOW | O_CLOEXEC);
		close(fd);
		fd = next;
	}
	if (fd < 0 && ret_made == NULL && errno == ENOENT)
		return -(int)ERR_NOT_FOUND;
	return fd >= 0 ? fd : err_errno(err, "cannot open "
	    ".well-known/acme-challenge in %s", argument);
}

/* What we made goes, if it is empty. */
static void
remove_folders(const char *argument)
{
	int fd = open(argument, O_PATH | O_DIRECTORY | O_CLOEXEC), inner;

	if (fd < 0)
		return;
	inner = openat(fd, folders[0], O_PATH | O_DIRECTORY | O_NOFOLLOW |
	    O_CLOEXEC);
	if (inner >= 0) {
		unlinkat(inner, folders[1], AT_REMOVEDIR);
		close(inner);
		unlinkat(fd, folders[0], AT_REMOVEDIR);
	}
	close(fd);
}

/* ---- challenges --------------------------------------------------------- */

static void
setup(const struct solver_world *world, const char *argument,
    struct solver_task *const *tasks, size_t count)
{
	struct err *errs = mem_zalloc((count + 1) * sizeof(errs[0]));
	struct roots roots;

	(void)world;
	split(argument, &roots);
	for (size_t root = 0; root < roots.count; root++) {
		struct used *used = use_root(roots.paths[root], count);
		int folder = open_folder(used->path, &used->made,
		    &errs[count]);

		for (size_t i = 0; i < count; i++) {
			if (folder < 0)
				errs[i] = errs[count];
			else if (errs[i].kind == ERR_NONE)
				challenge_file_write(folder, tasks[i],
				    &errs[i]);
		}
		if (folder >= 0)
			close(folder);
	}
	arena_free(&roots.arena);
	for (size_t i = 0; i < count; i++)
		tasks[i]->ready(tasks[i], &errs[i]);
	free(errs);
}

/* Without the folder there is nothing in it either. */
static void
clean_root(const char *path, struct solver_task *const *tasks, size_t count,
    struct err *errs)
{
	int folder = open_folder(path, NULL, &errs[count]);

	for (size_t i = 0; i < count; i++) {
		if (folder >= 0)
			challenge_file_remove(folder, tasks[i], &errs[i]);
		else if (folder != -(int)ERR_NOT_FOUND)
			errs[i] = errs[count];
	}
	if (folder >= 0)
		close(folder);
	if (leave_root(path, count))
		remove_folders(path);
}

static void
takedown(const struct solver_world *world, const char *argument,
    struct solver_task *const *tasks, size_t count)
{
	struct err *errs = mem_zalloc((count + 1) * sizeof(errs[0]));
	struct roots roots;

	(void)world;
	split(argument, &roots);
	for (size_t root = 0; root < roots.count; root++)
		clean_root(roots.paths[root], tasks, count, errs);
	arena_free(&roots.arena);
	for (size_t i = 0; i < count; i++)
		tasks[i]->gone(tasks[i], &errs[i]);
	free(errs);
}

const struct solver solver_webroot = {
	.name = "webroot", .argument = "DIR[,DIR]",
	.methods = CLIENT_METHOD_BIT(CLIENT_HTTP_01),
	.check = check, .setup = setup, .takedown = takedown,
};
