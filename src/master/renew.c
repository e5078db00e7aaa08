/* SPDX-License-Identifier: Apache-2.0 */
#include "master/renew.h"

#include "base/log.h"
#include "master/reload.h"

static void
on_day(void *arg)
{
	struct master *master = arg;

	renew_start(master);
	/* A reload under way has looked already. */
	if (master->state != MASTER_RUNNING || master->reload != RELOAD_NONE)
		return;
	renew_now(master);
	/* Also one of earlier, whose reload was refused. */
	if (master->renewed)
		reload_files(master);
}

void
renew_start(struct master *master)
{
	struct env *env = &master->env;

	if (master->options->refresh != NULL)
		master->renew_timer = env->timer_start(env->ctx,
		    RENEW_INTERVAL_MS, on_day, master);
}

void
renew_done(struct master *master)
{
	master->env.timer_cancel(master->env.ctx, master->renew_timer);
	master->renew_timer = NULL;
}

void
renew_now(struct master *master)
{
	struct err err = ERR_INIT;
	bool renewed = false;

	if (master->options->refresh == NULL)
		return;
	if (master->options->refresh(&master->config, &renewed, &err) < 0)
		log_err(LOG_WARNING, "renewal-failed", &err);
	if (!renewed)
		return;
	master->renewed = true;
	log_event(LOG_NOTICE, "certificate-renewed", NULL);
}
