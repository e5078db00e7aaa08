/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/signer_sandbox.h"

const struct sandbox signer_sandbox = {
	.calls = 0,
};
