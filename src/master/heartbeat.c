/* SPDX-License-Identifier: Apache-2.0 */
#include "master/heartbeat.h"

#include "base/log.h"
#include "master/children.h"

/* Intervals are counted, and not time: no clock that is set and no machine
 * that slept makes a process look as if it hung. */
static void
look_at(struct child *child)
{
	if (child->state != CHILD_READY || child->killed)
		return;
	if (child->unheard == 0)
		children_tell(child, CONTROL_PING);
	if (child->unheard++ < HEARTBEAT_MISSED_MAX)
		return;
	log_event(LOG_ERROR, "process-hangs",
	    "role=%s index=%u pid=%d silent_ms=%d",
	    role_name(child->row->role), child->index, (int)child->pid,
	    HEARTBEAT_MISSED_MAX * HEARTBEAT_INTERVAL_MS);
	children_kill(child);
}

static void
on_beat(void *arg)
{
	struct master *master = arg;
	struct env *env = &master->env;

	master->beat_timer = env->timer_start(env->ctx, HEARTBEAT_INTERVAL_MS,
	    on_beat, master);
	/* A start and a stop have limits of their own. */
	if (master->state != MASTER_RUNNING)
		return;
	for (size_t i = 0; i < master->num_children; i++)
		look_at(&master->children[i]);
}

static void
on_watchdog(void *arg)
{
	struct master *master = arg;
	struct env *env = &master->env;

	notify_watchdog(&master->notify);
	master->watchdog_timer = env->timer_start(env->ctx,
	    master->notify.watchdog_ms / 2, on_watchdog, master);
}

void
heartbeat_start(struct master *master)
{
	struct env *env = &master->env;

	master->beat_timer = env->timer_start(env->ctx, HEARTBEAT_INTERVAL_MS,
	    on_beat, master);
	if (master->notify.watchdog_ms > 0)
		on_watchdog(master);
}

void
heartbeat_done(struct master *master)
{
	struct env *env = &master->env;

	env->timer_cancel(env->ctx, master->beat_timer);
	env->timer_cancel(env->ctx, master->watchdog_timer);
	master->beat_timer = NULL;
	master->watchdog_timer = NULL;
}

void
heartbeat_answer(struct child *child)
{
	child->unheard = 0;
}
