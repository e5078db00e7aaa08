/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_SERVER_HAPROXY_SOCKET_H
#define SIGNET_AGENT_SERVER_HAPROXY_SOCKET_H

/*
 * haproxy_socket: HAProxy's runtime socket: one command, one answer. It blocks
 * for at most HAPROXY_SOCKET_WAIT_S.
 */

#include "base/bld.h"
#include "base/err.h"

#define HAPROXY_SOCKET_WAIT_S 10
#define HAPROXY_SOCKET_ANSWER_MAX (4 * 1024 * 1024) /* bytes */

/* payload: of "set ssl cert FILE <<"; empty: none. */
int haproxy_socket_ask(const char *path, const char *command,
    struct span payload, struct bld *answer, struct err *err);

/* The answer must have good in it; else it becomes the error. */
int haproxy_socket_tell(const char *path, const char *command,
    struct span payload, const char *good, struct err *err);

#endif
