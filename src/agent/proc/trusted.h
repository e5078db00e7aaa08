/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_PROC_TRUSTED_H
#define SIGNET_AGENT_PROC_TRUSTED_H

/*
 * trusted: root works with nobody else's files: whoever may write to a state,
 * its configuration or a hook would say what root runs.
 */

#include "base/err.h"
#include "base/mem.h"

/* As root, -ERR_CONFIG with a remedy if somebody else owns path, or may write
 * to it, to a folder on the way or to a link that it goes through. What is not
 * there yet is looked at as far as it is there. Groups of the system (gid below
 * TRUSTED_GID_MIN) are root's own choice, and so is who may add to a folder
 * with the sticky bit. Others than root are always trusted: they run nothing
 * but their own. */
#define TRUSTED_GID_MIN 1000
int trusted_path(const char *path, struct err *err);

/* The same; and what is not there yet must not be for others to make: a
 * program, or a file of such that are read. */
int trusted_file(const char *path, struct err *err);

/* The same for what argv runs: its program, searched for in folders (a PATH)
 * where its name has no '/', and, if that is {"/bin/sh", "-c", TEXT}, the
 * programs that the text names (agent/proc/shell_text.h: those that cannot be
 * known are let through). One that is in no folder is a word of the shell's. */
int trusted_command(const char *const *argv, const char *folders,
    struct err *err);

/* trusted_file for each, NULL at the end. */
int trusted_files(const char *const *paths, struct err *err);

/* The folders of a PATH to which nobody but root can add a program. */
#define TRUSTED_FOLDERS_MAX 4096 /* bytes, with NUL; the rest is left out */
void trusted_folders(const char *folders, char ret[TRUSTED_FOLDERS_MAX]);

/* Reads such a file of at most max bytes into the arena, with a NUL that is
 * not counted. -ERR_NOT_FOUND if there is none. */
int trusted_read(const char *path, size_t max, struct arena *arena,
    struct span *ret, struct err *err);

#endif
