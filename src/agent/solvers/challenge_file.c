/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/solvers/challenge_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/client_names.h"

int
challenge_file_write(int folder, const struct solver_task *task, struct err *err)
{
	char name[CLIENT_TOKEN_MAX + 1];
	struct span text = task->key_authorization;
	int fd, r = 0;

	if (!client_token_check(task->token))
		return err_set(err, ERR_MALFORMED, "RFC 8555 8.3",
		    "the CA's token is none");
	snprintf(name, sizeof(name), "%.*s", SPAN_FMT(task->token));
	/* One of a run that was killed. */
	unlinkat(folder, name, 0);
	fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW |
	    O_CLOEXEC, 0644);
	if (fd < 0)
		return err_errno(err, "cannot make a file for "
		    "the challenge");
	if (fchmod(fd, 0644) < 0 ||
	    write(fd, text.data, text.len) != (ssize_t)text.len)
		r = err_errno(err, "cannot write the challenge's file");
	close(fd);
	return r;
}

int
challenge_file_remove(int folder, const struct solver_task *task,
    struct err *err)
{
	char name[CLIENT_TOKEN_MAX + 1];

	snprintf(name, sizeof(name), "%.*s", SPAN_FMT(task->token));
	if (!client_token_check(task->token) ||
	    unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return 0;
	return err_errno(err, "cannot remove the challenge's file");
}
