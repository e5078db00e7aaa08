/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_CMD_CHECK_WORDS_H
#define SIGNET_AGENT_CMD_CHECK_WORDS_H

/*
 * check_words: what check has found, for people. Names of which the same is to
 * be told stand together, and it is told once.
 */

#include "agent/cmd/check.h"

/* brief: what is well stands in one line, and of the others only what is to be
 * mended is told. */
void check_words_put(struct bld *out, const struct check_name *names,
    size_t count, bool brief);

#endif
