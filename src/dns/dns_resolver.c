/* SPDX-License-Identifier: Apache-2.0 */
#include "dns/dns_resolver.h"

#include <arpa/inet.h>
#include <event2/event_struct.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unbound.h>
#include <unbound-event.h>

#include "base/mem.h"
#include "dns/dns_message.h"

#define CLASS_IN 1
#define PORTS_MAX 2048  /* questions that are under way at once */
#define STREAMS_MAX 1024 /* of them over TCP; about 5 KiB each */
#define FORWARD_MAX 300 /* bytes of a forwarder's address */
#define PORT_LEAST 1024  /* that needs no privilege */
#define LOCAL_PORTS 16   /* that questions to a forwarder on this host share */

/* What libunbound's `sec` says. */
enum { SEC_INSECURE = 0, SEC_BOGUS = 1, SEC_SECURE = 2 };

/*
 * One question. libunbound may call back before ub_resolve_event returns, and
 * inside of its own state, so the packet is kept and the asker is called from
 * the loop. After a timeout the asker is gone and the question waits, dead,
 * for libunbound's callback, which always comes.
 */
struct question {
	struct dns_resolver *resolver;
	struct event event; /* timeout, then delivery */
	enum dns_type type;
	char name[DNS_NAME_SIZE];
	bool with_unbound;  /* its callback is still to come */
	bool answered;
	uint8_t *packet;
	size_t packet_len;
	enum dns_status failure; /* when there is no packet */
	const char *why;
	bool secure;
	void (*cb)(void *arg, const struct dns_answer *answer);
	void *arg;
	struct question *next, **at;
};

struct dns_resolver {
	struct ub_ctx *ctx;
	struct loop *loop;
	struct question *questions;
};

struct option {
	const char *name;
	const char *value;
};

/* Sizes are for one process of many on a host with little memory: an idle
 * cache takes none, a full one what stands here. */
static const struct option common_options[] = {
	{ "verbosity:", "0" },
	{ "msg-cache-size:", "2m" },
	{ "rrset-cache-size:", "4m" },
	{ "key-cache-size:", "1m" },
	{ "neg-cache-size:", "256k" },
	{ "infra-cache-numhosts:", "2000" },
	{ "num-queries-per-thread:", "1024" },
	{ "so-rcvbuf:", "0" },
	{ "so-sndbuf:", "0" },
	/* Who has just corrected a record wants it seen. */
	{ "cache-max-ttl:", "60" },
	{ "cache-max-negative-ttl:", "5" },
	{ "harden-glue:", "yes" },
	{ "harden-dnssec-stripped:", "yes" },
	{ "harden-algo-downgrade:", "yes" },
	{ "harden-below-nxdomain:", "yes" },
	{ "harden-short-bufsize:", "yes" },
	{ "val-permissive-mode:", "no" },
	{ "val-clean-additional:", "yes" },
	{ "minimal-responses:", "yes" },
	{ NULL, NULL }
};

static const struct option recurse_options[] = {
	{ "qname-minimisation:", "yes" },
	{ "use-caps-for-id:", "yes" },
	/* Delegations are made by strangers. */
	{ "do-not-query-localhost:", "yes" },
	{ NULL, NULL }
};

static const struct option forward_options[] = {
	{ "do-not-query-localhost:", "no" },
	/* Milliseconds before a question is repeated, at least: the forwarder
	 * asks others, and one that is busy is not helped by more to do. */
	{ "infra-cache-min-rtt:", "400" },
	{ NULL, NULL }
};

/* Zones that unbound answers itself (RFC 6761, RFC 8375), but that a
 * forwarder in a private network may have. */
static const char *const forwarded_zones[] = {
	"test.", "invalid.", "home.arpa.", NULL
};

static void
question_free(struct question *question)
{
	event_del(&question->event);
	free(question->packet);
	free(question);
}

static void
question_end(struct question *question)
{
	*question->at = question->next;
	if (question->next != NULL)
		question->next->at = question->at;
	question_free(question);
}

/* From the loop: the answer is there, or the time is up. */
static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	struct question *question = arg;
	struct dns_answer answer;
	char name[DNS_NAME_SIZE];
	struct dns_query query = {
		span_str(question->name), question->type
	};

	(void)fd;
	(void)what;
	if (question->packet != NULL) {
		dns_message_parse(span_of(question->packet,
		    question->packet_len), &query, name, &answer);
		answer.secure = question->secure;
	} else if (question->answered) {
		answer = (struct dns_answer){ .status = question->failure,
		    .why = question->why };
	} else {
		answer = (struct dns_answer){ .status = DNS_TIMEOUT,
		    .why = "the name servers did not answer in time" };
	}
	question->answered = true;
	question->cb(question->arg, &answer);
	if (!question->with_unbound)
		question_end(question);
}

static void
on_unbound(void *arg, int rcode, void *packet, int packet_len, int sec,
    char *why_bogus, int was_ratelimited)
{
	struct question *question = arg;

	(void)was_ratelimited;
	question->with_unbound = false;
	if (question->answered) {
		question_end(question);
		return;
	}
	question->answered = true;
	question->secure = rcode == 0 && sec == SEC_SECURE;
	if (sec == SEC_BOGUS || why_bogus != NULL) {
		question->failure = DNS_BOGUS;
		question->why = "DNSSEC validation failed";
	} else if (rcode != 0 || packet == NULL || packet_len <= 0) {
		question->failure = DNS_SERVFAIL;
		question->why = "the name servers failed or refused";
	} else {
		question->packet = mem_alloc((size_t)packet_len);
		memcpy(question->packet, packet, (size_t)packet_len);
		question->packet_len = (size_t)packet_len;
	}
	event_active(&question->event, EV_TIMEOUT, 0);
}

void
dns_resolver_query(struct dns_resolver *resolver,
    const struct dns_query *query,
    void (*cb)(void *arg, const struct dns_answer *answer), void *arg)
{
	struct question *question = mem_zalloc(sizeof(*question));
	int64_t ms = query->timeout_ms > 0 && query->timeout_ms <
	    DNS_TIMEOUT_MS ? query->timeout_ms : DNS_TIMEOUT_MS;
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };
	int r = -1;

	question->resolver = resolver;
	question->type = query->type;
	question->cb = cb;
	question->arg = arg;
	question->failure = DNS_SERVFAIL;
	question->next = resolver->questions;
	question->at = &resolver->questions;
	if (question->next != NULL)
		question->next->at = &question->next;
	resolver->questions = question;
	event_assign(&question->event, loop_base(resolver->loop), -1, 0,
	    on_event, question);
	event_add(&question->event, &tv);
	if (query->name.len > 0 && query->name.len <= DNS_NAME_MAX) {
		memcpy(question->name, query->name.data, query->name.len);
		question->with_unbound = true;
		r = ub_resolve_event(resolver->ctx, question->name,
		    (int)query->type, CLASS_IN, question, on_unbound, NULL);
	}
	if (r != 0) {
		question->with_unbound = false;
		question->answered = true;
		question->why = "the question cannot be asked";
		event_active(&question->event, EV_TIMEOUT, 0);
	}
}

static int
set_options(struct ub_ctx *ctx, const struct option *options, struct err *err)
{
	for (; options->name != NULL; options++) {
		int r = ub_ctx_set_option(ctx, options->name, options->value);

		if (r != 0)
			return err_set(err, ERR_INTERNAL, NULL,
			    "libunbound refuses %s %s: %s", options->name,
			    options->value, ub_strerror(r));
	}
	return 0;
}

static unsigned
least(rlim_t a, unsigned b)
{
	return a < b ? (unsigned)a : b;
}

/* A question whose asker gave up goes on for half a minute and more, and those
 * that find no port wait behind it. Those that find no stream take the oldest
 * from another question, whose server may be about to answer. Both take
 * descriptors; fetches need some, too. */
static int
set_ports(struct ub_ctx *ctx, struct err *err)
{
	char ports[16], streams[16];
	const struct option options[] = {
		{ "outgoing-range:", ports },
		{ "outgoing-num-tcp:", streams }, { NULL, NULL }
	};
	struct rlimit limit = { .rlim_cur = RLIM_INFINITY };

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	snprintf(ports, sizeof(ports), "%u",
	    least(limit.rlim_cur / 2, PORTS_MAX));
	snprintf(streams, sizeof(streams), "%u",
	    least(limit.rlim_cur / 4, STREAMS_MAX));
	return set_options(ctx, options, err);
}

/* An address that no packet from another host can have as its source
 * (RFC 1122 3.2.1.3 (g), RFC 4291 2.5.3). */
static bool
is_loopback(const char *host, size_t len)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct in6_addr v6;
	struct in_addr v4;

	if (len >= sizeof(text))
		return false;
	memcpy(text, host, len);
	if (inet_pton(AF_INET, text, &v4) == 1)
		return ntohl(v4.s_addr) >> 24 == IN_LOOPBACKNET;
	return inet_pton(AF_INET6, text, &v6) == 1 &&
	    IN6_IS_ADDR_LOOPBACK(&v6);
}

/* A question has a port of its own that others cannot guess, and a socket
 * that takes what comes from one server only (RFC 5452 4.5). Nobody can answer
 * in the name of a server on this host, so questions to it share a few
 * ports, whose sockets stay while there are questions: a question is then one
 * packet to and one from, where it would be nine more system calls. */
static int
set_local_ports(struct ub_ctx *ctx, struct loop *loop, struct err *err)
{
	struct env env;
	char port[8];
	const struct option once[] = {
		{ "udp-connect:", "no" },
		{ "outgoing-port-avoid:", "0-65535" }, { NULL, NULL }
	};
	const struct option one[] = {
		{ "outgoing-port-permit:", port }, { NULL, NULL }
	};
	int r = set_options(ctx, once, err);

	loop_env(loop, &env);
	for (unsigned i = 0; i < LOCAL_PORTS && r == 0; i++) {
		uint16_t random;

		env_random(&env, &random, sizeof(random));
		snprintf(port, sizeof(port), "%u",
		    PORT_LEAST + random % (UINT16_MAX + 1U - PORT_LEAST));
		r = set_options(ctx, one, err);
	}
	return r;
}

/* "host:port" and "[v6]:port" become "host@port" as libunbound has it. */
static int
set_forward(struct ub_ctx *ctx, struct loop *loop, const char *forward,
    struct err *err)
{
	char addr[FORWARD_MAX + 1];
	const char *colon = strrchr(forward, ':');
	size_t len = strlen(forward);
	int r;

	if (len > FORWARD_MAX)
		return err_set(err, ERR_CONFIG, NULL,
		    "resolver: the address is too long");
	if (forward[0] == '[') {
		const char *end = strchr(forward, ']');

		if (end == NULL)
			return err_set(err, ERR_CONFIG, NULL, "resolver: "
			    "\"%s\" has no closing bracket", forward);
		snprintf(addr, sizeof(addr), "%.*s%s%s",
		    (int)(end - forward - 1), forward + 1,
		    end[1] == ':' ? "@" : "", end[1] == ':' ? end + 2 : "");
	} else if (colon != NULL && strchr(forward, ':') == colon) {
		snprintf(addr, sizeof(addr), "%.*s@%s",
		    (int)(colon - forward), forward, colon + 1);
	} else {
		memcpy(addr, forward, len + 1);
	}
	r = ub_ctx_set_fwd(ctx, addr);
	if (r != 0)
		return err_set(err, ERR_CONFIG, NULL, "resolver: \"%s\" is "
		    "not an address and port like 192.0.2.53:53", forward);
	if (is_loopback(addr, strcspn(addr, "@")))
		return set_local_ports(ctx, loop, err);
	return 0;
}

static int
set_upstream(struct ub_ctx *ctx, struct loop *loop,
    const struct dns_resolver_options *options, struct err *err)
{
	if (options->forward != NULL)
		return set_forward(ctx, loop, options->forward, err);
	/* A machine without these files resolves nothing, but runs. */
	if (options->use_system) {
		(void)ub_ctx_resolvconf(ctx, NULL);
		(void)ub_ctx_hosts(ctx, NULL);
	}
	return 0;
}

static int
anchor_error(const struct dns_resolver_options *options, struct err *err)
{
	if (options->anchor_file == NULL)
		return err_set(err, ERR_INTERNAL, NULL,
		    "libunbound does not start");
	return err_set(err, ERR_CONFIG, NULL, "trust_anchor: \"%s\" cannot "
	    "be read or has no DS or DNSKEY record; Debian's package "
	    "dns-root-data has one, /usr/share/dns/root.key",
	    options->anchor_file);
}

/* Removing a zone makes libunbound take its options and read its files, which
 * must be done before the sandbox; where there is nothing to remove, a name
 * that is no zone does. */
static int
finish_setup(struct ub_ctx *ctx, bool forwards,
    const struct dns_resolver_options *options, struct err *err)
{
	static const char *const none[] = { "none.invalid.", NULL };

	for (const char *const *zone = forwards ? forwarded_zones : none;
	    *zone != NULL; zone++)
		if (ub_ctx_zone_remove(ctx, *zone) != 0)
			return anchor_error(options, err);
	return 0;
}

/* Without an anchor everything is insecure, and to find that out took an
 * eighth of what a question costs. */
static int
set_modules(struct ub_ctx *ctx, bool validates, struct err *err)
{
	const struct option options[] = {
		{ "module-config:", validates ? "validator iterator" :
		    "iterator" }, { NULL, NULL }
	};

	return set_options(ctx, options, err);
}

static int
setup(struct ub_ctx *ctx, struct loop *loop,
    const struct dns_resolver_options *options, struct err *err)
{
	bool forwards = options->forward != NULL || options->use_system;
	int r;

	/* Answers say what failed; libunbound need not write about it. */
	ub_ctx_debugout(ctx, NULL);
	r = set_options(ctx, common_options, err);
	if (r == 0)
		r = set_modules(ctx, options->anchor_file != NULL, err);
	if (r == 0)
		r = set_ports(ctx, err);
	if (r == 0)
		r = set_options(ctx, forwards ? forward_options :
		    recurse_options, err);
	if (r == 0)
		r = set_upstream(ctx, loop, options, err);
	if (r < 0)
		return r;
	if (options->anchor_file != NULL &&
	    ub_ctx_add_ta_file(ctx, options->anchor_file) != 0)
		return anchor_error(options, err);
	return finish_setup(ctx, forwards, options, err);
}

int
dns_resolver_new(struct loop *loop,
    const struct dns_resolver_options *options, struct dns_resolver **ret,
    struct err *err)
{
	struct dns_resolver *resolver = mem_zalloc(sizeof(*resolver));
	int r;

	*ret = NULL;
	resolver->loop = loop;
	resolver->ctx = ub_ctx_create_event(loop_base(loop));
	if (resolver->ctx == NULL) {
		free(resolver);
		return err_set(err, ERR_INTERNAL, NULL,
		    "libunbound does not start");
	}
	r = setup(resolver->ctx, loop, options, err);
	if (r < 0) {
		dns_resolver_free(resolver);
		return r;
	}
	*ret = resolver;
	return 0;
}

void
dns_resolver_free(struct dns_resolver *resolver)
{
	struct question *question, *next;

	if (resolver == NULL)
		return;
	ub_ctx_delete(resolver->ctx);
	for (question = resolver->questions; question != NULL;
	    question = next) {
		next = question->next;
		question_free(question);
	}
	free(resolver);
}
