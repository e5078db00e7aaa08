/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_RESOURCES_H
#define SIGNET_MASTER_RESOURCES_H

/*
 * resources: what master opens for its processes, by one table that says
 * which role gets which. Listening sockets, the journal and the lock of the
 * directory are opened once and kept; files are opened anew for each process
 * and closed once it has them, so that master holds no key.
 */

#include "conf/config.h"
#include "proc/control.h"

#define RESOURCES_BACKLOG 1024 /* connections that wait to be accepted */
#define RESOURCES_URL_SIZE 1200 /* bytes, with the final NUL */

struct resources {
	int lock;
	int journal;
	int listen[CONFIG_LISTEN_MAX];
	size_t num_listen;
	int management;
};

/* None open. */
void resources_init(struct resources *resources);

/* Takes the directory's lock (waits until an old CA let go of it), makes the
 * files that are not there yet, and opens the sockets. Before master gives up
 * its privileges. */
int resources_open(struct resources *resources, const struct config *config,
    struct err *err);
void resources_close(struct resources *resources);

/* Fills the descriptors that a role gets into control. They are the caller's
 * until resources_sent, which closes those that were opened for it. */
int resources_give(const struct resources *resources,
    const struct config *config, enum role role, struct control *control,
    struct err *err);
void resources_sent(const struct resources *resources,
    const struct control *control);

/* "https://127.0.0.1:14000/dir": from base_url, or else from the socket. */
void resources_url(const struct resources *resources,
    const struct config *config, char out[RESOURCES_URL_SIZE]);
/* "https://127.0.0.1:15000", or "" without management. */
void resources_management_url(const struct resources *resources,
    char out[RESOURCES_URL_SIZE]);

#endif
