/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/journal_file.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

int
journal_file_init(struct journal_file *file, int fd, struct err *err)
{
	struct stat st;

	*file = (struct journal_file){ .fd = fd };
	bld_init(&file->pending, JOURNAL_FILE_PENDING_MAX);
	if (fstat(fd, &st) < 0)
		return err_errno(err, "cannot look at the signer's journal");
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_CONFIG, NULL,
		    "the signer's journal is not a regular file");
	file->size = (uint64_t)st.st_size;
	return 0;
}

void
journal_file_done(struct journal_file *file)
{
	bld_free(&file->pending);
}

int
journal_file_append(struct journal_file *file, struct span record,
    struct err *err)
{
	bld_span(&file->pending, record);
	if (bld_end(&file->pending) < 0)
		return err_set(err, ERR_IO, NULL,
		    "too many journal records in one turn");
	return 0;
}

static int
flush(struct journal_file *file, struct err *err)
{
	struct span rest = bld_view(&file->pending);

	while (rest.len > 0) {
		ssize_t n = pwrite(file->fd, rest.data, rest.len,
		    (off_t)file->size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err,
			    "cannot write to the signer's journal");
		file->unsynced = true;
		file->size += (uint64_t)n;
		rest = span_from(rest, (size_t)n);
	}
	bld_reset(&file->pending);
	return 0;
}

int
journal_file_sync(struct journal_file *file, struct err *err)
{
	int r = flush(file, err);

	if (r == 0 && file->unsynced && fdatasync(file->fd) < 0)
		r = err_errno(err, "cannot sync the signer's journal");
	if (r == 0)
		file->unsynced = false;
	return r;
}

int
journal_file_read(struct journal_file *file, uint64_t offset, void *out,
    size_t len, size_t *ret_len, struct err *err)
{
	uint8_t *at = out;
	int r = offset + len > file->size ? flush(file, err) : 0;

	*ret_len = 0;
	while (r == 0 && *ret_len < len) {
		ssize_t n = pread(file->fd, at + *ret_len, len - *ret_len,
		    (off_t)(offset + *ret_len));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(err,
			    "cannot read the signer's journal");
		if (n == 0)
			break;
		*ret_len += (size_t)n;
	}
	return r;
}

int
journal_file_cut(struct journal_file *file, uint64_t size, struct err *err)
{
	if (ftruncate(file->fd, (off_t)size) < 0 || fdatasync(file->fd) < 0)
		return err_errno(err, "cannot cut an incomplete record off "
		    "the signer's journal (after chattr +a: take that away "
		    "for one start)");
	file->size = size;
	return 0;
}
