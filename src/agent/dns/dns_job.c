/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dns/dns_job.h"

#include <stdio.h>

#include "agent/dns/persist.h"
#include "base/mem.h"

/* One address of one name server, and what it showed last. */
struct looked {
	struct dns_job *job;
	struct exchange *exchange;
	bool has;
	bool unreachable; /* from here, for a reason of this host's */
	char why[64];
};

struct dns_job {
	struct zone_world world;
	const struct judge_dns_request *request;
	const struct tsig_key *key;
	char name[DNS_NAME_SIZE];
	struct zone zone;
	struct zone_find *find;
	struct exchange *update;
	struct tsig_mac mac;
	size_t next_primary;         /* in zone.addresses */
	struct exchange_address server;
	struct looked looked[ZONE_ADDRESSES_MAX];
	size_t open;                 /* questions of this round */
	int64_t give_up_at, wait_ms;
	struct env_timer *timer;
	int64_t persist_until_s;
	void (*done)(void *ctx, struct dns_job *job,
	    const struct judge_dns_answer *answer);
	void *ctx;
};

static void start_update(struct dns_job *job);
static void start_round(void *arg);

void
dns_job_cancel(struct dns_job *job)
{
	if (job == NULL)
		return;
	zone_find_cancel(job->find);
	exchange_cancel(job->update);
	for (size_t i = 0; i < ZONE_ADDRESSES_MAX; i++)
		exchange_cancel(job->looked[i].exchange);
	if (job->timer != NULL)
		job->world.env->timer_cancel(job->world.env->ctx, job->timer);
	free(job);
}

static void
finish(struct dns_job *job, const struct err *err)
{
	struct judge_dns_answer answer = { .type = err->kind == ERR_NONE ?
	    JUDGE_DNS_DONE : JUDGE_DNS_REFUSED,
	    .name = span_str(job->zone.name),
	    .persist_until_s = job->persist_until_s, .err = *err };

	job->done(job->ctx, job, &answer);
	dns_job_cancel(job);
}

static const char *
ns_name(const struct dns_job *job, size_t i)
{
	return job->zone.names[job->zone.addresses[i].ns];
}

/* A name server that the zone lists; a hidden primary is none. */
static bool
is_listed(const struct dns_job *job, size_t i)
{
	return job->zone.addresses[i].ns < job->zone.num_ns;
}

static void
finish_waited(struct dns_job *job)
{
	char address[EXCHANGE_ADDRESS_SIZE];
	size_t has = 0, lags = 0, first = 0;
	struct err err = ERR_INIT;

	for (size_t i = 0; i < job->zone.num_addresses; i++) {
		if (!is_listed(job, i))
			continue;
		if (job->looked[i].has)
			has++;
		else if (!job->looked[i].unreachable && lags++ == 0)
			first = i;
	}
	if (lags > 0) {
		exchange_address_text(&job->zone.addresses[first].address,
		    address);
		err_set(&err, ERR_DNS, NULL, "the name server %s (%s) of %s "
		    "%s%s; %zu of %zu servers have it, waited %u s",
		    ns_name(job, first), address, job->zone.zone,
		    job->looked[first].why[0] == '\0' ?
		    "does not show the record for " : job->looked[first].why,
		    job->looked[first].why[0] == '\0' ? job->zone.name : "",
		    has, has + lags, job->request->wait_s);
	} else if (has == 0) {
		err_set(&err, ERR_DNS, NULL, "no name server of %s can be "
		    "reached from this host", job->zone.zone);
	}
	finish(job, &err);
}

static void
end_round(struct dns_job *job)
{
	int64_t now = env_now(job->world.env);
	size_t lags = 0;

	for (size_t i = 0; i < job->zone.num_addresses; i++)
		lags += is_listed(job, i) && !job->looked[i].has &&
		    !job->looked[i].unreachable;
	if (lags == 0 || now + job->wait_ms > job->give_up_at) {
		finish_waited(job);
		return;
	}
	job->timer = job->world.env->timer_start(job->world.env->ctx,
	    job->wait_ms, start_round, job);
	if (job->request->interval_s == 0)
		job->wait_ms = job->wait_ms * 2 > DNS_JOB_LAST_WAIT_MS ?
		    DNS_JOB_LAST_WAIT_MS : job->wait_ms * 2;
}

static bool
is_wanted(struct dns_job *job, struct span value)
{
	struct persist_record record;

	if (job->request->type != JUDGE_DNS_PERSIST)
		return span_equal(value, job->request->value);
	if (persist_parse(value, &record) < 0 || !persist_matches(&record,
	    job->request, env_now(job->world.env) / 1000))
		return false;
	/* What ends first counts; 0 never ends. */
	if (record.until_s != 0 && (job->persist_until_s == 0 ||
	    record.until_s < job->persist_until_s))
		job->persist_until_s = record.until_s;
	return true;
}

static bool
shows_it(struct dns_job *job, const struct packet *answer)
{
	struct packet_walk walk = { .packet = answer };
	struct packet_record record;
	uint8_t text[PACKET_TXT_MAX];
	size_t len;

	while (packet_next(&walk, &record) > 0) {
		if (record.section == PACKET_ANSWER &&
		    record.type == PACKET_TXT &&
		    strcmp(record.owner, job->zone.name) == 0 &&
		    packet_record_txt(&record, text, &len) == 0 &&
		    is_wanted(job, span_of(text, len)))
			return true;
	}
	return false;
}

static void
on_look(void *ctx, const struct packet *answer, const struct err *err)
{
	struct looked *looked = ctx;
	struct dns_job *job = looked->job;

	looked->exchange = NULL;
	looked->why[0] = '\0';
	if (answer == NULL) {
		looked->unreachable = err->kind == ERR_CONNECTION;
		snprintf(looked->why, sizeof(looked->why), "fails: %.50s",
		    err->text);
	} else if (answer->rcode == PACKET_NOERROR &&
	    shows_it(job, answer)) {
		looked->has = true;
	} else if (answer->rcode != PACKET_NOERROR &&
	    answer->rcode != PACKET_NXDOMAIN) {
		snprintf(looked->why, sizeof(looked->why), "answers %s",
		    packet_rcode_name(answer->rcode));
	}
	if (--job->open == 0)
		end_round(job);
}

static void
look(struct dns_job *job, size_t i)
{
	struct bld message;
	uint16_t id;

	env_random(job->world.env, &id, sizeof(id));
	bld_init(&message, PACKET_MAX);
	packet_put_question(&message, id, false, job->zone.name, PACKET_TXT);
	job->looked[i].job = job;
	job->looked[i].exchange = exchange_start(job->world.loop,
	    job->world.env, &job->zone.addresses[i].address,
	    bld_view(&message), false, on_look, &job->looked[i]);
	job->open++;
	bld_free(&message);
}

static void
start_round(void *arg)
{
	struct dns_job *job = arg;

	job->timer = NULL;
	for (size_t i = 0; i < job->zone.num_addresses; i++) {
		if (is_listed(job, i) && !job->looked[i].has &&
		    !job->looked[i].unreachable)
			look(job, i);
	}
	if (job->open == 0)
		finish_waited(job);
}

/* RFC 2136 2.2: what the server says, in words. */
static int
say_refusal(const struct dns_job *job, unsigned rcode, struct err *err)
{
	char address[EXCHANGE_ADDRESS_SIZE];

	exchange_address_text(&job->server, address);
	if (rcode == PACKET_REFUSED)
		return err_set(err, ERR_DNS, "RFC 2136 3.3", "the server %s "
		    "refuses to change %s; permit it there (BIND: "
		    "update-policy { grant %s name %s TXT; };)", address,
		    job->zone.name, job->key != NULL ? job->key->name :
		    "KEY", job->zone.name);
	if (rcode == PACKET_NOTAUTH || rcode == PACKET_NOTZONE)
		return err_set(err, ERR_DNS, "RFC 2136 3.1.1", "the server %s "
		    "is not the primary of %s; name it with server=ADDRESS",
		    address, job->zone.zone);
	return err_set(err, ERR_DNS, "RFC 2136 2.2", "the server %s did not "
	    "change %s: %s", address, job->zone.name,
	    packet_rcode_name(rcode));
}

static void
on_updated(void *ctx, const struct packet *answer, const struct err *err)
{
	char address[EXCHANGE_ADDRESS_SIZE];
	struct dns_job *job = ctx;
	struct err why = *err;
	int r = 0;

	job->update = NULL;
	exchange_address_text(&job->server, address);
	if (answer == NULL && job->request->server.len == 0 &&
	    job->next_primary < job->zone.num_addresses) {
		start_update(job);
		return;
	}
	if (answer == NULL)
		r = err_prefix(&why, "the update could not be sent to the "
		    "primary of %s, %s", job->zone.zone, address);
	else if (job->key != NULL)
		r = tsig_verify(answer, job->key, &job->mac,
		    env_now(job->world.env) / 1000, &why);
	if (r == 0 && answer != NULL && answer->rcode != PACKET_NOERROR)
		r = say_refusal(job, answer->rcode, &why);
	if (r < 0 || job->request->type == JUDGE_DNS_REMOVE)
		finish(job, &why);
	else
		start_round(job);
}

static int
send_update(struct dns_job *job, struct err *err)
{
	struct bld message;
	uint16_t id;
	int r = 0;

	env_random(job->world.env, &id, sizeof(id));
	bld_init(&message, PACKET_MAX);
	packet_put_update(&message, id, job->zone.zone, job->zone.name,
	    job->request->value, job->request->type == JUDGE_DNS_REMOVE);
	if (job->key != NULL)
		r = tsig_sign(&message, job->key,
		    env_now(job->world.env) / 1000, &job->mac, err);
	if (r == 0)
		job->update = exchange_start(job->world.loop, job->world.env,
		    &job->server, bld_view(&message), true, on_updated, job);
	bld_free(&message);
	return r;
}

/* To the server that the request names, else to the primary's addresses, one
 * after the other. */
static void
start_update(struct dns_job *job)
{
	struct err err = ERR_INIT;
	const struct zone *zone = &job->zone;
	int r = 0;

	if (job->request->server.len > 0) {
		r = exchange_address_parse(job->request->server,
		    job->world.port, &job->server, &err);
	} else {
		while (job->next_primary < zone->num_addresses &&
		    zone->addresses[job->next_primary].ns != zone->primary)
			job->next_primary++;
		if (job->next_primary == zone->num_addresses)
			r = err_set(&err, ERR_DNS, NULL, "the primary %s of "
			    "%s has no address that works; name one with "
			    "server=ADDRESS", zone->names[zone->primary],
			    zone->zone);
		else
			job->server =
			    zone->addresses[job->next_primary++].address;
	}
	if (r == 0)
		r = send_update(job, &err);
	if (r < 0)
		finish(job, &err);
}

static void
on_zone(void *ctx, const struct zone *zone, const struct err *err)
{
	struct dns_job *job = ctx;

	job->find = NULL;
	if (zone == NULL) {
		finish(job, err);
		return;
	}
	job->zone = *zone;
	if (job->request->type == JUDGE_DNS_ALIAS)
		finish(job, err);
	else if (job->request->type == JUDGE_DNS_ADD ||
	    job->request->type == JUDGE_DNS_REMOVE)
		start_update(job);
	else
		start_round(job);
}

static void
on_bad(void *arg)
{
	struct dns_job *job = arg;
	struct err err = ERR_INIT;

	job->timer = NULL;
	if (!packet_name_check(job->name))
		err_set(&err, ERR_DNS, "RFC 1035 2.3.4", "%s is no name that "
		    "DNS can have", job->name);
	else if (job->world.num_resolvers == 0)
		err_set(&err, ERR_CONFIG, NULL, "there is no resolver in "
		    "/etc/resolv.conf; name one with resolver=ADDRESS");
	else
		exchange_address_parse(job->request->resolver, 53,
		    &job->world.resolvers[0], &err);
	finish(job, &err);
}

struct dns_job *
dns_job_start(const struct zone_world *world,
    const struct judge_dns_request *request, const struct tsig_key *key,
    void (*done)(void *ctx, struct dns_job *job,
    const struct judge_dns_answer *answer), void *ctx)
{
	struct dns_job *job = mem_zalloc(sizeof(*job));
	bool good = true;

	job->world = *world;
	job->world.port = request->port != 0 ? request->port : 53;
	job->request = request;
	job->key = key;
	job->done = done;
	job->ctx = ctx;
	job->wait_ms = request->interval_s > 0 ?
	    (int64_t)request->interval_s * 1000 : DNS_JOB_FIRST_WAIT_MS;
	job->give_up_at = env_now(world->env) +
	    (int64_t)request->wait_s * 1000;
	snprintf(job->name, sizeof(job->name), "%.*s",
	    SPAN_FMT(request->name));
	if (request->resolver.len > 0) {
		job->world.num_resolvers = 1;
		good = exchange_address_parse(request->resolver, 53,
		    &job->world.resolvers[0], NULL) == 0;
	}
	if (good && packet_name_check(job->name) &&
	    job->world.num_resolvers > 0)
		job->find = zone_find_start(&job->world, job->name, on_zone,
		    job);
	else
		job->timer = world->env->timer_start(world->env->ctx, 0,
		    on_bad, job);
	return job;
}
