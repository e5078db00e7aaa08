/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/net_proxy.h"

#include <arpa/inet.h>
#include <event2/http.h>
#include <stdio.h>
#include <strings.h>

#include "base/text.h"

#define PROXY_PORT 1080 /* of who does not say one */

/* Without brackets. */
static int
take_host(const struct evhttp_uri *uri, char out[NET_HOST_MAX + 1])
{
	struct span host = span_str(evhttp_uri_get_host(uri));

	if (host.len > 2 && host.data[0] == '[')
		host = span_of(host.data + 1, host.len - 2);
	if (host.len == 0 || host.len > NET_HOST_MAX)
		return -ERR_MALFORMED;
	snprintf(out, NET_HOST_MAX + 1, "%.*s", SPAN_FMT(host));
	return 0;
}

static int
take_origin(const struct evhttp_uri *uri, struct net_origin *ret)
{
	const char *scheme = evhttp_uri_get_scheme(uri);
	int port = evhttp_uri_get_port(uri);

	if (scheme == NULL || (strcasecmp(scheme, "https") != 0 &&
	    strcasecmp(scheme, "http") != 0) || port == 0 ||
	    evhttp_uri_get_userinfo(uri) != NULL)
		return -ERR_MALFORMED;
	ret->tls = strcasecmp(scheme, "https") == 0;
	ret->port = port > 0 ? (uint16_t)port : ret->tls ? 443 : 80;
	return take_host(uri, ret->host);
}

int
net_origin_parse(struct span url, struct arena *arena, struct net_origin *ret,
    const char **ret_target)
{
	struct evhttp_uri *uri = evhttp_uri_parse(arena_str(arena, url));
	const char *path, *query;
	int r;

	if (uri == NULL)
		return -ERR_MALFORMED;
	r = take_origin(uri, ret);
	path = evhttp_uri_get_path(uri);
	query = evhttp_uri_get_query(uri);
	if (path == NULL || path[0] == '\0')
		path = "/";
	*ret_target = arena_fmt(arena, "%s%s%s", path, query != NULL ? "?" :
	    "", query != NULL ? query : "");
	evhttp_uri_free(uri);
	return r;
}

bool
net_origin_equal(const struct net_origin *a, const struct net_origin *b)
{
	return a->tls == b->tls && a->port == b->port &&
	    strcasecmp(a->host, b->host) == 0;
}

const char *
net_origin_text(const struct net_origin *origin, bool always,
    struct arena *arena)
{
	bool ipv6 = strchr(origin->host, ':') != NULL;
	const char *open = ipv6 ? "[" : "", *shut = ipv6 ? "]" : "";

	if (!always && origin->port == (origin->tls ? 443 : 80))
		return arena_fmt(arena, "%s%s%s", open, origin->host, shut);
	return arena_fmt(arena, "%s%s%s:%u", open, origin->host, shut,
	    origin->port);
}

static int
take_secret(const char *text, size_t len, char out[NET_PROXY_SECRET_MAX + 1])
{
	char encoded[3 * NET_PROXY_SECRET_MAX + 1];
	char *plain;
	int r = -ERR_CONFIG;

	if (len >= sizeof(encoded))
		return r;
	snprintf(encoded, sizeof(encoded), "%.*s", (int)len, text);
	plain = evhttp_uridecode(encoded, 0, NULL);
	if (plain != NULL && strlen(plain) <= NET_PROXY_SECRET_MAX) {
		snprintf(out, NET_PROXY_SECRET_MAX + 1, "%s", plain);
		r = 0;
	}
	free(plain);
	return r;
}

static int
take_user(const char *info, struct net_proxy *ret)
{
	size_t len = info == NULL ? 0 : strcspn(info, ":");

	if (len == 0)
		return 0;
	if (take_secret(info, len, ret->user) < 0)
		return -ERR_CONFIG;
	return info[len] == '\0' ? 0 :
	    take_secret(info + len + 1, strlen(info + len + 1), ret->password);
}

static int
take_proxy(const struct evhttp_uri *uri, struct net_proxy *ret)
{
	const char *scheme = evhttp_uri_get_scheme(uri);
	int port = evhttp_uri_get_port(uri);

	if (scheme == NULL || port == 0)
		return -ERR_CONFIG;
	ret->socks = strcasecmp(scheme, "socks5") == 0 ||
	    strcasecmp(scheme, "socks5h") == 0;
	if (!ret->socks && strcasecmp(scheme, "http") != 0)
		return -ERR_CONFIG;
	ret->port = port > 0 ? (uint16_t)port : PROXY_PORT;
	if (take_host(uri, ret->host) < 0)
		return -ERR_CONFIG;
	return take_user(evhttp_uri_get_userinfo(uri), ret);
}

int
net_proxy_parse(struct span url, struct net_proxy *ret, struct err *err)
{
	bool bare = url.len == 0 || memmem(url.data, url.len, "://", 3) == NULL;
	struct arena arena = { 0 };
	struct evhttp_uri *uri = evhttp_uri_parse(arena_fmt(&arena, "%s%.*s",
	    bare ? "http://" : "", SPAN_FMT(url)));
	int r = -ERR_CONFIG;

	*ret = (struct net_proxy){ 0 };
	if (uri != NULL) {
		r = take_proxy(uri, ret);
		evhttp_uri_free(uri);
	}
	arena_free(&arena);
	return r == 0 ? 0 : err_set(err, ERR_CONFIG, NULL, "the proxy is not "
	    "one that signet knows, of the form http://HOST:PORT or "
	    "socks5://HOST:PORT; see https_proxy in the environment");
}

/* ---- no_proxy ---- */

struct address {
	unsigned bits; /* 32 or 128; 0: none */
	uint8_t bytes[16];
};

static struct address
address_of(const char *text)
{
	struct address ret = { 0 };

	if (inet_pton(AF_INET, text, ret.bytes) == 1)
		ret.bits = 32;
	else if (inet_pton(AF_INET6, text, ret.bytes) == 1)
		ret.bits = 128;
	return ret;
}

static bool
has_prefix(const struct address *address, const struct address *of,
    unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	return memcmp(address->bytes, of->bytes, whole) == 0 && (rest == 0 ||
	    (address->bytes[whole] ^ of->bytes[whole]) >> (8 - rest) == 0);
}

/* "address" or "address/prefix", perhaps in brackets. */
static bool
covers_address(char *word, const struct address *address)
{
	char *slash = strchr(word, '/'), *end;
	uint64_t bits = address->bits;
	struct address of;

	if (slash != NULL) {
		*slash = '\0';
		if (text_uint(span_str(slash + 1), address->bits, &bits) < 0)
			return false;
	}
	if (word[0] == '[' && (end = strchr(word, ']')) != NULL) {
		*end = '\0';
		word++;
	}
	of = address_of(word);
	return of.bits == address->bits && has_prefix(address, &of,
	    (unsigned)bits);
}

static bool
covers_name(const char *word, const char *host, size_t host_len)
{
	size_t len;

	word += word[0] == '.';
	len = strlen(word);
	if (len > 0 && word[len - 1] == '.')
		len--;
	return len > 0 && len <= host_len && strncasecmp(host + host_len - len,
	    word, len) == 0 && (len == host_len ||
	    host[host_len - len - 1] == '.');
}

bool
net_proxy_skips(struct span list, const char *host)
{
	struct address address = address_of(host);
	size_t len = strlen(host);
	char word[NET_HOST_MAX + 8];
	struct span rest = list;

	if (len > 0 && host[len - 1] == '.')
		len--;
	while (rest.len > 0) {
		size_t n = 0;

		while (n < rest.len && strchr(", \t", rest.data[n]) == NULL)
			n++;
		snprintf(word, sizeof(word), "%.*s", (int)(n < sizeof(word) ?
		    n : 0), (const char *)rest.data);
		if (strcmp(word, "*") == 0 || (address.bits > 0 ?
		    covers_address(word, &address) :
		    covers_name(word, host, len)))
			return true;
		rest = span_from(rest, n < rest.len ? n + 1 : n);
	}
	return false;
}
