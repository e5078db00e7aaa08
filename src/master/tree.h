/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_TREE_H
#define SIGNET_MASTER_TREE_H

/*
 * tree: what is in a CA's directory, whose it is, and who may read it: one
 * const table for making one and for checking one.
 */

#include <sys/types.h>

#include "conf/config.h"
#include "proc/proc.h"

struct tree_entry {
	const char *path;  /* relative to the directory; "" is itself */
	bool folder;
	bool optional;     /* is there at the start and may go */
	mode_t mode;
	enum role owner;   /* if root starts the CA; ROLE_MASTER: root */
};

extern const struct tree_entry tree_entries[];
extern const size_t tree_entries_count;

/* NULL if the table has no such path. */
const struct tree_entry *tree_find(const char *path);

/* Who owns an entry: (uid_t)-1 for whoever makes it, when that is not root. */
uid_t tree_uid(const struct tree_entry *entry, int64_t uid_base);

/* Adds what is wrong in config.directory: missing files, owners, modes, keys
 * that are not those of their certificates, an intermediate that the root did
 * not sign or that has expired. */
void tree_check(const struct config *config, struct config_errors *errors);

#endif
