/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_MASTER_H
#define SIGNET_MASTER_MASTER_H

/*
 * master: starts the CA's processes, opens what they may not open, connects
 * those that may talk, restarts those that die, and carries reloads and stops
 * to them. It parses no byte from the network.
 *
 * When all processes are ready it prints to standard output
 *
 *   signetd: ready, ACME directory at https://127.0.0.1:14000/dir
 *
 * Listening to port 0 takes a free port, and the line shows which.
 */

#include <stdbool.h>

#include "base/err.h"
#include "conf/config.h"

/* A process that dies is started again after a pause that doubles from the
 * first to the last value, and is short again once it has run for a while. */
#define MASTER_RESTART_FIRST_MS 10
#define MASTER_RESTART_LAST_MS 10000
#define MASTER_RESTART_FORGET_MS 10000

/* All processes must have agreed to a new configuration by then. */
#define MASTER_RELOAD_TIMEOUT_MS 10000

/* How long to wait for another signetd to let go of the directory. */
#define MASTER_LOCK_TIMEOUT_MS 5000

struct master_options {
	struct config config;      /* master takes it over and frees it */
	const char *config_file;   /* read again at SIGHUP; NULL: no reload */
	bool remove_directory;     /* throw config.directory away at the end */

	/* Called at each reload and once a day: renews the API's own
	 * certificate where that is due, and says whether it did. May be
	 * NULL. */
	int (*refresh)(const struct config *config, bool *ret_renewed,
	    struct err *err);
};

/* Runs until SIGTERM or SIGINT, and gives the exit status: 0 after a clean
 * stop, 1 when the CA could not start (the reason is then on standard
 * error). */
int master_run(struct master_options *options);

#endif
