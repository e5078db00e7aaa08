/* SPDX-License-Identifier: Apache-2.0 */
#include "web/web_sandbox.h"

const struct sandbox web_sandbox = {
	.calls = SANDBOX_ACCEPT,
};
