/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_PROC_COMMAND_H
#define SIGNET_AGENT_PROC_COMMAND_H

/*
 * command: one command of the administrator's, run by the shell (/bin/sh -c)
 * in a process group of its own, without blocking. The end of what it says is
 * kept for the one who asks why it failed.
 *
 * It runs in /, with umask 022, nothing to read, no descriptor of ours, all
 * signals as at a login, and the environment that signet was called with, but
 * without what was said to signet alone or is left of a call of another hook.
 *
 * Root runs nothing that others may write to (agent/proc/trusted.h), shell
 * commands included, and leaves folders out of PATH that others may add to.
 */

#include "base/err.h"
#include "base/loop.h"
#include "base/span.h"

#define COMMAND_OUTPUT_MAX 65536 /* bytes that are kept: the last */
#define COMMAND_TIMEOUT_S 600    /* then it is killed, unless said */

struct command;

/* variables are "NAME=value" on top of that environment, or a name that is to
 * be taken out, with NULL at the end. done is called once, unless it was
 * cancelled; err says how it ended: kind ERR_NONE for status 0. output has what
 * it wrote, with control characters. NULL if it could not be started, or root
 * must not run it. */
struct command *command_start(struct loop *loop, const char *text,
    const char *const *variables, void (*done)(void *ctx,
    const struct err *err, struct span output), void *ctx, struct err *err);

/* The same for a program, which is searched for in PATH where its name has no
 * '/'; no shell is between, unless it is {"/bin/sh", "-c", TEXT}. output is what it wrote to standard output alone. */
struct command *command_exec(struct loop *loop, const char *const *argv,
    const char *const *variables, void (*done)(void *ctx,
    const struct err *err, struct span output), void *ctx, struct err *err);

/* The same for a function that blocks: it runs in a forked process, without
 * any descriptor of ours, and what its err says is how it ended. arg is read
 * before this returns. */
struct command *command_call(struct loop *loop, int (*call)(void *arg,
    struct err *err), void *arg, void (*done)(void *ctx,
    const struct err *err, struct span output), void *ctx, struct err *err);

/* Another time after which it is killed, with its process group. Nothing for
 * NULL, or for 0. */
void command_limit(struct command *command, int seconds);

/* Kills it; done is not called. NULL is fine. */
void command_cancel(struct command *command);

#endif
