/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_NOTIFY_H
#define SIGNET_MASTER_NOTIFY_H

/*
 * notify: tells the service manager that started us how we are, as
 * sd_notify(3) does: datagrams to the socket that NOTIFY_SOCKET names. Whether
 * it wants to hear that we live, WATCHDOG_USEC and WATCHDOG_PID say, as for
 * sd_watchdog_enabled(3).
 */

#include <stdint.h>

struct notify {
	int fd;              /* -1: nobody wants to know */
	int64_t watchdog_ms; /* how long we may be silent; 0: for ever */
};

/* Connects: a sandboxed master makes no such socket any more. */
void notify_init(struct notify *notify);
void notify_done(struct notify *notify);

void notify_ready(const struct notify *notify);
void notify_reloading(const struct notify *notify);
void notify_stopping(const struct notify *notify);
void notify_watchdog(const struct notify *notify);

#endif
