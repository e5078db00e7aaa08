/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dev/dev.h"
#include "rpc/dev_core.h"

#include <stdio.h>

/* What dev said last, to its client and to core. */
struct said {
	uint64_t exchange;
	int status;
	char type[64];
	char body[4096];
	uint64_t id;
	uint8_t serial[DEV_CORE_SERIAL_MAX];
	size_t serial_len;
	unsigned responses;
};

static void
on_respond(void *ctx, uint64_t exchange, const struct http_response *response)
{
	struct said *said = ctx;

	said->exchange = exchange;
	said->status = response->status;
	snprintf(said->type, sizeof(said->type), "%s", response->content_type);
	snprintf(said->body, sizeof(said->body), "%.*s",
	    SPAN_FMT(response->body));
	said->responses++;
}

static void
on_ask(void *ctx, uint64_t id, uint16_t type, struct span payload)
{
	struct said *said = ctx;
	struct dev_core_request request;
	struct err err;

	assert_int_equal(dev_core_request_decode(type, payload, &request,
	    &err), 0);
	said->id = id;
	said->serial_len = request.serial.len;
	memcpy(said->serial, request.serial.data, request.serial.len);
}

static const struct dev_ops ops = { on_respond, on_ask };
static struct dev_files files;

static int
setup(void **state)
{
	(void)state;
	files = (struct dev_files){
		.root = SPAN_LIT("ROOT"), .root_key = SPAN_LIT("ROOT KEY"),
		.issuer = SPAN_LIT("ISSUER"),
		.issuer_key = SPAN_LIT("ISSUER KEY"),
	};
	return 0;
}

static void
request(struct dev *dev, enum http_method method, const char *path)
{
	const struct http_request r = {
		.method = method, .path = span_str(path),
		.target = span_str(path), .host = SPAN_LIT("localhost"),
	};

	dev_request(dev, &r, 7);
}

static void
test_pages(void **state)
{
	static const struct {
		enum http_method method;
		const char *path;
		int status;
		const char *type, *body;
	} pages[] = {
		{ HTTP_GET, "/roots/0", 200,
		    "application/pem-certificate-chain", "ROOT" },
		{ HTTP_HEAD, "/roots/0", 200,
		    "application/pem-certificate-chain", "ROOT" },
		{ HTTP_GET, "/root-keys/0", 200, "application/x-pem-file",
		    "ROOT KEY" },
		{ HTTP_GET, "/intermediates/0", 200,
		    "application/pem-certificate-chain", "ISSUER" },
		{ HTTP_GET, "/intermediate-keys/0", 200,
		    "application/x-pem-file", "ISSUER KEY" },
		{ HTTP_GET, "/roots/1", 404, "text/plain", "" },
		{ HTTP_GET, "/roots/", 404, "text/plain", "" },
		{ HTTP_GET, "/", 404, "text/plain", "" },
		{ HTTP_POST, "/roots/0", 405, "text/plain", "" },
		{ HTTP_OTHER, "/roots/0", 405, "text/plain", "" },
		{ HTTP_GET, "/cert-status-by-serial/", 400, "text/plain", "" },
		{ HTTP_GET, "/cert-status-by-serial/xyz", 400, "text/plain",
		    "" },
		{ HTTP_GET, "/cert-status-by-serial/"
		    "0123456789012345678901234567890123456789012", 400,
		    "text/plain", "" },
	};
	struct said said = { 0 };
	struct dev *dev = dev_new(&files, &ops, &said);

	(void)state;
	dev_core_up(dev);
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		said.status = 0;
		request(dev, pages[i].method, pages[i].path);
		assert_int_equal(said.status, pages[i].status);
		assert_int_equal(said.exchange, 7);
		assert_string_equal(said.type, pages[i].type);
		if (pages[i].status == 200)
			assert_string_equal(said.body, pages[i].body);
	}
	dev_refused(dev, 413, "too long", 9);
	assert_int_equal(said.status, 413);
	assert_int_equal(said.exchange, 9);
	dev_free(dev);
}

static void
answer(struct dev *dev, const struct said *said,
    const struct dev_core_answer *in)
{
	struct err err = ERR_INIT;
	struct bld out;

	bld_init(&out, 1000);
	dev_core_answer_encode(&out, in);
	assert_int_equal(dev_answer(dev, said->id, (uint16_t)in->type,
	    bld_view(&out), &err), 0);
	bld_free(&out);
}

static void
test_status(void **state)
{
	static const uint8_t serial[] = { 0x0a, 0xbc };
	const struct dev_core_answer valid = {
		.type = DEV_CORE_CERTIFICATE, .status = DEV_CORE_VALID,
		.der = SPAN_LIT("der"),
	};
	const struct dev_core_answer revoked = {
		.type = DEV_CORE_CERTIFICATE, .status = DEV_CORE_REVOKED,
		.der = SPAN_LIT("der"), .reason = 4, .revoked_at = 1000,
	};
	const struct dev_core_answer none = { .type = DEV_CORE_NONE };
	static const char pem[] = "-----BEGIN CERTIFICATE-----\\nZGVy\\n"
	    "-----END CERTIFICATE-----\\n";
	struct said said = { 0 };
	struct dev *dev = dev_new(&files, &ops, &said);
	char expected[4096];

	(void)state;
	dev_core_up(dev);
	request(dev, HTTP_GET, "/cert-status-by-serial/000abC");
	assert_int_equal(said.responses, 0);
	assert_int_equal(said.serial_len, sizeof(serial));
	assert_memory_equal(said.serial, serial, sizeof(serial));
	answer(dev, &said, &valid);
	assert_int_equal(said.status, 200);
	assert_string_equal(said.type, "application/json");
	snprintf(expected, sizeof(expected), "{\"Status\":\"Valid\","
	    "\"Serial\":\"abc\",\"Certificate\":\"%s\"}", pem);
	assert_string_equal(said.body, expected);

	request(dev, HTTP_GET, "/cert-status-by-serial/abc");
	answer(dev, &said, &revoked);
	snprintf(expected, sizeof(expected), "{\"Status\":\"Revoked\","
	    "\"Serial\":\"abc\",\"Certificate\":\"%s\",\"Reason\":4,"
	    "\"RevokedAt\":\"1970-01-01T00:00:01Z\"}", pem);
	assert_string_equal(said.body, expected);

	request(dev, HTTP_GET, "/cert-status-by-serial/0");
	answer(dev, &said, &none);
	assert_int_equal(said.status, 404);
	dev_free(dev);
}

static void
test_core_gone(void **state)
{
	const struct dev_core_answer none = { .type = DEV_CORE_NONE };
	const struct dev_core_answer busy = { .type = DEV_CORE_BUSY };
	struct said said = { 0 };
	struct dev *dev = dev_new(&files, &ops, &said);
	struct err err = ERR_INIT;

	(void)state;
	request(dev, HTTP_GET, "/cert-status-by-serial/1");
	assert_int_equal(said.status, 503);
	dev_core_up(dev);
	for (int i = 0; i < DEV_QUESTIONS_MAX; i++)
		request(dev, HTTP_GET, "/cert-status-by-serial/1");
	assert_int_equal(said.responses, 1);
	request(dev, HTTP_GET, "/cert-status-by-serial/1");
	assert_int_equal(said.responses, 2);
	answer(dev, &said, &none);
	/* Each question is answered once. */
	assert_int_equal(dev_answer(dev, said.id, DEV_CORE_NONE, SPAN_NONE,
	    &err), -(int)ERR_FRAME);
	assert_int_equal(dev_answer(dev, 0, DEV_CORE_NONE, SPAN_NONE, &err),
	    -(int)ERR_FRAME);
	assert_int_equal(dev_answer(dev, said.id - 1, DEV_CORE_CERTIFICATE,
	    SPAN_LIT("x"), &err), -(int)ERR_FRAME);
	dev_core_down(dev);
	assert_int_equal(said.responses, 2 + DEV_QUESTIONS_MAX);
	assert_int_equal(said.status, 503);
	dev_core_up(dev);
	request(dev, HTTP_GET, "/cert-status-by-serial/1");
	said.status = 0;
	answer(dev, &said, &busy);
	assert_int_equal(said.status, 503);
	dev_free(dev);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pages),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_core_gone),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
