/* SPDX-License-Identifier: Apache-2.0 */
#include "core/core_sandbox.h"

void
core_sandbox_init(struct core_sandbox *ret, const char *folder)
{
	*ret = (struct core_sandbox){
		.paths = { { .path = folder, .write = true } },
		.sandbox.calls = SANDBOX_FILES,
	};
	ret->sandbox.paths = ret->paths;
}
