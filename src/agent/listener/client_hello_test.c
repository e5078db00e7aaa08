/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/listener/client_hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ssl.h>

#include "base/bld.h"

#define RAW_MAX 65536

/* What OpenSSL says first; alpn is in wire form. */
static size_t
make(const char *name, const char *alpn, int max_version, uint8_t *out)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = SSL_new(ctx);
	BIO *in = BIO_new(BIO_s_mem()), *from = BIO_new(BIO_s_mem());
	char host[256]; /* OpenSSL takes char * where it means const char * */
	int len;

	snprintf(host, sizeof(host), "%s", name == NULL ? "" : name);
	SSL_set_max_proto_version(ssl, max_version);
	SSL_set_bio(ssl, in, from);
	if (name != NULL)
		assert_int_equal(SSL_set_tlsext_host_name(ssl, host), 1);
	if (alpn != NULL)
		assert_int_equal(SSL_set_alpn_protos(ssl,
		    (const uint8_t *)alpn, (unsigned)strlen(alpn)), 0);
	SSL_set_connect_state(ssl);
	SSL_do_handshake(ssl);
	len = BIO_read(from, out, RAW_MAX);
	assert_true(len > 0);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	return (size_t)len;
}

/* The same message in records of step bytes. */
static size_t
fragment(const uint8_t *in, size_t len, size_t step, uint8_t *out)
{
	struct bld made;
	size_t all;

	bld_init(&made, RAW_MAX);
	for (size_t at = 5; at < len; at += step) {
		size_t n = len - at < step ? len - at : step;

		bld_bytes(&made, "\x16\x03\x01", 3);
		bld_u16(&made, (uint16_t)n);
		bld_bytes(&made, in + at, n);
	}
	assert_int_equal(bld_end(&made), 0);
	memcpy(out, made.data, made.len);
	all = made.len;
	bld_free(&made);
	return all;
}

static enum client_hello_state
feed(struct client_hello *hello, const uint8_t *data, size_t len, size_t step)
{
	enum client_hello_state state = CLIENT_HELLO_MORE;

	*hello = (struct client_hello){ 0 };
	for (size_t at = 0; state == CLIENT_HELLO_MORE && at < len; at += step)
		state = client_hello_feed(hello, span_of(data + at,
		    len - at < step ? len - at : step));
	return state;
}

static void
test_reads_name_and_protocol(void **state)
{
	static const struct {
		const char *name, *alpn, *want;
		bool acme;
	} rows[] = {
		{ "Example.COM", "\x0a" "acme-tls/1", "example.com", true },
		{ "example.com", "\x02h2\x08http/1.1", "example.com", false },
		{ "example.com", "\x02h2\x0a" "acme-tls/1", "example.com",
		    false },
		{ NULL, "\x0a" "acme-tls/1", "", true },
		{ NULL, NULL, "", false },
	};
	static uint8_t raw[RAW_MAX], cut[RAW_MAX];
	static const size_t steps[] = { 1, 7, 100, RAW_MAX };
	struct client_hello hello;

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		size_t row = i / 2, len = make(rows[row].name, rows[row].alpn,
		    i % 2 == 0 ? TLS1_2_VERSION : TLS1_3_VERSION, raw);

		for (size_t k = 0; k < 4; k++) {
			size_t cut_len = fragment(raw, len, steps[k] == 1 ? 16 :
			    steps[k], cut);

			assert_int_equal(feed(&hello, cut, cut_len, steps[k]),
			    CLIENT_HELLO_KNOWN);
			assert_string_equal(hello.name, rows[row].want);
			assert_int_equal(hello.acme, rows[row].acme);
			client_hello_done(&hello);
			assert_int_equal(feed(&hello, cut, cut_len - 1,
			    steps[k]), CLIENT_HELLO_MORE);
			client_hello_done(&hello);
		}
	}
}

static void
test_leaves_what_is_no_hello(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum client_hello_state want;
	} rows[] = {
		{ "GET / HTTP/1.1\r\n", 16, CLIENT_HELLO_OTHER },
		{ "S", 1, CLIENT_HELLO_OTHER },
		{ "\x16", 1, CLIENT_HELLO_MORE },
		{ "\x16\x02\x00\x00\x10", 5, CLIENT_HELLO_OTHER },
		{ "\x16\x03\x01\x00\x00", 5, CLIENT_HELLO_OTHER },
		{ "\x16\x03\x01\x40\x01", 5, CLIENT_HELLO_OTHER },
		{ "\x16\x03\x01\x00\x01\x02", 6, CLIENT_HELLO_OTHER },
		{ "\x16\x03\x01\x00\x04\x01\x00\x40\x00", 9,
		    CLIENT_HELLO_OTHER },
		{ "\x16\x03\x01\x00\x04\x01\x00\x00\x00", 9,
		    CLIENT_HELLO_OTHER },
	};
	struct client_hello hello;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(feed(&hello, (const uint8_t *)rows[i].bytes,
		    rows[i].len, rows[i].len), rows[i].want);
		client_hello_done(&hello);
	}
}

static void
test_bounds_what_it_reads(void **state)
{
	static uint8_t raw[CLIENT_HELLO_RAW_MAX + 6];
	struct client_hello hello;

	(void)state;
	/* Records of one byte, of a message that promises 16000. */
	for (size_t at = 0; at + 6 <= sizeof(raw); at += 6)
		memcpy(raw + at, "\x16\x03\x01\x00\x01\x00", 6);
	raw[5] = 1;
	raw[17] = 0x3e;
	raw[23] = 0x80;
	assert_int_equal(feed(&hello, raw, sizeof(raw), 1),
	    CLIENT_HELLO_OTHER);
	assert_true(hello.raw > CLIENT_HELLO_RAW_MAX);
	client_hello_done(&hello);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_name_and_protocol),
		cmocka_unit_test(test_leaves_what_is_no_hello),
		cmocka_unit_test(test_bounds_what_it_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
