/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/listener/front.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/listener.h>
#include <stdio.h>
#include <sys/resource.h>

#include "agent/listener/client_hello.h"
#include "agent/listener/pass.h"
#include "agent/proc/agent_proc.h"
#include "base/list.h"
#include "base/log.h"

#define SPARE_FDS 64 /* descriptors for all but connections */

struct caller {
	struct list_node of_front;
	struct front *front;
	struct bufferevent *bev;  /* until it is passed on */
	struct client_hello hello;
	size_t fed;               /* bytes of the input that hello has seen */
	int64_t since_ms;
	struct pass *pass;
};

struct front {
	struct event_base *base;
	const struct env *env;
	const struct tls_answer *tls;
	const struct listener_backend *backend;
	struct evconnlistener *listeners[AGENT_FDS_MAX];
	size_t num_listeners;
	struct list new;       /* not known yet, or answered: oldest first */
	struct list passed;
	size_t passes_max;
	bool paused;
	struct env_timer *sweep;  /* runs while there are callers, or paused */
	struct loop *loop;
	int64_t drained_at;       /* nobody new comes after it; 0: not begun */
};

static void
accepting(struct front *front, bool on)
{
	for (size_t i = 0; i < front->num_listeners; i++) {
		if (on)
			evconnlistener_enable(front->listeners[i]);
		else
			evconnlistener_disable(front->listeners[i]);
	}
	front->paused = !on;
}

static void
hang_up(struct caller *caller)
{
	struct front *front = caller->front;

	list_del(&front->new, &caller->of_front);
	bufferevent_free(caller->bev);
	client_hello_done(&caller->hello);
	free(caller);
}

static void
on_passed(void *ctx)
{
	struct caller *caller = ctx;
	struct front *front = caller->front;

	list_del(&front->passed, &caller->of_front);
	free(caller);
	if (front->paused && front->passed.count < front->passes_max)
		accepting(front, true);
}

static void
pass_on(struct caller *caller)
{
	struct front *front = caller->front;

	list_del(&front->new, &caller->of_front);
	client_hello_done(&caller->hello);
	caller->pass = pass_new(front->base, front->env, caller->bev,
	    front->backend, on_passed, caller);
	caller->bev = NULL;
	if (caller->pass == NULL) {
		free(caller);
		return;
	}
	list_add(&front->passed, &caller->of_front);
	if (front->passed.count >= front->passes_max)
		accepting(front, false);
}

/* The handshake is all that a CA wants: it goes after it. */
static void
on_answer_event(struct bufferevent *bev, short what, void *arg)
{
	struct caller *caller = arg;

	(void)bev;
	if ((what & BEV_EVENT_CONNECTED) == 0) {
		hang_up(caller);
		return;
	}
	if (log_often(LOG_INFO, env_now(caller->front->env)))
		log_event(LOG_INFO, "challenge-answered",
		    "method=tls-alpn-01 name=%s", caller->hello.name);
}

/* It would be kept, and there is no end of what a stranger can say. */
static void
on_answer_data(struct bufferevent *bev, void *arg)
{
	(void)bev;
	hang_up(arg);
}

static void
answer(struct caller *caller, SSL *ssl)
{
	struct bufferevent *under = caller->bev;

	/* It works on what has been read already. */
	bufferevent_setcb(under, NULL, NULL, NULL, NULL);
	caller->bev = bufferevent_openssl_filter_new(caller->front->base,
	    under, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	assert(caller->bev != NULL);
	bufferevent_setcb(caller->bev, on_answer_data, NULL, on_answer_event,
	    caller);
	bufferevent_enable(caller->bev, EV_READ | EV_WRITE);
	bufferevent_trigger(under, EV_READ, BEV_TRIG_IGNORE_WATERMARKS |
	    BEV_TRIG_DEFER_CALLBACKS);
}

/* RFC 6066 3: nobody of that name. */
static void
refuse(struct caller *caller)
{
	static const uint8_t alert[] = { 21, 3, 3, 0, 2, 2, 112 };

	if (caller->hello.len > 0 &&
	    send(bufferevent_getfd(caller->bev), alert, sizeof(alert),
	    MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		log_event(LOG_DEBUG, "alert-not-sent", NULL);
	hang_up(caller);
}

static void
decide(struct caller *caller, enum client_hello_state state)
{
	SSL *ssl = state == CLIENT_HELLO_KNOWN && caller->hello.acme ?
	    tls_answer_ssl(caller->front->tls, caller->hello.name) : NULL;

	if (ssl != NULL)
		answer(caller, ssl);
	else if (caller->front->backend != NULL)
		pass_on(caller);
	else
		refuse(caller);
}

static void
on_hello(struct bufferevent *bev, void *arg)
{
	struct caller *caller = arg;
	struct evbuffer *input = bufferevent_get_input(bev);
	size_t len = evbuffer_get_length(input), fed = caller->fed;
	enum client_hello_state state;

	if (len == fed)
		return;
	caller->fed = len;
	state = client_hello_feed(&caller->hello,
	    span_of(evbuffer_pullup(input, -1) + fed, len - fed));
	if (state != CLIENT_HELLO_MORE)
		decide(caller, state);
}

static void
on_hello_event(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	(void)what;
	hang_up(arg);
}

static void on_sweep(void *arg);

static void
sweep_later(struct front *front)
{
	if (front->sweep == NULL)
		front->sweep = front->env->timer_start(front->env->ctx,
		    FRONT_SWEEP_MS, on_sweep, front);
}

static void
on_sweep(void *arg)
{
	struct front *front = arg;
	int64_t now = env_now(front->env);
	struct caller *caller;

	front->sweep = NULL;
	LIST_EACH(caller, &front->new, of_front) {
		if (now - caller->since_ms <= FRONT_HELLO_MS)
			break;
		hang_up(caller);
	}
	LIST_EACH(caller, &front->passed, of_front) {
		if (pass_is_late(caller->pass, now)) {
			pass_free(caller->pass);
			on_passed(caller);
		}
	}
	if (front->paused && front->passed.count < front->passes_max)
		accepting(front, true);
	if (front->drained_at != 0 && now >= front->drained_at &&
	    front->new.count + front->passed.count == 0)
		loop_stop(front->loop);
	else if (front->new.count + front->passed.count > 0 || front->paused ||
	    front->drained_at != 0)
		sweep_later(front);
}

void
front_drain(struct front *front)
{
	front->drained_at = env_now(front->env) + FRONT_DRAIN_MS;
	sweep_later(front);
	loop_run(front->loop);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd,
    struct sockaddr *peer, int peer_len, void *arg)
{
	struct front *front = arg;
	struct caller *caller = mem_zalloc(sizeof(*caller));

	(void)listener;
	(void)peer;
	(void)peer_len;
	if (front->new.count == FRONT_HELLO_MAX)
		hang_up(LIST_OBJECT(front->new.first, struct caller,
		    of_front));
	caller->front = front;
	caller->since_ms = env_now(front->env);
	caller->bev = bufferevent_socket_new(front->base, fd,
	    BEV_OPT_CLOSE_ON_FREE);
	assert(caller->bev != NULL);
	bufferevent_setcb(caller->bev, on_hello, NULL, on_hello_event,
	    caller);
	bufferevent_setwatermark(caller->bev, EV_READ, 0,
	    2 * CLIENT_HELLO_RAW_MAX);
	bufferevent_enable(caller->bev, EV_READ);
	list_add(&front->new, &caller->of_front);
	sweep_later(front);
}

/* No descriptor is left: those who come wait until one is. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)listener;
	accepting(arg, false);
	sweep_later(arg);
}

struct front *
front_new(struct loop *loop, const struct env *env,
    const struct tls_answer *tls, const struct listener_backend *backend,
    const int *fds, size_t num_fds)
{
	struct front *front = mem_zalloc(sizeof(*front));
	struct rlimit limit = { 0, 0 };

	*front = (struct front){ .base = loop_base(loop), .loop = loop,
		.env = env, .tls = tls, .backend = backend,
		.passes_max = FRONT_PASSES_MAX };
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur < 2 * FRONT_PASSES_MAX + FRONT_HELLO_MAX +
	    SPARE_FDS)
		front->passes_max = limit.rlim_cur < 4 * SPARE_FDS ? 1 :
		    (limit.rlim_cur - SPARE_FDS) / 4;
	for (size_t i = 0; i < num_fds; i++) {
		struct evconnlistener *made = evconnlistener_new(front->base,
		    on_accept, front, LEV_OPT_CLOSE_ON_FREE |
		    LEV_OPT_CLOSE_ON_EXEC, 0, fds[i]);

		assert(made != NULL);
		evconnlistener_set_error_cb(made, on_accept_error);
		front->listeners[front->num_listeners++] = made;
	}
	return front;
}

void
front_free(struct front *front)
{
	struct caller *caller;

	if (front == NULL)
		return;
	front->env->timer_cancel(front->env->ctx, front->sweep);
	for (size_t i = 0; i < front->num_listeners; i++)
		evconnlistener_free(front->listeners[i]);
	LIST_EACH(caller, &front->new, of_front)
		hang_up(caller);
	LIST_EACH(caller, &front->passed, of_front) {
		pass_free(caller->pass);
		free(caller);
	}
	free(front);
}
