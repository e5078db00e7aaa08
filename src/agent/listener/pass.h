/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_LISTENER_PASS_H
#define SIGNET_AGENT_LISTENER_PASS_H

/*
 * pass: hands one connection on to the server behind, byte for byte, both
 * ways. The end of one direction is passed on as such; who does not read
 * makes the other wait; who is silent in both directions for PASS_IDLE_MS is
 * cut off.
 */

#include <event2/bufferevent.h>

#include "agent/rpc/judge_listener.h"
#include "base/env.h"

#define PASS_BUFFER_MAX 131072 /* bytes that wait in one direction */
#define PASS_IDLE_MS 3600000   /* servers have shorter limits of their own */
#define PASS_CONNECT_MS 10000  /* to the server behind */

struct pass;

/* client becomes its own, with what has been read of it. gone is called once,
 * never from within pass_new: the pass is dead then. NULL if no socket could
 * be had, or none was wanted: client came to us where it was to be steered to
 * us. It is freed then, too. */
struct pass *pass_new(struct event_base *base, const struct env *env,
    struct bufferevent *client, const struct listener_backend *backend,
    void (*gone)(void *ctx), void *ctx);
/* Cuts it off, without calling gone. */
void pass_free(struct pass *pass);

/* Whether it has been silent, or connecting, for too long. */
bool pass_is_late(const struct pass *pass, int64_t now_ms);

/* The header that tells the server behind who its client is; appended. */
void pass_proxy_header(struct bld *out, enum listener_proxy proxy,
    const struct sockaddr_storage *from, const struct sockaddr_storage *to);

#endif
