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

static const char *const folders[] = { ".well-known", "acme-challenge" };
#define NUM_FOLDERS 2

static int
check(const char *argument, struct err *err)
{
	struct stat st;

	if (argument[0] != '/')
		return err_set(err, ERR_CONFIG, NULL, "webroot=%s is not an "
		    "absolute path; write --via webroot=/var/www/html, the "
		    "folder that the web server shows as /", argument);
	if (stat(argument, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_set(err, ERR_CONFIG, NULL, "there is no folder %s; "
		    "write the one that the web server shows as /", argument);
	return 0;
}

/* ARGUMENT/.well-known/acme-challenge; *ret_made is how many of the two were
 * made just now. */
static int
open_folder(const char *argument, size_t *ret_made, struct err *err)
{
	int fd = open(argument, O_PATH | O_DIRECTORY | O_CLOEXEC), next;
	mode_t mask;
	bool made;

	*ret_made = 0;
	for (size_t i = 0; fd >= 0 && i < NUM_FOLDERS; i++) {
		/* Whatever the umask is, the web server must look inside. No
		 * chmod afterwards: who owns the folder above may have put a
		 * link to any file of root's in this one's place. */
		mask = umask(0);
		made = mkdirat(fd, folders[i], 0755) == 0;
		umask(mask);
		*ret_made += made;
		if (!made && errno != EEXIST) {
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
	return fd >= 0 ? fd : err_errno(err, "cannot open "
	    ".well-known/acme-challenge in %s", argument);
}

static void
setup(const struct solver_world *world, const char *argument,
    struct solver_task *const *tasks, size_t count)
{
	struct err err = ERR_INIT;
	size_t made = 0;
	int folder = open_folder(argument, &made, &err);

	(void)world;
	for (size_t i = 0; i < count; i++) {
		struct err why = err;

		tasks[i]->own = made > 0 ? tasks[i] : NULL;
		if (folder >= 0)
			challenge_file_write(folder, tasks[i], &why);
		tasks[i]->ready(tasks[i], &why);
	}
	if (folder >= 0)
		close(folder);
}

/* What setup made goes, if it is empty. */
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

static void
takedown(const struct solver_world *world, const char *argument,
    struct solver_task *const *tasks, size_t count)
{
	struct err err = ERR_INIT;
	bool made_folders = false;
	size_t made;
	int folder = open_folder(argument, &made, &err);

	(void)world;
	for (size_t i = 0; i < count; i++) {
		struct err why = err;

		made_folders = made_folders || tasks[i]->own != NULL;
		if (folder >= 0)
			challenge_file_remove(folder, tasks[i], &why);
		tasks[i]->gone(tasks[i], &why);
	}
	if (folder >= 0)
		close(folder);
	if (made_folders)
		remove_folders(argument);
}

const struct solver solver_webroot = {
	.name = "webroot", .argument = "DIR",
	.doc = "files in the folder that a running web server shows as /",
	.methods = CLIENT_METHOD_BIT(CLIENT_HTTP_01),
	.check = check, .setup = setup, .takedown = takedown,
};
