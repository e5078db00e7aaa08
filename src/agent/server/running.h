/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_RUNNING_H
#define SIGNET_AGENT_SERVER_RUNNING_H

/*
 * running: which configuration a server that runs was started with, as the
 * kernel says (proc(5)): where it is not the usual one.
 */

#include <stdbool.h>

#include "base/span.h"

#define RUNNING_SIZE 512 /* bytes of an argument, with the NUL */

/* What stands behind the option on its command line, an absolute path; else
 * "". */
void running_option(int pid, const char *option, char out[RUNNING_SIZE]);

/* The same, of a command line as /proc/PID/cmdline has it. A program that has
 * put a title there has spaces between its words. */
void running_option_of(struct span text, const char *option,
    char out[RUNNING_SIZE]);

/* A Unix socket that it listens on; false if there is none. skip of them are
 * passed over. */
bool running_socket(int pid, unsigned skip, char out[RUNNING_SIZE]);

#endif
