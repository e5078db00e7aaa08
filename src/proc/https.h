/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_PROC_HTTPS_H
#define SIGNET_PROC_HTTPS_H

/*
 * https: the HTTPS server of a process that has one, made of what master
 * opened: the certificate, its key and the listening sockets.
 */

#include "http/http_server.h"
#include "proc/proc.h"

#define HTTPS_PEM_MAX 65536 /* bytes of a certificate or key file */

/* At the start, and again inside a reload's prepare. The caller frees with
 * SSL_CTX_free. */
int https_tls(const struct proc *proc, SSL_CTX **ret, struct err *err);

/* *ret is the caller's also after an error. */
int https_open(struct proc *proc, const struct http_server_limits *limits,
    const struct http_server_ops *ops, void *ctx, struct http_server **ret,
    struct err *err);

/* For http_server_ops: logs it. */
void https_exhausted(void *ctx, int error);

#endif
