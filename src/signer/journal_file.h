/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_SIGNER_JOURNAL_FILE_H
#define SIGNET_SIGNER_JOURNAL_FILE_H

/*
 * journal_file: env's journal members on a file that is open for reading and
 * appending. Records are gathered in memory; a sync is one write and one
 * fdatasync for all of them.
 */

#include "base/bld.h"
#include "base/env.h"

#define JOURNAL_FILE_PENDING_MAX (256 * 1024 * 1024) /* bytes of one turn */

struct journal_file {
	int fd;              /* the caller's */
	uint64_t size;       /* bytes in the file */
	struct bld pending;  /* what follows them */
	bool unsynced;
};

int journal_file_init(struct journal_file *file, int fd, struct err *err);
void journal_file_done(struct journal_file *file);

/* The members of struct env, with a journal_file as ctx. */
int journal_file_append(struct journal_file *file, struct span record,
    struct err *err);
int journal_file_sync(struct journal_file *file, struct err *err);
int journal_file_read(struct journal_file *file, uint64_t offset, void *out,
    size_t len, size_t *ret_len, struct err *err);
int journal_file_cut(struct journal_file *file, uint64_t size,
    struct err *err);

#endif
