/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim: runs the whole CA with its clients, one simulation a seed.
 *
 *   sim FIRST COUNT     seeds FIRST .. FIRST + COUNT - 1
 *   sim --replay SEED   one seed, twice; says whether both went the same way
 *
 * Exit status 0 if every promise of sim_check.h held. A failing seed is named
 * with the promise, and replays exactly.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "base/log.h"
#include "pkix/key.h"
#include "sim_check.h"

#define START_MS INT64_C(1795000000000) /* 2026-11-18 */
#define STEPS_MAX 200000    /* events of one simulation */
#define CALM_AFTER_MS INT64_C(600000)   /* then nothing fails any more */
#define REST_MS INT64_C(600000)         /* for core to finish what is begun */
#define KEYS 4

struct pool {
	struct sim_keys keys;
	struct jwk accounts[KEYS];
	struct arena arena;
	struct span csrs[SIM_CLIENTS_MAX][SIM_NAMES_MAX];
	char names[SIM_CLIENTS_MAX][SIM_NAMES_MAX][32];
};

static void
need(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "sim: cannot make %s\n", what);
		exit(2);
	}
}

/* A request for the client's first count names. */
static struct span
make_csr(struct pool *pool, size_t client, size_t count)
{
	char text[SIM_NAMES_MAX * 40] = "";
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_REQ *req = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
	X509_EXTENSION *san;
	unsigned char *der = NULL;
	struct span ret;
	int len;

	for (size_t i = 0; i < count; i++) {
		strcat(text, i == 0 ? "DNS:" : ",DNS:");
		strcat(text, pool->names[client][i]);
	}
	san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, text);
	need(san != NULL && sk_X509_EXTENSION_push(exts, san) > 0, "a name");
	X509_REQ_add_extensions(req, exts);
	X509_REQ_set_pubkey(req, key);
	X509_REQ_sign(req, key, EVP_sha256());
	len = i2d_X509_REQ(req, &der);
	need(len > 0, "a certification request");
	ret = arena_dup(&pool->arena, span_of(der, (size_t)len));
	OPENSSL_free(der);
	sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	return ret;
}

static void
make_pool(struct pool *pool)
{
	struct err err = ERR_INIT;
	struct span spki;

	sim_keys_make(&pool->keys);
	for (size_t i = 0; i < KEYS; i++) {
		EVP_PKEY *key = EVP_EC_gen("P-256");

		need(key_to_spki(key, &pool->arena, &spki, &err) == 0 &&
		    jwk_from_spki(spki, &pool->accounts[i], &err) == 0,
		    "an account key");
		EVP_PKEY_free(pool->accounts[i].pkey);
		pool->accounts[i].pkey = key; /* with its private half */
	}
	for (size_t c = 0; c < SIM_CLIENTS_MAX; c++) {
		for (size_t n = 0; n < SIM_NAMES_MAX; n++)
			snprintf(pool->names[c][n], sizeof(pool->names[c][n]),
			    "n%zu.client%zu.example.org", n, c);
		for (size_t n = 0; n < SIM_NAMES_MAX; n++)
			pool->csrs[c][n] = make_csr(pool, c, n + 1);
	}
}

static void
free_pool(struct pool *pool)
{
	for (size_t i = 0; i < KEYS; i++)
		jwk_done(&pool->accounts[i]);
	sim_keys_done(&pool->keys);
	arena_free(&pool->arena);
}

static size_t
make_clients(const struct pool *pool, struct sim_world *world,
    struct sim_ca *ca, struct sim_client clients[SIM_CLIENTS_MAX])
{
	size_t count = 1 + sim_world_below(world, SIM_CLIENTS_MAX);

	for (size_t i = 0; i < count; i++) {
		struct sim_client *client = &clients[i];
		size_t names = 1 + sim_world_below(world, SIM_NAMES_MAX);

		*client = (struct sim_client){
			.world = world,
			.process = SIM_CLIENT_0 + i,
			/* Some share an account. */
			.key = &pool->accounts[sim_world_below(world, KEYS)],
			.csr = pool->csrs[i][names - 1],
			.num_names = names,
			.base_url = "https://ca.test",
			.send = sim_ca_send,
			.send_ctx = ca,
		};
		for (size_t n = 0; n < names; n++)
			client->names[n] = pool->names[i][n];
	}
	return count;
}

static bool
all_done(const struct sim_client *clients, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (clients[i].want != SIM_DONE &&
		    clients[i].want != SIM_GAVE_UP)
			return false;
	}
	return true;
}

/* How bad this world is: from nothing to a crash in every hundred steps. */
static void
choose_troubles(struct sim_world *world, struct sim_ca *ca)
{
	static const unsigned crashes[] = { 0, 10, 50, 200, 1000 };
	static const unsigned failures[] = { 0, 0, 5, 20 };

	ca->crash_percent_of_percent = crashes[sim_world_below(world, 5)];
	ca->crashes_left = 40;
	ca->net.dns_failures = failures[sim_world_below(world, 4)];
	ca->net.fetch_failures = failures[sim_world_below(world, 4)];
}

static void
run_to_rest(struct sim_world *world, struct sim_ca *ca,
    const struct sim_client *clients, size_t count)
{
	int64_t rest_at = 0;

	while (world->steps < STEPS_MAX && sim_ca_step(ca)) {
		if (world->now_ms > START_MS + CALM_AFTER_MS)
			sim_ca_calm(ca);
		if (rest_at == 0 && all_done(clients, count)) {
			sim_ca_calm(ca);
			rest_at = world->now_ms + REST_MS;
		}
		if (rest_at != 0 && world->now_ms >= rest_at)
			return;
	}
	if (ca->trouble[0] == '\0')
		snprintf(ca->trouble, sizeof(ca->trouble),
		    "no rest after %" PRIu64 " steps", world->steps);
}

/* Runs one seed. False when a promise was broken. */
static bool
run(const struct pool *pool, uint64_t seed, uint64_t *ret_steps)
{
	struct sim_client clients[SIM_CLIENTS_MAX] = { { 0 } };
	struct sim_world world;
	struct sim_ca *ca = mem_zalloc(sizeof(*ca));
	size_t count;
	bool ok;

	sim_world_init(&world, seed, START_MS);
	count = make_clients(pool, &world, ca, clients);
	sim_ca_init(ca, &world, &pool->keys, clients, count);
	choose_troubles(&world, ca);
	for (size_t i = 0; i < count; i++)
		sim_client_start(&clients[i]);
	run_to_rest(&world, ca, clients, count);
	ok = ca->trouble[0] == '\0' && sim_check(ca);
	if (!ok)
		fprintf(stderr, "sim: seed %" PRIu64 ": %s\n", seed,
		    ca->trouble);
	*ret_steps = world.steps;
	sim_ca_done(ca);
	for (size_t i = 0; i < count; i++)
		sim_client_done(&clients[i]);
	sim_world_done(&world);
	free(ca);
	return ok;
}

int
main(int argc, char **argv)
{
	struct pool *pool = mem_zalloc(sizeof(*pool));
	uint64_t steps = 0, total = 0, failed = 0, again = 0;
	bool replay = argc == 3 && strcmp(argv[1], "--replay") == 0;
	uint64_t first, count;

	if (argc != 3) {
		fputs("usage: sim FIRST COUNT | sim --replay SEED\n", stderr);
		return 2;
	}
	first = strtoull(argv[replay ? 2 : 1], NULL, 10);
	count = replay ? 1 : strtoull(argv[2], NULL, 10);
	log_init("sim", replay ? LOG_DEBUG : LOG_ERROR);
	make_pool(pool);
	for (uint64_t seed = first; seed < first + count; seed++) {
		failed += !run(pool, seed, &steps);
		total += steps;
	}
	if (replay) {
		failed += !run(pool, first, &again);
		printf("seed %" PRIu64 ": %" PRIu64 " steps, again %" PRIu64
		    "\n", first, steps, again);
		failed += steps != again;
	}
	printf("%" PRIu64 " seeds, %" PRIu64 " steps, %" PRIu64 " failed\n",
	    count, total, failed);
	free_pool(pool);
	free(pool);
	return failed == 0 ? 0 : 1;
}
