/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/files/contents.h"

#define CONTENTS_MAX (FILES_CHAIN_MAX * 2 + PUBLISH_KEY_MAX) /* bytes */

void
contents_make(const struct publish *publish, struct contents *ret)
{
	struct chain leaf = *publish->chain;

	for (int file = SITE_PRIVKEY; file <= SITE_COMBINED; file++)
		bld_init_secret(&ret->files[file], CONTENTS_MAX);
	leaf.count = 1;
	bld_span(&ret->files[SITE_PRIVKEY], publish->key);
	chain_put(&ret->files[SITE_CERT], &leaf, 0);
	chain_put(&ret->files[SITE_CHAIN], publish->chain, 1);
	chain_put(&ret->files[SITE_FULLCHAIN], publish->chain, 0);
	bld_span(&ret->files[SITE_COMBINED], publish->key);
	chain_put(&ret->files[SITE_COMBINED], publish->chain, 0);
}

void
contents_done(struct contents *contents)
{
	for (int file = SITE_PRIVKEY; file <= SITE_COMBINED; file++)
		bld_free(&contents->files[file]);
}

bool
contents_is_secret(enum site_file file)
{
	return file == SITE_PRIVKEY || file == SITE_COMBINED;
}
