/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What other commands change while this one waits: each that works in DIR
 * closes the file of the run's lock at its end. Where it cannot be watched
 * (fs.inotify.max_user_instances), whoever waits looks again now and then.
 */
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "agent/judge/judge_private.h"
#include "agent/state/run_lock.h"

/* Reads all that there is. */
static bool
was_closed(int fd)
{
	union {
		struct inotify_event event;
		char bytes[4096];
	} buffer;
	bool found = false;
	ssize_t n;

	while ((n = read(fd, &buffer, sizeof(buffer))) > 0) {
		for (const char *at = buffer.bytes; at < buffer.bytes + n; ) {
			const struct inotify_event *event = (const void *)at;

			found |= (event->mask & IN_Q_OVERFLOW) != 0 ||
			    (event->len > 0 &&
			    strcmp(event->name, RUN_LOCK_FILE) == 0);
			at += sizeof(*event) + event->len;
		}
	}
	return found;
}

void
judge_see_changes(struct judge *judge)
{
	if (judge->changes_event != NULL &&
	    was_closed(event_get_fd(judge->changes_event)))
		judge->changed = true;
}

void
judge_forget_changes(struct judge *judge)
{
	if (judge->changes_event != NULL)
		(void)was_closed(event_get_fd(judge->changes_event));
}

static void
on_change(evutil_socket_t fd, short what, void *arg)
{
	struct judge *judge = arg;

	(void)fd;
	(void)what;
	judge_see_changes(judge);
	if (judge->changed && judge->waiting)
		loop_stop(judge->loop);
}

void
judge_watch_changes(struct judge *judge)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd < 0)
		return;
	if (inotify_add_watch(fd, judge->options.dir, IN_CLOSE_WRITE) < 0) {
		close(fd);
		return;
	}
	judge->changes_event = event_new(loop_base(judge->loop), fd,
	    EV_READ | EV_PERSIST, on_change, judge);
	if (judge->changes_event == NULL ||
	    event_add(judge->changes_event, NULL) < 0)
		abort(); /* out of memory */
}

void
judge_unwatch_changes(struct judge *judge)
{
	int fd;

	if (judge->changes_event == NULL)
		return;
	fd = event_get_fd(judge->changes_event);
	event_free(judge->changes_event);
	close(fd);
}
