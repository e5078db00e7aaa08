/* SPDX-License-Identifier: Apache-2.0 */
#include "validator/caa_climb.h"

#include "base/mem.h"
#include "dns/dns_resolver.h"

struct climb {
	const struct env *env;
	struct span name; /* what is asked now: the rest of the first one */
	struct caa_request request;
	int64_t deadline;
	struct err result;
	void (*done)(void *arg, const struct err *err);
	void *arg;
};

static void ask(struct climb *climb);

static void
finish(struct climb *climb)
{
	climb->done(climb->arg, &climb->result);
}

static void
fail(struct climb *climb, const char *rule, const char *why)
{
	err_set(&climb->result, ERR_DNS, rule, "looking up CAA records of "
	    "%.*s: %s", SPAN_FMT(climb->name), why);
	finish(climb);
}

/* Empty at this level: RFC 8659 3, Parent(X); true at the root. */
static bool
climb_up(struct climb *climb)
{
	const uint8_t *dot = memchr(climb->name.data, '.', climb->name.len);

	if (dot == NULL)
		return true;
	climb->name = span_from(climb->name,
	    (size_t)(dot - climb->name.data) + 1);
	return climb->name.len == 0;
}

static void
on_answer(void *arg, const struct dns_answer *answer)
{
	struct climb *climb = arg;

	switch (answer->status) {
	case DNS_OK:
	case DNS_NXDOMAIN:
		break;
	case DNS_BOGUS:
		fail(climb, "BR 3.2.2.8.1", "DNSSEC validation failed; correct "
		    "the zone's signatures");
		return;
	case DNS_SERVFAIL:
	case DNS_TIMEOUT:
		fail(climb, "RFC 8659 6.2", answer->why != NULL ?
		    answer->why : "the name servers do not answer");
		return;
	}
	if (answer->status == DNS_OK && answer->count > 0) {
		caa_check(answer->rdata, answer->count, climb->name,
		    &climb->request, &climb->result);
		finish(climb);
	} else if (climb_up(climb)) {
		finish(climb); /* no record set at all permits */
	} else if (env_now(climb->env) >= climb->deadline) {
		fail(climb, "RFC 8659 6.1", "it took too long");
	} else {
		ask(climb);
	}
}

static void
ask(struct climb *climb)
{
	struct dns_query query = {
		.name = climb->name,
		.type = DNS_CAA,
		.timeout_ms = climb->deadline - env_now(climb->env),
	};

	climb->env->resolve(climb->env->ctx, &query, on_answer, climb);
}

void
caa_climb(const struct env *env, struct span name,
    const struct caa_request *request, struct arena *arena,
    void (*done)(void *arg, const struct err *err), void *arg)
{
	struct climb *climb = arena_alloc(arena, sizeof(*climb));

	*climb = (struct climb){ .env = env };
	climb->name = name;
	climb->request = *request;
	climb->deadline = env_now(env) + CAA_CLIMB_TOTAL_MS;
	climb->done = done;
	climb->arg = arg;
	ask(climb);
}
