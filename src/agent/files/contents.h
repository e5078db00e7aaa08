/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_FILES_CONTENTS_H
#define SIGNET_AGENT_FILES_CONTENTS_H

/* contents: the bytes of each kind of file that is published. */

#include "agent/files/publish.h"

struct contents { /* zeroed is valid */
	struct bld files[SITE_COMBINED + 1];
};

void contents_make(const struct publish *publish, struct contents *ret);
/* Wipes what held the key. */
void contents_done(struct contents *contents);

bool contents_is_secret(enum site_file file);

#endif
