/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/bld.h"
#include "base/mem.h"
#include "base/text.h"
#include "client.h"

#define NAME_SIZE 64      /* bytes */
#define CSR_TEXT_MAX 4096 /* bytes */
#define DOMAIN "example.com"

/* One certificate to come. */
struct job {
	char name[NAME_SIZE];
	struct bld csr;        /* base64url */
	struct client *client; /* who asks for it, while it does */
};

struct seat {
	struct client *client;
	struct job *job;
	double start_ms;
};

struct load {
	struct load_options options;
	SSL_CTX *tls;
	X509_STORE *roots;
	struct event *watch;
	struct seat *seats;
	struct job *jobs;
	size_t next;           /* job */
	size_t end;            /* of this round */
	size_t busy;           /* seats */
	size_t progress;       /* done since the last look */
	double *latencies;     /* milliseconds */
	size_t num_latencies;
	uint64_t requests_before;
	struct err err;        /* kind is set when the round failed */
};

static double
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/*
 * Certification requests.
 */

static bool
add_san(X509_REQ *req, const char *name)
{
	char text[NAME_SIZE + 8];
	STACK_OF(X509_EXTENSION) *list = sk_X509_EXTENSION_new_null();
	X509_EXTENSION *san;
	bool ok;

	snprintf(text, sizeof(text), "DNS:%s", name);
	san = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, text);
	ok = san != NULL && list != NULL &&
	    sk_X509_EXTENSION_push(list, san) > 0 &&
	    X509_REQ_add_extensions(req, list) == 1;
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	return ok;
}

static int
make_csr(struct job *job, struct err *err)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_REQ *req = X509_REQ_new();
	unsigned char *der = NULL;
	int len = -1;

	if (key != NULL && req != NULL &&
	    X509_REQ_set_pubkey(req, key) == 1 && add_san(req, job->name) &&
	    X509_REQ_sign(req, key, EVP_sha256()) > 0)
		len = i2d_X509_REQ(req, &der);
	bld_init(&job->csr, CSR_TEXT_MAX);
	if (len > 0)
		text_base64url(&job->csr, span_of(der, (size_t)len));
	OPENSSL_free(der);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	return len > 0 ? 0 : err_set(err, ERR_INTERNAL, NULL,
	    "cannot make a certification request");
}

static int
make_jobs(struct load *load, struct err *err)
{
	size_t count = load->options.certificates;
	int r = 0;

	load->jobs = mem_zalloc(count * sizeof(*load->jobs));
	load->latencies = mem_zalloc(count * sizeof(*load->latencies));
	for (size_t i = 0; r == 0 && i < count; i++) {
		snprintf(load->jobs[i].name, NAME_SIZE, "n%zu." DOMAIN, i);
		r = make_csr(&load->jobs[i], err);
	}
	return r;
}

struct span
load_thumbprint(void *at, unsigned long number)
{
	const struct load *load = *(struct load **)at;
	const struct client *client = load == NULL ||
	    number >= load->options.certificates ? NULL :
	    load->jobs[number].client;

	return client == NULL ? SPAN_NONE : client_thumbprint(client);
}

/*
 * Rounds.
 */

static void
seat_begin(struct load *load, struct seat *seat)
{
	struct job *job = &load->jobs[load->next++];

	load->busy++;
	job->client = seat->client;
	seat->job = job;
	seat->start_ms = now_ms();
	client_issue(seat->client, job->name, bld_view(&job->csr));
}

static struct seat *
find_seat(struct load *load, const struct client *client)
{
	struct seat *seat = load->seats;

	while (seat->client != client)
		seat++;
	return seat;
}

static void
on_done(void *ctx, struct client *client, const char *failure)
{
	struct load *load = ctx;
	struct seat *seat = find_seat(load, client);

	load->busy--;
	load->progress++;
	if (failure != NULL) {
		err_set(&load->err, ERR_INTERNAL, NULL, "%s", failure);
		event_base_loopbreak(load->options.base);
		return;
	}
	if (seat->job != NULL) {
		load->latencies[load->num_latencies++] =
		    now_ms() - seat->start_ms;
		seat->job->client = NULL;
	}
	if (load->next < load->end)
		seat_begin(load, seat);
	else if (load->busy == 0)
		event_base_loopbreak(load->options.base);
}

static void
on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct load *load = arg;

	(void)fd;
	(void)what;
	if (load->progress == 0) {
		err_set(&load->err, ERR_BUSY, NULL, "no certificate in %d "
		    "seconds; %zu orders are in flight", LOAD_STALL_S,
		    load->busy);
		event_base_loopbreak(load->options.base);
	}
	load->progress = 0;
}

static int
run(struct load *load, struct err *err)
{
	struct timeval stall = { LOAD_STALL_S, 0 };

	load->progress = 1;
	event_add(load->watch, &stall);
	while (load->busy > 0 && load->err.kind == ERR_NONE)
		event_base_dispatch(load->options.base);
	event_del(load->watch);
	if (load->err.kind == ERR_NONE)
		return 0;
	*err = load->err;
	return -(int)err->kind;
}

int
load_round(struct load *load, size_t count, struct err *err)
{
	load->end = load->next + count;
	if (load->end > load->options.certificates)
		load->end = load->options.certificates;
	for (size_t i = 0; i < load->options.in_flight &&
	    load->next < load->end; i++)
		seat_begin(load, &load->seats[i]);
	return run(load, err);
}

void
load_interrupt(struct load *load)
{
	err_set(&load->err, ERR_BUSY, NULL, "interrupted");
	event_base_loopbreak(load->options.base);
}

static uint64_t
all_requests(const struct load *load)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < load->options.in_flight; i++)
		sum += client_requests(load->seats[i].client);
	return sum;
}

void
load_reset(struct load *load)
{
	load->num_latencies = 0;
	load->requests_before = all_requests(load);
}

uint64_t
load_requests(const struct load *load)
{
	return all_requests(load) - load->requests_before;
}

static int
compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double
load_latency_ms(struct load *load, double quantile)
{
	size_t n = load->num_latencies;
	size_t at = (size_t)((double)n * quantile);

	if (n == 0)
		return 0;
	qsort(load->latencies, n, sizeof(double), compare);
	return load->latencies[at < n ? at : n - 1];
}

/*
 * The check at the end.
 */

static bool
chain_is_good(const struct load *load, const struct seat *seat)
{
	struct span text = client_chain(seat->client);
	BIO *bio = BIO_new_mem_buf(text.data, (int)text.len);
	X509 *leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL), *next;
	STACK_OF(X509) *rest = sk_X509_new_null();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool ok;

	while ((next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		sk_X509_push(rest, next);
	ok = leaf != NULL &&
	    X509_STORE_CTX_init(ctx, load->roots, leaf, rest) == 1 &&
	    X509_verify_cert(ctx) == 1 &&
	    X509_check_host(leaf, seat->job->name, 0, 0, NULL) == 1;
	X509_STORE_CTX_free(ctx);
	sk_X509_pop_free(rest, X509_free);
	X509_free(leaf);
	BIO_free(bio);
	return ok;
}

int
load_check(const struct load *load, struct err *err)
{
	for (size_t i = 0; i < load->options.in_flight; i++) {
		const struct seat *seat = &load->seats[i];

		if (seat->job != NULL && !chain_is_good(load, seat))
			return err_set(err, ERR_INTERNAL, NULL, "the "
			    "certificate for %s does not verify",
			    seat->job->name);
	}
	return 0;
}

/*
 * Life.
 */

static int
register_all(struct load *load, struct err *err)
{
	const struct client_options options = {
		.base = load->options.base, .tls = load->tls,
		.url = load->options.url, .done = on_done, .ctx = load,
	};
	size_t count = load->options.in_flight;

	load->seats = mem_zalloc(count * sizeof(*load->seats));
	for (size_t i = 0; i < count; i++) {
		load->seats[i].client = client_new(&options, err);
		if (load->seats[i].client == NULL)
			return -(int)err->kind;
	}
	load->busy = count;
	for (size_t i = 0; i < count; i++)
		client_register(load->seats[i].client);
	return run(load, err);
}

static int
open_tls(struct load *load, struct err *err)
{
	load->tls = SSL_CTX_new(TLS_client_method());
	load->roots = X509_STORE_new();
	if (load->tls == NULL || load->roots == NULL ||
	    SSL_CTX_load_verify_file(load->tls, load->options.root) != 1 ||
	    X509_STORE_load_file(load->roots, load->options.root) != 1)
		return err_set(err, ERR_IO, NULL, "cannot read %s",
		    load->options.root);
	SSL_CTX_set_verify(load->tls, SSL_VERIFY_PEER, NULL);
	return 0;
}

int
load_new(const struct load_options *options, struct load **ret,
    struct err *err)
{
	struct load *load = mem_zalloc(sizeof(*load));
	int r;

	load->options = *options;
	load->watch = event_new(options->base, -1, EV_PERSIST, on_watch, load);
	*ret = load;
	r = open_tls(load, err);
	if (r == 0)
		r = make_jobs(load, err);
	if (r == 0)
		r = register_all(load, err);
	return r;
}

void
load_free(struct load *load)
{
	if (load == NULL)
		return;
	for (size_t i = 0; load->seats != NULL &&
	    i < load->options.in_flight; i++)
		client_free(load->seats[i].client);
	for (size_t i = 0; load->jobs != NULL &&
	    i < load->options.certificates; i++)
		bld_free(&load->jobs[i].csr);
	SSL_CTX_free(load->tls);
	X509_STORE_free(load->roots);
	event_free(load->watch);
	free(load->seats);
	free(load->jobs);
	free(load->latencies);
	free(load);
}
