/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_CORE_CORE_SANDBOX_H
#define SIGNET_CORE_CORE_SANDBOX_H

/*
 * core_sandbox: core opens, locks, syncs and removes files in the store's
 * folder, because SQLite makes its log beside the database whenever it likes.
 * All else it has as descriptors. It has no network.
 */

#include "base/sandbox.h"

struct core_sandbox {
	struct sandbox sandbox;
	struct sandbox_path paths[2];
};

/* folder must live as long as ret. */
void core_sandbox_init(struct core_sandbox *ret, const char *folder);

#endif
