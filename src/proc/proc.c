/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/proc.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "proc/control.h"

#define DESCRIPTORS_MAX 65536 /* more than all limits of a role together */

/* Descriptors as they came; -1 once taken. */
struct resources {
	size_t count;
	enum resource kinds[PROC_RESOURCES_MAX];
	int fds[PROC_RESOURCES_MAX];
};

struct proc_private {
	struct event *event;
	uint8_t *buf;
	int lock;
	struct resources resources;
	bool preparing;      /* resources and next are of a reload */
	struct config next;
	const struct proc_reload *reload;
	void *reload_ctx;
	void (*stop)(void *ctx);
	void *stop_ctx;
	bool stopping;
	void (*on_link)(void *ctx, const struct peer *peer, int fd);
	void *link_ctx;
};

static const char *const role_names[ROLE_COUNT] = {
	[ROLE_MASTER] = "master",
	[ROLE_WEB] = "web",
	[ROLE_CORE] = "core",
	[ROLE_VALIDATOR] = "validator",
	[ROLE_SIGNER] = "signer",
	[ROLE_DEV] = "dev",
};

const char *
role_name(enum role role)
{
	return role >= ROLE_MASTER && role < ROLE_COUNT ? role_names[role] :
	    "unknown";
}

enum role
role_from_name(const char *name)
{
	for (int role = ROLE_MASTER; role < ROLE_COUNT; role++) {
		if (strcmp(name, role_names[role]) == 0)
			return (enum role)role;
	}
	return 0;
}

static void
resources_set(struct proc_private *priv, const struct control *control)
{
	struct resources *to = &priv->resources;

	to->count = 0;
	for (size_t i = 0; i < control->num_fds; i++) {
		/* Held for its own sake, as long as the process lives. */
		if (control->resources[i] == RESOURCE_LOCK && priv->lock < 0) {
			priv->lock = control->fds[i];
			continue;
		}
		to->kinds[to->count] = control->resources[i];
		to->fds[to->count++] = control->fds[i];
	}
}

static void
resources_close(struct resources *resources)
{
	for (size_t i = 0; i < resources->count; i++) {
		if (resources->fds[i] >= 0)
			close(resources->fds[i]);
	}
	resources->count = 0;
}

/* Signals are master's business: those of a terminal go to all processes. */
static void
ignore_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT,
		SIGPIPE, SIGUSR1, SIGUSR2 };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_IGN);
}

/* Each connection and each fetch takes a descriptor, and shells and service
 * managers give 1024 until more is asked for. */
static void
raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS_MAX ? limit.rlim_max :
	    DESCRIPTORS_MAX;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_event(LOG_WARNING, "descriptors", "error=\"%s\"",
		    strerror(errno));
}

static void
name_process(enum role role)
{
	char name[16]; /* what the kernel keeps */

	snprintf(name, sizeof(name), "signetd-%s", role_name(role));
	prctl(PR_SET_NAME, name, 0, 0, 0);
}

static int
receive_start(struct proc_private *priv, struct control *ret, struct err *err)
{
	struct pollfd pollfd = { .fd = CONTROL_FD, .events = POLLIN };
	int r;

	do {
		r = poll(&pollfd, 1, PROC_START_TIMEOUT_MS);
	} while (r < 0 && errno == EINTR);
	if (r <= 0 || (pollfd.revents & POLLNVAL) != 0)
		return err_set(err, ERR_IO, NULL, "master said nothing on "
		    "descriptor %d; this program is started by `signetd run`",
		    CONTROL_FD);
	r = control_receive(CONTROL_FD, priv->buf, ret, err);
	if (r < 0)
		return r;
	if (r == 0 || ret->type != CONTROL_START)
		return err_set(err, ERR_FRAME, NULL,
		    "master did not begin with a start message");
	return 0;
}

static int
take_start(struct proc *proc, const struct control *start, struct err *err)
{
	int r;

	resources_set(proc->priv, start);
	if (start->role != proc->role)
		return err_set(err, ERR_FRAME, NULL, "this is a %s, and "
		    "master wants a %s", role_name(proc->role),
		    role_name(start->role));
	r = config_decode(start->config, &proc->config, err);
	if (r < 0)
		return r;
	proc->index = start->index;
	log_set_level((enum log_level)proc->config.log_level);
	return 0;
}

static void on_control(evutil_socket_t fd, short what, void *arg);

int
proc_begin(struct proc *proc, enum role role, struct err *err)
{
	struct control start;
	int r;

	*proc = (struct proc){ .role = role };
	proc->priv = mem_zalloc(sizeof(*proc->priv));
	proc->priv->buf = mem_alloc(CONTROL_SIZE_MAX);
	proc->priv->lock = -1;
	ignore_signals();
	name_process(role);
	log_init(role_name(role), LOG_INFO);
	raise_descriptors();
	r = receive_start(proc->priv, &start, err);
	if (r < 0)
		return r;
	r = take_start(proc, &start, err);
	if (r < 0)
		return r;
	proc->loop = loop_new();
	loop_env(proc->loop, &proc->env);
	proc->priv->event = event_new(loop_base(proc->loop), CONTROL_FD,
	    EV_READ | EV_PERSIST, on_control, proc);
	assert(proc->priv->event != NULL);
	return 0;
}

/* Where the n-th descriptor of that kind is kept, or NULL. */
static int *
find_resource(const struct proc *proc, enum resource resource, unsigned n)
{
	struct resources *resources = &proc->priv->resources;

	for (size_t i = 0; i < resources->count; i++) {
		if (resources->kinds[i] == resource && n-- == 0)
			return &resources->fds[i];
	}
	return NULL;
}

int
proc_resource(const struct proc *proc, enum resource resource, unsigned n)
{
	int *fd = find_resource(proc, resource, n);

	return fd == NULL ? -1 : *fd;
}

int
proc_take(struct proc *proc, enum resource resource, unsigned n)
{
	int *at = find_resource(proc, resource, n);
	int fd = at == NULL ? -1 : *at;

	if (at != NULL)
		*at = -1;
	return fd;
}

int
proc_read(const struct proc *proc, enum resource resource, unsigned n,
    struct bld *out, struct err *err)
{
	int fd = proc_resource(proc, resource, n);
	uint8_t chunk[4096];
	off_t at = 0;
	ssize_t len;

	if (fd < 0)
		return err_set(err, ERR_INTERNAL, NULL,
		    "master gave no resource %d", (int)resource);
	while ((len = pread(fd, chunk, sizeof(chunk), at)) > 0) {
		bld_bytes(out, chunk, (size_t)len);
		at += len;
	}
	mem_wipe(chunk, sizeof(chunk));
	if (len < 0)
		return err_errno(err, "cannot read resource %d",
		    (int)resource);
	if (bld_end(out) < 0)
		return err_set(err, ERR_CONFIG, NULL,
		    "resource %d is longer than %zu bytes", (int)resource,
		    out->max);
	return 0;
}

int
proc_read_exactly(const struct proc *proc, enum resource resource, unsigned n,
    void *out, size_t size, struct err *err)
{
	struct bld bytes;
	int r;

	bld_init_secret(&bytes, size);
	r = proc_read(proc, resource, n, &bytes, err);
	if (r == 0 && bytes.len != size)
		r = err_set(err, ERR_CONFIG, NULL,
		    "resource %d does not have %zu bytes", (int)resource,
		    size);
	if (r == 0)
		memcpy(out, bytes.data, size);
	bld_free(&bytes);
	return r;
}

static int64_t
now(void *ctx)
{
	const struct proc *proc = ctx;

	return env_now(&proc->env);
}

static void
random_bytes(void *ctx, void *out, size_t len)
{
	const struct proc *proc = ctx;

	env_random(&proc->env, out, len);
}

static struct env_timer *
timer_start(void *ctx, int64_t delay_ms, void (*cb)(void *arg), void *arg)
{
	const struct proc *proc = ctx;

	return proc->env.timer_start(proc->env.ctx, delay_ms, cb, arg);
}

static void
timer_cancel(void *ctx, struct env_timer *timer)
{
	const struct proc *proc = ctx;

	proc->env.timer_cancel(proc->env.ctx, timer);
}

void
proc_env(struct env *env)
{
	env->now = now;
	env->random = random_bytes;
	env->timer_start = timer_start;
	env->timer_cancel = timer_cancel;
}

int
proc_sandbox(struct proc *proc, const struct sandbox *sandbox,
    struct err *err)
{
	struct sandbox own = *sandbox;
	char quoted[LOG_QUOTE_SIZE];
	const char *missing;
	int r;

	if (geteuid() == 0)
		own.uid = own.gid = (uid_t)proc->config.uid_base +
		    (uid_t)proc->role;
	r = sandbox_enter(&own, &missing, err);
	if (r == 0 && missing != NULL)
		log_event(LOG_WARNING, "sandbox-incomplete", "missing=%s",
		    log_quote(quoted, missing, strlen(missing)));
	return r;
}

void
proc_links(struct proc *proc,
    void (*on_link)(void *ctx, const struct peer *peer, int fd), void *ctx)
{
	/* The control socket is listened to from proc_ready on: none was
	 * missed. */
	proc->priv->on_link = on_link;
	proc->priv->link_ctx = ctx;
}

void
proc_on_reload(struct proc *proc, const struct proc_reload *reload, void *ctx)
{
	proc->priv->reload = reload;
	proc->priv->reload_ctx = ctx;
}

void
proc_on_stop(struct proc *proc, void (*stop)(void *ctx), void *ctx)
{
	proc->priv->stop = stop;
	proc->priv->stop_ctx = ctx;
}

static void
take_link(struct proc *proc, const struct control *control)
{
	const struct proc_private *priv = proc->priv;
	const struct peer peer = { control->role, control->index,
		control->link };

	if (priv->on_link != NULL)
		priv->on_link(priv->link_ctx, &peer, control->fds[0]);
	else
		control_close_fds(control);
}

static int
prepare(struct proc *proc, const struct control *control, struct err *err)
{
	struct proc_private *priv = proc->priv;
	int r;

	resources_close(&priv->resources);
	resources_set(priv, control);
	if (priv->preparing)
		return err_set(err, ERR_FRAME, NULL,
		    "master prepares two reloads at once");
	r = config_decode(control->config, &priv->next, err);
	if (r < 0)
		return r;
	if (priv->reload != NULL && priv->reload->prepare != NULL)
		r = priv->reload->prepare(priv->reload_ctx, &priv->next, err);
	if (r < 0)
		config_free(&priv->next);
	else
		priv->preparing = true;
	return r;
}

static void
tell_master(const struct control *control)
{
	struct err err = ERR_INIT;

	if (control_send(CONTROL_FD, control, &err) < 0)
		log_err(LOG_ERROR, "control-failed", &err);
}

static void
take_prepare(struct proc *proc, const struct control *control)
{
	struct control answer = { .type = CONTROL_ANSWER };
	struct err err = ERR_INIT;

	if (prepare(proc, control, &err) < 0) {
		resources_close(&proc->priv->resources);
		/* An empty text would mean yes. */
		answer.text = span_str(err.text[0] != '\0' ? err.text :
		    "refused");
	}
	tell_master(&answer);
}

/* The second half of a reload: nothing can fail any more. */
static void
end_reload(struct proc *proc, bool commit)
{
	struct proc_private *priv = proc->priv;
	void (*end)(void *ctx) = NULL;

	if (!priv->preparing)
		return;
	priv->preparing = false;
	if (commit) {
		config_free(&proc->config);
		proc->config = priv->next;
		priv->next = (struct config){ 0 };
		log_set_level((enum log_level)proc->config.log_level);
	}
	if (priv->reload != NULL)
		end = commit ? priv->reload->commit : priv->reload->abandon;
	if (end != NULL)
		end(priv->reload_ctx);
	config_free(&priv->next);
	resources_close(&priv->resources);
}

static void
take_stop(struct proc *proc)
{
	struct proc_private *priv = proc->priv;

	if (priv->stopping)
		return;
	priv->stopping = true;
	if (priv->stop != NULL)
		priv->stop(priv->stop_ctx);
	else
		loop_stop(proc->loop);
}

static void
take_message(struct proc *proc, const struct control *control)
{
	switch (control->type) {
	case CONTROL_LINK:
		take_link(proc, control);
		break;
	case CONTROL_PREPARE:
		take_prepare(proc, control);
		break;
	case CONTROL_COMMIT:
		end_reload(proc, true);
		tell_master(&(struct control){ .type = CONTROL_COMMITTED });
		break;
	case CONTROL_ABANDON:
		end_reload(proc, false);
		break;
	case CONTROL_STOP:
		take_stop(proc);
		break;
	case CONTROL_PING:
		tell_master(&(struct control){ .type = CONTROL_PONG });
		break;
	case CONTROL_START:
	case CONTROL_READY:
	case CONTROL_ANSWER:
	case CONTROL_COMMITTED:
	case CONTROL_LINK_LOST:
	case CONTROL_PONG:
		control_close_fds(control);
		break;
	}
}

static void
on_control(evutil_socket_t fd, short what, void *arg)
{
	struct proc *proc = arg;
	struct err err = ERR_INIT;
	struct control control;
	int r;

	(void)what;
	r = control_receive(fd, proc->priv->buf, &control, &err);
	if (r == 1) {
		take_message(proc, &control);
	} else if (r != -(int)ERR_BUSY) {
		/* Without master nothing of ours goes on. */
		if (r < 0)
			log_err(LOG_ERROR, "control-failed", &err);
		else
			log_event(LOG_ERROR, "master-gone", NULL);
		loop_stop(proc->loop);
	}
}

void
proc_link_lost(struct proc *proc, const struct peer *peer)
{
	const struct control lost = { .type = CONTROL_LINK_LOST,
		.role = peer->role, .index = peer->index,
		.link = peer->number };
	struct err err = ERR_INIT;

	(void)proc;
	/* When master is gone, links end, too: on_control says so. */
	if (control_send(CONTROL_FD, &lost, &err) == -(int)ERR_BUSY)
		log_err(LOG_ERROR, "control-failed", &err);
}

void
proc_ready(struct proc *proc)
{
	resources_close(&proc->priv->resources);
	event_add(proc->priv->event, NULL);
	tell_master(&(struct control){ .type = CONTROL_READY });
}

void
proc_run(struct proc *proc)
{
	loop_run(proc->loop);
}

void
proc_end(struct proc *proc)
{
	struct proc_private *priv = proc->priv;

	if (priv == NULL)
		return;
	resources_close(&priv->resources);
	if (priv->event != NULL)
		event_free(priv->event);
	loop_free(proc->loop);
	config_free(&priv->next);
	config_free(&proc->config);
	if (priv->lock >= 0)
		close(priv->lock);
	free(priv->buf);
	free(priv);
	*proc = (struct proc){ 0 };
}
