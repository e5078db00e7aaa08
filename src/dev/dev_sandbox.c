/* SPDX-License-Identifier: Apache-2.0 */
#include "dev/dev_sandbox.h"

const struct sandbox dev_sandbox = {
	.calls = SANDBOX_ACCEPT,
};
