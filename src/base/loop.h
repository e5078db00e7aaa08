/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_BASE_LOOP_H
#define SIGNET_BASE_LOOP_H

/*
 * loop: libevent's event loop with turns.
 *
 * A turn waits for events, runs the callbacks of all that are ready, then
 * runs the end-of-turn hooks in the order of their registration, and last what
 * was asked for by loop_flush_later. Core commits its one transaction of the
 * turn in a hook; after that links (base/link.h) send what was queued, so many
 * requests share one commit and one write, and the HTTP server handles the
 * requests that it has read. Lines that wait (log_gather) are written before
 * the hooks, after them, and at the end.
 */

#include <event2/event.h>

#include "base/env.h"
#include "base/err.h"

#define LOOP_HOOKS_MAX 64

struct loop;

struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* For libraries that want libevent itself (evhttp, curl, libunbound). */
struct event_base *loop_base(struct loop *loop);

/* Runs turns until loop_stop. */
void loop_run(struct loop *loop);
void loop_stop(struct loop *loop);

/* Hooks run once per turn; a hook may stop the loop but not add hooks. */
void loop_hook_add(struct loop *loop, void (*hook)(void *arg), void *arg);

/* Comes after all hooks of a turn, in the order in which it was asked for. Once
 * only; a second call before it ran does nothing.
 * The item must be cancelled before its memory goes. */
struct loop_flush {
	void (*flush)(struct loop_flush *item);
	struct loop_flush *next;
	bool queued;
};
void loop_flush_later(struct loop *loop, struct loop_flush *item);
void loop_flush_cancel(struct loop *loop, struct loop_flush *item);

/* LOOP_SCRATCH_SIZE bytes for whoever runs just now: one buffer to read into,
 * instead of one for each connection. */
#define LOOP_SCRATCH_SIZE 65536
uint8_t *loop_scratch(struct loop *loop);

/* Fills env's ctx, now, random and timer members with the real ones, running
 * on this loop. Other members become NULL. */
void loop_env(struct loop *loop, struct env *env);

#endif
