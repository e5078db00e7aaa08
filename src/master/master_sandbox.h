/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_MASTER_SANDBOX_H
#define SIGNET_MASTER_MASTER_SANDBOX_H

/*
 * master_sandbox: master reads anything (a new configuration may name any
 * file) and runs programs, but writes only in the CA's directory. As root it
 * keeps what it takes to start processes under their ids, to kill them, and to
 * read files that belong to them. Its children inherit all this and then take
 * away more.
 */

#include <limits.h>

#include "base/sandbox.h"

struct master_sandbox {
	struct sandbox sandbox;
	struct sandbox_path paths[5];
	char parent[PATH_MAX]; /* of the directory */
};

/* remove: the directory itself is thrown away in the end. directory must live
 * as long as ret. */
void master_sandbox_init(struct master_sandbox *ret, const char *directory,
    bool remove);

#endif
