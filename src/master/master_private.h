/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_MASTER_MASTER_PRIVATE_H
#define SIGNET_MASTER_MASTER_PRIVATE_H

/*
 * What the files of master share: its state and that of each process.
 */

#include <sys/types.h>

#include "base/loop.h"
#include "master/master.h"
#include "master/notify.h"
#include "master/resources.h"
#include "master/roles.h"

enum child_state {
	CHILD_NONE,     /* no process; perhaps one will be started */
	CHILD_STARTING, /* not ready yet */
	CHILD_READY
};

struct child {
	struct master *master;
	const struct roles_row *row;
	unsigned index;           /* among processes of the role */
	enum child_state state;
	pid_t pid;
	int control;              /* our end; -1 without process */
	struct event *event;      /* of control */
	struct env_timer *timer;  /* CHILD_NONE: until the restart;
	                             CHILD_STARTING: until we give it up */
	int64_t ready_at;         /* when it was ready last, or 0 */
	int64_t delay_ms;         /* before the next restart */
	unsigned unanswered;      /* CONTROL_PREPAREs */
	bool committing;          /* not CONTROL_COMMITTED yet */
	bool killed;              /* by us */
	unsigned unheard;         /* intervals since we asked; heartbeat.c */
};

enum master_state {
	MASTER_STARTING, /* until all processes were ready once */
	MASTER_RUNNING,
	MASTER_STOPPING
};

enum reload_phase {
	RELOAD_NONE,
	RELOAD_PREPARING,  /* each process looks whether it can change */
	RELOAD_COMMITTING  /* all can; not all have yet */
};

struct master {
	struct master_options *options;
	struct config config;
	struct loop *loop;
	struct env env;
	struct event *signals[4];
	enum master_state state;
	int status;               /* what master_run gives */
	struct notify notify;
	struct resources resources;
	int programs[ROLES_PROGRAM_COUNT]; /* to exec */
	int null;                 /* /dev/null */
	uint8_t *buf;             /* CONTROL_SIZE_MAX bytes */
	size_t num_children;
	struct child children[ROLES_PROCESSES_MAX];

	/* connect.c */
	struct connection *connections;
	unsigned last_link;       /* number */

	/* reload.c */
	enum reload_phase reload;
	bool reload_again;        /* another SIGHUP came meanwhile */
	struct config next;
	struct env_timer *reload_timer;

	/* renew.c */
	bool renewed;             /* the processes do not have it yet */
	struct env_timer *renew_timer;

	/* heartbeat.c */
	struct env_timer *beat_timer;
	struct env_timer *watchdog_timer;

	/* stop.c */
	int64_t stopped_at;       /* when the stop began */
	enum roles_stop phase;
	struct env_timer *stop_timer;
};

#endif
