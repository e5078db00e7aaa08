/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_FILES_INTENT_H
#define SIGNET_AGENT_FILES_INTENT_H

/*
 * intent: what is about to be published, written to DIR/publish/NAME before
 * the first step and removed after the last, so that the next run finishes what
 * a crash cut short. The key is not in it: certkey has it until then.
 */

#include "agent/rpc/judge_files.h"

#define INTENT_MAX (FILES_CHAIN_MAX + 4096) /* bytes */

struct intent {
	int64_t at_s;       /* when it was written */
	bool no_key;
	uint8_t spki_hash[FILES_HASH_SIZE];
	struct span chain;  /* PEM */
};

int intent_write(const char *dir, const struct site *site,
    const struct intent *intent, struct err *err);

/* -ERR_NOT_FOUND: nothing is unfinished. chain is in the arena. */
int intent_read(const char *dir, const struct site *site, struct arena *arena,
    struct intent *ret, struct err *err);

int intent_remove(const char *dir, const struct site *site, struct err *err);

void intent_encode(struct bld *out, const struct intent *intent);
int intent_decode(struct span in, struct intent *ret, struct err *err);

#endif
