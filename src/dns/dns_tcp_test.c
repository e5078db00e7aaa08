/* SPDX-License-Identifier: Apache-2.0 */
/* The resolver asks from the root, in a network of its own in which this test
 * is every name server: those of one domain truncate their answers and then say
 * nothing over TCP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <event2/event_struct.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bld.h"
#include "dns/dns_message.h"
#include "dns/dns_resolver.h"

#define ROOT 0xc6290004u      /* 198.41.0.4, a.root-servers.net */
#define SILENT 0xc6336401u    /* 198.51.100.1 and those behind it */
#define SILENT_COUNT 24
#define TRUNCATES 0xcb007101u /* 203.0.113.1: over TCP it answers */
#define QUESTIONS 200
#define STREAMS_MAX 1024
#define HEADER 12             /* bytes of a message */
#define MESSAGE_MAX 512       /* bytes of a question */

enum { TYPE_NS = 2, FLAG_AUTHORITY = 0x400, FLAG_TRUNCATED = 0x200 };

struct stream {
	struct event event;
	struct fixture *f;
};

struct fixture {
	struct loop *loop;
	struct dns_resolver *resolver;
	struct event datagrams, listener; /* for all addresses */
	struct stream streams[STREAMS_MAX];
	size_t num_streams;
	/* Questions over TCP. */
	size_t silent;               /* in vain */
	size_t asked;                /* about web.big */
	int held_fd;
	uint8_t held[MESSAGE_MAX];
	size_t held_len;
	unsigned answers;
	enum dns_status status;
};

/* All of IPv4 is this host: ip-route(8), type local. */
static int
route_all(void)
{
	struct {
		struct nlmsghdr head;
		struct rtmsg message;
		struct rtattr attribute;
		uint32_t interface;
	} request = {
		.head = { .nlmsg_len = sizeof(request),
		    .nlmsg_type = RTM_NEWROUTE,
		    .nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE | NLM_F_ACK },
		.message = { .rtm_family = AF_INET, .rtm_table = RT_TABLE_LOCAL,
		    .rtm_protocol = RTPROT_STATIC, .rtm_scope = RT_SCOPE_HOST,
		    .rtm_type = RTN_LOCAL },
		.attribute = { RTA_LENGTH(sizeof(uint32_t)), RTA_OIF },
		.interface = if_nametoindex("lo"),
	};
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int r = -1;

	if (fd < 0)
		return -1;
	if (send(fd, &request, sizeof(request), 0) > 0 &&
	    recv(fd, &answer, sizeof(answer), 0) > 0)
		r = answer.error.error;
	close(fd);
	return r;
}

/* False where the kernel does not allow it. */
static bool
leave_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd, r;

	if (unshare(CLONE_NEWNET) != 0 &&
	    unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
		return false;
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	r = ioctl(fd, SIOCSIFFLAGS, &lo);
	close(fd);
	return r == 0 && route_all() == 0;
}

static void
put_record(struct bld *out, const char *name, size_t name_size, uint16_t type)
{
	bld_bytes(out, name, name_size);
	bld_u16(out, type);
	bld_u16(out, 1);
	bld_u32(out, 60);
}

static void
put_address(struct bld *out, const char *name, size_t name_size, uint32_t addr)
{
	put_record(out, name, name_size, DNS_A);
	bld_u16(out, 4);
	bld_u32(out, addr);
}

/* A server of a zone with one label, "\4zone": its name and address. */
static void
put_delegation(struct bld *ns, struct bld *glue, const char *zone,
    unsigned number, uint32_t addr)
{
	char name[32];
	int size = snprintf(name, sizeof(name), "%cn%02u%s", 3, number, zone) +
	    1;

	put_record(ns, zone, strlen(zone) + 1, TYPE_NS);
	bld_span16(ns, span_of(name, (size_t)size));
	put_address(glue, name, (size_t)size, addr);
}

struct question {
	const uint8_t *message;
	size_t len;              /* of the header and the question */
	char name[DNS_NAME_SIZE];
	uint16_t type;
};

/* False for what is none: libunbound 1.17 asks some questions without their
 * flags when it repeats them. */
static bool
read_question(const uint8_t *in, size_t len, struct question *ret)
{
	size_t at;

	if (len <= HEADER || dns_message_name(span_of(in, len), HEADER,
	    ret->name, &at) < 0 || at + 4 > len)
		return false;
	ret->message = in;
	ret->len = at + 4;
	ret->type = (uint16_t)(in[at] << 8 | in[at + 1]);
	return true;
}

static bool
is_below(const struct question *question, const char *zone)
{
	size_t len = strlen(question->name), zone_len = strlen(zone);

	return len >= zone_len && strcmp(question->name + len - zone_len,
	    zone) == 0;
}

static void
put_head(struct bld *out, const struct question *question, uint16_t flags,
    uint16_t answers, uint16_t authorities, uint16_t additional)
{
	bld_bytes(out, question->message, 2);
	bld_u16(out, 0x8000 | flags);
	bld_u16(out, 1);
	bld_u16(out, answers);
	bld_u16(out, authorities);
	bld_u16(out, additional);
	bld_bytes(out, question->message + HEADER, question->len - HEADER);
}

static void
root_answer(struct bld *out, const struct question *question)
{
	static const char silent[] = "\6silent", big[] = "\3big";
	static const char root_name[] = "\1a\14root-servers\3net";
	struct bld ns, glue;
	uint16_t count = 0;

	bld_init(&ns, 4096);
	bld_init(&glue, 4096);
	if (is_below(question, "silent")) {
		for (; count < SILENT_COUNT; count++)
			put_delegation(&ns, &glue, silent, count,
			    SILENT + count);
		put_head(out, question, 0, 0, count, count);
	} else if (is_below(question, "big")) {
		put_delegation(&ns, &glue, big, 0, TRUNCATES);
		put_head(out, question, 0, 0, 1, 1);
	} else if (question->type == TYPE_NS) {
		put_record(&ns, "", 1, TYPE_NS);
		bld_span16(&ns, span_of(root_name, sizeof(root_name)));
		put_address(&glue, root_name, sizeof(root_name), ROOT);
		put_head(out, question, FLAG_AUTHORITY, 1, 0, 1);
	} else {
		put_head(out, question, FLAG_AUTHORITY, 0, 0, 0);
	}
	bld_span(out, bld_view(&ns));
	bld_span(out, bld_view(&glue));
	bld_free(&ns);
	bld_free(&glue);
}

/* Each address is a server, and those that are nobody else's are the root's. */
static void
answer_from(struct bld *out, uint32_t addr, const struct question *question)
{
	if (addr == TRUNCATES || (addr >= SILENT &&
	    addr < SILENT + SILENT_COUNT))
		put_head(out, question, FLAG_AUTHORITY | FLAG_TRUNCATED, 0, 0,
		    0);
	else
		root_answer(out, question);
}

/* The answer leaves from the address that was asked. */
static void
on_datagram(evutil_socket_t fd, short what, void *arg)
{
	struct question question;
	struct sockaddr_in from;
	uint8_t in[MESSAGE_MAX], control[CMSG_SPACE(sizeof(struct in_pktinfo))];
	struct iovec iov = { in, sizeof(in) };
	struct msghdr message = { &from, sizeof(from), &iov, 1, control,
	    sizeof(control), 0 };
	ssize_t n = recvmsg(fd, &message, 0);
	struct in_pktinfo info;
	struct bld out;

	(void)what;
	(void)arg;
	assert_true(n > 0 && CMSG_FIRSTHDR(&message) != NULL);
	memcpy(&info, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(info));
	info.ipi_ifindex = 0;
	info.ipi_spec_dst = info.ipi_addr;
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &info, sizeof(info));
	assert_true(read_question(in, (size_t)n, &question));
	bld_init(&out, 4096);
	answer_from(&out, ntohl(info.ipi_addr.s_addr), &question);
	iov = (struct iovec){ out.data, out.len };
	sendmsg(fd, &message, 0);
	bld_free(&out);
}

static void
stream_answer(evutil_socket_t fd, const struct question *question)
{
	bool has = question->type == DNS_A && is_below(question, "web.big");
	uint8_t len[2];
	struct bld out;

	bld_init(&out, 4096);
	put_head(&out, question, FLAG_AUTHORITY, has, 0, 0);
	if (has)
		put_address(&out, "\3web\3big", sizeof("\3web\3big"),
		    TRUNCATES);
	len[0] = (uint8_t)(out.len >> 8);
	len[1] = (uint8_t)out.len;
	send(fd, len, 2, MSG_MORE | MSG_NOSIGNAL);
	send(fd, out.data, out.len, MSG_NOSIGNAL);
	bld_free(&out);
}

/* The first is answered when the test says so. */
static void
held_keep(struct fixture *f, int fd, const uint8_t *in, size_t len)
{
	f->held_fd = fd;
	memcpy(f->held, in, len);
	f->held_len = len;
}

static void
held_answer(struct fixture *f)
{
	struct question question;

	assert_true(read_question(f->held, f->held_len, &question));
	stream_answer(f->held_fd, &question);
}

/* Questions behind their lengths (RFC 1035 4.2.2), which may come in pieces. */
static void
on_stream(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;
	struct question question;
	uint8_t in[MESSAGE_MAX + 2];
	ssize_t n = recv(fd, in, sizeof(in), MSG_PEEK);
	size_t len = n < 2 ? 0 : (size_t)(in[0] << 8 | in[1]);

	(void)what;
	assert_true(len + 2 <= sizeof(in));
	if (n <= 0)
		event_del(&stream->event);
	if (n < 2 || (size_t)n < len + 2)
		return;
	assert_int_equal(recv(fd, in, len + 2, 0), len + 2);
	if (!read_question(in + 2, len, &question))
		return;
	if (is_below(&question, "silent"))
		stream->f->silent++;
	else if (is_below(&question, "web.big") && stream->f->asked++ == 0)
		held_keep(stream->f, fd, in + 2, len);
	else
		stream_answer(fd, &question);
	loop_stop(stream->f->loop);
}

static void
on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct fixture *f = arg;
	int stream = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)what;
	assert_true(stream >= 0 && f->num_streams < STREAMS_MAX);
	f->streams[f->num_streams].f = f;
	event_assign(&f->streams[f->num_streams].event, loop_base(f->loop),
	    stream, EV_READ | EV_PERSIST, on_stream,
	    &f->streams[f->num_streams]);
	event_add(&f->streams[f->num_streams++].event, NULL);
}

static void
serve(struct fixture *f, struct event *event, int type,
    void (*cb)(evutil_socket_t fd, short what, void *arg))
{
	struct sockaddr_in at = { .sin_family = AF_INET,
	    .sin_port = htons(53) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;

	assert_int_equal(bind(fd, (void *)&at, sizeof(at)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(fd, STREAMS_MAX), 0);
	else
		assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on,
		    sizeof(on)), 0);
	event_assign(event, loop_base(f->loop), fd, EV_READ | EV_PERSIST, cb,
	    f);
	event_add(event, NULL);
}

static int
setup(void **state)
{
	static struct fixture f;
	struct dns_resolver_options options = { 0 };
	struct rlimit limit;

	/* As every process of the CA does (proc.c). */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	signal(SIGPIPE, SIG_IGN);
	limit.rlim_cur = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	f = (struct fixture){ .loop = loop_new() };
	serve(&f, &f.datagrams, SOCK_DGRAM, on_datagram);
	serve(&f, &f.listener, SOCK_STREAM, on_connection);
	assert_int_equal(dns_resolver_new(f.loop, &options, &f.resolver, NULL),
	    0);
	*state = &f;
	return 0;
}

static void
end(struct event *event)
{
	event_del(event);
	close(event_get_fd(event));
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	dns_resolver_free(f->resolver);
	end(&f->datagrams);
	end(&f->listener);
	for (size_t i = 0; i < f->num_streams; i++)
		end(&f->streams[i].event);
	loop_free(f->loop);
	return 0;
}

static void
on_answer(void *arg, const struct dns_answer *answer)
{
	struct fixture *f = arg;

	f->answers++;
	f->status = answer->status;
	loop_stop(f->loop);
}

static void
ignore_answer(void *arg, const struct dns_answer *answer)
{
	(void)arg;
	(void)answer;
}

/* Until the resolver knows which address of the root answers: of those that it
 * begins with, half are of IPv6, which this network has not. */
static void
find_root(struct fixture *f)
{
	char name[] = "find00";
	struct dns_query query = { span_str(name), DNS_A, 0 };

	f->status = DNS_SERVFAIL;
	for (unsigned i = 0; f->status != DNS_OK; i++) {
		assert_true(i < 50);
		snprintf(name, sizeof(name), "find%02u", i % 100);
		dns_resolver_query(f->resolver, &query, on_answer, f);
		while (f->answers <= i)
			loop_run(f->loop);
	}
	f->answers = 0;
}

/* A question whose servers answer over TCP keeps its stream until they have,
 * however many ask servers that take streams and then are silent. */
static void
silent_streams(void **state)
{
	struct fixture *f = *state;
	char name[] = "q000.silent";
	struct dns_query query = { SPAN_LIT("web.big"), DNS_A, 0 };

	find_root(f);
	dns_resolver_query(f->resolver, &query, on_answer, f);
	while (f->asked == 0 && f->answers == 0)
		loop_run(f->loop);
	query.name = span_str(name);
	for (unsigned i = 0; i < QUESTIONS; i++) {
		snprintf(name, sizeof(name), "q%03u.silent", i);
		dns_resolver_query(f->resolver, &query, ignore_answer, NULL);
	}
	while (f->silent < SILENT_COUNT && f->answers == 0)
		loop_run(f->loop);
	assert_int_equal(f->answers, 0);
	held_answer(f);
	while (f->answers == 0)
		loop_run(f->loop);
	assert_int_equal(f->status, DNS_OK);
	assert_int_equal(f->asked, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(silent_streams, setup,
		    teardown),
	};

	if (!leave_network())
		return 77; /* meson: skipped */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
