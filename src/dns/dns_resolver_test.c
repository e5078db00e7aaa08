/* SPDX-License-Identifier: Apache-2.0 */
/* The real resolver against a small name server in the same loop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bld.h"
#include "dns/dns_resolver.h"

#define QUESTION_AT 12
#define PORTS_FEW 16 /* that questions to a server on this host share */

/* What the name server knows: the first label says how it answers. */
static const struct zone_row {
	const char *label;
	uint16_t type;
	const char *rdata;
	size_t rdata_len;
	uint16_t copies;
	uint8_t rcode;
} zone[] = {
	{ "web", DNS_A, "\300\0\2\1", sizeof("\300\0\2\1") - 1, 1, 0 },
	{ "web", DNS_CAA, "\0\5issueca.example", sizeof("\0\5issueca.example") - 1, 1, 0 },
	{ "many", DNS_TXT, "", 0, DNS_RRSET_MAX, 0 },
	{ "toomany", DNS_TXT, "", 0, DNS_RRSET_MAX + 1, 0 },
	{ "alias", DNS_A, "\3web\4test\0", sizeof("\3web\4test\0") - 1, 1, 0 },
	{ "gone", 0, "", 0, 0, 3 },
	{ "broken", 0, "", 0, 0, 2 },
	{ "refused", 0, "", 0, 0, 5 },
};

struct fixture {
	struct loop *loop;
	struct event *event;
	int fd;
	uint16_t port;
	unsigned asked; /* questions that reached the name server */
	bool from[UINT16_MAX + 1]; /* these ports */
	struct dns_resolver *resolver;
	unsigned answers;
	enum dns_status status;
	bool secure;
	size_t count;
	char first[64];
	char canonical[DNS_NAME_MAX + 1];
};

static const struct zone_row *
find_row(const uint8_t *question, uint16_t type)
{
	for (size_t i = 0; i < sizeof(zone) / sizeof(zone[0]); i++)
		if (question[0] == strlen(zone[i].label) &&
		    strncasecmp((const char *)question + 1, zone[i].label,
		    question[0]) == 0 &&
		    (zone[i].type == type || zone[i].rcode != 0))
			return &zone[i];
	return NULL;
}

static void
put_records(struct bld *out, const struct zone_row *row, uint16_t type)
{
	bool alias = strcmp(row->label, "alias") == 0;

	for (uint16_t i = 0; i < row->copies; i++) {
		bld_u16(out, 0xc000 | QUESTION_AT);
		bld_u16(out, alias ? 5 : type);
		bld_u16(out, 1);
		bld_u32(out, 60);
		if (type == DNS_TXT) { /* records of one set differ */
			bld_u16(out, 2);
			bld_u8(out, 1);
			bld_u8(out, (uint8_t)('0' + i));
		} else {
			bld_span16(out, span_of(row->rdata, row->rdata_len));
		}
	}
}

static void
put_answer(struct bld *out, const uint8_t *in, size_t question_len,
    uint16_t type)
{
	const struct zone_row *row = find_row(in + QUESTION_AT, type);

	bld_bytes(out, in, 2);
	bld_u16(out, (uint16_t)(0x8580 | (row == NULL ? 0 : row->rcode)));
	bld_u16(out, 1);
	bld_u16(out, row == NULL ? 0 : row->copies);
	bld_u32(out, 0);
	bld_bytes(out, in + QUESTION_AT, question_len);
	if (row != NULL)
		put_records(out, row, type);
}

static void
on_question(evutil_socket_t fd, short what, void *arg)
{
	struct fixture *f = arg;
	uint8_t in[512];
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	ssize_t n = recvfrom(fd, in, sizeof(in), 0, (void *)&from, &from_len);
	size_t at = QUESTION_AT;
	struct bld out;

	(void)what;
	assert_true(n > QUESTION_AT + 5);
	f->asked++;
	f->from[ntohs(from.sin_port)] = true;
	while (in[at] != 0)
		at += (size_t)in[at] + 1;
	if (in[QUESTION_AT] == 6 && memcmp(in + QUESTION_AT + 1, "silent",
	    6) == 0)
		return;
	bld_init(&out, 4096);
	put_answer(&out, in, at + 5 - QUESTION_AT,
	    (uint16_t)(in[at + 1] << 8 | in[at + 2]));
	sendto(fd, out.data, out.len, 0, (void *)&from, from_len);
	bld_free(&out);
}

static void
new_resolver(struct fixture *f)
{
	struct dns_resolver_options options = { 0 };
	struct err err = ERR_INIT;
	char forward[32];

	snprintf(forward, sizeof(forward), "127.0.0.1:%u", (unsigned)f->port);
	options.forward = forward;
	if (dns_resolver_new(f->loop, &options, &f->resolver, &err) < 0)
		fail_msg("%s", err.text);
}

static int
setup(void **state)
{
	static struct fixture f;
	struct sockaddr_in addr = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(addr);

	f = (struct fixture){ .loop = loop_new() };
	f.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(f.fd, (void *)&addr, sizeof(addr)), 0);
	assert_int_equal(getsockname(f.fd, (void *)&addr, &len), 0);
	f.port = ntohs(addr.sin_port);
	f.event = event_new(loop_base(f.loop), f.fd, EV_READ | EV_PERSIST,
	    on_question, &f);
	event_add(f.event, NULL);
	new_resolver(&f);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	dns_resolver_free(f->resolver);
	event_free(f->event);
	close(f->fd);
	loop_free(f->loop);
	return 0;
}

static void
on_answer(void *arg, const struct dns_answer *answer)
{
	struct fixture *f = arg;

	f->answers++;
	f->status = answer->status;
	f->secure = answer->secure;
	f->count = answer->count;
	memset(f->first, 0, sizeof(f->first));
	if (answer->count > 0 && answer->rdata[0].len < sizeof(f->first))
		memcpy(f->first, answer->rdata[0].data, answer->rdata[0].len);
	snprintf(f->canonical, sizeof(f->canonical), "%.*s",
	    SPAN_FMT(answer->canonical));
	loop_stop(f->loop);
}

static void
ask(struct fixture *f, const char *name, enum dns_type type,
    int64_t timeout_ms)
{
	struct dns_query query = { span_str(name), type, timeout_ms };

	f->answers = 0;
	dns_resolver_query(f->resolver, &query, on_answer, f);
	assert_int_equal(f->answers, 0); /* never before it returns */
	loop_run(f->loop);
	assert_int_equal(f->answers, 1);
}

static void
statuses(void **state)
{
	static const struct {
		const char *name;
		enum dns_type type;
		enum dns_status status;
		size_t count;
	} rows[] = {
		{ "web.test", DNS_CAA, DNS_OK, 1 },
		{ "web.test", DNS_AAAA, DNS_OK, 0 },
		{ "many.test", DNS_TXT, DNS_OK, DNS_RRSET_MAX },
		{ "toomany.test", DNS_TXT, DNS_SERVFAIL, 0 },
		{ "gone.test", DNS_A, DNS_NXDOMAIN, 0 },
		{ "broken.test", DNS_A, DNS_SERVFAIL, 0 },
		{ "refused.test", DNS_A, DNS_SERVFAIL, 0 },
		{ "", DNS_A, DNS_SERVFAIL, 0 },
		{ "a..test", DNS_A, DNS_SERVFAIL, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fixture *f = *state;

		ask(f, rows[i].name, rows[i].type, 0);
		if (f->status != rows[i].status || f->count != rows[i].count)
			fail_msg("%s: status %d, %zu records", rows[i].name,
			    f->status, f->count);
		assert_false(f->secure);
	}
}

static void
records_and_cache(void **state)
{
	struct fixture *f = *state;
	unsigned asked;

	ask(f, "web.test", DNS_CAA, 0);
	assert_memory_equal(f->first, "\0\5issueca.example", 17);
	assert_string_equal(f->canonical, "web.test");
	asked = f->asked;
	/* From the cache, and still not before the call returns. */
	ask(f, "web.test", DNS_CAA, 0);
	assert_int_equal(f->asked, asked);
	assert_int_equal(f->count, 1);
	ask(f, "alias.test", DNS_A, 0);
	assert_string_equal(f->canonical, "web.test");
}

static void
few_ports(void **state)
{
	struct fixture *f = *state;
	char name[32];
	unsigned ports = 0;

	for (unsigned i = 0; i < 8 * PORTS_FEW; i++) {
		snprintf(name, sizeof(name), "gone.n%u.test", i);
		ask(f, name, DNS_A, 0);
		assert_int_equal(f->status, DNS_NXDOMAIN);
	}
	for (size_t i = 0; i <= UINT16_MAX; i++)
		ports += f->from[i];
	assert_in_range(ports, 1, PORTS_FEW);
}

/* The asker is told in its time; the question goes on in libunbound and is
 * released with the resolver. */
static void
silence(void **state)
{
	struct fixture *f = *state;

	ask(f, "silent.test", DNS_A, 30);
	assert_int_equal(f->status, DNS_TIMEOUT);
	ask(f, "web.test", DNS_CAA, 0);
	assert_int_equal(f->status, DNS_OK);
}

/* A forwarder that has always answered at once, and now takes a while. */
static void
late(void **state)
{
	struct fixture *f = *state;
	char name[] = "a.test";
	unsigned before;

	for (; name[0] <= 'p'; name[0]++)
		ask(f, name, DNS_A, 0);
	before = f->asked;
	ask(f, "silent.test", DNS_A, 250);
	assert_int_equal(f->status, DNS_TIMEOUT);
	assert_int_equal(f->asked, before + 1);
}

static void
ignore_answer(void *arg, const struct dns_answer *answer)
{
	(void)arg;
	(void)answer;
}

/* As many questions as validations ask at once, about domains whose servers
 * do not answer, hold up no other. */
static void
many_silent(void **state)
{
	struct fixture *f = *state;
	char name[] = "silent.000.test";
	struct dns_query query = { span_str(name), DNS_A, 0 };

	struct rlimit limit;

	/* As every process of the CA does (proc.c). */
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_max < 2048)
		skip(); /* a port takes a descriptor */
	limit.rlim_cur = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	dns_resolver_free(f->resolver);
	new_resolver(f);
	/* From now on libunbound waits 1.6 s before it repeats one. */
	ask(f, "silent.test", DNS_A, 1500);
	for (unsigned i = 0; i < 768; i++) {
		snprintf(name, sizeof(name), "silent.%03u.test", i);
		dns_resolver_query(f->resolver, &query, ignore_answer, NULL);
		/* The name server reads before its socket is full. */
		event_base_loop(loop_base(f->loop), EVLOOP_NONBLOCK);
	}
	ask(f, "web.test", DNS_A, 1400);
	assert_int_equal(f->status, DNS_OK);
}

static void
bad_options(void **state)
{
	static const char *const rows[] = {
		"nonsense", "[::1:53", "example.com:53", "127.0.0.1:x", "",
	};
	struct fixture *f = *state;
	struct dns_resolver *resolver;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct dns_resolver_options options = { .forward = rows[i] };
		struct err err = ERR_INIT;

		if (dns_resolver_new(f->loop, &options, &resolver, &err) !=
		    -ERR_CONFIG)
			fail_msg("\"%s\" is taken", rows[i]);
		assert_null(resolver);
	}
}

static void
good_options(void **state)
{
	static const struct dns_resolver_options rows[] = {
		{ .forward = "[::1]:5353" }, { .forward = "127.0.0.1@5353" },
		{ .forward = "127.0.0.1" }, { .forward = "::1" },
		{ .use_system = true }, { 0 },
	};
	struct fixture *f = *state;
	struct dns_resolver *resolver;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct err err = ERR_INIT;

		if (dns_resolver_new(f->loop, &rows[i], &resolver, &err) < 0)
			fail_msg("row %zu: %s", i, err.text);
		dns_resolver_free(resolver);
	}
}

static void
missing_anchor(void **state)
{
	struct fixture *f = *state;
	struct dns_resolver_options options = {
		.anchor_file = "/nonexistent/root.key"
	};
	struct dns_resolver *resolver;
	struct err err = ERR_INIT;

	assert_int_equal(dns_resolver_new(f->loop, &options, &resolver, &err),
	    -ERR_CONFIG);
	assert_non_null(strstr(err.text, "trust_anchor"));
}

/* A zone that has a trust anchor and no signatures is bogus. */
static void
bogus(void **state)
{
	struct fixture *f = *state;
	char file[] = "/tmp/signet-anchor-XXXXXX", forward[32];
	struct dns_resolver_options options = {
		.forward = forward, .anchor_file = file
	};
	struct err err = ERR_INIT;
	int fd = mkstemp(file);

	assert_true(fd >= 0);
	dprintf(fd, "test. IN DS 12345 13 2 %064d\n", 7);
	close(fd);
	snprintf(forward, sizeof(forward), "127.0.0.1:%u", (unsigned)f->port);
	dns_resolver_free(f->resolver);
	if (dns_resolver_new(f->loop, &options, &f->resolver, &err) < 0)
		fail_msg("%s", err.text);
	unlink(file);
	ask(f, "web.test", DNS_A, 0);
	assert_int_equal(f->status, DNS_BOGUS);
	assert_int_equal(f->count, 0);
	ask(f, "gone.test", DNS_CAA, 0);
	assert_int_equal(f->status, DNS_BOGUS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(statuses, setup, teardown),
		cmocka_unit_test_setup_teardown(records_and_cache, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(few_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(silence, setup, teardown),
		cmocka_unit_test_setup_teardown(late, setup, teardown),
		cmocka_unit_test_setup_teardown(many_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(bad_options, setup, teardown),
		cmocka_unit_test_setup_teardown(good_options, setup, teardown),
		cmocka_unit_test_setup_teardown(missing_anchor, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(bogus, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
