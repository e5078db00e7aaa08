/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_NET_NET_H
#define SIGNET_AGENT_NET_NET_H

/*
 * net: the logic of the net process: judge's questions become operations of
 * clients (client/client.h), one client for each CA; what they want signed
 * goes to account, and what they answer to judge. It makes no system call.
 */

#include "base/env.h"
#include "client/client.h"

#define NET_CAS_MAX 8 /* accounts at CAs that one run can use */
#define NET_OCSP_SLOT NET_CAS_MAX /* OCSP responders, all of them */
#define NET_SLOTS (NET_CAS_MAX + 1)

struct net_ops {
	/* Frames to judge and account. */
	void (*tell)(void *ctx, uint16_t type, uint64_t id,
	    struct span payload);
	void (*sign)(void *ctx, uint16_t type, uint64_t id,
	    struct span payload);
	/* slot is the CA's, below NET_CAS_MAX, or NET_OCSP_SLOT, which is not
	 * set up: its trust (PEM, empty for the
	 * system's) and proxy, before any request. Both are the callee's to
	 * copy. */
	void (*setup)(void *ctx, unsigned slot, struct span trust,
	    struct span proxy);
	void (*http)(void *ctx, unsigned slot, uint64_t http_id,
	    const struct client_request *request);
	void (*http_cancel)(void *ctx, unsigned slot, uint64_t http_id);
};

struct net;

struct net *net_new(const struct env *env, const struct net_ops *ops,
    void *ctx);
void net_free(struct net *net);

/* Frames, as in link_ops. */
int net_from_judge(struct net *net, uint16_t type, uint64_t id,
    struct span payload, struct err *err);
int net_from_account(struct net *net, uint16_t type, uint64_t id,
    struct span payload, struct err *err);

void net_answered(struct net *net, unsigned slot, uint64_t http_id,
    const struct client_response *response);

#endif
