/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals and waiting. While judge works or waits, signals come through its
 * loop, so that what was set up for a challenge is taken down before the end.
 */
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/judge/judge_private.h"

static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
#define NUM_SIGNALS (sizeof(signals) / sizeof(signals[0]))

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct judge *judge = arg;
	struct signalfd_siginfo info;
	struct err err = ERR_INIT;

	(void)what;
	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	if (info.ssi_signo == SIGHUP && judge->options.daemon) {
		/* A run that is at work goes on. */
		judge->wake = JUDGE_WAKE_RELOAD;
		if (judge->waiting)
			loop_stop(judge->loop);
		return;
	}
	judge->wake = JUDGE_WAKE_STOP;
	err_set(&err, ERR_BUSY, NULL, "it was stopped; what is live stays as "
	    "it is, and the next run goes on");
	judge_end(judge, &err);
}

void
judge_watch_signals(struct judge *judge)
{
	sigset_t set;

	if (judge->signal_event != NULL)
		return;
	sigemptyset(&set);
	for (size_t i = 0; i < NUM_SIGNALS; i++)
		sigaddset(&set, signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	judge->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	judge->signal_event = event_new(loop_base(judge->loop),
	    judge->signal_fd, EV_READ | EV_PERSIST, on_signal, judge);
	if (judge->signal_event == NULL ||
	    event_add(judge->signal_event, NULL) < 0)
		abort(); /* out of memory, or of descriptors */
}

void
judge_unwatch_signals(struct judge *judge)
{
	if (judge->signal_event == NULL)
		return;
	event_free(judge->signal_event);
	close(judge->signal_fd);
}

static void
on_time(void *arg)
{
	struct judge *judge = arg;

	judge->timer = NULL;
	loop_stop(judge->loop);
}

enum judge_wake
judge_wait(struct judge *judge, int64_t until)
{
	int64_t delay = until - judge_now(judge);
	enum judge_wake wake;

	judge_watch_signals(judge);
	if (judge->wake == JUDGE_WAKE_TIME && !judge->changed) {
		judge->waiting = true;
		judge->timer = judge->env.timer_start(judge->env.ctx,
		    delay < 0 ? 0 : delay, on_time, judge);
		loop_run(judge->loop);
		if (judge->timer != NULL)
			judge->env.timer_cancel(judge->env.ctx, judge->timer);
		judge->timer = NULL;
		judge->waiting = false;
	}
	wake = judge->wake;
	judge->changed = false;
	if (wake != JUDGE_WAKE_STOP)
		judge->wake = JUDGE_WAKE_TIME;
	return wake;
}
