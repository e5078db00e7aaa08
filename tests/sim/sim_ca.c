/* SPDX-License-Identifier: Apache-2.0 */
#include "sim_ca.h"

#include <assert.h>
#include <stdio.h>

#include "core/core.h"
#include "signer/signer.h"
#include "sim_signer.h"
#include "store/store_sqlite.h"
#include "validator/validator.h"
#include "web/web.h"

#define HOST "ca.test"
#define HOP_MS 20            /* a frame takes less */
#define NET_MS 200           /* a request or answer takes less */
#define RESTART_MS 2000      /* a dead process comes back before */
#define LOST_PERCENT 2       /* of requests and answers */
#define BOOT_ID "00000000-0000-0000-0000-000000000000"

struct wire_frame {
	enum sim_process to;
	enum sim_process other; /* the end that is not core */
	uint32_t epoch;
	uint16_t type;
	uint64_t id;
	uint8_t payload[];
};

struct wire_request {
	size_t client;
	char method[8];
	char path[SIM_URL_MAX];
	uint8_t body[];
};

struct wire_answer {
	size_t client;
	int status;
	char nonce[128];
	char location[SIM_URL_MAX];
	int64_t retry_after_s;
	uint8_t body[];
};

static void start(struct sim_ca *ca, enum sim_process process);

static void
must(struct sim_ca *ca, int r, const struct err *err, const char *what)
{
	if (r < 0 && ca->trouble[0] == '\0')
		snprintf(ca->trouble, sizeof(ca->trouble), "%s: %.400s", what,
		    err->text);
}

/*
 * Links between core and the others.
 */

static void
on_frame(void *arg, const void *data, size_t data_len)
{
	struct sim_ca *ca = arg;
	const struct wire_frame *frame = data;
	struct span payload = span_of(frame->payload,
	    data_len - sizeof(*frame));
	struct err err = ERR_INIT;
	int r = 0;

	if (!ca->alive[frame->to] ||
	    frame->epoch != ca->link_epoch[frame->other])
		return;
	if (frame->to == SIM_WEB)
		r = web_core_answered(ca->web, frame->type, frame->id,
		    payload, &err);
	else if (frame->to == SIM_VALIDATOR)
		r = sim_validator_frame(ca, frame->type, frame->id, payload,
		    &err);
	else if (frame->to == SIM_SIGNER)
		r = sim_signer_frame(ca, frame->type, frame->id, payload,
		    &err);
	else if (frame->other == SIM_WEB)
		r = core_web_request(ca->core, ca->web_peer, frame->id,
		    frame->type, payload, &err);
	else if (frame->other == SIM_VALIDATOR)
		r = core_validator_answer(ca->core, 0, frame->id, frame->type,
		    payload, &err);
	else
		r = core_signer_answer(ca->core, frame->id, frame->type,
		    payload, &err);
	must(ca, r, &err, "a frame was refused");
}

void
sim_ca_frame(struct sim_ca *ca, enum sim_process to, enum sim_process other,
    uint16_t type, uint64_t id, struct span payload)
{
	int64_t *last = to == SIM_CORE ? &ca->link_from[other] :
	    &ca->link_to[other];
	int64_t at = ca->world->now_ms +
	    (int64_t)sim_world_below(ca->world, HOP_MS);
	struct wire_frame *frame = mem_zalloc(sizeof(*frame) + payload.len);

	*last = at > *last ? at : *last;
	frame->to = to;
	frame->other = other;
	frame->epoch = ca->link_epoch[other];
	frame->type = type;
	frame->id = id;
	if (payload.len > 0)
		memcpy(frame->payload, payload.data, payload.len);
	sim_world_after(ca->world, to, *last - ca->world->now_ms, on_frame,
	    ca, frame, sizeof(*frame) + payload.len);
	free(frame);
}

static void
core_answers(void *ctx, unsigned peer, uint64_t id, uint16_t type,
    struct span payload)
{
	struct sim_ca *ca = ctx;

	if (peer == ca->web_peer)
		sim_ca_frame(ca, SIM_WEB, SIM_WEB, type, id, payload);
}

static void
core_asks_validator(void *ctx, unsigned validator, uint64_t id, uint16_t type,
    struct span payload)
{
	(void)validator;
	sim_ca_frame(ctx, SIM_VALIDATOR, SIM_VALIDATOR, type, id, payload);
}

static void
core_asks_signer(void *ctx, uint64_t id, uint16_t type, struct span payload)
{
	sim_ca_frame(ctx, SIM_SIGNER, SIM_SIGNER, type, id, payload);
}

static const struct core_ops core_ops = {
	.answer = core_answers,
	.ask_validator = core_asks_validator,
	.ask_signer = core_asks_signer,
};

static void
web_sends(void *ctx, uint16_t type, uint64_t id, struct span payload)
{
	sim_ca_frame(ctx, SIM_CORE, SIM_WEB, type, id, payload);
}

/*
 * The network between clients and web.
 */

static void
on_answer(void *arg, const void *data, size_t data_len)
{
	struct sim_ca *ca = arg;
	const struct wire_answer *wire = data;
	struct sim_answer answer = {
		.status = wire->status,
		.nonce = span_str(wire->nonce),
		.location = span_str(wire->location),
		.retry_after_s = wire->retry_after_s,
		.body = span_of(wire->body, data_len - sizeof(*wire)),
	};

	sim_client_answer(&ca->clients[wire->client], &answer);
}

static void
take_header(struct wire_answer *wire, const struct http_header *header)
{
	if (strcmp(header->name, "Replay-Nonce") == 0)
		snprintf(wire->nonce, sizeof(wire->nonce), "%.*s",
		    SPAN_FMT(header->value));
	else if (strcmp(header->name, "Location") == 0)
		snprintf(wire->location, sizeof(wire->location), "%.*s",
		    SPAN_FMT(header->value));
	else if (strcmp(header->name, "Retry-After") == 0)
		wire->retry_after_s = strtol((const char *)header->value.data,
		    NULL, 10);
}

static void
web_responds(void *ctx, uint64_t exchange,
    const struct http_response *response)
{
	struct sim_ca *ca = ctx;
	size_t client = (size_t)(exchange & 0xff);
	struct wire_answer *wire = mem_zalloc(sizeof(*wire) +
	    response->body.len);

	wire->client = client;
	wire->status = response->status;
	for (size_t i = 0; i < response->num_headers; i++)
		take_header(wire, &response->headers[i]);
	if (response->body.len > 0)
		memcpy(wire->body, response->body.data, response->body.len);
	if (!sim_world_chance(ca->world, LOST_PERCENT))
		sim_world_after(ca->world, SIM_CLIENT_0 + client,
		    (int64_t)sim_world_below(ca->world, NET_MS), on_answer,
		    ca, wire, sizeof(*wire) + response->body.len);
	free(wire);
}

static const struct web_ops web_ops = {
	.send = web_sends,
	.respond = web_responds,
};

static void
on_request(void *arg, const void *data, size_t data_len)
{
	struct sim_ca *ca = arg;
	const struct wire_request *wire = data;
	struct http_request request = {
		.method = strcmp(wire->method, "POST") == 0 ? HTTP_POST :
		    HTTP_HEAD,
		.path = span_str(wire->path),
		.target = span_str(wire->path),
		.host = SPAN_LIT(HOST),
		.peer = SPAN_LIT("192.0.2.1"),
		.body = span_of(wire->body, data_len - sizeof(*wire)),
	};
	static uint64_t exchanges;

	if (!ca->alive[SIM_WEB])
		return;
	if (request.method == HTTP_POST)
		request.content_type = SPAN_LIT("application/jose+json");
	web_request(ca->web, &request, ++exchanges << 8 | wire->client);
}

void
sim_ca_send(void *ctx, struct sim_client *client, const char *method,
    const char *path, struct span body)
{
	struct sim_ca *ca = ctx;
	struct wire_request *wire = mem_zalloc(sizeof(*wire) + body.len);

	wire->client = (size_t)(client - ca->clients);
	snprintf(wire->method, sizeof(wire->method), "%s", method);
	snprintf(wire->path, sizeof(wire->path), "%s", path);
	if (body.len > 0)
		memcpy(wire->body, body.data, body.len);
	if (!sim_world_chance(ca->world, LOST_PERCENT))
		sim_world_after(ca->world, SIM_WEB,
		    (int64_t)sim_world_below(ca->world, NET_MS), on_request,
		    ca, wire, sizeof(*wire) + body.len);
	free(wire);
}

static bool
serve(void *ctx, struct span url, struct bld *out)
{
	static const char well_known[] = "/.well-known/acme-challenge/";
	struct sim_ca *ca = ctx;
	char text[1024], *name, *path;

	snprintf(text, sizeof(text), "%.*s", SPAN_FMT(url));
	name = text + strlen("http://");
	path = strstr(name, well_known);
	if (strncmp(text, "http://", 7) != 0 || path == NULL)
		return false;
	*path = '\0';
	path += sizeof(well_known) - 1;
	for (size_t i = 0; i < ca->num_clients; i++) {
		if (sim_client_serves(&ca->clients[i], name, span_str(path),
		    out))
			return true;
	}
	return false;
}

/*
 * Life and death.
 */

static void
join(struct sim_ca *ca, enum sim_process other)
{
	ca->link_epoch[other]++;
	if (!ca->alive[SIM_CORE] || !ca->alive[other])
		return;
	if (other == SIM_WEB) {
		ca->web_peer++;
		web_core_up(ca->web);
	} else if (other == SIM_VALIDATOR) {
		core_validator_up(ca->core, 0);
	} else if (other == SIM_SIGNER) {
		core_signer_up(ca->core);
	}
}

static void
start_core(struct sim_ca *ca)
{
	struct err err = ERR_INIT;

	must(ca, core_new(&ca->envs[SIM_CORE], &ca->config, &core_ops, ca,
	    &ca->core, &err), &err, "core does not start");
}

static void
start_validator(struct sim_ca *ca)
{
	struct err err = ERR_INIT;

	must(ca, rules_new(&ca->config, &ca->rules, &err), &err, "rules");
	ca->validator = validator_new(&ca->envs[SIM_VALIDATOR],
	    SPAN_LIT("local"), ca->keys->perspective, ca->rules);
}

static void
start(struct sim_ca *ca, enum sim_process process)
{
	if (process == SIM_WEB)
		ca->web = web_new(&ca->envs[SIM_WEB], &web_ops, ca,
		    ca->nonces, &ca->config);
	else if (process == SIM_CORE)
		start_core(ca);
	else if (process == SIM_VALIDATOR)
		start_validator(ca);
	else
		sim_signer_start(ca);
	if (ca->trouble[0] != '\0')
		return;
	ca->alive[process] = true;
	if (process == SIM_CORE) {
		for (enum sim_process p = SIM_WEB; p <= SIM_SIGNER; p++) {
			if (p != SIM_CORE)
				join(ca, p);
		}
	} else {
		join(ca, process);
	}
}

static void
on_restart(void *arg, const void *data, size_t data_len)
{
	enum sim_process process;

	memcpy(&process, data, data_len);
	start(arg, process);
}

static void
part(struct sim_ca *ca, enum sim_process other)
{
	ca->link_epoch[other]++;
	if (ca->alive[SIM_CORE] && other == SIM_WEB)
		core_peer_gone(ca->core, ca->web_peer);
	else if (ca->alive[SIM_CORE] && other == SIM_VALIDATOR)
		core_validator_down(ca->core, 0);
	else if (ca->alive[SIM_CORE] && other == SIM_SIGNER)
		core_signer_down(ca->core);
}

/* The end of a process without a word, as by kill -9. */
static void
destroy(struct sim_ca *ca, enum sim_process process)
{
	sim_world_kill(ca->world, process);
	ca->alive[process] = false;
	if (process == SIM_WEB) {
		web_free(ca->web);
		ca->web = NULL;
	} else if (process == SIM_CORE) {
		core_free(ca->core);
		store_rollback(ca->store);
		ca->core = NULL;
	} else if (process == SIM_VALIDATOR) {
		validator_free(ca->validator);
		rules_unref(ca->rules);
		ca->validator = NULL;
		ca->rules = NULL;
	} else {
		sim_signer_kill(ca);
	}
}

static void
crash(struct sim_ca *ca, enum sim_process process)
{
	if (!ca->alive[process])
		return;
	ca->crashes_left--;
	destroy(ca, process);
	if (process == SIM_CORE) {
		for (enum sim_process p = SIM_WEB; p <= SIM_SIGNER; p++)
			ca->link_epoch[p]++;
		if (ca->alive[SIM_WEB])
			web_core_down(ca->web);
		if (ca->alive[SIM_VALIDATOR])
			validator_forget(ca->validator);
		if (ca->alive[SIM_SIGNER])
			signer_forget(ca->signer);
	} else {
		part(ca, process);
	}
	sim_world_after(ca->world, SIM_NOBODY,
	    (int64_t)sim_world_below(ca->world, RESTART_MS), on_restart, ca,
	    &process, sizeof(process));
}

static void
maybe_crash(struct sim_ca *ca, enum sim_process process)
{
	if (ca->crashes_left > 0 &&
	    sim_world_below(ca->world, 10000) < ca->crash_percent_of_percent)
		crash(ca, process);
}

static void
end_turn(struct sim_ca *ca, enum sim_process process)
{
	if (process == SIM_SIGNER && ca->alive[SIM_SIGNER])
		sim_signer_turn_end(ca);
	/* Links fail and peers come in any process's turn. */
	if (ca->alive[SIM_CORE])
		core_turn_end(ca->core);
}

bool
sim_ca_step(struct sim_ca *ca)
{
	enum sim_process process;

	if (ca->trouble[0] != '\0' || !sim_world_step(ca->world, &process))
		return false;
	if (process != SIM_NOBODY && process < SIM_CLIENT_0)
		maybe_crash(ca, process);
	end_turn(ca, process);
	if (process != SIM_NOBODY && process < SIM_CLIENT_0)
		maybe_crash(ca, process);
	return ca->trouble[0] == '\0';
}

void
sim_ca_calm(struct sim_ca *ca)
{
	ca->crashes_left = 0;
	ca->net.dns_failures = 0;
	ca->net.fetch_failures = 0;
}

static void
init_hosts(struct sim_ca *ca)
{
	for (enum sim_process p = SIM_WEB; p <= SIM_SIGNER; p++) {
		ca->hosts[p] = (struct sim_host){
			.world = ca->world,
			.process = p,
			.net = p == SIM_VALIDATOR ? &ca->net : NULL,
		};
		sim_host_env(&ca->hosts[p], &ca->envs[p]);
	}
	ca->envs[SIM_CORE].store = ca->store;
}

void
sim_ca_init(struct sim_ca *ca, struct sim_world *world,
    const struct sim_keys *keys, struct sim_client *clients,
    size_t num_clients)
{
	struct err err = ERR_INIT;

	*ca = (struct sim_ca){
		.world = world,
		.keys = keys,
		.clients = clients,
		.num_clients = num_clients,
		.net = { .serve = serve, .ctx = ca },
	};
	config_init(&ca->config);
	free(ca->config.base_url);
	ca->config.base_url = mem_strdup("https://" HOST);
	bld_init(&ca->journal, 64 << 20);
	must(ca, store_sqlite_open(STORE_SQLITE_MEMORY, &ca->store, &err),
	    &err, "store");
	init_hosts(ca);
	must(ca, nonce_open(-1, BOOT_ID, &ca->envs[SIM_WEB], &ca->nonces,
	    &err), &err, "nonces");
	for (enum sim_process p = SIM_WEB; p <= SIM_SIGNER; p++)
		start(ca, p);
}

void
sim_ca_done(struct sim_ca *ca)
{
	for (enum sim_process p = SIM_WEB; p <= SIM_SIGNER; p++) {
		if (ca->alive[p])
			destroy(ca, p);
	}
	nonce_close(ca->nonces);
	store_free(ca->store);
	bld_free(&ca->journal);
	config_free(&ca->config);
}
