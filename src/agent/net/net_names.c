/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/net_names.h"

#include <arpa/inet.h>
#include <assert.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <netdb.h>
#include <netinet/in.h>

#include "base/mem.h"

#define TIMEOUT_S "4"  /* of one question to one server */
#define ATTEMPTS "2"

struct net_names {
	struct loop *loop;
	struct evdns_base *dns;
};

struct net_names_query {
	struct net_names *names;
	char *host;
	struct evdns_getaddrinfo_request *request; /* NULL: answered */
	struct event *later;  /* calls cb outside of evdns */
	struct bld addresses;
	int error;            /* EVUTIL_EAI_... */
	bool cancelled;
	void (*cb)(void *arg, struct span addresses, const struct err *err);
	void *arg;
};

struct net_names *
net_names_new(struct loop *loop)
{
	struct net_names *names = mem_zalloc(sizeof(*names));

	names->loop = loop;
	/* Its default, if there is no resolv.conf, is a server on this host.
	 * It does not keep the loop running. */
	names->dns = evdns_base_new(loop_base(loop),
	    EVDNS_BASE_INITIALIZE_NAMESERVERS |
	    EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (names->dns == NULL) {
		names->dns = evdns_base_new(loop_base(loop), 0);
		assert(names->dns != NULL);
		evdns_base_load_hosts(names->dns, "/etc/hosts");
	}
	evdns_base_set_option(names->dns, "timeout", TIMEOUT_S);
	evdns_base_set_option(names->dns, "attempts", ATTEMPTS);
	return names;
}

void
net_names_free(struct net_names *names)
{
	if (names == NULL)
		return;
	evdns_base_free(names->dns, 0);
	free(names);
}

static void
query_free(struct net_names_query *query)
{
	event_free(query->later);
	bld_free(&query->addresses);
	free(query->host);
	free(query);
}

static void
answer(evutil_socket_t fd, short what, void *arg)
{
	struct net_names_query *query = arg;
	bool none = query->error == EVUTIL_EAI_NONAME ||
	    query->error == EVUTIL_EAI_NODATA;
	struct err err = ERR_INIT;

	(void)fd;
	(void)what;
	if (none || (query->error == 0 && query->addresses.len == 0))
		err_set(&err, ERR_DNS, NULL, "there is no host %s",
		    query->host);
	else if (query->error != 0)
		err_set(&err, ERR_CONNECTION, NULL, "no name server says "
		    "where %s is (/etc/resolv.conf): %s", query->host,
		    evutil_gai_strerror(query->error));
	query->cb(query->arg, bld_view(&query->addresses), &err);
	query_free(query);
}

static void
put_address(struct bld *out, const struct sockaddr *address)
{
	char text[INET6_ADDRSTRLEN];
	const struct sockaddr_in *in = (const void *)address;
	const struct sockaddr_in6 *in6 = (const void *)address;
	const char *comma = out->len > 0 ? "," : "";

	if (address->sa_family == AF_INET &&
	    inet_ntop(AF_INET, &in->sin_addr, text, sizeof(text)) != NULL)
		bld_fmt(out, "%s%s", comma, text);
	else if (address->sa_family == AF_INET6 &&
	    inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof(text)) != NULL)
		bld_fmt(out, "%s[%s]", comma, text);
}

static void
on_addresses(int error, struct evutil_addrinfo *list, void *arg)
{
	struct net_names_query *query = arg;
	size_t count = 0;

	query->request = NULL;
	query->error = error;
	for (const struct evutil_addrinfo *at = list; at != NULL &&
	    count < NET_NAMES_ADDRESSES_MAX; at = at->ai_next, count++)
		put_address(&query->addresses, at->ai_addr);
	if (list != NULL)
		evutil_freeaddrinfo(list);
	if (query->cancelled)
		query_free(query);
	else
		event_active(query->later, EV_TIMEOUT, 0);
}

struct net_names_query *
net_names_start(struct net_names *names, const char *host,
    void (*cb)(void *arg, struct span addresses, const struct err *err),
    void *arg)
{
	struct evutil_addrinfo hints = {
		.ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM,
		.ai_protocol = IPPROTO_TCP,
	};
	struct net_names_query *query = mem_zalloc(sizeof(*query));
	struct evdns_getaddrinfo_request *request;

	query->names = names;
	query->host = mem_strdup(host);
	query->cb = cb;
	query->arg = arg;
	bld_init(&query->addresses,
	    NET_NAMES_ADDRESSES_MAX * (INET6_ADDRSTRLEN + 3));
	query->later = event_new(loop_base(names->loop), -1, 0, answer, query);
	assert(query->later != NULL);
	/* It answers at once what it knows, and then gives no request. */
	request = evdns_getaddrinfo(names->dns, host, NULL, &hints,
	    on_addresses, query);
	query->request = request;
	return query;
}

void
net_names_cancel(struct net_names_query *query)
{
	if (query == NULL)
		return;
	if (query->request == NULL) {
		query_free(query);
		return;
	}
	/* Its callback comes later, with EVUTIL_EAI_CANCEL. */
	query->cancelled = true;
	evdns_getaddrinfo_cancel(query->request);
}
