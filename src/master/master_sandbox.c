/* SPDX-License-Identifier: Apache-2.0 */
#include "master/master_sandbox.h"

#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#define CAP(name) (UINT64_C(1) << CAP_##name)

static void
parent_of(const char *directory, char out[PATH_MAX])
{
	char *slash;

	snprintf(out, PATH_MAX, "%s", directory);
	slash = strrchr(out, '/');
	if (slash != NULL)
		slash[slash == out ? 1 : 0] = '\0';
}

void
master_sandbox_init(struct master_sandbox *ret, const char *directory,
    bool remove)
{
	*ret = (struct master_sandbox){
		.paths = {
			{ .path = "/", .execute = true },
			{ .path = "/dev/null", .write = true },
			{ .path = directory, .write = true },
		},
		.sandbox = {
			.calls = SANDBOX_SPAWN,
			.keep_caps = CAP(SETUID) | CAP(SETGID) | CAP(KILL) |
			    CAP(DAC_READ_SEARCH),
		},
	};
	ret->sandbox.paths = ret->paths;
	if (!remove)
		return;
	parent_of(directory, ret->parent);
	ret->paths[3] = (struct sandbox_path){ .path = ret->parent,
		.remove = true };
	/* What its processes made is theirs. */
	ret->sandbox.keep_caps |= CAP(DAC_OVERRIDE);
}
