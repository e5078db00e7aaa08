/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_WEB_WEB_SANDBOX_H
#define SIGNET_WEB_WEB_SANDBOX_H

/*
 * web_sandbox: what is left to web, which reads every stranger's bytes: it
 * accepts on the sockets that it was given, and neither dials nor opens.
 */

#include "base/sandbox.h"

extern const struct sandbox web_sandbox;

#endif
