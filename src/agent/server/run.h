/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_RUN_H
#define SIGNET_AGENT_SERVER_RUN_H

/*
 * run: runs one program of a web server to its end: by execve, without a
 * shell, with bounded time and output. It blocks: for the helper process of
 * one operation (agent/server/server.h), never for judge's loop.
 */

#include "base/bld.h"
#include "base/err.h"

#define RUN_TIMEOUT_MS 60000 /* then it is killed */
#define RUN_SAID_MAX 2048    /* bytes of standard error that are kept */

/* argv[0] without '/' is looked for in the usual folders of programs. out gets
 * standard output, up to its maximum; NULL: it goes with standard error. A
 * status other than 0 is -ERR_IO, with the end of what it said. */
int run_program(const char *const *argv, struct bld *out, struct err *err);

#endif
