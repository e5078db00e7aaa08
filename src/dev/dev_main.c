/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dev's wires: requests go from the HTTPS server to the logic, which answers
 * from the files that it was given or asks core. A reload brings a
 * new certificate.
 */
#include "dev/dev_main.h"

#include "base/log.h"
#include "dev/dev.h"
#include "dev/dev_sandbox.h"
#include "http/http_tls.h"
#include "proc/https.h"
#include "proc/peers.h"

#define CONNECTIONS_MAX 64

/* The files as they were read; throw-away keys, but wiped all the same. */
enum {
	FILE_ROOT, FILE_ROOT_KEY, FILE_ISSUER, FILE_ISSUER_KEY, FILE_COUNT
};

static const enum resource file_resources[FILE_COUNT] = {
	[FILE_ROOT] = RESOURCE_ROOT_CERTIFICATE,
	[FILE_ROOT_KEY] = RESOURCE_ROOT_KEY,
	[FILE_ISSUER] = RESOURCE_ISSUER_CERTIFICATE,
	[FILE_ISSUER_KEY] = RESOURCE_ISSUER_KEY,
};

struct main {
	struct proc proc;
	struct bld pem[FILE_COUNT];
	struct dev_files files;
	struct dev *dev;
	struct https https;
	struct peers peers; /* the link table has core only */
};

static void
on_respond(void *ctx, uint64_t exchange, const struct http_response *response)
{
	struct main *main = ctx;

	http_server_respond(main->https.server, exchange, response);
}

static void
on_ask(void *ctx, uint64_t id, uint16_t type, struct span payload)
{
	struct main *main = ctx;

	peers_send(&main->peers, ROLE_CORE, 0, type, id, payload);
}

static const struct dev_ops dev_ops = {
	.respond = on_respond,
	.ask = on_ask,
};

static void
on_request(void *ctx, const struct http_request *request, uint64_t exchange)
{
	struct main *main = ctx;

	dev_request(main->dev, request, exchange);
}

static void
on_refused(void *ctx, int status, const char *why, uint64_t exchange)
{
	struct main *main = ctx;

	dev_refused(main->dev, status, why, exchange);
}

static const struct http_server_ops server_ops = {
	.request = on_request,
	.refused = on_refused,
	.exhausted = https_exhausted,
};

static int
on_frame(void *ctx, const struct peer *core, uint16_t type, uint64_t id,
    struct span payload, struct err *err)
{
	struct main *main = ctx;

	(void)core;
	return dev_answer(main->dev, id, type, payload, err);
}

static void
on_up(void *ctx, const struct peer *core)
{
	struct main *main = ctx;

	(void)core;
	dev_core_up(main->dev);
}

static void
on_down(void *ctx, const struct peer *core)
{
	struct main *main = ctx;

	(void)core;
	dev_core_down(main->dev);
}

static const struct peers_ops peers_ops = {
	.frame = on_frame,
	.up = on_up,
	.down = on_down,
};

static void
on_stop(void *ctx)
{
	https_stop(&((struct main *)ctx)->https);
}

static int
reload_prepare(void *ctx, const struct config *config, struct err *err)
{
	(void)config;
	return https_prepare(&((struct main *)ctx)->https, err);
}

static void
reload_commit(void *ctx)
{
	https_commit(&((struct main *)ctx)->https);
}

static void
reload_abandon(void *ctx)
{
	https_abandon(&((struct main *)ctx)->https);
}

static const struct proc_reload reload = {
	.prepare = reload_prepare,
	.commit = reload_commit,
	.abandon = reload_abandon,
};

static int
read_files(struct main *main, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < FILE_COUNT; i++) {
		bld_init_secret(&main->pem[i], HTTP_TLS_PEM_MAX);
		if (r == 0)
			r = proc_read(&main->proc, file_resources[i], 0,
			    &main->pem[i], err);
	}
	main->files = (struct dev_files){
		.root = bld_view(&main->pem[FILE_ROOT]),
		.root_key = bld_view(&main->pem[FILE_ROOT_KEY]),
		.issuer = bld_view(&main->pem[FILE_ISSUER]),
		.issuer_key = bld_view(&main->pem[FILE_ISSUER_KEY]),
	};
	return r;
}

static int
open_server(struct main *main, struct err *err)
{
	struct http_server_limits limits;

	http_server_limits_init(&limits);
	limits.connections_max = CONNECTIONS_MAX;
	return https_open(&main->https, &main->proc, &limits, &server_ops,
	    main, err);
}

static void
close_all(struct main *main)
{
	peers_done(&main->peers);
	https_close(&main->https);
	dev_free(main->dev);
	for (size_t i = 0; i < FILE_COUNT; i++)
		bld_free(&main->pem[i]);
}

int
dev_main(void)
{
	static struct main main;
	struct err err = ERR_INIT;
	int r;

	r = proc_begin(&main.proc, ROLE_DEV, &err);
	if (r == 0)
		r = read_files(&main, &err);
	if (r == 0) {
		main.dev = dev_new(&main.files, &dev_ops, &main);
		r = open_server(&main, &err);
	}
	if (r == 0)
		r = proc_sandbox(&main.proc, &dev_sandbox, &err);
	if (r == 0) {
		proc_on_reload(&main.proc, &reload, &main);
		proc_on_stop(&main.proc, on_stop, &main);
		peers_init(&main.peers, &main.proc, &peers_ops, &main);
		proc_links(&main.proc, peers_on_link, &main.peers);
		proc_ready(&main.proc);
		proc_run(&main.proc);
	} else {
		log_err(LOG_ERROR, "start-failed", &err);
	}
	close_all(&main);
	proc_end(&main.proc);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
