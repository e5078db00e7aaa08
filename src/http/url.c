/* SPDX-License-Identifier: Apache-2.0 */
#include "http/url.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "http/ip_range.h"

#define URL_RULE "RFC 3986"
#define HTTP_PORT 80

/* curl would strip or encode these; who sends them has something in mind. */
static bool
has_control(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < 0x20 || text.data[i] == 0x7f)
			return true;
	return false;
}

static bool
is_ldh(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
	    c == '_';
}

/* Letters, digits, hyphens and (seen in real host names) underscores, and a
 * last label that is not a number: else some resolver would take it for an
 * address (WHATWG URL "ends in a number"). */
static bool
is_dns_name(const char *host)
{
	const char *last = strrchr(host, '.');
	size_t label = 0;

	last = last == NULL ? host : last + 1;
	if (strspn(last, "0123456789") == strlen(last))
		return false;
	for (const char *at = host; *at != '\0'; at++) {
		if (*at != '.' && !is_ldh(*at))
			return false;
		label = *at == '.' ? 0 : label + 1;
		if (label > 63 || (*at == '.' && (at == host || at[1] == '.')))
			return false;
	}
	return true;
}

/* Copies the host in its canonical form. */
static int
take_host(const char *in, struct url *ret, struct err *err)
{
	size_t len = strlen(in);
	struct ip_addr addr;

	if (len >= 2 && in[0] == '[') {
		in++;
		len -= 2;
	} else if (len >= 1 && in[len - 1] == '.') {
		len--;
	}
	if (len == 0 || len > URL_HOST_MAX)
		return err_set(err, ERR_MALFORMED, URL_RULE " 3.2.2",
		    "the URL has no host or one that is too long");
	for (size_t i = 0; i < len; i++)
		ret->host[i] = text_lower(in[i]);
	ret->host[len] = '\0';
	ret->host_is_ip = ip_addr_parse(span_of(ret->host, len), &addr) == 0;
	if (!ret->host_is_ip && !is_dns_name(ret->host))
		return err_set(err, ERR_MALFORMED, URL_RULE " 3.2.2",
		    "the URL's host is not a DNS name");
	return 0;
}

static int
take_port(CURLU *handle, struct url *ret, struct err *err)
{
	char *port = NULL;
	uint64_t number = 0;
	int r = -1;

	if (curl_url_get(handle, CURLUPART_PORT, &port,
	    CURLU_DEFAULT_PORT) == CURLUE_OK)
		r = text_uint(span_str(port), UINT16_MAX, &number);
	curl_free(port);
	if (r < 0 || number == 0)
		return err_set(err, ERR_MALFORMED, URL_RULE " 3.2.3",
		    "the URL's port is not a number from 1 to 65535");
	ret->port = (uint16_t)number;
	return 0;
}

static int
take_scheme(CURLU *handle, struct url *ret, struct err *err)
{
	char *scheme = NULL;
	bool known = false;

	if (curl_url_get(handle, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK) {
		ret->https = strcmp(scheme, "https") == 0;
		known = ret->https || strcmp(scheme, "http") == 0;
	}
	curl_free(scheme);
	if (!known)
		return err_set(err, ERR_MALFORMED, URL_RULE " 3.1",
		    "the URL's scheme is neither http nor https");
	return 0;
}

static bool
has_part(CURLU *handle, CURLUPart part)
{
	char *text = NULL;
	bool has = curl_url_get(handle, part, &text, 0) == CURLUE_OK;

	curl_free(text);
	return has;
}

static int
take_text(CURLU *handle, struct url *ret, struct err *err)
{
	char *text = NULL;

	curl_url_set(handle, CURLUPART_FRAGMENT, NULL, 0);
	if (curl_url_get(handle, CURLUPART_URL, &text, 0) == CURLUE_OK)
		ret->text_len = strlen(text);
	if (text == NULL || ret->text_len > URL_MAX) {
		curl_free(text);
		return err_set(err, ERR_MALFORMED, URL_RULE,
		    "the URL is longer than %d bytes", URL_MAX);
	}
	memcpy(ret->text, text, ret->text_len + 1);
	curl_free(text);
	return 0;
}

static int
take_parts(CURLU *handle, struct url *ret, struct err *err)
{
	char *host = NULL;
	int r;

	r = take_scheme(handle, ret, err);
	if (r < 0)
		return r;
	if (has_part(handle, CURLUPART_USER) ||
	    has_part(handle, CURLUPART_PASSWORD))
		return err_set(err, ERR_MALFORMED, "RFC 9110 4.2.4",
		    "the URL has a user name or password");
	if (has_part(handle, CURLUPART_ZONEID))
		return err_set(err, ERR_MALFORMED, "RFC 6874 1",
		    "the URL's host has a zone, which is for one node only");
	r = take_port(handle, ret, err);
	if (r < 0)
		return r;
	curl_url_get(handle, CURLUPART_HOST, &host, 0);
	r = take_host(host == NULL ? "" : host, ret, err);
	curl_free(host);
	if (r < 0)
		return r;
	return take_text(handle, ret, err);
}

int
url_parse(const struct url *base, struct span text, struct url *ret,
    struct err *err)
{
	char buf[URL_MAX + 1];
	CURLU *handle;
	int r = -(int)ERR_MALFORMED;

	*ret = (struct url){ 0 };
	if (text.len == 0 || text.len > URL_MAX || has_control(text))
		return err_set(err, ERR_MALFORMED, URL_RULE, "the URL is "
		    "empty, longer than %d bytes or has control characters",
		    URL_MAX);
	memcpy(buf, text.data, text.len);
	buf[text.len] = '\0';
	handle = curl_url();
	if (handle == NULL)
		abort();
	if (base != NULL && curl_url_set(handle, CURLUPART_URL, base->text,
	    CURLU_DISALLOW_USER) != CURLUE_OK)
		err_set(err, ERR_MALFORMED, URL_RULE, "the base is no URL");
	/* Raw blanks and 8-bit bytes are seen in redirects; curl encodes. */
	else if (curl_url_set(handle, CURLUPART_URL, buf,
	    CURLU_URLENCODE) != CURLUE_OK)
		err_set(err, ERR_MALFORMED, URL_RULE, "the URL cannot be "
		    "parsed, or is no http or https URL");
	else
		r = take_parts(handle, ret, err);
	curl_url_cleanup(handle);
	return r;
}

int
url_make(struct span host, uint16_t port, struct span path, struct url *ret,
    struct err *err)
{
	char text[URL_HOST_MAX + 1] = "", number[8] = "";
	const char *bracket;
	int n;

	*ret = (struct url){ .port = port };
	if (host.len > URL_HOST_MAX || memchr(host.data, 0, host.len) != NULL)
		host.len = 0; /* refused below */
	memcpy(text, host.data, host.len);
	text[host.len] = '\0';
	if (take_host(text, ret, err) < 0)
		return -(int)ERR_MALFORMED;
	bracket = strchr(ret->host, ':') != NULL ? "[]" : "";
	if (port != HTTP_PORT)
		snprintf(number, sizeof(number), ":%u", (unsigned)port);
	n = snprintf(ret->text, sizeof(ret->text), "http://%.1s%s%s%s%.*s",
	    bracket, ret->host, bracket[0] == '\0' ? "" : bracket + 1, number,
	    SPAN_FMT(path));
	if (n < 0 || n > URL_MAX)
		return err_set(err, ERR_MALFORMED, URL_RULE,
		    "the URL is longer than %d bytes", URL_MAX);
	ret->text_len = (size_t)n;
	return 0;
}
