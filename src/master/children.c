/* SPDX-License-Identifier: Apache-2.0 */
#include "master/children.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sanitized.h"
#include "master/connect.h"
#include "master/heartbeat.h"
#include "master/reload.h"
#include "master/stop.h"

#define ENVIRONMENT_MAX 8

static void spawn_or_retry(struct child *child);

/* Empty, but for what makes a sanitizer's reports useful. */
static char **
child_environment(void)
{
	static char *environment[ENVIRONMENT_MAX + 1];
	size_t count = 0;
	char **at = SANITIZED ? environ : NULL;

	for (; at != NULL && *at != NULL && count < ENVIRONMENT_MAX; at++) {
		const char *end = strchr(*at, '=');

		if (end != NULL && end - *at > 12 &&
		    memcmp(end - 12, "SAN_OPTIONS=", 12) == 0)
			environment[count++] = *at;
	}
	environment[count] = NULL;
	return environment;
}

/* In the new process: descriptors 0 to 3 and nothing else. What the CA prints
 * on its standard output is master's alone to say. */
static void __attribute__((noreturn))
exec_child(const struct child *child, int control)
{
	const struct master *master = child->master;
	char program[] = "signetd";
	char role[16];
	char *argv[] = { program, role, NULL };

	snprintf(role, sizeof(role), "%s", role_name(child->row->role));
	if (dup2(master->null, STDIN_FILENO) < 0 ||
	    dup2(STDERR_FILENO, STDOUT_FILENO) < 0 ||
	    (control == CONTROL_FD ? fcntl(control, F_SETFD, 0) :
	    dup2(control, CONTROL_FD)) < 0 ||
	    syscall(SYS_close_range, CONTROL_FD + 1, ~0U,
	    4 /* CLOSE_RANGE_CLOEXEC */) < 0)
		_exit(126);
	syscall(SYS_execveat, master->programs[child->row->program], "", argv,
	    child_environment(), AT_EMPTY_PATH);
	_exit(127);
}

void
children_kill(struct child *child)
{
	if (child->pid <= 0)
		return;
	child->killed = true;
	kill(child->pid, SIGKILL);
}

/* For a process that must not go on: its death is handled as any other. */
static void
give_up(struct child *child, const char *event, const struct err *err)
{
	log_err(LOG_ERROR, event, err);
	log_event(LOG_ERROR, "process-killed", "role=%s index=%u pid=%d",
	    role_name(child->row->role), child->index, (int)child->pid);
	children_kill(child);
}

void
children_send(struct child *child, const struct control *control)
{
	struct err err = ERR_INIT;
	int r = control_send(child->control, control, &err);

	/* One that just died has said nothing wrong. */
	if (r == -(int)ERR_BUSY)
		give_up(child, "process-hangs", &err);
}

void
children_tell(struct child *child, enum control_type type)
{
	struct control control = { .type = type };

	if (child->control >= 0)
		children_send(child, &control);
}

int
children_give(struct child *child, enum control_type type,
    const struct config *config, struct err *err)
{
	struct master *master = child->master;
	struct control control = { .type = type, .role = child->row->role,
		.index = child->index };
	struct bld out;
	int r;

	bld_init(&out, CONTROL_SIZE_MAX);
	config_encode(&out, config);
	control.config = bld_view(&out);
	r = resources_give(&master->resources, config, child->row->role,
	    &control, err);
	if (r == 0) {
		r = control_send(child->control, &control, err);
		resources_sent(&master->resources, &control);
	}
	bld_free(&out);
	return r;
}

static void
announce(struct master *master)
{
	char url[RESOURCES_URL_SIZE];

	for (size_t i = 0; i < master->num_children; i++) {
		if (master->children[i].state != CHILD_READY)
			return;
	}
	master->state = MASTER_RUNNING;
	resources_management_url(&master->resources, url);
	if (url[0] != '\0')
		printf("signetd: management at %s\n", url);
	resources_url(&master->resources, &master->config, url);
	printf("signetd: ready, ACME directory at %s\n", url);
	fflush(stdout);
	notify_ready(&master->notify);
	if (master->reload_again)
		reload_begin(master);
}

static void
set_timer(struct child *child, int64_t delay_ms, void (*cb)(void *arg))
{
	struct env *env = &child->master->env;

	env->timer_cancel(env->ctx, child->timer);
	child->timer = cb == NULL ? NULL :
	    env->timer_start(env->ctx, delay_ms, cb, child);
}

static void
on_ready(struct child *child)
{
	struct master *master = child->master;

	if (child->state != CHILD_STARTING)
		return;
	set_timer(child, 0, NULL);
	child->state = CHILD_READY;
	child->ready_at = env_now(&master->env);
	log_event(master->state == MASTER_STARTING ? LOG_DEBUG : LOG_NOTICE,
	    "process-ready", "role=%s index=%u pid=%d",
	    role_name(child->row->role), child->index, (int)child->pid);
	if (master->state == MASTER_STARTING)
		announce(master);
}

static void
on_control(evutil_socket_t fd, short what, void *arg)
{
	struct child *child = arg;
	struct control control;
	struct err err = ERR_INIT;
	int r;

	(void)what;
	r = control_receive(fd, child->master->buf, &control, &err);
	if (r == -(int)ERR_BUSY)
		return;
	if (r == 1 && control.type == CONTROL_READY) {
		on_ready(child);
	} else if (r == 1 && control.type == CONTROL_ANSWER) {
		reload_answer(child, control.text);
	} else if (r == 1 && control.type == CONTROL_COMMITTED) {
		reload_committed(child);
	} else if (r == 1 && control.type == CONTROL_PONG) {
		heartbeat_answer(child);
	} else if (r != 1 || control.type != CONTROL_LINK_LOST ||
	    !connect_lost(child, &control)) {
		if (r == 1) {
			control_close_fds(&control);
			r = err_set(&err, ERR_FRAME, NULL, "a process sent a "
			    "message that is not its to send");
		}
		event_del(child->event);
		/* At its end it is dead or about to be. */
		if (r < 0)
			give_up(child, "control-failed", &err);
		else
			children_kill(child);
	}
}

static void
on_ready_timeout(void *arg)
{
	struct child *child = arg;
	struct err err;

	child->timer = NULL;
	err_set(&err, ERR_BUSY, NULL, "the %s process was not ready after %d "
	    "seconds", role_name(child->row->role),
	    CHILDREN_READY_TIMEOUT_MS / 1000);
	give_up(child, "process-hangs", &err);
}

/* The process runs on its own from fork on, while we get its message ready;
 * what fails from there on ends in its death, like its own failures. */
static int
spawn(struct child *child, struct err *err)
{
	struct master *master = child->master;
	int fds[2], r;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return err_errno(err, "cannot make a control socket");
	pid = fork();
	if (pid == 0)
		exec_child(child, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		r = err_errno(err, "cannot start a process");
		close(fds[0]);
		return r;
	}
	child->pid = pid;
	child->killed = false;
	child->unheard = 0;
	child->control = fds[0];
	child->state = CHILD_STARTING;
	child->event = event_new(loop_base(master->loop), fds[0],
	    EV_READ | EV_PERSIST, on_control, child);
	assert(child->event != NULL);
	event_add(child->event, NULL);
	set_timer(child, CHILDREN_READY_TIMEOUT_MS, on_ready_timeout);
	log_event(LOG_DEBUG, "process-started", "role=%s index=%u pid=%d",
	    role_name(child->row->role), child->index, (int)pid);
	r = children_give(child, CONTROL_START, &master->config, err);
	if (r < 0)
		children_kill(child);
	else
		connect_child(child);
	return r;
}

int
children_start(struct master *master, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < roles_rows_count; i++) {
		unsigned count = roles_rows[i].count(&master->config);

		for (unsigned index = 0; r == 0 && index < count; index++) {
			struct child *child;

			assert(master->num_children < ROLES_PROCESSES_MAX);
			child = &master->children[master->num_children++];
			*child = (struct child){ .master = master,
				.row = &roles_rows[i], .index = index,
				.control = -1 };
			r = spawn(child, err);
		}
	}
	return r;
}

static void
on_restart(void *arg)
{
	struct child *child = arg;

	child->timer = NULL;
	/* In a reload it would not know of the configuration that is being
	 * agreed on; at a stop nobody would tell it to end. */
	if (child->master->reload == RELOAD_NONE &&
	    child->master->state != MASTER_STOPPING)
		spawn_or_retry(child);
}

static void
restart_later(struct child *child)
{
	int64_t lived_ms = child->ready_at == 0 ? 0 :
	    env_now(&child->master->env) - child->ready_at;

	if (child->delay_ms == 0 || lived_ms >= MASTER_RESTART_FORGET_MS)
		child->delay_ms = MASTER_RESTART_FIRST_MS;
	else if (child->delay_ms < MASTER_RESTART_LAST_MS / 2)
		child->delay_ms *= 2;
	else
		child->delay_ms = MASTER_RESTART_LAST_MS;
	child->ready_at = 0;
	set_timer(child, child->delay_ms, on_restart);
}

static void
spawn_or_retry(struct child *child)
{
	struct err err = ERR_INIT;

	if (spawn(child, &err) == 0)
		return;
	log_err(LOG_ERROR, "restart-failed", &err);
	if (child->pid <= 0)
		restart_later(child); /* else its death comes */
}

void
children_resume(struct master *master)
{
	for (size_t i = 0; i < master->num_children; i++) {
		struct child *child = &master->children[i];

		if (child->state == CHILD_NONE && child->timer == NULL)
			spawn_or_retry(child);
	}
}

static void
release(struct child *child)
{
	set_timer(child, 0, NULL);
	if (child->event != NULL)
		event_free(child->event);
	if (child->control >= 0)
		close(child->control);
	child->event = NULL;
	child->control = -1;
	child->pid = 0;
	child->unanswered = 0;
	child->committing = false;
	child->state = CHILD_NONE;
	connect_gone(child);
}

static void
log_death(const struct child *child, int status)
{
	enum log_level level = LOG_ERROR;

	/* As it should: whoever reads the log looks for what went wrong. */
	if (child->master->state == MASTER_STOPPING && (child->killed ||
	    (WIFEXITED(status) && WEXITSTATUS(status) == 0)))
		level = LOG_DEBUG;
	if (WIFSIGNALED(status))
		log_event(level, "process-died",
		    "role=%s index=%u pid=%d signal=SIG%s%s",
		    role_name(child->row->role), child->index,
		    (int)child->pid, sigabbrev_np(WTERMSIG(status)),
		    WTERMSIG(status) == SIGSYS ?
		    " cause=\"a system call that its sandbox forbids\"" : "");
	else
		log_event(level, "process-died",
		    "role=%s index=%u pid=%d exit=%d",
		    role_name(child->row->role), child->index,
		    (int)child->pid, WEXITSTATUS(status));
}

static void
on_death(struct child *child, int status)
{
	struct master *master = child->master;

	log_death(child, status);
	release(child);
	switch (master->state) {
	case MASTER_STARTING:
		/* Waiting would not make it better. */
		log_event(LOG_ERROR, "start-failed", "role=%s",
		    role_name(child->row->role));
		stop_begin(master, 1);
		break;
	case MASTER_RUNNING:
		restart_later(child);
		reload_death(child);
		break;
	case MASTER_STOPPING:
		stop_death(master);
		break;
	}
}

void
children_reap(struct master *master)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (size_t i = 0; i < master->num_children; i++) {
			if (master->children[i].pid == pid) {
				on_death(&master->children[i], status);
				break;
			}
		}
	}
}

void
children_done(struct master *master)
{
	for (size_t i = 0; i < master->num_children; i++)
		release(&master->children[i]);
	connect_done(master);
}
