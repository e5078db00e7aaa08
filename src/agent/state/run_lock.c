/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/state/run_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/text.h"

static void
read_who(int fd, char who[RUN_LOCK_WHO_SIZE])
{
	char text[RUN_LOCK_WHO_SIZE / 4];
	ssize_t n = pread(fd, text, sizeof(text), 0);

	/* It may not have written yet. */
	if (n <= 0)
		snprintf(who, RUN_LOCK_WHO_SIZE, "another run");
	else
		text_printable(who, RUN_LOCK_WHO_SIZE,
		    span_of(text, (size_t)n));
}

static int
write_who(int fd, const char *command, struct err *err)
{
	char text[RUN_LOCK_WHO_SIZE / 4];
	int n = snprintf(text, sizeof(text), "signet %s, process %ld",
	    command, (long)getpid());

	if (n >= (int)sizeof(text))
		n = (int)sizeof(text) - 1;
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) != n)
		return err_errno(err, "cannot write the lock file");
	return 0;
}

int
run_lock_take(struct run_lock *lock, const char *dir, const char *command,
    bool wait, char who[RUN_LOCK_WHO_SIZE], struct err *err)
{
	char path[PATH_MAX];
	int r;

	snprintf(path, sizeof(path), "%s/" RUN_LOCK_FILE, dir);
	who[0] = '\0';
	lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock->fd < 0)
		return err_errno(err, "cannot open %s", path);
	do
		r = flock(lock->fd, LOCK_EX | (wait ? 0 : LOCK_NB));
	while (r < 0 && errno == EINTR);
	if (r == 0) {
		r = write_who(lock->fd, command, err);
	} else if (errno == EWOULDBLOCK) {
		read_who(lock->fd, who);
		r = err_set(err, ERR_BUSY, NULL, "%s is at work in %s; wait "
		    "for it to end", who, dir);
	} else {
		r = err_errno(err, "cannot lock %s", path);
	}
	if (r != 0)
		run_lock_release(lock);
	return r;
}

void
run_lock_release(struct run_lock *lock)
{
	if (lock->fd >= 0)
		close(lock->fd);
	lock->fd = -1;
}
