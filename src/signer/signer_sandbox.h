/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_SIGNER_SIGNER_SANDBOX_H
#define SIGNET_SIGNER_SIGNER_SANDBOX_H

/*
 * signer_sandbox: nothing is left to the signer but its open descriptors: the
 * journal and the link to core.
 */

#include "base/sandbox.h"

extern const struct sandbox signer_sandbox;

#endif
