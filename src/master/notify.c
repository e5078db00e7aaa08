/* SPDX-License-Identifier: Apache-2.0 */
#include "master/notify.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* 0 where there is none, or it is meant for another process. */
static int64_t
watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	char *end;
	long long value;

	if (usec == NULL ||
	    (pid != NULL && strtoll(pid, NULL, 10) != getpid()))
		return 0;
	value = strtoll(usec, &end, 10);
	if (end == usec || *end != '\0' || value <= 0)
		return 0;
	/* Of less than 2 ms half would be nothing. */
	return value < 2000 ? 2 : value / 1000;
}

void
notify_init(struct notify *notify)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len;

	*notify = (struct notify){ .fd = -1, .watchdog_ms = watchdog_ms() };
	if (path == NULL || (path[0] != '/' && path[0] != '@'))
		return;
	len = strlen(path);
	if (len >= sizeof(address.sun_path))
		return;
	memcpy(address.sun_path, path, len);
	if (path[0] == '@')
		address.sun_path[0] = '\0'; /* an abstract address */
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify->fd >= 0 && connect(notify->fd,
	    (struct sockaddr *)&address, (socklen_t)(offsetof(struct
	    sockaddr_un, sun_path) + len)) < 0)
		notify_done(notify);
}

void
notify_done(struct notify *notify)
{
	if (notify->fd >= 0)
		close(notify->fd);
	notify->fd = -1;
}

/* Nothing can be done if the manager does not listen. */
static void
say(const struct notify *notify, const char *text)
{
	ssize_t n;

	if (notify->fd < 0)
		return;
	n = send(notify->fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)n;
}

void
notify_ready(const struct notify *notify)
{
	say(notify, "READY=1\n");
}

void
notify_reloading(const struct notify *notify)
{
	struct timespec now;
	char text[80];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRId64
	    "\n", (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	say(notify, text);
}

void
notify_stopping(const struct notify *notify)
{
	say(notify, "STOPPING=1\n");
}

void
notify_watchdog(const struct notify *notify)
{
	say(notify, "WATCHDOG=1\n");
}
