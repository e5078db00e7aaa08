/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dns/exchange.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

struct exchange {
	struct loop *loop;
	const struct env *env;
	struct exchange_address to;
	int fd;
	bool tcp;
	struct event *event;
	struct env_timer *late, *repeat;
	struct bld message;  /* what is sent: with TCP's length before it */
	size_t sent, got;
	uint8_t *answer;     /* PACKET_MAX + 2 bytes */
	struct packet question;
	int failed;          /* errno, told by the timer */
	void (*done)(void *ctx, const struct packet *answer,
	    const struct err *err);
	void *ctx;
};

/* Cuts the port off, and an IPv6 address's brackets, behind which nothing else
 * may stand. */
static int
split_port(char *text, char **ret_host, uint64_t *port)
{
	char *colon = strchr(text, ':'), *end = strchr(text, ']');

	*ret_host = text;
	if (text[0] == '[') {
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return -(int)ERR_CONFIG;
		*ret_host = text + 1;
		colon = end[1] == ':' ? end + 1 : NULL;
		*end = '\0';
	} else if (colon != NULL && strchr(colon + 1, ':') != NULL) {
		return 0; /* an IPv6 address without a port */
	}
	if (colon == NULL)
		return 0;
	*colon = '\0';
	return text_uint(span_str(colon + 1), 65535, port) < 0 || *port == 0 ?
	    -(int)ERR_CONFIG : 0;
}

int
exchange_address_parse(struct span text, uint16_t port,
    struct exchange_address *ret, struct err *err)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&ret->sockaddr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ret->sockaddr;
	char copy[EXCHANGE_ADDRESS_SIZE], *host;
	uint64_t number = port;

	*ret = (struct exchange_address){ 0 };
	if (text.len == 0 || text.len >= sizeof(copy) ||
	    memchr(text.data, '\0', text.len) != NULL)
		goto bad;
	memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	if (split_port(copy, &host, &number) < 0)
		goto bad;
	if (host == copy && inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)number);
		ret->len = sizeof(*v4);
		return 0;
	}
	if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)number);
		ret->len = sizeof(*v6);
		return 0;
	}
bad:
	return err_set(err, ERR_CONFIG, NULL, "\"%.*s\" is no address of a "
	    "name server; write 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53",
	    SPAN_FMT(text));
}

void
exchange_address_raw(int family, const uint8_t *bytes, uint16_t port,
    struct exchange_address *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)&ret->sockaddr;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ret->sockaddr;

	*ret = (struct exchange_address){ 0 };
	if (family == AF_INET) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, bytes, sizeof(v4->sin_addr));
		ret->len = sizeof(*v4);
	} else {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		memcpy(&v6->sin6_addr, bytes, sizeof(v6->sin6_addr));
		ret->len = sizeof(*v6);
	}
}

void
exchange_address_text(const struct exchange_address *address,
    char out[EXCHANGE_ADDRESS_SIZE])
{
	const struct sockaddr_in *v4 =
	    (const struct sockaddr_in *)&address->sockaddr;
	const struct sockaddr_in6 *v6 =
	    (const struct sockaddr_in6 *)&address->sockaddr;
	char host[INET6_ADDRSTRLEN] = "";
	bool is6 = address->sockaddr.ss_family == AF_INET6;
	uint16_t port = ntohs(is6 ? v6->sin6_port : v4->sin_port);

	inet_ntop(is6 ? AF_INET6 : AF_INET, is6 ?
	    (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr, host,
	    sizeof(host));
	if (port == 53)
		snprintf(out, EXCHANGE_ADDRESS_SIZE, "%s", host);
	else
		snprintf(out, EXCHANGE_ADDRESS_SIZE, is6 ? "[%s]:%u" : "%s:%u",
		    host, port);
}

static void
hang_up(struct exchange *x)
{
	if (x->event != NULL)
		event_free(x->event);
	x->event = NULL;
	if (x->fd >= 0)
		close(x->fd);
	x->fd = -1;
}

void
exchange_cancel(struct exchange *x)
{
	if (x == NULL)
		return;
	hang_up(x);
	if (x->late != NULL)
		x->env->timer_cancel(x->env->ctx, x->late);
	if (x->repeat != NULL)
		x->env->timer_cancel(x->env->ctx, x->repeat);
	bld_free(&x->message);
	free(x->answer);
	free(x);
}

/* Local reasons: the address may be fine for others. */
static bool
is_local(int error)
{
	return error == ENETUNREACH || error == EADDRNOTAVAIL ||
	    error == EAFNOSUPPORT || error == EHOSTUNREACH ||
	    error == EACCES || error == EPERM;
}

static void
finish(struct exchange *x, const struct packet *answer, const struct err *err)
{
	x->done(x->ctx, answer, err);
	exchange_cancel(x);
}

static void
fail(struct exchange *x, int error)
{
	struct err err = ERR_INIT;

	err_set(&err, is_local(error) ? ERR_CONNECTION : ERR_DNS, NULL, "%s",
	    error == ETIMEDOUT ? "it does not answer" : strerror(error));
	finish(x, NULL, &err);
}

static void
on_late(void *arg)
{
	struct exchange *x = arg;

	x->late = NULL;
	fail(x, x->failed != 0 ? x->failed : ETIMEDOUT);
}

/* What is found out before exchange_start returned is told afterwards. */
static void
fail_later(struct exchange *x, int error)
{
	hang_up(x);
	x->failed = error;
	if (x->late != NULL)
		x->env->timer_cancel(x->env->ctx, x->late);
	x->late = x->env->timer_start(x->env->ctx, 0, on_late, x);
}

static void open_socket(struct exchange *x);

/* True if it is the answer to our question, with *ret filled. */
static bool
is_answer(const struct exchange *x, struct span bytes, struct packet *ret)
{
	if (packet_parse(bytes, ret) < 0 || !ret->response ||
	    ret->id != x->question.id || ret->opcode != x->question.opcode)
		return false;
	/* Errors may come without the question. */
	if (ret->question_type == 0 && ret->rcode != 0)
		return true;
	return ret->question_type == x->question.question_type &&
	    strcmp(ret->question, x->question.question) == 0;
}

static void
take_answer(struct exchange *x, struct span bytes)
{
	struct err none = ERR_INIT;
	struct packet answer;

	if (!is_answer(x, bytes, &answer)) {
		if (x->tcp)
			fail(x, EPROTO);
	} else if (answer.truncated && !x->tcp) {
		hang_up(x);
		x->tcp = true;
		x->sent = x->got = 0;
		open_socket(x);
	} else {
		finish(x, &answer, &none);
	}
}

static void
read_udp(struct exchange *x)
{
	ssize_t n = recv(x->fd, x->answer, PACKET_MAX, 0);

	if (n >= 0)
		take_answer(x, span_of(x->answer, (size_t)n));
	else if (errno != EAGAIN && errno != EINTR)
		fail(x, errno);
}

static void
read_tcp(struct exchange *x)
{
	size_t want = x->got < 2 ? 2 : 2 + (size_t)(x->answer[0] << 8 |
	    x->answer[1]);
	ssize_t n = recv(x->fd, x->answer + x->got, want - x->got, 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		fail(x, n < 0 ? errno : ECONNRESET);
		return;
	}
	x->got += (size_t)n;
	if (x->got > 2 && x->got == want)
		take_answer(x, span_of(x->answer + 2, want - 2));
}

/* All of it, TCP's length included; UDP's message begins after that. */
static void
write_some(struct exchange *x)
{
	size_t skip = x->tcp ? x->sent : 2;
	ssize_t n = send(x->fd, x->message.data + skip, x->message.len - skip,
	    MSG_NOSIGNAL);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		fail_later(x, errno);
		return;
	}
	x->sent = skip + (size_t)n;
}

static void on_ready(evutil_socket_t fd, short what, void *arg);

static void
watch(struct exchange *x)
{
	short what = x->tcp && x->sent < x->message.len ? EV_WRITE : EV_READ;

	if (x->event != NULL)
		event_free(x->event);
	x->event = event_new(loop_base(x->loop), x->fd, what, on_ready, x);
	if (x->event == NULL || event_add(x->event, NULL) < 0)
		abort(); /* out of memory */
}

static void
on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct exchange *x = arg;

	(void)fd;
	if ((what & EV_WRITE) != 0) {
		write_some(x);
		if (x->fd >= 0)
			watch(x);
		return;
	}
	/* Reading may end x. */
	event_add(x->event, NULL);
	if (x->tcp)
		read_tcp(x);
	else
		read_udp(x);
}

static void
open_socket(struct exchange *x)
{
	int type = x->tcp ? SOCK_STREAM : SOCK_DGRAM;

	x->fd = socket(x->to.sockaddr.ss_family, type | SOCK_NONBLOCK |
	    SOCK_CLOEXEC, 0);
	if (x->fd < 0 || (connect(x->fd, (struct sockaddr *)&x->to.sockaddr,
	    x->to.len) < 0 && errno != EINPROGRESS)) {
		fail_later(x, errno);
		return;
	}
	if (!x->tcp)
		write_some(x);
	if (x->fd >= 0)
		watch(x);
}

static void
on_repeat(void *arg)
{
	struct exchange *x = arg;

	x->repeat = NULL;
	if (!x->tcp && x->fd >= 0)
		write_some(x);
}

struct exchange *
exchange_start(struct loop *loop, const struct env *env,
    const struct exchange_address *to, struct span message, bool tcp,
    void (*done)(void *ctx, const struct packet *answer,
    const struct err *err), void *ctx)
{
	struct exchange *x = mem_zalloc(sizeof(*x));

	*x = (struct exchange){ .loop = loop, .env = env, .to = *to, .fd = -1,
	    .tcp = tcp, .done = done, .ctx = ctx };
	x->answer = mem_alloc(PACKET_MAX + 2);
	bld_init(&x->message, PACKET_MAX + 2);
	bld_span16(&x->message, message);
	packet_parse(span_of(x->message.data + 2, message.len), &x->question);
	x->late = env->timer_start(env->ctx, EXCHANGE_TIMEOUT_MS, on_late, x);
	x->repeat = env->timer_start(env->ctx, EXCHANGE_REPEAT_MS, on_repeat,
	    x);
	open_socket(x);
	return x;
}
