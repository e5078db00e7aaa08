/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client_names.h"

#include <openssl/sha.h>

#include "base/text.h"

#define ACCOUNT_LABEL_BYTES 10 /* of the hash: 16 characters of base32 */

static const char *const method_names[CLIENT_METHOD_COUNT] = {
	[0] = "unknown",
	[CLIENT_HTTP_01] = "http-01",
	[CLIENT_TLS_ALPN_01] = "tls-alpn-01",
	[CLIENT_DNS_01] = "dns-01",
	[CLIENT_DNS_ACCOUNT_01] = "dns-account-01",
	[CLIENT_DNS_PERSIST_01] = "dns-persist-01",
};

const char *
client_method_name(enum client_method method)
{
	return method_names[(unsigned)method < CLIENT_METHOD_COUNT ? method : 0];
}

enum client_method
client_method_from_name(struct span name)
{
	for (unsigned i = CLIENT_HTTP_01; i < CLIENT_METHOD_COUNT; i++) {
		if (span_equal_str(name, method_names[i]))
			return (enum client_method)i;
	}
	return (enum client_method)0;
}

void
client_cert_id(struct bld *out, struct span key_id, struct span serial)
{
	text_base64url(out, key_id);
	bld_u8(out, '.');
	text_base64url(out, serial);
}

void
client_dns01_value(struct bld *out, struct span key_authorization)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	SHA256(key_authorization.data, key_authorization.len, digest);
	text_base64url(out, span_of(digest, sizeof(digest)));
}

/* RFC 4648 6, in lower case; len is a multiple of 5. */
static void
put_base32(struct bld *out, const uint8_t *data, size_t len)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint32_t bits = 0;
	unsigned count = 0;

	for (size_t i = 0; i < len; i++) {
		bits = (bits << 8 | data[i]) & 0xfff;
		for (count += 8; count >= 5; count -= 5)
			bld_u8(out, (uint8_t)alphabet[bits >> (count - 5) & 31]);
	}
}

void
client_dns_account_name(struct bld *out, struct span kid, struct span domain)
{
	uint8_t digest[SHA256_DIGEST_LENGTH];

	SHA256(kid.data, kid.len, digest);
	bld_u8(out, '_');
	put_base32(out, digest, ACCOUNT_LABEL_BYTES);
	bld_str(out, "._acme-challenge.");
	bld_span(out, domain);
}

void
client_tls_alpn_digest(uint8_t ret[CLIENT_TLS_ALPN_SIZE],
    struct span key_authorization)
{
	SHA256(key_authorization.data, key_authorization.len, ret);
}

static bool
is_loopback(struct span host)
{
	static const char *const names[] = { "localhost", "[::1]" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (span_starts_with(host, span_str(names[i])) &&
		    (host.len == strlen(names[i]) ||
		    host.data[strlen(names[i])] == ':'))
			return true;
	}
	/* 127.0.0.0/8, and no name that merely begins like it. */
	if (!span_starts_with(host, SPAN_LIT("127.")))
		return false;
	for (size_t i = 0; i < host.len && host.data[i] != ':'; i++) {
		if (host.data[i] != '.' &&
		    (host.data[i] < '0' || host.data[i] > '9'))
			return false;
	}
	return true;
}

static bool
is_plain(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] <= 0x20 || text.data[i] >= 0x7f ||
		    strchr("\"'<>\\^`{|}#", text.data[i]) != NULL)
			return false;
	}
	return true;
}

int
client_url_check(struct span url, bool http_too, struct err *err)
{
	bool https = span_starts_with(url, SPAN_LIT("https://"));
	bool http = http_too && span_starts_with(url, SPAN_LIT("http://"));
	struct span host;
	size_t len = 0;

	if (url.len > CLIENT_URL_MAX)
		return err_set(err, ERR_MALFORMED, NULL,
		    "a URL has more than %d bytes", CLIENT_URL_MAX);
	if ((!https && !http) || !is_plain(url))
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.1",
		    "a URL is not of https");
	host = span_from(url, https ? 8 : 7);
	while (len < host.len && strchr("/?", host.data[len]) == NULL)
		len++;
	host.len = len;
	if (len == 0 || host.data[0] == ':' ||
	    memchr(host.data, '@', len) != NULL)
		return err_set(err, ERR_MALFORMED, "RFC 3986 3.2",
		    "a URL has no host, or has a user name");
	if (http && !is_loopback(host))
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.1",
		    "a URL of http is not on this host");
	return 0;
}

/* "https://host" or "https://host:port", the port that https has anyway left
 * out. */
static struct span
origin_of(struct span url)
{
	bool https = span_starts_with(url, SPAN_LIT("https://"));
	struct span port = span_str(https ? ":443" : ":80");
	size_t len = https ? 8 : 7;

	while (len < url.len && strchr("/?", url.data[len]) == NULL)
		len++;
	url.len = len < url.len ? len : url.len;
	if (url.len > port.len && memcmp(url.data + url.len - port.len,
	    port.data, port.len) == 0)
		url.len -= port.len;
	return url;
}

bool
client_url_same_origin(struct span a, struct span b)
{
	a = origin_of(a);
	b = origin_of(b);
	return span_equal_nocase(a, b);
}

bool
client_token_check(struct span token)
{
	if (token.len < CLIENT_TOKEN_MIN || token.len > CLIENT_TOKEN_MAX)
		return false;
	for (size_t i = 0; i < token.len; i++) {
		uint8_t c = token.data[i];

		if ((c < '0' || c > '9') && (c < 'A' || c > 'Z') &&
		    (c < 'a' || c > 'z') && c != '-' && c != '_')
			return false;
	}
	return true;
}
