/* SPDX-License-Identifier: Apache-2.0 */
#include "master/stop.h"

#include "base/log.h"
#include "http/http_server.h"
#include "master/children.h"
#include "master/reload.h"

/* Web ends when its last answer has gone, and core holds answers for so long:
 * what clients have begun is finished, not killed. */
_Static_assert(HTTP_SERVER_STOP_MS + CONFIG_HOLD_MAX_MS <
    PROC_STOP_TIMEOUT_MS,
    "held answers leave before a stop runs out of patience");

static bool
phase_runs(const struct master *master)
{
	for (size_t i = 0; i < master->num_children; i++) {
		if (master->children[i].pid > 0 &&
		    master->children[i].row->stop == master->phase)
			return true;
	}
	return false;
}

static void
on_timeout(void *arg)
{
	struct master *master = arg;

	master->stop_timer = NULL;
	for (size_t i = 0; i < master->num_children; i++) {
		struct child *child = &master->children[i];

		if (child->pid <= 0 || child->row->stop != master->phase)
			continue;
		log_event(LOG_WARNING, "stop-timeout", "role=%s index=%u",
		    role_name(child->row->role), child->index);
		children_kill(child);
	}
}

static void
start_phase(struct master *master)
{
	struct env *env = &master->env;

	env->timer_cancel(env->ctx, master->stop_timer);
	master->stop_timer = env->timer_start(env->ctx, PROC_STOP_TIMEOUT_MS,
	    on_timeout, master);
	for (size_t i = 0; i < master->num_children; i++) {
		if (master->children[i].row->stop == master->phase)
			children_tell(&master->children[i], CONTROL_STOP);
	}
}

static void
kill_all(struct master *master)
{
	for (size_t i = 0; i < master->num_children; i++)
		children_kill(&master->children[i]);
}

/* To the first phase in which something runs. */
static void
advance(struct master *master, bool started)
{
	while (!phase_runs(master)) {
		if (master->phase + 1 == ROLES_STOP_COUNT) {
			loop_stop(master->loop);
			return;
		}
		master->phase++;
		started = false;
	}
	if (!started)
		start_phase(master);
}

/* The clock may have been set meanwhile: then it is. */
static bool
is_another(const struct master *master)
{
	int64_t since_ms = env_now(&master->env) - master->stopped_at;

	return since_ms < 0 || since_ms >= STOP_AGAIN_MS;
}

void
stop_begin(struct master *master, int status)
{
	if (master->state == MASTER_STOPPING) {
		if (is_another(master))
			kill_all(master);
		return;
	}
	log_event(LOG_NOTICE, "stopping", NULL);
	master->state = MASTER_STOPPING;
	master->stopped_at = env_now(&master->env);
	master->status = status;
	notify_stopping(&master->notify);
	reload_done(master);
	/* One that could not start has nothing to finish. */
	if (status != 0)
		kill_all(master);
	master->phase = ROLES_STOP_FRONT;
	advance(master, false);
}

void
stop_death(struct master *master)
{
	advance(master, true);
}

void
stop_done(struct master *master)
{
	master->env.timer_cancel(master->env.ctx, master->stop_timer);
	master->stop_timer = NULL;
}
