/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/net_http.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <strings.h>

#include "agent/net/net_curl.h"
#include "agent/net/net_reach.h"
#include "base/list.h"
#include "base/mem.h"

#define HOST_MAX 255
#define KEEP_MS 60000     /* how long a host's addresses are used again */
#define NOWHERE "[100::]" /* RFC 6666: discards, for a host that a proxy may
                             know and we do not */

/* A host that requests go to: the CA's, or the proxy. */
struct host {
	char name[HOST_MAX + 1]; /* as in a URL: IPv6 in brackets */
	char port[8];
};

struct known_host {
	struct list_node of_known;
	char name[HOST_MAX + 1];
	char *addresses;
	int64_t at;
};

struct request {
	struct list_node of_all;
	struct net_http *http;
	uint64_t id;
	void (*cb)(void *arg, uint64_t id,
	    const struct client_response *response);
	void *arg;
	CURL *easy;
	bool running;              /* in the multi */
	struct host hosts[2];      /* the CA's and perhaps the proxy */
	size_t num_hosts;
	size_t num_known;          /* of them, names looked up */
	struct net_names_query *query;
	bool led;                  /* hosts[0] is looked at: */
	struct host leader;        /* it must not be nearer than this one is */
	enum net_reach reach;
	struct env_timer *refused; /* says so later */
	struct curl_slist *resolve;
	struct curl_slist *headers;
	struct bld body;
	bool body_over;
	bool headers_over;
	size_t headers_len;
	struct client_response response;
	struct arena arena;        /* of its headers, and what is sent */
	char error[CURL_ERROR_SIZE];
};

struct net_http {
	struct loop *loop;
	struct net_names *names;
	struct net_curl *curl;
	struct net_trust *trust;
	char *proxy;               /* NULL: none */
	char *direct;
	struct host proxy_host;
	struct list known;
	struct list requests;
};

static void look_up(struct request *request);

static int64_t
now_of(const struct net_http *http)
{
	struct env env;

	loop_env(http->loop, &env);
	return env_now(&env);
}

static void
request_free(struct request *request)
{
	struct env env;

	loop_env(request->http->loop, &env);
	if (request->refused != NULL)
		env.timer_cancel(env.ctx, request->refused);
	list_del(&request->http->requests, &request->of_all);
	net_names_cancel(request->query);
	if (request->running)
		net_curl_remove(request->http->curl, request->easy);
	curl_easy_cleanup(request->easy);
	curl_slist_free_all(request->resolve);
	curl_slist_free_all(request->headers);
	bld_free(&request->body);
	arena_free(&request->arena);
	free(request);
}

static void
finish(struct request *request)
{
	struct request copy = *request;

	/* Whoever is told may begin or cancel others, not this one. */
	request->id = 0;
	copy.cb(copy.arg, copy.id, &copy.response);
	request_free(request);
}

/* What curl says, as what the client does about it. */
static void
set_error(struct request *request, CURLcode code)
{
	const char *why = request->error[0] != '\0' ? request->error :
	    curl_easy_strerror(code);
	struct err *err = &request->response.err;
	const char *host = request->hosts[0].name;

	if (request->body_over || request->headers_over)
		err_set(err, ERR_TOO_LARGE, NULL, "the answer of %s has more "
		    "bytes than an answer of a CA can need", host);
	else if (code == CURLE_PEER_FAILED_VERIFICATION ||
	    code == CURLE_SSL_ISSUER_ERROR)
		err_set(err, ERR_TLS, NULL, "%s does not prove that it is the "
		    "CA: %s (a CA of your own needs --ca-file)", host, why);
	else if (code == CURLE_OPERATION_TIMEDOUT)
		err_set(err, ERR_CONNECTION, NULL, "%s does not answer in "
		    "time: %s", host, why);
	else if (code == CURLE_GOT_NOTHING || code == CURLE_PARTIAL_FILE ||
	    code == CURLE_RECV_ERROR)
		err_set(err, ERR_CONNECTION, NULL, "%s hung up before its "
		    "answer was whole: %s", host, why);
	else if (code == CURLE_UNSUPPORTED_PROTOCOL ||
	    code == CURLE_WEIRD_SERVER_REPLY)
		err_set(err, ERR_CONNECTION, NULL, "%s does not speak HTTP as "
		    "a CA does: %s", host, why);
	else
		err_set(err, ERR_CONNECTION, NULL, "%s cannot be reached: %s",
		    host, why);
}

static void
on_done(CURL *easy, CURLcode code)
{
	char *private = NULL;
	struct request *request;
	long status = 0;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	request = (void *)private;
	request->running = false;
	request->response.status = (int)status;
	request->response.body = bld_view(&request->body);
	if (code != CURLE_OK)
		set_error(request, code);
	finish(request);
}

static size_t
on_body(char *data, size_t size, size_t count, void *arg)
{
	struct request *request = arg;

	bld_bytes(&request->body, data, size * count);
	request->body_over = bld_end(&request->body) < 0;
	return request->body_over ? 0 : size * count;
}

static bool
take_header(struct request *request, struct span line, const char *name,
    struct span *ret)
{
	size_t len = strlen(name);

	if (line.len <= len || line.data[len] != ':' ||
	    strncasecmp((const char *)line.data, name, len) != 0)
		return false;
	line = span_from(line, len + 1);
	while (line.len > 0 && strchr(" \t\r\n", line.data[line.len - 1]))
		line.len--;
	while (line.len > 0 && strchr(" \t", line.data[0]))
		line = span_from(line, 1);
	if (line.len <= CLIENT_HEADER_MAX)
		*ret = arena_dup(&request->arena, line);
	return true;
}

static size_t
on_header(char *data, size_t size, size_t count, void *arg)
{
	struct request *request = arg;
	struct client_response *response = &request->response;
	struct span line = span_of(data, size * count), link = SPAN_NONE;

	request->headers_len += line.len;
	request->headers_over = request->headers_len > NET_HTTP_HEADERS_MAX;
	if (request->headers_over)
		return 0;
	/* Each head starts anew: 1xx and a proxy's before the final one. */
	if (span_starts_with(line, SPAN_LIT("HTTP/")))
		*response = (struct client_response){ .status = 0 };
	if (take_header(request, line, "Link", &link)) {
		if (response->num_links < CLIENT_LINKS_MAX && link.len > 0)
			response->links[response->num_links++] = link;
		return line.len;
	}
	(void)(take_header(request, line, "Replay-Nonce", &response->nonce) ||
	    take_header(request, line, "Location", &response->location) ||
	    take_header(request, line, "Retry-After",
	    &response->retry_after) ||
	    take_header(request, line, "Date", &response->date) ||
	    take_header(request, line, "Content-Type",
	    &response->content_type));
	return line.len;
}

static CURLcode
on_ssl(CURL *easy, void *ssl, void *arg)
{
	struct net_http *http = arg;

	(void)easy;
	return net_trust_use(ssl, http->trust) == 0 ? CURLE_OK :
	    CURLE_SSL_CERTPROBLEM;
}

/* What is the same for every request. */
static void
set_common(struct request *request)
{
	CURL *easy = request->easy;
	struct net_http *http = request->http;

	curl_easy_setopt(easy, CURLOPT_PRIVATE, (void *)request);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, request->error);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
	    (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_HTTP09_ALLOWED, 0L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PROXY, http->proxy != NULL ?
	    http->proxy : "");
	curl_easy_setopt(easy, CURLOPT_NOPROXY, http->proxy == NULL ? "*" :
	    http->direct);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)NET_HTTP_CONNECT_MS);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	/* Trust is what on_ssl gives and nothing else; no file is opened. */
	curl_easy_setopt(easy, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, NULL);
	curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, NULL);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl);
	curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, http);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, request);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, request);
	/* RFC 8555 6.1. */
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "signet/" SIGNET_VERSION
	    " libcurl/" LIBCURL_VERSION);
}

static void
add_header(struct request *request, const char *name, struct span value)
{
	char line[CLIENT_HEADER_MAX];

	snprintf(line, sizeof(line), "%s%.*s", name, SPAN_FMT(value));
	request->headers = curl_slist_append(request->headers, line);
	assert(request->headers != NULL);
}

static void
set_request(struct request *request, const struct client_request *from)
{
	CURL *easy = request->easy;
	struct span body = arena_dup(&request->arena, from->body);

	curl_easy_setopt(easy, CURLOPT_URL,
	    arena_str(&request->arena, from->url));
	add_header(request, "Accept: ", from->accept);
	add_header(request, "Accept-Language: en", SPAN_NONE);
	if (from->method == CLIENT_HEAD)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	if (from->method == CLIENT_POST) {
		add_header(request, "Content-Type: ",
		    from->content_type.len > 0 ? from->content_type :
		    SPAN_LIT("application/jose+json"));
		add_header(request, "Expect:", SPAN_NONE);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)body.len);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data);
	}
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, request->headers);
	bld_init(&request->body, from->body_max);
}

/* ---- hosts ---- */

static int
host_parse(const char *url, struct host *ret)
{
	CURLU *parts = curl_url();
	char *host = NULL, *port = NULL;
	int r = -ERR_MALFORMED;

	assert(parts != NULL);
	if (curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME |
	    CURLU_GUESS_SCHEME) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) ==
	    CURLUE_OK && strlen(host) <= HOST_MAX && strlen(port) <= 5) {
		snprintf(ret->name, sizeof(ret->name), "%s", host);
		snprintf(ret->port, sizeof(ret->port), "%s", port);
		r = 0;
	}
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(parts);
	return r;
}

static struct known_host *
find_known(const struct net_http *http, const char *name)
{
	struct known_host *at;

	LIST_EACH(at, &http->known, of_known) {
		if (strcmp(at->name, name) == 0)
			return at;
	}
	return NULL;
}

static const char *
known(const struct net_http *http, const char *name)
{
	const struct known_host *host = find_known(http, name);
	int64_t now = now_of(http);

	return host != NULL && now - host->at < KEEP_MS && now >= host->at ?
	    host->addresses : NULL;
}

static void
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
	host->at = now_of(http);
}

/* Behind a proxy that alone knows where the host is, the proxy decides; an
 * address needs no knowing. */
static bool
may_reach(struct request *request, const char *addresses)
{
	const struct host *host = &request->hosts[0];
	struct in_addr literal;

	if (!request->led || request->num_known > 0)
		return true;
	if (host->name[0] == '[' || inet_pton(AF_INET, host->name,
	    &literal) == 1)
		addresses = host->name;
	return net_reach_check(request->reach, host->name,
	    strcmp(addresses, NOWHERE) == 0 ? SPAN_NONE : span_str(addresses),
	    host->port, &request->response.err) == 0;
}

static void
on_refused(void *arg)
{
	struct request *request = arg;

	request->refused = NULL;
	finish(request);
}

/* Curl is told every address, so that it never looks for one itself: what was
 * looked at is what is dialled. */
static void
take_addresses(struct request *request, const char *addresses)
{
	const struct host *host = &request->hosts[request->num_known];
	char line[HOST_MAX + 16 + NET_NAMES_ADDRESSES_MAX * 50];
	struct env env;

	if (!may_reach(request, addresses)) {
		loop_env(request->http->loop, &env);
		request->refused = env.timer_start(env.ctx, 0, on_refused,
		    request);
		return;
	}
	request->num_known++;
	snprintf(line, sizeof(line), "+%s:%s:%s", host->name, host->port,
	    addresses);
	request->resolve = curl_slist_append(request->resolve, line);
	assert(request->resolve != NULL);
	look_up(request);
}

static void
on_addresses(void *arg, struct span addresses, const struct err *err)
{
	struct request *request = arg;
	const char *name = request->hosts[request->num_known].name;

	request->query = NULL;
	if (err->kind == ERR_NONE) {
		keep(request->http, name, addresses);
		take_addresses(request, known(request->http, name));
	} else if (request->num_hosts > 1 && request->num_known == 0) {
		keep(request->http, name, SPAN_LIT(NOWHERE));
		take_addresses(request, NOWHERE);
	} else {
		request->response.err = *err;
		finish(request);
	}
}

static void
look_up(struct request *request)
{
	const struct host *host = &request->hosts[request->num_known];
	const char *addresses;

	if (request->num_known == request->num_hosts) {
		curl_easy_setopt(request->easy, CURLOPT_RESOLVE,
		    request->resolve);
		request->running = true;
		net_curl_add(request->http->curl, request->easy);
		return;
	}
	/* Through a proxy nobody here needs to know where the CA is. */
	if (request->num_hosts > 1 && request->num_known == 0 &&
	    request->http->direct[0] == '\0')
		addresses = NOWHERE;
	else
		addresses = host->name[0] == '[' ? host->name :
		    known(request->http, host->name);
	if (addresses != NULL)
		take_addresses(request, addresses);
	else
		request->query = net_names_start(request->http->names,
		    host->name, on_addresses, request);
}

static void
on_leader(void *arg, struct span addresses, const struct err *err)
{
	struct request *request = arg;

	request->query = NULL;
	if (err->kind == ERR_NONE)
		request->reach = net_reach_of(addresses);
	look_up(request);
}

/* Where the leader is, and then the host. */
static void
look_up_leader(struct request *request, struct span url)
{
	struct host *leader = &request->leader;

	request->led = true;
	request->reach = NET_REACH_PUBLIC;
	if (url.len == 0 || host_parse(arena_str(&request->arena, url),
	    leader) < 0) {
		look_up(request);
	} else if (leader->name[0] == '[') {
		request->reach = net_reach_of(span_str(leader->name));
		look_up(request);
	} else {
		request->query = net_names_start(request->http->names,
		    leader->name, on_leader, request);
	}
}

/* ---- */

void
net_http_start(struct net_http *http, uint64_t id,
    const struct client_request *from,
    void (*cb)(void *arg, uint64_t id, const struct client_response *response),
    void *arg)
{
	struct request *request = mem_zalloc(sizeof(*request));

	request->http = http;
	request->id = id;
	request->cb = cb;
	request->arg = arg;
	list_add(&http->requests, &request->of_all);
	request->easy = curl_easy_init();
	assert(request->easy != NULL);
	set_common(request);
	set_request(request, from);
	curl_easy_setopt(request->easy, CURLOPT_TIMEOUT_MS,
	    from->max_ms > 0 && from->max_ms < NET_HTTP_REQUEST_MS ?
	    (long)from->max_ms : (long)NET_HTTP_REQUEST_MS);
	request->num_hosts = http->proxy != NULL ? 2 : 1;
	request->hosts[1] = http->proxy_host;
	/* A host that curl does not understand is looked up as nothing. */
	if (host_parse(arena_str(&request->arena, from->url),
	    &request->hosts[0]) < 0)
		request->hosts[0] = (struct host){ "invalid", "443" };
	if (from->led)
		look_up_leader(request, from->leader);
	else
		look_up(request);
}

void
net_http_cancel(struct net_http *http, uint64_t id)
{
	struct request *request;

	LIST_EACH(request, &http->requests, of_all) {
		if (request->id == id && id != 0)
			request_free(request);
	}
}

struct net_http *
net_http_new(struct loop *loop, struct net_names *names)
{
	struct net_http *http = mem_zalloc(sizeof(*http));

	http->loop = loop;
	http->names = names;
	http->curl = net_curl_new(loop, on_done);
	return http;
}

static char *
text_of(struct span s)
{
	char *text = mem_alloc(s.len + 1);

	if (s.len > 0)
		memcpy(text, s.data, s.len);
	text[s.len] = '\0';
	return text;
}

void
net_http_setup(struct net_http *http, const struct net_http_setup *setup)
{
	http->trust = setup->trust;
	if (setup->proxy.len == 0)
		return;
	http->proxy = text_of(setup->proxy);
	http->direct = text_of(setup->direct);
	if (host_parse(http->proxy, &http->proxy_host) < 0)
		http->proxy_host = (struct host){ "invalid", "1080" };
}

void
net_http_free(struct net_http *http)
{
	struct known_host *host;
	struct request *request;

	if (http == NULL)
		return;
	LIST_EACH(request, &http->requests, of_all)
		request_free(request);
	net_curl_free(http->curl);
	LIST_EACH(host, &http->known, of_known) {
		free(host->addresses);
		free(host);
	}
	free(http->proxy);
	free(http->direct);
	free(http);
}
