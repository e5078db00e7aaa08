/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_NET_NET_OCSP_H
#define SIGNET_AGENT_NET_NET_OCSP_H

/*
 * net_ocsp: asks OCSP responders over HTTP (RFC 6960 A.1): by GET where the
 * request is short, as caches want it (RFC 5019 5), and by POST where it is
 * not or GET does not do. What they answer is passed on unread. It makes no
 * system call.
 */

#include "client/client_types.h"

#define NET_OCSP_GET_MAX 255  /* bytes of a URL's part, RFC 5019 5 */
#define NET_OCSP_WAIT_MS 20000

struct net_ocsp;

/* http is answered by net_ocsp_answered, and later; done is called once for
 * each question: with the response, or why there is none, which may be known
 * before net_ocsp_ask returns. */
struct net_ocsp *net_ocsp_new(
    void (*http)(void *ctx, uint64_t id, const struct client_request *request),
    void (*done)(void *ctx, uint64_t id, bool ok, struct span text),
    void *ctx);
void net_ocsp_free(struct net_ocsp *ocsp);

/* The request goes only where the CA with that directory (empty: any) may lead
 * us: agent/net/net_reach.h. */
void net_ocsp_ask(struct net_ocsp *ocsp, uint64_t id, struct span url,
    struct span directory, struct span request);
void net_ocsp_answered(struct net_ocsp *ocsp, uint64_t id,
    const struct client_response *response);

#endif
