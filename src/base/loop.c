/* SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"

struct hook {
	void (*call)(void *arg);
	void *arg;
};

struct loop {
	struct event_base *base;
	bool stop;
	size_t num_hooks;
	struct hook hooks[LOOP_HOOKS_MAX];
	struct loop_flush *flush_first;
	struct loop_flush **flush_last;
	uint8_t *scratch;
};

struct env_timer {
	struct event *event;
	void (*cb)(void *arg);
	void *arg;
};

static void
log_libevent(int severity, const char *text)
{
	static const enum log_level levels[] = {
		[EVENT_LOG_DEBUG] = LOG_DEBUG,
		[EVENT_LOG_MSG] = LOG_INFO,
		[EVENT_LOG_WARN] = LOG_WARNING,
		[EVENT_LOG_ERR] = LOG_ERROR,
	};
	char quoted[LOG_QUOTE_SIZE];

	if (severity < EVENT_LOG_DEBUG || severity > EVENT_LOG_ERR)
		severity = EVENT_LOG_ERR;
	log_event(levels[severity], "libevent", "text=%s",
	    log_quote(quoted, text, strlen(text)));
}

struct loop *
loop_new(void)
{
	struct loop *loop = mem_zalloc(sizeof(*loop));
	struct event_config *config;

	event_set_log_callback(log_libevent);
	config = event_config_new();
	assert(config != NULL);
	event_config_set_flag(config,
	    EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV |
	    EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	loop->base = event_base_new_with_config(config);
	event_config_free(config);
	assert(loop->base != NULL);
	loop->flush_last = &loop->flush_first;
	return loop;
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	event_base_free(loop->base);
	free(loop->scratch);
	free(loop);
}

struct event_base *
loop_base(struct loop *loop)
{
	return loop->base;
}

uint8_t *
loop_scratch(struct loop *loop)
{
	if (loop->scratch == NULL)
		loop->scratch = mem_alloc(LOOP_SCRATCH_SIZE);
	return loop->scratch;
}

static void
end_turn(struct loop *loop)
{
	struct loop_flush *item;

	/* What hooks make durable and items tell has been logged before. */
	log_flush();
	for (size_t i = 0; i < loop->num_hooks; i++)
		loop->hooks[i].call(loop->hooks[i].arg);
	log_flush();
	while ((item = loop->flush_first) != NULL) {
		loop_flush_cancel(loop, item);
		item->flush(item);
	}
	log_flush();
}

void
loop_run(struct loop *loop)
{
	/* What was queued before the first turn must not wait for it. */
	end_turn(loop);
	while (!loop->stop) {
		if (event_base_loop(loop->base, EVLOOP_ONCE) != 0)
			loop->stop = true; /* nothing is left to wait for */
		end_turn(loop);
	}
	loop->stop = false;
}

void
loop_stop(struct loop *loop)
{
	loop->stop = true;
	event_base_loopbreak(loop->base);
}

void
loop_hook_add(struct loop *loop, void (*hook)(void *arg), void *arg)
{
	assert(loop->num_hooks < LOOP_HOOKS_MAX);
	loop->hooks[loop->num_hooks++] = (struct hook){ hook, arg };
}

void
loop_flush_later(struct loop *loop, struct loop_flush *item)
{
	if (item->queued)
		return;
	item->queued = true;
	item->next = NULL;
	*loop->flush_last = item;
	loop->flush_last = &item->next;
}

void
loop_flush_cancel(struct loop *loop, struct loop_flush *item)
{
	struct loop_flush **at = &loop->flush_first;

	if (!item->queued)
		return;
	while (*at != item)
		at = &(*at)->next;
	*at = item->next;
	if (loop->flush_last == &item->next)
		loop->flush_last = at;
	item->queued = false;
}

static int64_t
real_now(void *ctx)
{
	struct timespec now;

	(void)ctx;
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
real_random(void *ctx, void *out, size_t len)
{
	uint8_t *at = out;

	(void)ctx;
	while (len > 0) {
		ssize_t n = getrandom(at, len, 0);

		/* Fails only when interrupted, once the pool is filled. */
		assert(n > 0 || errno == EINTR);
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct env_timer timer = *(struct env_timer *)arg;

	(void)fd;
	(void)what;
	event_free(timer.event);
	free(arg);
	timer.cb(timer.arg);
}

static struct env_timer *
real_timer_start(void *ctx, int64_t delay_ms, void (*cb)(void *arg), void *arg)
{
	struct loop *loop = ctx;
	struct env_timer *timer = mem_alloc(sizeof(*timer));
	struct timeval delay = { 0, 0 };

	if (delay_ms > 0) {
		delay.tv_sec = delay_ms / 1000;
		delay.tv_usec = delay_ms % 1000 * 1000;
	}
	timer->cb = cb;
	timer->arg = arg;
	timer->event = event_new(loop->base, -1, 0, on_timer, timer);
	assert(timer->event != NULL);
	event_add(timer->event, &delay);
	return timer;
}

static void
real_timer_cancel(void *ctx, struct env_timer *timer)
{
	(void)ctx;
	if (timer == NULL)
		return;
	event_free(timer->event);
	free(timer);
}

void
loop_env(struct loop *loop, struct env *env)
{
	*env = (struct env){
		.ctx = loop,
		.now = real_now,
		.random = real_random,
		.timer_start = real_timer_start,
		.timer_cancel = real_timer_cancel,
	};
}
