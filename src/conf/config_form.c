/* SPDX-License-Identifier: Apache-2.0 */
#include "conf/config_form.h"

#include "base/mem.h"
#include "base/text.h"
#include "http/ip_range.h"
#include "http/url.h"
#include "pkix/ident.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#define PORT_MAX 65535

static int
refuse_address(const char *text, struct err *err)
{
	return err_set(err, ERR_CONFIG, NULL, "\"%s\" is not an address with a "
	    "port; write it as \"192.0.2.1:443\" or \"[2001:db8::1]:443\"",
	    text);
}

static int
parse_host(const char *host, uint16_t port, bool is_v6,
    struct sockaddr_storage *ret, socklen_t *ret_len)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };

	memset(ret, 0, sizeof(*ret));
	v6.sin6_port = v4.sin_port = htons(port);
	if (is_v6) {
		memcpy(ret, &v6, sizeof(v6));
		*ret_len = sizeof(v6);
		return inet_pton(AF_INET6, host,
		    &((struct sockaddr_in6 *)ret)->sin6_addr);
	}
	memcpy(ret, &v4, sizeof(v4));
	*ret_len = sizeof(v4);
	return inet_pton(AF_INET, host,
	    &((struct sockaddr_in *)ret)->sin_addr);
}

int
config_form_parse_address(const char *text, struct sockaddr_storage *ret,
    socklen_t *ret_len, struct err *err)
{
	const char *colon = strrchr(text, ':');
	char host[IP_ADDR_TEXT_SIZE + 2]; /* with brackets */
	bool is_v6 = text[0] == '[';
	size_t len;
	uint64_t port;

	if (colon == NULL || (size_t)(colon - text) >= sizeof(host))
		return refuse_address(text, err);
	if (text_uint(span_str(colon + 1), PORT_MAX, &port) != 0)
		return refuse_address(text, err);
	len = (size_t)(colon - text);
	if (is_v6 && (len < 2 || text[len - 1] != ']'))
		return refuse_address(text, err);
	snprintf(host, sizeof(host), "%.*s", (int)(is_v6 ? len - 2 : len),
	    text + is_v6);
	if (parse_host(host, (uint16_t)port, is_v6, ret, ret_len) != 1)
		return refuse_address(text, err);
	return 0;
}

static int
check_address(const char *text, struct err *err)
{
	struct sockaddr_storage address;
	socklen_t len;

	return config_form_parse_address(text, &address, &len, err);
}

/* Without quotes, libconfuse takes "//" for the start of a comment. */
static int
check_scheme(const char *text, const char *example, struct err *err)
{
	if (strcmp(text, "https:") == 0 || strcmp(text, "http:") == 0)
		return err_set(err, ERR_CONFIG, NULL, "the URL ends after "
		    "\"%s\", because \"//\" starts a comment; put the URL "
		    "between double quotes", text);
	if (strncmp(text, "https://", 8) != 0 &&
	    strncmp(text, "http://", 7) != 0)
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" is not an http "
		    "or https URL; write it as \"%s\"", text, example);
	return 0;
}

static int
check_url(const char *text, struct err *err)
{
	struct url url;
	int r;

	r = check_scheme(text, "https://ca.example.com/terms", err);
	if (r == 0 && url_parse(NULL, span_str(text), &url, err) != 0)
		r = err_set(err, ERR_CONFIG, NULL, "\"%s\" is not a good URL; "
		    "write it as \"https://ca.example.com/terms\"", text);
	return r;
}

static int
check_base_url(const char *text, struct err *err)
{
	const char *host = text + strlen("https://");
	struct url url;
	int r;

	r = check_scheme(text, "https://acme.example.com", err);
	if (r != 0)
		return r;
	if (text[4] != 's')
		return err_set(err, ERR_CONFIG, "RFC 8555 6.1", "\"%s\" is "
		    "not https; ACME needs it: write \"https://...\"", text);
	if (url_parse(NULL, span_str(text), &url, err) != 0)
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" is not a good "
		    "URL; write it as \"https://acme.example.com\"", text);
	if (strpbrk(host, "/?#") != NULL)
		return err_set(err, ERR_CONFIG, NULL, "\"%s\" has more than a "
		    "host and a port; end it after \"%.*s\"", text,
		    (int)(strlen("https://") + strcspn(host, "/?#")), text);
	for (const char *p = host; *p != '\0'; p++) {
		/* Clients sign the URLs that they were given, byte by byte. */
		if (*p >= 'A' && *p <= 'Z')
			return err_set(err, ERR_CONFIG, NULL, "\"%s\" has upper "
			    "case letters; write it in lower case", text);
	}
	return 0;
}

static int
check_domain(const char *text, struct err *err)
{
	struct arena arena = { 0 };
	struct ident ident = { 0 };
	struct err why = ERR_INIT;
	int r;

	r = ident_parse(SPAN_LIT("dns"), span_str(text), &arena, &ident, &why);
	if (r == 0 && ident_is_wildcard(&ident))
		r = err_set(&why, ERR_CONFIG, NULL, "it is a wildcard");
	if (r != 0)
		r = err_set(err, ERR_CONFIG, why.rule, "\"%s\" is not a domain "
		    "name (%.200s); write one as \"example.com\"", text,
		    why.text);
	arena_free(&arena);
	return r;
}

static int
check_range(const char *text, struct err *err)
{
	struct ip_range range;

	return ip_range_parse(span_str(text), &range, err);
}

int
config_form_check(enum config_form form, const char *text, struct err *err)
{
	static int (*const checks[CONFIG_FORM_COUNT])(const char *text,
	    struct err *err) = {
		[CONFIG_FORM_ADDRESS] = check_address,
		[CONFIG_FORM_BASE_URL] = check_base_url,
		[CONFIG_FORM_DOMAIN] = check_domain,
		[CONFIG_FORM_RANGE] = check_range,
		[CONFIG_FORM_URL] = check_url,
	};

	return checks[form] == NULL ? 0 : checks[form](text, err);
}

const char *
config_form_bind_remedy(int error)
{
	switch (error) {
	case EADDRINUSE:
		return "stop the program that uses it, or choose another port";
	case EADDRNOTAVAIL:
		return "give an address of this machine";
	case EACCES:
		return "start signetd as root, or choose a port over 1023";
	default:
		return "choose another address";
	}
}
