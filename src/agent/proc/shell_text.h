/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_PROC_SHELL_TEXT_H
#define SIGNET_AGENT_PROC_SHELL_TEXT_H

/*
 * shell_text: which programs a text for /bin/sh runs, as far as the text says
 * so itself. It is read, not run: quotes, assignments in front, redirections,
 * lists, pipes, and words that only hand on to the next (exec, env, if, ...).
 * An interpreter's script counts as a program, too.
 *
 * What only a shell can know is left out: words with $, ` or patterns, what
 * stands behind a here-document or a ')', and where a cd leads. Who asks
 * wants to find a slip of an administrator's, who may run anything anyway; to
 * refuse what was not understood would break hooks that work.
 */

#include "base/err.h"

#define SHELL_TEXT_WORD_MAX 4096 /* bytes; no longer word is a program */

/* Calls each in their order, until it gives a negative value, which is given
 * back. program is a path or a name, as it stands there but without quotes. */
int shell_text_each(const char *text, int (*each)(void *ctx,
    const char *program, struct err *err), void *ctx, struct err *err);

#endif
