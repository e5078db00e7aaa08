/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/conf/service.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/text.h"

static const struct {
	const char *name;
	uint16_t ports[2]; /* where it is spoken without being said */
} protocols[SERVICE_COUNT] = {
	[SERVICE_TLS] = { "tls", { 0 } },
	[SERVICE_SMTP] = { "smtp", { 25, 587 } },
	[SERVICE_IMAP] = { "imap", { 143 } },
	[SERVICE_POP3] = { "pop3", { 110 } },
	[SERVICE_FTP] = { "ftp", { 21 } },
	[SERVICE_SIEVE] = { "sieve", { 4190 } },
};

const char *
service_name(enum service_protocol protocol)
{
	return protocol < SERVICE_COUNT ? protocols[protocol].name : "unknown";
}

/* "smtp:25" is a host called smtp. */
static bool
take_protocol(const char **text, enum service_protocol *ret)
{
	size_t len = strcspn(*text, ":");

	if (strchr(*text, ':') == strrchr(*text, ':'))
		return false;
	for (int i = 0; i < SERVICE_COUNT; i++) {
		if (len == strlen(protocols[i].name) &&
		    memcmp(protocols[i].name, *text, len) == 0) {
			*ret = (enum service_protocol)i;
			*text += len + 1;
			return true;
		}
	}
	return false;
}

static enum service_protocol
usual_protocol(uint16_t port)
{
	for (int i = SERVICE_SMTP; i < SERVICE_COUNT; i++) {
		if (protocols[i].ports[0] == port ||
		    protocols[i].ports[1] == port)
			return (enum service_protocol)i;
	}
	return SERVICE_TLS;
}

static int
take_host(const char *from, size_t len, struct service *ret)
{
	struct in6_addr address;

	if (len > 2 && from[0] == '[' && from[len - 1] == ']') {
		from++;
		len -= 2;
	}
	if (len == 0 || len > SERVICE_HOST_MAX ||
	    memchr(from, '/', len) != NULL || memchr(from, '[', len) != NULL)
		return -(int)ERR_CONFIG;
	snprintf(ret->host, sizeof(ret->host), "%.*s", (int)len, from);
	return strchr(ret->host, ':') == NULL ||
	    inet_pton(AF_INET6, ret->host, &address) == 1 ? 0 :
	    -(int)ERR_CONFIG;
}

int
service_parse(const char *text, struct service *ret, struct err *err)
{
	const char *rest = text, *colon;
	bool said;
	uint64_t port;

	*ret = (struct service){ 0 };
	said = take_protocol(&rest, &ret->protocol);
	colon = strrchr(rest, ':');
	if (colon == NULL ||
	    text_uint(span_str(colon + 1), UINT16_MAX, &port) < 0 ||
	    port == 0 || take_host(rest, (size_t)(colon - rest), ret) < 0)
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" is not a host "
		    "with a port; write it as mail.example.com:993, or with "
		    "the protocol that TLS begins in as "
		    "smtp:mail.example.com:25 (smtp, imap, pop3, ftp, sieve)",
		    text);
	ret->port = (uint16_t)port;
	if (!said)
		ret->protocol = usual_protocol(ret->port);
	return 0;
}

int
service_check(const char *text, struct err *err)
{
	struct service service;

	return service_parse(text, &service, err);
}
