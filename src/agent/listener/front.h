/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_LISTENER_FRONT_H
#define SIGNET_AGENT_LISTENER_FRONT_H

/*
 * front: what comes to port 443. It reads each client's hello; those of a CA
 * that asks for a challenge of ours (RFC 8737 3) are answered here, all others
 * go to the server behind, or away if there is none.
 */

#include "agent/listener/tls_answer.h"
#include "base/loop.h"

#define FRONT_HELLO_MS 15000     /* from accepting until the hello is there,
                                    or the challenge's handshake done */
#define FRONT_HELLO_MAX 512      /* clients in that time; the first goes */
#define FRONT_PASSES_MAX 16384   /* connections that are passed on; new ones
                                    wait in the kernel above it, or above half
                                    the descriptors that we may have */
#define FRONT_SWEEP_MS 1000

struct front;

/* The sockets listen already and become its own. backend may be NULL. */
struct front *front_new(struct loop *loop, const struct env *env,
    const struct tls_answer *tls, const struct listener_backend *backend,
    const int *fds, size_t num_fds);
/* Runs the loop until nobody is left, and nobody can come any more: for
 * FRONT_DRAIN_MS a client whose first packet we had may still finish its
 * handshake with us (tcp(7), tcp_synack_retries). */
#define FRONT_DRAIN_MS 65000
void front_drain(struct front *front);
void front_free(struct front *front);

#endif
