/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dns/zone.h"

#include <stdio.h>

#include "base/mem.h"

#define QUESTIONS_MAX 200 /* of one search: labels, aliases, servers */

enum step { STEP_SOA = 1, STEP_NS, STEP_ADDRESS };

struct zone_find {
	struct zone_world world;
	struct zone zone;
	enum step step;
	char asked[DNS_NAME_SIZE];
	enum packet_type type;
	size_t resolver, tries;     /* which is asked, how many were */
	size_t questions, aliases;
	size_t next;                /* STEP_ADDRESS: 2 * name + (AAAA) */
	struct exchange *exchange;
	void (*done)(void *ctx, const struct zone *zone,
	    const struct err *err);
	void *ctx;
};

static void ask_again(struct zone_find *find);

void
zone_find_cancel(struct zone_find *find)
{
	if (find == NULL)
		return;
	exchange_cancel(find->exchange);
	free(find);
}

static void
finish(struct zone_find *find, const struct err *err)
{
	find->done(find->ctx, err->kind == ERR_NONE ? &find->zone : NULL, err);
	zone_find_cancel(find);
}

static void
set_question(struct zone_find *find, const char *name, enum packet_type type)
{
	/* name may be find's own. */
	memmove(find->asked, name, strlen(name) + 1);
	find->type = type;
	find->tries = 0;
}

static void
ask(struct zone_find *find, const char *name, enum packet_type type)
{
	set_question(find, name, type);
	ask_again(find);
}

static bool
is_within(const char *name, const char *zone)
{
	size_t len = strlen(name), tail = strlen(zone);

	if (tail == 0)
		return true;
	return len >= tail && strcmp(name + len - tail, zone) == 0 &&
	    (len == tail || name[len - tail - 1] == '.');
}

static size_t
add_name(struct zone *zone, const char *name)
{
	for (size_t i = 0; i < zone->num_names; i++) {
		if (strcmp(zone->names[i], name) == 0)
			return i;
	}
	snprintf(zone->names[zone->num_names], DNS_NAME_SIZE, "%s", name);
	return zone->num_names++;
}

/* Follows the aliases that an answer shows, then its SOA. 1 if the zone is
 * found, and *ret_primary is the server that SOA names. */
static int
read_soa(struct zone_find *find, const struct packet *answer,
    char ret_primary[DNS_NAME_SIZE])
{
	struct packet_walk walk = { .packet = answer };
	struct packet_record record;
	struct zone *zone = &find->zone;
	bool climbing = strcmp(find->asked, zone->name) != 0;
	int r;

	while ((r = packet_next(&walk, &record)) > 0) {
		if (record.type == PACKET_CNAME && !climbing &&
		    record.section == PACKET_ANSWER &&
		    strcmp(record.owner, zone->name) == 0) {
			if (++find->aliases > ZONE_ALIASES_MAX ||
			    packet_record_name(answer, &record, zone->name) < 0)
				return -(int)ERR_MALFORMED;
		} else if (record.type == PACKET_SOA &&
		    record.section != PACKET_ADDITIONAL &&
		    is_within(zone->name, record.owner)) {
			if (packet_record_name(answer, &record,
			    ret_primary) < 0 ||
			    !packet_name_check(record.owner))
				return -(int)ERR_MALFORMED;
			snprintf(zone->zone, DNS_NAME_SIZE, "%s",
			    record.owner);
			return 1;
		}
	}
	return r;
}

static void
take_soa(struct zone_find *find, const struct packet *answer)
{
	struct err err = ERR_INIT;
	char primary[DNS_NAME_SIZE], before[DNS_NAME_SIZE];
	const char *dot;
	int r;

	memcpy(before, find->zone.name, sizeof(before));
	r = read_soa(find, answer, primary);
	if (r < 0) {
		err_set(&err, ERR_DNS, NULL, "the aliases of %s lead nowhere",
		    find->asked);
		finish(find, &err);
	} else if (r > 0) {
		/* Kept for after the name servers. */
		snprintf(find->zone.names[ZONE_NS_MAX], DNS_NAME_SIZE, "%s",
		    primary);
		find->step = STEP_NS;
		ask(find, find->zone.zone, PACKET_NS);
	} else if (strcmp(before, find->zone.name) != 0) {
		ask(find, find->zone.name, PACKET_SOA);
	} else {
		/* A resolver that leaves the SOA out of empty answers. */
		dot = strchr(find->asked, '.');
		if (dot != NULL) {
			ask(find, dot + 1, PACKET_SOA);
			return;
		}
		err_set(&err, ERR_DNS, NULL, "no zone was found for %s; is it "
		    "registered, and does the resolver know it?",
		    find->zone.name);
		finish(find, &err);
	}
}

static void
next_address(struct zone_find *find)
{
	struct err err = ERR_INIT;

	if (find->next < 2 * find->zone.num_names) {
		ask(find, find->zone.names[find->next / 2],
		    find->next % 2 == 0 ? PACKET_A : PACKET_AAAA);
		return;
	}
	if (find->zone.num_addresses == 0)
		err_set(&err, ERR_DNS, NULL, "none of the %zu name servers of "
		    "%s has an address", find->zone.num_ns, find->zone.zone);
	finish(find, &err);
}

static void
take_ns(struct zone_find *find, const struct packet *answer)
{
	struct packet_walk walk = { .packet = answer };
	struct zone *zone = &find->zone;
	char name[DNS_NAME_SIZE], primary[DNS_NAME_SIZE];
	struct packet_record record;

	memcpy(primary, zone->names[ZONE_NS_MAX], sizeof(primary));
	while (packet_next(&walk, &record) > 0 &&
	    zone->num_names < ZONE_NS_MAX) {
		if (record.section == PACKET_ANSWER &&
		    record.type == PACKET_NS &&
		    packet_record_name(answer, &record, name) == 0)
			add_name(zone, name);
	}
	zone->num_ns = zone->num_names;
	zone->primary = add_name(zone, primary);
	find->step = STEP_ADDRESS;
	next_address(find);
}

static void
take_address(struct zone_find *find, const struct packet *answer)
{
	struct packet_walk walk = { .packet = answer };
	struct zone *zone = &find->zone;
	struct packet_record record;
	bool is6 = find->type == PACKET_AAAA;

	while (packet_next(&walk, &record) > 0 &&
	    zone->num_addresses < ZONE_ADDRESSES_MAX) {
		struct zone_address *to =
		    &zone->addresses[zone->num_addresses];

		if (record.section != PACKET_ANSWER ||
		    record.type != find->type ||
		    record.rdata.len != (is6 ? 16 : 4))
			continue;
		to->ns = find->next / 2;
		exchange_address_raw(is6 ? AF_INET6 : AF_INET,
		    record.rdata.data, find->world.port, &to->address);
		zone->num_addresses++;
	}
	find->next++;
	next_address(find);
}

/* An answer that is none: the next resolver may have one. */
static void
try_next(struct zone_find *find, const char *why)
{
	char text[EXCHANGE_ADDRESS_SIZE];
	struct err err = ERR_INIT;

	exchange_address_text(&find->world.resolvers[find->resolver], text);
	if (++find->tries < find->world.num_resolvers) {
		find->resolver = (find->resolver + 1) %
		    find->world.num_resolvers;
		ask_again(find);
	} else if (find->step == STEP_ADDRESS) {
		/* That one server has no address is not the end. */
		find->next++;
		next_address(find);
	} else {
		err_set(&err, ERR_DNS, NULL, "the resolver %s does not tell "
		    "the zone of %s: %s", text, find->asked, why);
		finish(find, &err);
	}
}

static void
on_answer(void *ctx, const struct packet *answer, const struct err *err)
{
	struct zone_find *find = ctx;

	find->exchange = NULL;
	if (answer == NULL)
		try_next(find, err->text);
	else if (answer->rcode != PACKET_NOERROR &&
	    answer->rcode != PACKET_NXDOMAIN)
		try_next(find, packet_rcode_name(answer->rcode));
	else if (find->step == STEP_SOA)
		take_soa(find, answer);
	else if (find->step == STEP_NS)
		take_ns(find, answer);
	else
		take_address(find, answer);
}

static void
send_question(struct zone_find *find)
{
	struct bld message;
	uint16_t id;

	find->questions++;
	env_random(find->world.env, &id, sizeof(id));
	bld_init(&message, PACKET_MAX);
	packet_put_question(&message, id, true, find->asked, find->type);
	find->exchange = exchange_start(find->world.loop, find->world.env,
	    &find->world.resolvers[find->resolver], bld_view(&message), false,
	    on_answer, find);
	bld_free(&message);
}

static void
ask_again(struct zone_find *find)
{
	struct err err = ERR_INIT;

	if (find->questions < QUESTIONS_MAX) {
		send_question(find);
		return;
	}
	err_set(&err, ERR_DNS, NULL, "the zone of %s takes more than %d "
	    "questions to find", find->zone.name, QUESTIONS_MAX);
	finish(find, &err);
}

struct zone_find *
zone_find_start(const struct zone_world *world, const char *name,
    void (*done)(void *ctx, const struct zone *zone, const struct err *err),
    void *ctx)
{
	struct zone_find *find = mem_zalloc(sizeof(*find));

	find->world = *world;
	find->step = STEP_SOA;
	find->done = done;
	find->ctx = ctx;
	snprintf(find->zone.name, DNS_NAME_SIZE, "%s", name);
	set_question(find, name, PACKET_SOA);
	send_question(find);
	return find;
}
