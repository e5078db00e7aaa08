/* SPDX-License-Identifier: Apache-2.0 */
#include "master/master.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/slice.h"
#include "master/children.h"
#include "master/disk.h"
#include "master/early.h"
#include "master/heartbeat.h"
#include "master/master_private.h"
#include "master/master_sandbox.h"
#include "master/reload.h"
#include "master/renew.h"
#include "master/stop.h"

/* Programs and /dev/null are kept above the descriptors that a new process
 * is given. */
#define OWN_FD_MIN 16

/* Whoever started us may have left descriptors open, which are not for us to
 * keep, or closed some of 0 to 2: what is opened next would take their place
 * and be written to by mistake. Gives /dev/null, or -1. */
static int
tidy_descriptors(void)
{
	int fd, null;

	syscall(SYS_close_range, STDERR_FILENO + 1, ~0U, 0);
	do {
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		return -1;
	null = fcntl(fd, F_DUPFD_CLOEXEC, OWN_FD_MIN);
	close(fd);
	return null;
}

/* The programs stay the ones that we were started with, also when an upgrade
 * replaces their files. */
static int
open_program(struct master *master, enum roles_program program,
    const char *folder, size_t folder_len, struct err *err)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%.*s/%s", (int)folder_len, folder,
	    roles_program_name(program));
	fd = open(program == ROLES_SIGNETD ? "/proc/self/exe" : path,
	    O_PATH | O_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "cannot find the program %s", path);
	master->programs[program] = fcntl(fd, F_DUPFD_CLOEXEC, OWN_FD_MIN);
	close(fd);
	return master->programs[program] < 0 ?
	    err_errno(err, "cannot open the program %s", path) : 0;
}

static int
open_programs(struct master *master, struct err *err)
{
	char self[PATH_MAX];
	const char *slash;
	ssize_t len;
	int r = 0;

	len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	if (len < 0)
		return err_errno(err, "cannot read /proc/self/exe");
	self[len] = '\0';
	slash = strrchr(self, '/');
	assert(slash != NULL);
	for (int i = 0; r == 0 && i < ROLES_PROGRAM_COUNT; i++)
		r = open_program(master, (enum roles_program)i, self,
		    (size_t)(slash - self), err);
	return r;
}

static void
on_signal(evutil_socket_t signal_number, short what, void *arg)
{
	struct master *master = arg;

	(void)what;
	if (signal_number == SIGCHLD)
		children_reap(master);
	else if (signal_number == SIGHUP)
		reload_begin(master);
	else
		stop_begin(master, 0);
}

static void
take_signals(struct master *master)
{
	static const int signals[] = { SIGCHLD, SIGHUP, SIGTERM, SIGINT };

	signal(SIGPIPE, SIG_IGN);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct event *event = evsignal_new(loop_base(master->loop),
		    signals[i], on_signal, master);

		assert(event != NULL);
		event_add(event, NULL);
		master->signals[i] = event;
	}
	early_let_go();
}

static int
enter_sandbox(const struct master *master, struct err *err)
{
	struct master_sandbox sandbox;
	char quoted[LOG_QUOTE_SIZE];
	const char *missing;
	int r;

	master_sandbox_init(&sandbox, master->config.directory,
	    master->options->remove_directory);
	r = sandbox_enter(&sandbox.sandbox, &missing, err);
	if (r == 0 && missing != NULL)
		log_event(LOG_WARNING, "sandbox-incomplete", "missing=%s",
		    log_quote(quoted, missing, strlen(missing)));
	return r;
}

static int
prepare(struct master *master, struct err *err)
{
	int r;

	if (master->null < 0)
		return err_errno(err, "cannot open /dev/null");
	/* Inherited by all: they work in one another's turns. */
	slice_set(SLICE_LONG_NS);
	r = open_programs(master, err);
	if (r == 0)
		r = resources_open(&master->resources, &master->config, err);
	if (r == 0)
		notify_init(&master->notify);
	if (r == 0)
		r = enter_sandbox(master, err);
	return r;
}

static void
close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void
release(struct master *master)
{
	struct err err = ERR_INIT;
	sigset_t late;

	/* One more signal to stop, just now, stops nothing: the status is that
	 * of a stop. */
	sigemptyset(&late);
	sigaddset(&late, SIGTERM);
	sigaddset(&late, SIGINT);
	sigprocmask(SIG_BLOCK, &late, NULL);
	reload_done(master);
	renew_done(master);
	heartbeat_done(master);
	stop_done(master);
	children_done(master);
	for (size_t i = 0; i < 4; i++) {
		if (master->signals[i] != NULL)
			event_free(master->signals[i]);
	}
	resources_close(&master->resources);
	notify_done(&master->notify);
	for (int i = 0; i < ROLES_PROGRAM_COUNT; i++)
		close_fd(master->programs[i]);
	close_fd(master->null);
	loop_free(master->loop);
	if (master->options->remove_directory &&
	    disk_remove_tree(master->config.directory, &err) < 0)
		log_err(LOG_WARNING, "cleanup-failed", &err);
	config_free(&master->config);
	free(master->buf);
	free(master);
}

static struct master *
master_new(struct master_options *options, int null)
{
	struct master *master = mem_zalloc(sizeof(*master));

	master->options = options;
	master->config = options->config;
	options->config = (struct config){ 0 };
	master->buf = mem_alloc(CONTROL_SIZE_MAX);
	resources_init(&master->resources);
	master->notify.fd = -1;
	master->null = null;
	for (int i = 0; i < ROLES_PROGRAM_COUNT; i++)
		master->programs[i] = -1;
	master->loop = loop_new();
	loop_env(master->loop, &master->env);
	return master;
}

int
master_run(struct master_options *options)
{
	struct master *master = master_new(options, tidy_descriptors());
	struct err err = ERR_INIT;
	int status;

	early_hold();
	log_init(role_name(ROLE_MASTER),
	    (enum log_level)master->config.log_level);
	if (prepare(master, &err) == 0) {
		take_signals(master);
		renew_start(master);
		heartbeat_start(master);
		if (children_start(master, &err) < 0) {
			log_err(LOG_ERROR, "start-failed", &err);
			stop_begin(master, 1);
		}
		loop_run(master->loop);
		status = master->status;
	} else if (early_stop()) {
		log_event(LOG_NOTICE, "stopping", NULL);
		status = 0;
	} else {
		log_err(LOG_ERROR, "start-failed", &err);
		status = 1;
	}
	release(master);
	return status;
}
