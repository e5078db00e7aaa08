/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/net_http.h"

#include <assert.h>
#include <stdio.h>
#include <strings.h>

#include "agent/net/net_proxy.h"
#include "agent/net/net_request.h"
#include "base/list.h"
#include "base/mem.h"

#define CONNECTIONS_MAX (2 * NET_HTTP_CONNECTIONS_MAX) /* with idle ones */
#define KEEP_MS 60000  /* how long a host's addresses are used again */
#define FIRST_MS 400   /* for an address to take the connection, as long as
                          there is another that has not been tried; after all
                          have been, each gets its part of the time */

struct known_host {
	struct list_node of_known;
	char name[NET_HOST_MAX + 1];
	char *addresses;
	size_t good; /* the number of the one that worked last */
	int64_t at;
};

struct request {
	struct list_node of_all;
	struct net_http *http;
	uint64_t id;
	void (*cb)(void *arg, uint64_t id,
	    const struct client_response *response);
	void *arg;
	struct arena arena;        /* of what is asked */
	struct net_question question;
	const struct net_proxy *proxy; /* NULL: none */
	bool active;               /* has its place among those at a time */
	struct net_names_query *query;
	struct known_host *host;   /* that is dialled */
	size_t attempt;            /* how often that was tried before */
	bool slow;                 /* some address was given up for the next */
	int64_t attempt_until, connect_until, until;
	struct event *timer;
	struct net_request under_way;
	struct err refused;        /* why it is not even tried */
};

struct net_http {
	struct loop *loop;
	struct net_names *names;
	struct net_trust *trust;
	SSL_CTX *tls;              /* NULL: not needed yet */
	bool proxied;
	struct net_proxy proxy;
	struct err proxy_err;      /* a proxy is wanted that we do not know */
	struct span direct;
	struct list known;
	struct list conns;
	struct list requests;
	size_t num_active;
};

static void begin(struct request *request);
static void dial(struct request *request);
static void look_up(struct request *request);

static int64_t
now_of(const struct net_http *http)
{
	struct env env;

	loop_env(http->loop, &env);
	return env_now(&env);
}

/* ---- ends ---- */

static void
conn_drop(struct net_http *http, struct net_conn *conn)
{
	list_del(&http->conns, &conn->of_http);
	net_conn_free(conn);
}

/* The request's connection goes, or waits for another request. */
static void
release(struct request *request, bool keep)
{
	struct net_conn *conn = request->under_way.conn;

	request->under_way.conn = NULL;
	if (conn != NULL && !keep)
		conn_drop(request->http, conn);
}

static void
request_free(struct net_http *http, struct request *request)
{
	list_del(&http->requests, &request->of_all);
	if (request->active)
		http->num_active--;
	net_names_cancel(request->query);
	release(request, false);
	net_request_done(&request->under_way);
	event_free(request->timer);
	arena_free(&request->arena);
	free(request);
}

static struct request *
find_waiting(const struct net_http *http)
{
	struct request *request;

	LIST_EACH(request, &http->requests, of_all) {
		if (!request->active && request->id != 0)
			return request;
	}
	return NULL;
}

/* Whose turn it is, now that there may be a place. */
static void
begin_next(struct net_http *http)
{
	struct request *request;

	while (http->num_active < NET_HTTP_CONNECTIONS_MAX &&
	    (request = find_waiting(http)) != NULL)
		begin(request);
}

static void
finish(struct request *request)
{
	struct net_http *http = request->http;
	uint64_t id = request->id;

	/* Whoever is told may begin or cancel others, not this one. */
	request->id = 0;
	release(request, request->under_way.keep);
	request->cb(request->arg, id, &request->under_way.response);
	request_free(http, request);
	begin_next(http);
}

static void
fail(struct request *request, const struct err *err)
{
	request->under_way.response.err = *err;
	finish(request);
}

static void
fail_slow(struct request *request, const char *what)
{
	struct err err = ERR_INIT;

	err_set(&err, ERR_CONNECTION, NULL, "%s does not answer in time: %s",
	    request->question.origin.host, what);
	fail(request, &err);
}

/* ---- times ---- */

static size_t
count_addresses(const struct request *request)
{
	size_t count = 1;

	for (const char *at = request->host->addresses; (at = strchr(at, ','))
	    != NULL; at++)
		count++;
	return count;
}

static void
arm(struct request *request)
{
	const struct net_conn *conn = request->under_way.conn;
	int64_t at = request->until, now = now_of(request->http);
	struct timeval tv;

	if (conn != NULL && !conn->ready) {
		if (!net_conn_dialled(conn) && request->attempt_until < at)
			at = request->attempt_until;
		else if (request->connect_until < at)
			at = request->connect_until;
	}
	at = at > now ? at - now : 1;
	tv.tv_sec = at / 1000;
	tv.tv_usec = at % 1000 * 1000;
	event_add(request->timer, &tv);
}

/* The next address of the host, if there is one that may be tried. */
static bool
try_next(struct request *request)
{
	size_t count = count_addresses(request);

	request->attempt++;
	if (request->attempt >= (request->slow ? 2 * count : count) ||
	    now_of(request->http) >= request->connect_until)
		return false;
	release(request, false);
	net_request_done(&request->under_way);
	dial(request);
	return true;
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct request *request = arg;
	const struct net_conn *conn = request->under_way.conn;
	int64_t now = now_of(request->http);

	(void)fd;
	(void)what;
	if (request->refused.kind != ERR_NONE) {
		fail(request, &request->refused);
		return;
	}
	if (now >= request->until) {
		fail_slow(request, "an answer took too long");
		return;
	}
	if (conn != NULL && !conn->ready) {
		if (now >= request->attempt_until && !net_conn_dialled(conn)) {
			request->slow = count_addresses(request) > 1;
			if (!try_next(request))
				fail_slow(request, "no connection came about");
			return;
		}
		if (now >= request->connect_until) {
			fail_slow(request, "no connection came about");
			return;
		}
	}
	arm(request);
}

/* ---- one connection after the other ---- */

/* What failed before it was asked may be asked again: of the next address, or
 * where an idle connection had been closed already (RFC 9112 9.3.1). */
static bool
ask_again(struct request *request)
{
	const struct net_request *tried = &request->under_way;

	if (tried->response.err.kind != ERR_CONNECTION || tried->begun)
		return false;
	if (!tried->reused)
		return !tried->conn->ready && try_next(request);
	release(request, false);
	net_request_done(&request->under_way);
	look_up(request);
	return true;
}

static void
on_done(void *arg)
{
	struct request *request = arg;
	struct known_host *host = request->host;

	event_del(request->timer);
	if (ask_again(request))
		return;
	if (host != NULL && request->under_way.begun)
		host->good = (host->good + request->attempt) %
		    count_addresses(request);
	finish(request);
}

static void
ask(struct request *request, struct net_conn *conn)
{
	net_request_send(&request->under_way, &request->question, conn,
	    request->question.origin.tls ? NULL : request->proxy, on_done,
	    request);
	arm(request);
}

/* A number-th of the addresses, without brackets. */
static void
address_at(const struct known_host *host, size_t number, char *out, size_t size)
{
	const char *at = host->addresses;
	size_t len;

	while (number-- > 0)
		at = strchr(at, ',') + 1;
	len = strcspn(at, ",");
	if (at[0] == '[') {
		at++;
		len -= 2;
	}
	snprintf(out, size, "%.*s", (int)len, at);
}

static SSL_CTX *
tls_of(struct net_http *http)
{
	if (http->tls != NULL)
		return http->tls;
	http->tls = SSL_CTX_new(TLS_client_method());
	assert(http->tls != NULL);
	SSL_CTX_set_min_proto_version(http->tls, TLS1_2_VERSION);
	SSL_CTX_set_session_cache_mode(http->tls, SSL_SESS_CACHE_OFF);
	if (net_trust_use(http->tls, http->trust) < 0)
		abort();
	return http->tls;
}

static void
dial(struct request *request)
{
	struct net_http *http = request->http;
	size_t count = count_addresses(request), tries = request->attempt;
	int64_t now = now_of(http), left = request->connect_until - now;
	char address[NET_HOST_MAX + 1];
	struct net_conn *conn;

	address_at(request->host, (request->host->good + tries) % count,
	    address, sizeof(address));
	request->attempt_until = now + (count == 1 ? left : tries < count ?
	    FIRST_MS : left / (int64_t)(2 * count - tries));
	conn = net_conn_new(&(struct net_conn_setup){
		.loop = http->loop,
		.tls = request->question.origin.tls ? tls_of(http) : NULL,
		.origin = &request->question.origin,
		.proxy = request->proxy,
		.address = address,
	});
	list_add(&http->conns, &conn->of_http);
	ask(request, conn);
}

/* ---- hosts ---- */

static struct known_host *
find_known(const struct net_http *http, const char *name)
{
	struct known_host *at;

	LIST_EACH(at, &http->known, of_known) {
		if (strcasecmp(at->name, name) == 0)
			return at;
	}
	return NULL;
}

static struct known_host *
keep(struct net_http *http, const char *name, struct span addresses)
{
	struct known_host *host = find_known(http, name);

	if (host == NULL) {
		host = mem_zalloc(sizeof(*host));
		list_add(&http->known, &host->of_known);
		snprintf(host->name, sizeof(host->name), "%s", name);
	}
	free(host->addresses);
	host->addresses = mem_alloc(addresses.len + 1);
	memcpy(host->addresses, addresses.data, addresses.len);
	host->addresses[addresses.len] = '\0';
	host->good = 0;
	host->at = now_of(http);
	return host;
}

static const char *
host_of(const struct request *request)
{
	return request->proxy != NULL ? request->proxy->host :
	    request->question.origin.host;
}

static void
on_addresses(void *arg, struct span addresses, const struct err *err)
{
	struct request *request = arg;

	request->query = NULL;
	if (err->kind != ERR_NONE) {
		fail(request, err);
		return;
	}
	request->host = keep(request->http, host_of(request), addresses);
	dial(request);
}

static void
look_up(struct request *request)
{
	struct net_http *http = request->http;
	struct known_host *host = find_known(http, host_of(request));
	int64_t now = now_of(http);

	request->connect_until = now + NET_HTTP_CONNECT_MS;
	arm(request);
	if (host != NULL && now - host->at < KEEP_MS && now >= host->at) {
		request->host = host;
		dial(request);
	} else {
		request->query = net_names_start(http->names,
		    host_of(request), on_addresses, request);
	}
}

static struct net_conn *
find_idle(struct net_http *http, const struct request *request)
{
	struct net_conn *conn;

	LIST_EACH(conn, &http->conns, of_http) {
		if (conn->cb == NULL && conn->end != NET_CONN_OPEN)
			conn_drop(http, conn);
		else if (conn->cb == NULL && net_origin_equal(&conn->origin,
		    &request->question.origin) && conn->proxied ==
		    (request->proxy != NULL))
			return conn;
	}
	return NULL;
}

/* Idle ones of other origins, too, have a place only while there is one. */
static void
make_room(struct net_http *http)
{
	struct net_conn *conn;

	LIST_EACH(conn, &http->conns, of_http) {
		if (conn->cb == NULL && http->conns.count >= CONNECTIONS_MAX)
			conn_drop(http, conn);
	}
}

static void
begin(struct request *request)
{
	struct net_http *http = request->http;
	struct net_conn *conn = find_idle(http, request);

	request->active = true;
	http->num_active++;
	if (conn != NULL) {
		ask(request, conn);
	} else {
		make_room(http);
		look_up(request);
	}
}

/* ---- */

/* What cannot be asked is answered in the loop's next turn. */
static void
refuse(struct request *request, const struct err *err)
{
	static const struct timeval now = { 0, 0 };

	request->active = true;
	request->http->num_active++;
	request->until = 0;
	request->refused = *err;
	event_add(request->timer, &now);
}

void
net_http_start(struct net_http *http, uint64_t id,
    const struct client_request *from,
    void (*cb)(void *arg, uint64_t id, const struct client_response *response),
    void *arg)
{
	struct request *request = mem_zalloc(sizeof(*request));
	struct err err = ERR_INIT;

	*request = (struct request){ .http = http, .id = id, .cb = cb,
		.arg = arg };
	list_add(&http->requests, &request->of_all);
	request->timer = event_new(loop_base(http->loop), -1, 0, on_timer,
	    request);
	assert(request->timer != NULL);
	request->until = now_of(http) + (from->max_ms > 0 && from->max_ms <
	    NET_HTTP_REQUEST_MS ? from->max_ms : NET_HTTP_REQUEST_MS);
	if (net_question_make(from, &request->arena, &request->question) < 0) {
		err_set(&err, ERR_CONNECTION, NULL, "%.200s is not a URL of "
		    "https or http", request->question.url);
		refuse(request, &err);
		return;
	}
	if (http->proxied && !net_proxy_skips(http->direct,
	    request->question.origin.host)) {
		request->proxy = &http->proxy;
		err = http->proxy_err;
		if (err.kind == ERR_NONE && http->proxy.socks &&
		    !request->question.origin.tls)
			err_set(&err, ERR_CONNECTION, NULL, "%s cannot be "
			    "reached: a SOCKS proxy is for https alone",
			    request->question.origin.host);
	}
	if (err.kind != ERR_NONE)
		refuse(request, &err);
	else if (http->num_active < NET_HTTP_CONNECTIONS_MAX)
		begin(request);
	else
		arm(request);
}

static struct request *
find_request(const struct net_http *http, uint64_t id)
{
	struct request *request;

	LIST_EACH(request, &http->requests, of_all) {
		if (request->id == id)
			return request;
	}
	return NULL;
}

void
net_http_cancel(struct net_http *http, uint64_t id)
{
	struct request *request = id == 0 ? NULL : find_request(http, id);

	if (request == NULL)
		return;
	request_free(http, request);
	begin_next(http);
}

struct net_http *
net_http_new(struct loop *loop, struct net_names *names)
{
	struct net_http *http = mem_zalloc(sizeof(*http));

	http->loop = loop;
	http->names = names;
	return http;
}

void
net_http_setup(struct net_http *http, const struct net_http_setup *setup)
{
	http->trust = setup->trust;
	http->direct = mem_span_dup(setup->direct);
	http->proxied = setup->proxy.len > 0;
	if (http->proxied && net_proxy_parse(setup->proxy, &http->proxy,
	    &http->proxy_err) < 0)
		http->proxy_err.kind = ERR_CONNECTION;
}

void
net_http_free(struct net_http *http)
{
	struct known_host *host;
	struct request *request;
	struct net_conn *conn;

	if (http == NULL)
		return;
	LIST_EACH(request, &http->requests, of_all)
		request_free(http, request);
	LIST_EACH(conn, &http->conns, of_http)
		conn_drop(http, conn);
	LIST_EACH(host, &http->known, of_known) {
		free(host->addresses);
		free(host);
	}
	SSL_CTX_free(http->tls);
	mem_span_free(http->direct);
	free(http);
}
