/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_SANDBOX_CALLS_H
#define SIGNET_BASE_SANDBOX_CALLS_H

/*
 * sandbox_calls: the sandbox's seccomp part: an allow-list of system calls
 * made of the groups in enum sandbox_calls.
 */

#include "base/sandbox.h"

int sandbox_calls_enter(const struct sandbox *sandbox, struct err *err);

#endif
