/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_APART_H
#define SIGNET_AGENT_SERVER_APART_H

/*
 * apart: one look at a server by a process of its own, in the sandbox and as
 * the user of the probe process: what changes a server's configuration is root,
 * and a stranger may be what answers.
 */

#include <stdint.h>

#include "base/err.h"

#define APART_RESULT_SIZE 32 /* bytes that a look may find */
#define APART_MS 15000       /* then it is ended */
#define APART_UID 64309      /* the probe process's, where we are root */

/* Runs look there; it may fill result. arg is what it was before the fork. */
int apart_look(int (*look)(const void *arg, uint8_t result[APART_RESULT_SIZE],
    struct err *err), const void *arg, uint8_t result[APART_RESULT_SIZE],
    struct err *err);

/* This process enters that sandbox itself, with OpenSSL ready for use. */
int apart_enter(struct err *err);

#endif
