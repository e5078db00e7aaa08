/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_DEV_DEV_SANDBOX_H
#define SIGNET_DEV_DEV_SANDBOX_H

/* dev_sandbox: dev takes connections; it dials nobody and opens no file. */

#include "base/sandbox.h"

extern const struct sandbox dev_sandbox;

#endif
