/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probe/probe.h"

#include <stdio.h>

#include "agent/probe/probe_private.h"
#include "base/text.h"
#include "validator/caa_climb.h"

static struct span
printable(struct arena *arena, const char *text)
{
	size_t size = 4 * strlen(text) + 1;
	char *out = arena_alloc(arena, size);

	text_printable(out, size < PROBE_TEXT_MAX ? size : PROBE_TEXT_MAX,
	    span_str(text));
	return span_str(out);
}

void
probe_find(struct probe *probe, enum probe_topic topic,
    enum probe_level level, const char *subject, const char *remedy,
    const char *fmt, ...)
{
	char text[PROBE_TEXT_MAX];
	struct probe_finding finding = { .topic = topic, .level = level };
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	finding.subject = printable(&probe->arena, subject);
	finding.text = printable(&probe->arena, text);
	finding.remedy = printable(&probe->arena, remedy == NULL ? "" :
	    remedy);
	probe->ops->find(probe->ctx, &finding);
}

void
probe_part_done(struct probe *probe)
{
	if (--probe->open == 0)
		probe->ops->done(probe->ctx);
}

static const char *
name_of(struct probe *probe)
{
	return arena_str(&probe->arena, probe->check.ident.value);
}

static void
take_address(struct probe *probe, const struct ip_addr *address)
{
	char text[IP_ADDR_TEXT_SIZE];
	struct err err = ERR_INIT;

	ip_addr_text(text, address);
	probe->num_addresses++;
	if (ip_range_check(address, NULL, 0, &err) < 0)
		probe_find(probe, PROBE_DNS, PROBE_WARNING, text, "let the "
		    "name point at the public address, or use a CA inside "
		    "your network, or --via with DNS", "a public CA cannot "
		    "reach it: %s", err.text);
	else
		probe_find(probe, PROBE_DNS, PROBE_GOOD, text, NULL,
		    "%s points there", name_of(probe));
	if (probe->check.http_port == 0)
		return;
	probe->open++;
	probe_http(probe, address);
}

static void
say_lookup_failed(struct probe *probe, enum dns_type type,
    const struct dns_answer *answer)
{
	const char *record = type == DNS_A ? "A" : "AAAA";

	probe->failed_lookup = true;
	if (answer->status == DNS_BOGUS)
		probe_find(probe, PROBE_DNSSEC, PROBE_PROBLEM, name_of(probe),
		    "sign the zone anew, or remove the DS record at the "
		    "registrar", "the zone's DNSSEC signatures are wrong: "
		    "every CA will refuse it");
	else
		probe_find(probe, PROBE_DNS, PROBE_PROBLEM, name_of(probe),
		    "see that its name servers answer; they are asked "
		    "directly, as CAs do: if port 53 is closed from here to "
		    "the Internet, name a resolver with --resolver",
		    "looking up %s records: %s", record, answer->why == NULL ?
		    "no answer" : answer->why);
}

static void
finish_dns(struct probe *probe)
{
	if (probe->num_addresses == 0 && !probe->failed_lookup)
		probe_find(probe, PROBE_DNS, probe->check.http_port == 0 ?
		    PROBE_NOTE : PROBE_PROBLEM, name_of(probe),
		    "let an A or AAAA record point to this machine; what was "
		    "changed just now may take a while to be seen; where only "
		    "your own DNS server knows the name, give it with "
		    "--resolver", "the name has no address");
	if (probe->failed_lookup || !probe->validates)
		return;
	if (probe->secure)
		probe_find(probe, PROBE_DNSSEC, PROBE_GOOD, name_of(probe),
		    NULL, "signed, and the signatures are right");
	else
		probe_find(probe, PROBE_DNSSEC, PROBE_NOTE, name_of(probe),
		    NULL, "not signed with DNSSEC, which CAs do not demand");
}

static void
take_answer(struct probe *probe, enum dns_type type,
    const struct dns_answer *answer)
{
	size_t size = type == DNS_A ? 4 : 16;
	struct ip_addr address;

	if (answer->status != DNS_OK && answer->status != DNS_NXDOMAIN) {
		say_lookup_failed(probe, type, answer);
		return;
	}
	probe->secure = answer->secure;
	for (size_t i = 0; answer->status == DNS_OK && i < answer->count &&
	    i < PROBE_ADDRESSES_MAX; i++) {
		if (answer->rdata[i].len != size)
			continue;
		address = (struct ip_addr){ .size = (uint8_t)size };
		memcpy(address.bytes, answer->rdata[i].data, size);
		take_address(probe, &address);
	}
}

static void
on_v6(void *arg, const struct dns_answer *answer)
{
	struct probe *probe = arg;

	take_answer(probe, DNS_AAAA, answer);
	finish_dns(probe);
	probe_part_done(probe);
}

static void
resolve(struct probe *probe, enum dns_type type,
    void (*cb)(void *arg, const struct dns_answer *answer))
{
	const struct dns_query query = { .name = probe->check.ident.value,
		.type = type };

	probe->env->resolve(probe->env->ctx, &query, cb, probe);
}

static void
on_v4(void *arg, const struct dns_answer *answer)
{
	struct probe *probe = arg;

	take_answer(probe, DNS_A, answer);
	resolve(probe, DNS_AAAA, on_v6);
}

static void ask_caa(struct probe *probe);

static void
on_caa(void *arg, const struct err *err)
{
	struct probe *probe = arg;
	const struct judge_probe_check *check = &probe->check;

	/* Any name of the CA will do. */
	if (err->kind == ERR_CAA && ++probe->issuer < check->num_issuers) {
		ask_caa(probe);
		return;
	}
	if (err->kind == ERR_NONE)
		probe_find(probe, PROBE_CAA, PROBE_GOOD, name_of(probe), NULL,
		    "CAA records permit this CA (%.*s)",
		    SPAN_FMT(check->issuers[probe->issuer]));
	else
		probe_find(probe, PROBE_CAA, PROBE_PROBLEM, name_of(probe),
		    err->kind == ERR_CAA ? "add a CAA record that permits it, "
		    "or use another CA (--ca)" : "every CA must be able to "
		    "ask: see that the name servers answer questions for CAA, "
		    "even with none", "%s", err->text);
	probe_part_done(probe);
}

static void
ask_caa(struct probe *probe)
{
	struct caa_request *request = arena_alloc(&probe->arena,
	    sizeof(*request));

	*request = (struct caa_request){
		.identity = probe->check.issuers[probe->issuer],
		.wildcard = probe->check.wildcard };
	request->method = probe->check.http_port != 0 ? SPAN_LIT("http-01") :
	    SPAN_LIT("dns-01");
	caa_climb(probe->env, probe->check.ident.value, request,
	    &probe->arena, on_caa, probe);
}

static void
copy_check(struct probe *probe, const struct judge_probe_check *check)
{
	struct judge_probe_check *own = &probe->check;
	struct arena *arena = &probe->arena;

	*own = *check;
	own->ident.value = arena_dup(arena, check->ident.value);
	own->token = arena_dup(arena, check->token);
	own->key_authorization = arena_dup(arena, check->key_authorization);
	own->ca_url = arena_dup(arena, check->ca_url);
	for (size_t i = 0; i < check->num_issuers; i++)
		own->issuers[i] = arena_dup(arena, check->issuers[i]);
}

static void
on_start(void *arg)
{
	struct probe *probe = arg;
	struct ip_addr address;

	if (probe->check.num_issuers > 0 &&
	    probe->check.ident.type == IDENT_DNS) {
		probe->open++;
		ask_caa(probe);
	}
	if (probe->check.ca_url.len > 0) {
		probe->open++;
		probe_clock(probe);
	}
	if (probe->check.ident.type == IDENT_DNS) {
		resolve(probe, DNS_A, on_v4);
		return;
	}
	if (ip_addr_parse(probe->check.ident.value, &address) == 0)
		take_address(probe, &address);
	probe_part_done(probe);
}

struct probe *
probe_start(const struct env *env, const struct judge_probe_check *check,
    bool validates, const struct probe_ops *ops, void *ctx)
{
	struct probe *probe = mem_zalloc(sizeof(*probe));

	probe->env = env;
	probe->ops = ops;
	probe->ctx = ctx;
	probe->validates = validates;
	copy_check(probe, check);
	probe->open = 1;
	env->timer_start(env->ctx, 0, on_start, probe);
	return probe;
}

void
probe_free(struct probe *probe)
{
	if (probe == NULL)
		return;
	arena_free(&probe->arena);
	free(probe);
}
