/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/net_curl.h"

#include <assert.h>

#include "agent/net/net_http.h"
#include "base/mem.h"

#define IDLE_CONNECTIONS_MAX 8L

/* One connection's socket as curl wants it watched. */
struct watch {
	struct event *event;
	struct net_curl *curl;
};

struct net_curl {
	struct loop *loop;
	CURLM *multi;
	struct event *timer;
	void (*done)(CURL *easy, CURLcode code);
};

void
net_curl_init_process(void)
{
	if (curl_global_init(CURL_GLOBAL_SSL) != CURLE_OK)
		abort();
}

static void
on_finish(evutil_socket_t fd, short what, void *arg)
{
	struct net_curl *curl = arg;
	CURLMsg *message;
	int left;

	(void)fd;
	(void)what;
	while ((message = curl_multi_info_read(curl->multi, &left)) != NULL) {
		CURL *easy = message->easy_handle;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_multi_remove_handle(curl->multi, easy);
		curl->done(easy, code);
	}
}

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct net_curl *curl = ((struct watch *)arg)->curl;
	int running;

	curl_multi_socket_action(curl->multi, fd,
	    ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
	    ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0), &running);
	on_finish(-1, 0, curl);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct net_curl *curl = arg;
	int running;

	(void)fd;
	(void)what;
	curl_multi_socket_action(curl->multi, CURL_SOCKET_TIMEOUT, 0,
	    &running);
	on_finish(-1, 0, curl);
}

static int
want_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct net_curl *curl = arg;
	struct timeval tv;

	(void)multi;
	if (timeout_ms < 0) {
		event_del(curl->timer);
	} else if (timeout_ms == 0) {
		event_active(curl->timer, EV_TIMEOUT, 0);
	} else {
		tv.tv_sec = timeout_ms / 1000;
		tv.tv_usec = timeout_ms % 1000 * 1000;
		event_add(curl->timer, &tv);
	}
	return 0;
}

static void
watch_free(struct net_curl *curl, curl_socket_t fd, struct watch *watch)
{
	curl_multi_assign(curl->multi, fd, NULL);
	event_free(watch->event);
	free(watch);
}

static int
want_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *at)
{
	struct net_curl *curl = arg;
	struct watch *watch = at;
	short events = (short)(((what & CURL_POLL_IN) != 0 ? EV_READ : 0) |
	    ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0) | EV_PERSIST);

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (watch != NULL)
			watch_free(curl, fd, watch);
		return 0;
	}
	if (watch == NULL) {
		watch = mem_zalloc(sizeof(*watch));
		watch->curl = curl;
		watch->event = event_new(loop_base(curl->loop), fd, events,
		    on_socket, watch);
		assert(watch->event != NULL);
		curl_multi_assign(curl->multi, fd, watch);
	} else {
		event_del(watch->event);
		event_assign(watch->event, loop_base(curl->loop), fd, events,
		    on_socket, watch);
	}
	event_add(watch->event, NULL);
	return 0;
}

struct net_curl *
net_curl_new(struct loop *loop, void (*done)(CURL *easy, CURLcode code))
{
	struct net_curl *curl = mem_zalloc(sizeof(*curl));
	CURLM *multi = curl_multi_init();

	assert(multi != NULL);
	curl->loop = loop;
	curl->done = done;
	curl->multi = multi;
	curl->timer = event_new(loop_base(loop), -1, 0, on_timer, curl);
	assert(curl->timer != NULL);
	curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, curl);
	curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(multi, CURLMOPT_TIMERDATA, curl);
	curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS,
	    (long)NET_HTTP_CONNECTIONS_MAX);
	curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS_MAX);
	return curl;
}

void
net_curl_free(struct net_curl *curl)
{
	if (curl == NULL)
		return;
	curl_multi_cleanup(curl->multi);
	event_free(curl->timer);
	free(curl);
}

void
net_curl_add(struct net_curl *curl, CURL *easy)
{
	if (curl_multi_add_handle(curl->multi, easy) != CURLM_OK)
		abort();
}

void
net_curl_remove(struct net_curl *curl, CURL *easy)
{
	curl_multi_remove_handle(curl->multi, easy);
}
