/* SPDX-License-Identifier: Apache-2.0 */
#include "validator/validator_sandbox.h"

const struct sandbox validator_sandbox = {
	.calls = SANDBOX_DIAL,
};
