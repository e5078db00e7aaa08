/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_DNS_EXCHANGE_H
#define SIGNET_AGENT_DNS_EXCHANGE_H

/*
 * exchange: one message to one name server and its answer, by UDP with one
 * repetition, and by TCP where the answer is truncated or the message is an
 * update (RFC 7766 5). An answer with another id or question is passed over.
 */

#include <sys/socket.h>

#include "agent/dns/packet.h"
#include "base/loop.h"

#define EXCHANGE_TIMEOUT_MS 5000    /* with all repetitions */
#define EXCHANGE_REPEAT_MS 1500     /* UDP: after so long again */
#define EXCHANGE_ADDRESS_SIZE 64    /* bytes of text, with the NUL */

struct exchange_address {
	struct sockaddr_storage sockaddr;
	socklen_t len;
};

/* "192.0.2.1", "192.0.2.1:53", "2001:db8::1" or "[2001:db8::1]:53".
 * -ERR_CONFIG. */
int exchange_address_parse(struct span text, uint16_t port,
    struct exchange_address *ret, struct err *err);
void exchange_address_raw(int family, const uint8_t *bytes, uint16_t port,
    struct exchange_address *ret);
void exchange_address_text(const struct exchange_address *address,
    char out[EXCHANGE_ADDRESS_SIZE]);

struct exchange;

/* done is called once, later; answer is NULL for an err of kind
 * ERR_CONNECTION (this host has no way to that address) or ERR_DNS. message is
 * copied and has the id that the answer must have. */
struct exchange *exchange_start(struct loop *loop, const struct env *env,
    const struct exchange_address *to, struct span message, bool tcp,
    void (*done)(void *ctx, const struct packet *answer,
    const struct err *err), void *ctx);

/* done is not called. NULL is fine. */
void exchange_cancel(struct exchange *x);

#endif
