/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_NAMES_H
#define SIGNET_AGENT_SERVER_NAMES_H

/*
 * names: makes certificates of the names that a server has in its blocks:
 * names that stand in one block, or in blocks that share a name, share a
 * certificate. What can have none is said in words.
 */

#include "base/bld.h"
#include "base/mem.h"

struct names_entry {
	char *name;
	size_t block;
};

struct names { /* zeroed is valid */
	size_t count, cap, num_blocks;
	struct names_entry *entries;
	struct bld remarks;
};

/* What is added from now on stands in a new block. */
void names_block(struct names *names);
void names_add(struct names *names, struct span name);
/* One line for each certificate, which begins with before; then "# ..."
 * (agent/server/server.h). */
void names_put(struct names *names, const char *before, struct bld *out);
void names_free(struct names *names);

#endif
