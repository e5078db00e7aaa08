/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

int
file_open(int fd_dir, const char *path, int flags, int *ret_fd,
    struct err *err)
{
	struct stat st = { 0 };
	int fd = openat(fd_dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY |
	    O_NONBLOCK | flags);

	*ret_fd = -1;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(err, ERR_NOT_FOUND, NULL, "there is no file %s",
		    path);
	if (fd < 0)
		return err_errno(err, "cannot open %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return err_set(err, ERR_CONFIG, NULL, "%s is not a regular "
		    "file%s", path, S_ISDIR(st.st_mode) ? " but a folder; "
		    "name a file in it" : "; put one in its place");
	}
	*ret_fd = fd;
	return 0;
}

int
file_read(int fd_dir, const char *path, int flags, struct bld *out,
    struct err *err)
{
	int fd, r = file_open(fd_dir, path, flags, &fd, err);

	if (r < 0)
		return r;
	r = file_slurp(fd, path, out, err);
	close(fd);
	return r;
}

int
file_slurp(int fd, const char *name, struct bld *out, struct err *err)
{
	uint8_t chunk[4096];
	ssize_t n = 0;

	while (!out->failed && ((n = read(fd, chunk, sizeof(chunk))) > 0 ||
	    (n < 0 && errno == EINTR))) {
		if (n > 0)
			bld_bytes(out, chunk, (size_t)n);
	}
	mem_wipe(chunk, sizeof(chunk));
	if (bld_end(out) < 0)
		return err_set(err, ERR_CONFIG, NULL,
		    "%s is longer than %zu bytes", name, out->max);
	return n < 0 ? err_errno(err, "cannot read %s", name) : 0;
}

int
file_write(int fd, struct span data)
{
	while (data.len > 0) {
		ssize_t n = write(fd, data.data, data.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		data = span_from(data, (size_t)n);
	}
	return 0;
}
