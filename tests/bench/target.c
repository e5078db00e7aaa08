/* SPDX-License-Identifier: Apache-2.0 */
#include "target.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/bld.h"
#include "base/cur.h"
#include "base/mem.h"

#define HTTP_PORT 80
#define PATH "/.well-known/acme-challenge/"
#define TTL_S 300

/* RFC 1035 4.1.1, 3.2. */
#define DNS_HEAD_SIZE 12
#define DNS_MESSAGE_MAX 1232
#define DNS_AUTHORITATIVE 0x8400
#define DNS_RECURSION_DESIRED 0x0100
#define DNS_RECURSION_AVAILABLE 0x0080
#define DNS_TYPE_A 1
#define DNS_TYPE_SOA 6
#define DNS_CLASS_IN 1
#define DNS_NAME_OF_QUESTION 0xc00c /* a pointer to it */

struct target {
	struct evhttp *http;
	struct event *dns;
	int dns_fd;
	unsigned dns_port;
	target_thumbprint *thumbprint;
	void *ctx;
	struct bld answer;
	uint64_t queries, fetches;
};

/*
 * DNS.
 */

/* Reads the question's name over; says where its last two labels begin, which
 * are the zone. False if this is no name. */
static bool
skip_name(struct cur *cur, struct span whole, uint16_t *ret_zone)
{
	uint16_t offsets[128];
	size_t count = 0;

	for (;;) {
		size_t at = (size_t)(cur->rest.data - whole.data);
		uint8_t len = cur_u8(cur);

		if (cur->failed || len > 63 || count == 128)
			return false;
		if (len == 0)
			break;
		offsets[count++] = (uint16_t)at;
		cur_bytes(cur, len);
	}
	*ret_zone = count == 0 ? DNS_HEAD_SIZE : offsets[count < 2 ? 0 :
	    count - 2];
	return true;
}

static void
put_record_head(struct bld *out, uint16_t name, uint16_t type)
{
	bld_u16(out, name);
	bld_u16(out, type);
	bld_u16(out, DNS_CLASS_IN);
	bld_u32(out, TTL_S);
}

static void
put_a(struct bld *out)
{
	put_record_head(out, DNS_NAME_OF_QUESTION, DNS_TYPE_A);
	bld_u16(out, 4);
	bld_u32(out, INADDR_LOOPBACK);
}

/* RFC 2308 2.2: without it NODATA is not remembered. */
static void
put_soa(struct bld *out, uint16_t zone)
{
	uint16_t pointer = (uint16_t)(0xc000 | zone);

	put_record_head(out, pointer, DNS_TYPE_SOA);
	bld_u16(out, 2 + 2 + 5 * 4);
	bld_u16(out, pointer);
	bld_u16(out, pointer);
	bld_u32(out, 1);     /* serial */
	bld_u32(out, 7200);  /* refresh */
	bld_u32(out, 3600);  /* retry */
	bld_u32(out, 86400); /* expire */
	bld_u32(out, TTL_S); /* of NODATA */
}

/* False: what came is no question. */
static bool
answer(struct bld *out, struct span question)
{
	struct cur cur = CUR_OF(question);
	uint16_t id = cur_u16(&cur), flags = cur_u16(&cur), zone, type;
	bool is_a;

	if (cur_u16(&cur) != 1)
		return false;
	cur_bytes(&cur, 6);
	if (!skip_name(&cur, question, &zone))
		return false;
	type = cur_u16(&cur);
	if (cur_u16(&cur) != DNS_CLASS_IN || cur.failed)
		return false;
	is_a = type == DNS_TYPE_A;
	bld_reset(out);
	bld_u16(out, id);
	bld_u16(out, DNS_AUTHORITATIVE | DNS_RECURSION_AVAILABLE |
	    (flags & DNS_RECURSION_DESIRED));
	bld_u16(out, 1);
	bld_u16(out, is_a ? 1 : 0);
	bld_u16(out, is_a ? 0 : 1);
	bld_u16(out, 0);
	bld_span(out, span_of(question.data + DNS_HEAD_SIZE,
	    (size_t)(cur.rest.data - question.data) - DNS_HEAD_SIZE));
	if (is_a)
		put_a(out);
	else
		put_soa(out, zone);
	return bld_end(out) == 0;
}

static void
on_query(evutil_socket_t fd, short what, void *arg)
{
	struct target *target = arg;
	uint8_t packet[DNS_MESSAGE_MAX];
	struct sockaddr_in from;
	socklen_t from_len;
	ssize_t n;

	(void)what;
	for (;;) {
		from_len = sizeof(from);
		n = recvfrom(fd, packet, sizeof(packet), MSG_DONTWAIT,
		    (struct sockaddr *)&from, &from_len);
		if (n < 0)
			return;
		if (!answer(&target->answer, span_of(packet, (size_t)n)))
			continue;
		target->queries++;
		(void)sendto(fd, target->answer.data, target->answer.len, 0,
		    (struct sockaddr *)&from, from_len);
	}
}

static int
open_dns(struct target *target, struct event_base *base, struct err *err)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(at);

	target->dns_fd = socket(AF_INET,
	    SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (target->dns_fd < 0 ||
	    bind(target->dns_fd, (struct sockaddr *)&at, len) < 0 ||
	    getsockname(target->dns_fd, (struct sockaddr *)&at, &len) < 0)
		return err_errno(err, "cannot open a DNS server");
	target->dns_port = ntohs(at.sin_port);
	target->dns = event_new(base, target->dns_fd, EV_READ | EV_PERSIST,
	    on_query, target);
	event_add(target->dns, NULL);
	return 0;
}

/*
 * HTTP.
 */

static void
on_fetch(struct evhttp_request *request, void *arg)
{
	struct target *target = arg;
	const char *host = evhttp_request_get_host(request);
	const char *path = evhttp_request_get_uri(request);
	struct evbuffer *body = evhttp_request_get_output_buffer(request);
	struct span thumbprint = SPAN_NONE;

	if (host != NULL && host[0] == 'n')
		thumbprint = target->thumbprint(target->ctx,
		    strtoul(host + 1, NULL, 10));
	if (thumbprint.len == 0 || strncmp(path, PATH, strlen(PATH)) != 0) {
		evhttp_send_error(request, HTTP_NOTFOUND, NULL);
		return;
	}
	target->fetches++;
	evbuffer_add(body, path + strlen(PATH), strlen(path + strlen(PATH)));
	evbuffer_add(body, ".", 1);
	evbuffer_add(body, thumbprint.data, thumbprint.len);
	evhttp_send_reply(request, HTTP_OK, "OK", NULL);
}

int
target_new(struct event_base *base, target_thumbprint *thumbprint, void *ctx,
    struct target **ret, struct err *err)
{
	struct target *target = mem_zalloc(sizeof(*target));
	int r;

	target->thumbprint = thumbprint;
	target->ctx = ctx;
	bld_init(&target->answer, DNS_MESSAGE_MAX);
	r = open_dns(target, base, err);
	target->http = evhttp_new(base);
	if (r == 0 && (target->http == NULL || evhttp_bind_socket(target->http,
	    "127.0.0.1", HTTP_PORT) != 0))
		r = err_errno(err, "cannot listen on 127.0.0.1:%d, where "
		    "http-01 is fetched", HTTP_PORT);
	if (r < 0) {
		target_free(target);
		return r;
	}
	evhttp_set_gencb(target->http, on_fetch, target);
	*ret = target;
	return 0;
}

void
target_free(struct target *target)
{
	if (target == NULL)
		return;
	if (target->http != NULL)
		evhttp_free(target->http);
	if (target->dns != NULL)
		event_free(target->dns);
	if (target->dns_fd > 0)
		close(target->dns_fd);
	bld_free(&target->answer);
	free(target);
}

unsigned
target_dns_port(const struct target *target)
{
	return target->dns_port;
}

uint64_t
target_queries(const struct target *target)
{
	return target->queries;
}

uint64_t
target_fetches(const struct target *target)
{
	return target->fetches;
}
