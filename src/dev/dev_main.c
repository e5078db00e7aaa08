/* SPDX-License-Identifier: Apache-2.0 */
#include "dev/dev_main.h"

#include <unistd.h>

#include "base/link.h"
#include "base/log.h"
#include "base/mem.h"
#include "dev/dev.h"
#include "dev/dev_sandbox.h"
#include "http/http_server.h"
#include "http/http_tls.h"
#include "proc/proc.h"

#define PEM_MAX (64 * 1024) /* bytes of one file */
#define CONNECTIONS_MAX 64

/* The files as they were read; throw-away keys, but wiped all the same. */
enum {
	FILE_ROOT, FILE_ROOT_KEY, FILE_ISSUER, FILE_ISSUER_KEY, FILE_CHAIN,
	FILE_TLS_KEY, FILE_COUNT
};

static const enum resource file_resources[FILE_COUNT] = {
	[FILE_ROOT] = RESOURCE_ROOT_CERTIFICATE,
	[FILE_ROOT_KEY] = RESOURCE_ROOT_KEY,
	[FILE_ISSUER] = RESOURCE_ISSUER_CERTIFICATE,
	[FILE_ISSUER_KEY] = RESOURCE_ISSUER_KEY,
	[FILE_CHAIN] = RESOURCE_TLS_CERTIFICATE,
	[FILE_TLS_KEY] = RESOURCE_TLS_KEY,
};

struct main {
	struct proc proc;
	struct bld pem[FILE_COUNT];
	struct dev_files files;
	struct dev *dev;
	struct http_server *server;
	struct link *core;
};

static void
on_respond(void *ctx, uint64_t exchange, const struct http_response *response)
{
	struct main *main = ctx;

	(void)http_server_respond(main->server, exchange, response);
}

static void
on_ask(void *ctx, uint64_t id, uint16_t type, struct span payload)
{
	struct main *main = ctx;

	link_send(main->core, type, id, payload);
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
};

static int
on_frame(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct main *main = ctx;

	return dev_answer(main->dev, id, type, payload, err);
}

static void
on_closed(void *ctx, const struct err *err)
{
	struct main *main = ctx;

	if (err->kind != ERR_NONE)
		log_err(LOG_WARNING, "link-failed", err);
	main->core = NULL;
	dev_core_down(main->dev);
}

static const struct link_ops link_ops = {
	.frame = on_frame,
	.closed = on_closed,
};

static void
on_link(void *ctx, enum role role, unsigned index, int fd)
{
	struct main *main = ctx;

	(void)index;
	if (role != ROLE_CORE) {
		close(fd);
		return;
	}
	if (main->core != NULL) {
		link_free(main->core);
		dev_core_down(main->dev);
	}
	main->core = link_new(main->proc.loop, fd, &link_ops, main);
	dev_core_up(main->dev);
}

static void
on_stopped(void *ctx)
{
	struct main *main = ctx;

	loop_stop(main->proc.loop);
}

static void
on_stop(void *ctx)
{
	struct main *main = ctx;

	http_server_stop(main->server, on_stopped, main);
}

static int
read_files(struct main *main, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < FILE_COUNT; i++) {
		bld_init(&main->pem[i], PEM_MAX);
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
	SSL_CTX *tls = NULL;
	unsigned n = 0;
	int r, fd;

	r = http_tls_new(bld_view(&main->pem[FILE_CHAIN]),
	    bld_view(&main->pem[FILE_TLS_KEY]), &tls, err);
	if (r != 0)
		return r;
	http_server_limits_init(&limits);
	limits.connections_max = CONNECTIONS_MAX;
	main->server = http_server_new(main->proc.loop, tls, &limits,
	    &server_ops, main);
	SSL_CTX_free(tls);
	while (r == 0 &&
	    (fd = proc_take(&main->proc, RESOURCE_LISTEN, n++)) >= 0)
		r = http_server_listen(main->server, fd, err);
	return r;
}

static void
close_all(struct main *main)
{
	link_free(main->core);
	http_server_free(main->server);
	dev_free(main->dev);
	for (size_t i = 0; i < FILE_COUNT; i++) {
		mem_wipe(main->pem[i].data, main->pem[i].len);
		bld_free(&main->pem[i]);
	}
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
		proc_on_stop(&main.proc, on_stop, &main);
		proc_links(&main.proc, on_link, &main);
		proc_ready(&main.proc);
		proc_run(&main.proc);
	} else {
		log_err(LOG_ERROR, "start-failed", &err);
	}
	close_all(&main);
	proc_end(&main.proc);
	return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
