/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_LISTENER_CLIENT_HELLO_H
#define SIGNET_AGENT_LISTENER_CLIENT_HELLO_H

/*
 * client_hello: reads from the first bytes of a TLS connection whom the client
 * wants and whether it validates a challenge, without answering anything. A
 * message may be spread over any number of records (RFC 8446 5.1). What cannot
 * be read is nobody's challenge: the server behind judges it.
 */

#include "base/mem.h"
#include "base/span.h"

#define CLIENT_HELLO_MAX 16384     /* bytes of the message */
#define CLIENT_HELLO_RAW_MAX 32768 /* bytes of the records that carry it */
#define CLIENT_HELLO_NAME_MAX 255  /* bytes of a server name */

enum client_hello_state {
	CLIENT_HELLO_MORE,  /* more bytes are needed */
	CLIENT_HELLO_KNOWN, /* name and acme say what it is */
	CLIENT_HELLO_OTHER  /* no TLS, too long, or not of its form */
};

/* Zeroed is valid. */
struct client_hello {
	uint8_t head[5];        /* of the record that is read */
	size_t head_len;
	size_t record_left;
	size_t raw;             /* bytes fed */
	uint8_t *message;
	size_t len;
	char name[CLIENT_HELLO_NAME_MAX + 1]; /* lower case; "": none */
	bool acme;              /* ALPN has acme-tls/1 alone: RFC 8737 3 */
};

/* The next bytes. What follows the message is not looked at; nothing is to be
 * fed after an answer that is not MORE. */
enum client_hello_state client_hello_feed(struct client_hello *hello,
    struct span bytes);
void client_hello_done(struct client_hello *hello);

#endif
