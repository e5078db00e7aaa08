/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_CONF_SERVICE_H
#define SIGNET_AGENT_CONF_SERVICE_H

/*
 * service: where a certificate is to be seen: "HOST:PORT", or with the
 * protocol that TLS begins in, "smtp:mail.example.com:25". Where none is said,
 * the port says it.
 */

#include <stdint.h>

#include "base/err.h"

#define SERVICE_HOST_MAX 255 /* bytes */

enum service_protocol {
	SERVICE_TLS = 0, /* from the first byte */
	SERVICE_SMTP,    /* RFC 3207 */
	SERVICE_IMAP,    /* RFC 9051 6.2.1 */
	SERVICE_POP3,    /* RFC 2595 4 */
	SERVICE_FTP,     /* RFC 4217 4 */
	SERVICE_SIEVE,   /* RFC 5804 2.2 */
	SERVICE_COUNT
};

struct service {
	enum service_protocol protocol;
	char host[SERVICE_HOST_MAX + 1]; /* IPv6 without brackets */
	uint16_t port;
};

/* "smtp"; never NULL. */
const char *service_name(enum service_protocol protocol);

/* -ERR_CONFIG with what is wrong and the remedy. */
int service_parse(const char *text, struct service *ret, struct err *err);

/* The same, as a check of a row. */
int service_check(const char *text, struct err *err);

#endif
