/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_client.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <event2/event_struct.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/bld.h"
#include "base/mem.h"
#include "http/http_fields.h"
#include "http/ip_range.h"

#define IDLE_MAX 256 /* idle requests (about 6 KiB each) kept for reuse */

/* One connection's socket as curl wants it watched. */
struct watch {
	struct event event;
	struct http_client *client;
	curl_socket_t fd;
	struct watch *next; /* in the client's list of free ones */
};

struct request {
	struct http_client *client;
	CURL *easy;
	CURLU *parsed; /* url */
	struct curl_slist connect_to; /* one element, text below */
	char connect_text[IP_ADDR_TEXT_SIZE + sizeof("::[]:65535")];
	char url[HTTP_CLIENT_URL_MAX + 1];
	struct ip_addr addr;
	uint16_t port;
	size_t body_max;
	bool body_cut;
	struct http_fields fields;
	struct bld body;
	CURLcode code;
	void (*cb)(void *arg, const struct http_fetched *fetched);
	void *arg;
	struct request *next; /* in the idle or the done list */
	struct request **active_at; /* what points to it in the active list */
	struct request *active_next;
};

struct http_client {
	struct loop *loop;
	CURLM *multi;
	struct event timer;
	struct event finish;
	char *user_agent;
	struct request *idle;
	size_t num_idle;
	struct request *active;
	struct request *done;
	struct request **done_last;
	struct watch *free_watches;
};

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	struct request *request = arg;
	size_t len = size * count, room = request->body_max - request->body.len;

	bld_bytes(&request->body, data, len < room ? len : room);
	if (len <= room)
		return len;
	request->body_cut = true;
	return 0; /* ends the transfer */
}

static size_t
on_header(char *data, size_t size, size_t count, void *arg)
{
	struct request *request = arg;
	size_t len = size * count;

	return http_fields_line(&request->fields, span_of(data, len)) ?
	    len : 0;
}

/* The last look before connect: what curl is about to dial must be what the
 * caller asked for, whatever curl made of URL and options. */
static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	const struct request *request = arg;
	const void *bytes;
	uint16_t port;

	(void)purpose;
	if (to->family == AF_INET && request->addr.size == 4) {
		const struct sockaddr_in *in = (const void *)&to->addr;

		bytes = &in->sin_addr;
		port = ntohs(in->sin_port);
	} else if (to->family == AF_INET6 && request->addr.size == 16) {
		const struct sockaddr_in6 *in6 = (const void *)&to->addr;

		bytes = &in6->sin6_addr;
		port = ntohs(in6->sin6_port);
	} else {
		return CURL_SOCKET_BAD;
	}
	if (port != request->port ||
	    memcmp(bytes, request->addr.bytes, request->addr.size) != 0)
		return CURL_SOCKET_BAD;
	return socket(to->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
	    IPPROTO_TCP);
}

static enum http_fetch_status
fetch_status(const struct request *request, long http_code)
{
	if (request->fields.over)
		return HTTP_FETCH_PROTOCOL;
	if (request->body_cut && http_code > 0)
		return HTTP_FETCH_OK;
	/* Other codes than these are of protocols and options not used. */
	switch ((int)request->code) {
	case CURLE_OK:
		return HTTP_FETCH_OK;
	case CURLE_COULDNT_CONNECT:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
		return HTTP_FETCH_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		return HTTP_FETCH_TIMEOUT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CIPHER:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_ISSUER_ERROR:
		return HTTP_FETCH_TLS;
	default:
		return HTTP_FETCH_PROTOCOL;
	}
}

static void
request_free(struct request *request)
{
	curl_easy_cleanup(request->easy);
	curl_url_cleanup(request->parsed);
	bld_free(&request->body);
	http_fields_done(&request->fields);
	free(request);
}

static void
request_release(struct request *request)
{
	struct http_client *client = request->client;

	if (client->num_idle == IDLE_MAX) {
		request_free(request);
		return;
	}
	request->next = client->idle;
	client->idle = request;
	client->num_idle++;
}

static void
request_answer(struct request *request)
{
	struct http_fetched fetched = { 0 };
	long code = 0;

	curl_easy_getinfo(request->easy, CURLINFO_RESPONSE_CODE, &code);
	fetched.status = fetch_status(request, code);
	fetched.code = (int)code;
	fetched.location = bld_view(&request->fields.location);
	fetched.date = span_str(request->fields.date);
	fetched.body = bld_view(&request->body);
	fetched.body_cut = request->body_cut;
	fetched.encoded = request->fields.encoded;
	if (request->fields.over)
		fetched.why = "the answer's header is too long";
	else if (fetched.status != HTTP_FETCH_OK)
		fetched.why = curl_easy_strerror(request->code);
	request->cb(request->arg, &fetched);
	request_release(request);
}

static void
request_done(struct request *request, CURLcode code)
{
	struct http_client *client = request->client;

	*request->active_at = request->active_next;
	if (request->active_next != NULL)
		request->active_next->active_at = request->active_at;
	request->code = code;
	request->next = NULL;
	*client->done_last = request;
	client->done_last = &request->next;
	event_active(&client->finish, EV_TIMEOUT, 0);
}

/* Callbacks run from here, outside of curl, which may then be called again. */
static void
on_finish(evutil_socket_t fd, short what, void *arg)
{
	struct http_client *client = arg;
	struct request *request = client->done, *next;

	(void)fd;
	(void)what;
	client->done = NULL;
	client->done_last = &client->done;
	for (; request != NULL; request = next) {
		next = request->next;
		request_answer(request);
	}
}

static void
take_done(struct http_client *client)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
		CURL *easy = message->easy_handle;
		CURLcode code = message->data.result;
		char *request;

		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(easy, CURLINFO_PRIVATE, &request);
		curl_multi_remove_handle(client->multi, easy);
		request_done((void *)request, code);
	}
}

static void
on_socket(evutil_socket_t fd, short what, void *arg)
{
	struct watch *watch = arg;
	struct http_client *client = watch->client;
	int running;

	curl_multi_socket_action(client->multi, fd,
	    ((what & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
	    ((what & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0), &running);
	take_done(client);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct http_client *client = arg;
	int running;

	(void)fd;
	(void)what;
	curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0,
	    &running);
	take_done(client);
}

static int
want_timer(CURLM *multi, long timeout_ms, void *arg)
{
	struct http_client *client = arg;
	struct timeval tv;

	(void)multi;
	if (timeout_ms < 0) {
		event_del(&client->timer);
	} else if (timeout_ms == 0) {
		event_active(&client->timer, EV_TIMEOUT, 0);
	} else {
		tv.tv_sec = timeout_ms / 1000;
		tv.tv_usec = timeout_ms % 1000 * 1000;
		event_add(&client->timer, &tv);
	}
	return 0;
}

static struct watch *
watch_get(struct http_client *client, curl_socket_t fd)
{
	struct watch *watch = client->free_watches;

	if (watch != NULL)
		client->free_watches = watch->next;
	else
		watch = mem_zalloc(sizeof(*watch));
	watch->client = client;
	watch->fd = fd;
	event_assign(&watch->event, loop_base(client->loop), fd, 0, on_socket,
	    watch);
	curl_multi_assign(client->multi, fd, watch);
	return watch;
}

static int
want_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *at)
{
	struct http_client *client = arg;
	struct watch *watch = at;
	short events;

	(void)easy;
	if (watch == NULL && what == CURL_POLL_REMOVE)
		return 0;
	if (watch == NULL)
		watch = watch_get(client, fd);
	event_del(&watch->event);
	if (what == CURL_POLL_REMOVE) {
		watch->next = client->free_watches;
		client->free_watches = watch;
		return 0;
	}
	events = (short)(((what & CURL_POLL_IN) != 0 ? EV_READ : 0) |
	    ((what & CURL_POLL_OUT) != 0 ? EV_WRITE : 0) | EV_PERSIST);
	event_assign(&watch->event, loop_base(client->loop), fd, events,
	    on_socket, watch);
	event_add(&watch->event, NULL);
	return 0;
}

/* What is the same for every request. */
static void
easy_setup(CURL *easy, struct request *request)
{
	/* Without it any content coding would do: RFC 9110 12.5.3. */
	static char as_it_is[] = "Accept-Encoding: identity";
	static struct curl_slist fields = { .data = as_it_is };

	curl_easy_setopt(easy, CURLOPT_PRIVATE, (void *)request);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, &fields);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, request->client->user_agent);
	curl_easy_setopt(easy, CURLOPT_CURLU, request->parsed);
	curl_easy_setopt(easy, CURLOPT_CONNECT_TO, &request->connect_to);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
	curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* One GET, then never again: a kept connection would be a second
	 * validation's answer without a second look at DNS. */
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
	curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_NODELAY, 0L);
	/* The body is the proof, not the certificate: who is asked for their
	 * first certificate has none yet. No file is opened for it either. */
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, (void *)request);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, (void *)request);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, (void *)request);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 4096L);
}

static struct request *
request_new(struct http_client *client)
{
	struct request *request = client->idle;

	if (request != NULL) {
		client->idle = request->next;
		client->num_idle--;
		return request;
	}
	request = mem_zalloc(sizeof(*request));
	request->client = client;
	request->easy = curl_easy_init();
	request->parsed = curl_url();
	if (request->easy == NULL || request->parsed == NULL)
		abort();
	easy_setup(request->easy, request);
	http_fields_init(&request->fields);
	return request;
}

/* False if the question itself cannot be asked. */
static bool
request_prepare(struct request *request, const struct http_fetch *fetch)
{
	char addr[IP_ADDR_TEXT_SIZE];
	long timeout_ms;

	request->body_cut = false;
	http_fields_reset(&request->fields);
	request->body_max = request->body.max = fetch->body_max;
	bld_reset(&request->body);
	request->port = fetch->port;
	if (fetch->url.len == 0 || fetch->url.len > HTTP_CLIENT_URL_MAX ||
	    ip_addr_parse(fetch->address, &request->addr) < 0)
		return false;
	memcpy(request->url, fetch->url.data, fetch->url.len);
	request->url[fetch->url.len] = '\0';
	/* "Whatever host and port, connect to": RFC-less, curl's own form.
	 * An address literal there needs no resolver, so no thread starts. */
	ip_addr_text(addr, &request->addr);
	snprintf(request->connect_text, sizeof(request->connect_text),
	    request->addr.size == 16 ? "::[%s]:%u" : "::%s:%u", addr,
	    (unsigned)fetch->port);
	request->connect_to.data = request->connect_text;
	/* Nothing of an earlier URL completes this one. curl uses it parsed,
	 * and takes its text as it is, for it would make that of the parts. */
	curl_url_set(request->parsed, CURLUPART_URL, NULL, 0);
	if (curl_url_set(request->parsed, CURLUPART_URL, request->url, 0) !=
	    CURLUE_OK)
		return false;
	curl_easy_setopt(request->easy, CURLOPT_URL, request->url);
	/* curl takes 0 for no limit. */
	timeout_ms = fetch->timeout_ms > 0 ? (long)fetch->timeout_ms : 1;
	curl_easy_setopt(request->easy, CURLOPT_TIMEOUT_MS, timeout_ms);
	return true;
}

void
http_client_fetch(struct http_client *client, const struct http_fetch *fetch,
    void (*cb)(void *arg, const struct http_fetched *fetched), void *arg)
{
	struct request *request = request_new(client);

	request->cb = cb;
	request->arg = arg;
	request->active_next = client->active;
	request->active_at = &client->active;
	if (client->active != NULL)
		client->active->active_at = &request->active_next;
	client->active = request;
	if (!request_prepare(request, fetch))
		request_done(request, CURLE_URL_MALFORMAT);
	else if (curl_multi_add_handle(client->multi, request->easy) !=
	    CURLM_OK)
		request_done(request, CURLE_FAILED_INIT);
}

struct http_client *
http_client_new(struct loop *loop, const char *user_agent, struct err *err)
{
	struct http_client *client;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		err_set(err, ERR_INTERNAL, NULL, "libcurl does not start");
		return NULL;
	}
	client = mem_zalloc(sizeof(*client));
	client->loop = loop;
	client->multi = curl_multi_init();
	if (client->multi == NULL)
		abort();
	client->user_agent = mem_strdup(user_agent);
	client->done_last = &client->done;
	event_assign(&client->timer, loop_base(loop), -1, 0, on_timer, client);
	event_assign(&client->finish, loop_base(loop), -1, 0, on_finish,
	    client);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, want_socket);
	curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, want_timer);
	curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
	curl_multi_setopt(client->multi, CURLMOPT_PIPELINING,
	    (long)CURLPIPE_NOTHING);
	return client;
}

void
http_client_free(struct http_client *client)
{
	struct request *request;
	struct watch *watch;

	if (client == NULL)
		return;
	while ((request = client->active) != NULL) {
		client->active = request->active_next;
		curl_multi_remove_handle(client->multi, request->easy);
		request_free(request);
	}
	while ((request = client->done) != NULL) {
		client->done = request->next;
		request_free(request);
	}
	while ((request = client->idle) != NULL) {
		client->idle = request->next;
		request_free(request);
	}
	curl_multi_cleanup(client->multi);
	event_del(&client->timer);
	event_del(&client->finish);
	while ((watch = client->free_watches) != NULL) {
		client->free_watches = watch->next;
		free(watch);
	}
	free(client->user_agent);
	free(client);
	curl_global_cleanup();
}
