/* SPDX-License-Identifier: Apache-2.0 */
#include "proc/https.h"

#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "http/http_tls.h"

int
https_tls(const struct proc *proc, SSL_CTX **ret, struct err *err)
{
	struct bld chain, key;
	int r;

	bld_init(&chain, HTTPS_PEM_MAX);
	bld_init(&key, HTTPS_PEM_MAX);
	r = proc_read(proc, RESOURCE_TLS_CERTIFICATE, 0, &chain, err);
	if (r == 0)
		r = proc_read(proc, RESOURCE_TLS_KEY, 0, &key, err);
	if (r == 0)
		r = http_tls_new(bld_view(&chain), bld_view(&key), ret, err);
	mem_wipe(key.data, key.len);
	bld_free(&chain);
	bld_free(&key);
	return r;
}

int
https_open(struct proc *proc, const struct http_server_limits *limits,
    const struct http_server_ops *ops, void *ctx, struct http_server **ret,
    struct err *err)
{
	SSL_CTX *tls = NULL;
	int fd, r;

	*ret = NULL;
	r = https_tls(proc, &tls, err);
	if (r < 0)
		return r;
	*ret = http_server_new(proc->loop, tls, limits, ops, ctx);
	SSL_CTX_free(tls);
	for (unsigned n = 0; r == 0; n++) {
		fd = proc_take(proc, RESOURCE_LISTEN, n);
		if (fd < 0)
			return 0;
		r = http_server_listen(*ret, fd, err);
	}
	return r;
}

void
https_exhausted(void *ctx, int error)
{
	(void)ctx;
	log_event(LOG_ERROR, "cannot-accept",
	    "error=\"%s\" remedy=\"raise the limit of open files\"",
	    strerror(error));
}
