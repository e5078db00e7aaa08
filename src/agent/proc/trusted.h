/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_PROC_TRUSTED_H
#define SIGNET_AGENT_PROC_TRUSTED_H

/*
 * trusted: root works with nobody else's files: whoever may write to a state,
 * its configuration or a hook would say what root runs.
 */

#include "base/err.h"

/* As root, -ERR_CONFIG with a remedy if somebody else owns path, or may write
 * to it, to a folder on the way or to a link that it goes through. What is not
 * there yet is looked at as far as it is there. Groups of the system (gid below
 * TRUSTED_GID_MIN) are root's own choice, and so is who may add to a folder
 * with the sticky bit. Others than root are always trusted: they run nothing
 * but their own. */
#define TRUSTED_GID_MIN 1000
int trusted_path(const char *path, struct err *err);

/* The same for the program that a shell command begins with, if it says where
 * that is. */
int trusted_command(const char *command, struct err *err);

#endif
