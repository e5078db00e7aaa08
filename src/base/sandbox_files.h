/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_SANDBOX_FILES_H
#define SIGNET_BASE_SANDBOX_FILES_H

/*
 * sandbox_files: the sandbox's Landlock part: files, TCP, signals and abstract
 * sockets, each as far as the running kernel knows it.
 */

#include "base/sandbox.h"

int sandbox_files_enter(const struct sandbox *sandbox,
    const char **ret_missing, struct err *err);

#endif
