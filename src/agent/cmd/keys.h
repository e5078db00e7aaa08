/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_CMD_KEYS_H
#define SIGNET_AGENT_CMD_KEYS_H

/*
 * keys: what signet.conf can say, from its tables, as a page of Markdown:
 * docs/signet-conf.md, which tools/man-conf makes signet.conf(5) of.
 */

#include "base/bld.h"

void keys_put(struct bld *out);

#endif
