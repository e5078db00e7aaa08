/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_VALIDATOR_VALIDATOR_SANDBOX_H
#define SIGNET_VALIDATOR_VALIDATOR_SANDBOX_H

/*
 * validator_sandbox: what is left to a validator: it dials, to any address
 * (which ones is up to its rules, in the process), and opens no file: the resolver
 * read its own before.
 */

#include "base/sandbox.h"

extern const struct sandbox validator_sandbox;

#endif
