/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/blocked.h"

int
blocked_read(const struct proc *proc, const struct config *config,
    struct blocked_keys **ret, struct err *err)
{
	struct bld text;
	int r;

	*ret = NULL;
	if (config->blocked_keys == NULL)
		return 0;
	bld_init(&text, BLOCKED_KEYS_FILE_MAX);
	r = proc_read(proc, RESOURCE_BLOCKED_KEYS, 0, &text, err);
	if (r == 0)
		r = blocked_keys_parse(bld_view(&text), ret, err);
	bld_free(&text);
	return r < 0 ? err_prefix(err, "blocked_keys") : 0;
}
