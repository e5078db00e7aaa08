/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_SEEN_H
#define SIGNET_AGENT_SERVER_SEEN_H

/*
 * seen: which files a server's configuration was made of when it was asked
 * last, in DIR/changes/KEY.seen: for each its inode, size and time of change
 * (ctime: no tool sets it), and the same of the folders in which it looks for
 * more. While all are as they were, the server need not be asked again.
 */

#include <time.h>

#include "agent/server/change.h"

#define SEEN_MAX (16 * 1024 * 1024) /* bytes of it: some 100,000 files */

struct seen { /* zeroed is valid */
	size_t count, cap;
	char **paths;
};

/* A file, and the folder that it is in. */
void seen_add(struct seen *seen, struct span path);
/* The folders in which a pattern looks for files. */
void seen_add_pattern(struct seen *seen, const char *pattern);
void seen_free(struct seen *seen);

/* What a time of change is compared with. */
struct timespec seen_now(void);

/* Writes what they are now to KEY.looked. What changed after since, which was
 * before the server was asked, will not be the same. */
int seen_write(const struct change *change, struct seen *seen,
    const struct timespec *since, struct err *err);
/* That is KEY.seen from now on: to be called when all is done about it. */
void seen_keep(const struct change *change);
/* The server cannot be asked: it is not asked again until then, or until
 * something changes. */
void seen_postpone(const struct change *change, int64_t until);
/* It will not be the same. */
void seen_forget(const struct change *change);

bool seen_same(const struct change *change, int64_t now);

#endif
