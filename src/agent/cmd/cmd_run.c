/* SPDX-License-Identifier: Apache-2.0 */
#include <signal.h>

#include "agent/cmd/cmd.h"
#include "master/notify.h"

#define LOOK_MS INT64_C(300000) /* in case that another command's changes were
                                   not seen, and against clocks that jump */

static int run(int argc, char **argv);

const struct cmd cmd_run = {
	.name = "run",
	.usage = "[OPTION]...",
	.summary = "stay and do what is due when it is due",
	.help =
	    "  SIGHUP reads the configuration anew; SIGTERM ends.\n\n"
	    CMD_TEXTFILE_HELP CMD_COMMON_HELP,
	.run = run,
};

struct daemon {
	struct cmd_common common;
	struct judge *judge;
	struct notify notify;
};

static void
beat(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;

	(void)fd;
	(void)what;
	notify_watchdog(&d->notify);
}

/* Comes also while certificates are being got: the loop is the same. */
static struct event *
start_heart(struct daemon *d)
{
	int64_t ms = d->notify.watchdog_ms / 2;
	struct timeval every = { .tv_sec = ms / 1000,
	    .tv_usec = ms % 1000 * 1000 };
	struct event *event;

	if (ms == 0)
		return NULL;
	event = event_new(loop_base(judge_loop(d->judge)), -1, EV_PERSIST,
	    beat, d);
	if (event == NULL || event_add(event, &every) < 0)
		abort(); /* out of memory */
	return event;
}

static void
complain(struct daemon *d, const struct err *err)
{
	(void)cmd_fail(d->common.cmd, "%s", err->text);
}

/* The next look: when something is due, and not at the same second again. */
static int64_t
next_look(struct daemon *d)
{
	int64_t now = judge_now(d->judge), next = STATE_NEVER;
	struct err err = ERR_INIT;

	if (state_cert_next_due(judge_state(d->judge), &next, &err) < 0)
		complain(d, &err);
	if (next > now + LOOK_MS)
		next = now + LOOK_MS;
	return next < now + 1000 ? now + 1000 : next;
}

static void
reload(struct daemon *d)
{
	struct err err = ERR_INIT;

	notify_reloading(&d->notify);
	if (judge_sync(d->judge, &err) < 0)
		complain(d, &err);
	notify_ready(&d->notify);
}

static void
live(struct daemon *d)
{
	enum judge_wake wake = JUDGE_WAKE_TIME;
	struct judge_tally tally;

	notify_ready(&d->notify);
	while (wake != JUDGE_WAKE_STOP) {
		struct err err = ERR_INIT;

		if (wake == JUDGE_WAKE_RELOAD)
			reload(d);
		if (judge_add_due(d->judge, &err) < 0)
			complain(d, &err);
		(void)cmd_common_run(&d->common, d->judge, &tally);
		wake = judge_wait(d->judge, next_look(d));
	}
	notify_stopping(&d->notify);
}

static int
run(int argc, char **argv)
{
	static const struct option options[] = {
		CMD_COMMON_OPTIONS, CMD_TEXTFILE_OPTION, { 0 }
	};
	struct daemon d = { .common = { .cmd = &cmd_run, .daemon = true } };
	struct event *heart;
	int opt, r;

	while ((opt = getopt_long(argc, argv, CMD_COMMON_SHORT, options,
	    NULL)) != -1) {
		if (!cmd_common_take(&d.common, opt, optarg))
			return cmd_usage_only(&cmd_run);
	}
	if (optind != argc)
		return cmd_usage(&cmd_run, "it takes no names");
	r = cmd_common_open(&d.common, true, &d.judge);
	if (r != CMD_OK)
		return r;
	notify_init(&d.notify);
	heart = start_heart(&d);
	live(&d);
	if (heart != NULL)
		event_free(heart);
	notify_done(&d.notify);
	judge_free(d.judge);
	return CMD_OK;
}
