/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rpc/dev_core.h"

static void
test_request(void **state)
{
	struct dev_core_request request = { SPAN_LIT("\x01\x02\x03") }, back;
	struct err err = ERR_INIT;
	struct bld out;

	(void)state;
	bld_init(&out, 64);
	dev_core_request_encode(&out, &request);
	assert_int_equal(dev_core_request_decode(
	    DEV_CORE_CERTIFICATE_BY_SERIAL, bld_view(&out), &back, &err), 0);
	assert_true(span_equal(back.serial, request.serial));
	assert_int_equal(dev_core_request_decode(DEV_CORE_CERTIFICATE,
	    bld_view(&out), &back, &err), -(int)ERR_FRAME);
	for (size_t len = 0; len < out.len; len++)
		assert_int_equal(dev_core_request_decode(
		    DEV_CORE_CERTIFICATE_BY_SERIAL, span_of(out.data, len),
		    &back, &err), -(int)ERR_FRAME);
	bld_u8(&out, 0);
	assert_int_equal(dev_core_request_decode(
	    DEV_CORE_CERTIFICATE_BY_SERIAL, bld_view(&out), &back, &err),
	    -(int)ERR_FRAME);
	bld_free(&out);
}

static void
test_long_serial(void **state)
{
	static const uint8_t serial[DEV_CORE_SERIAL_MAX + 1] = { 1 };
	struct dev_core_request request, back;
	struct err err = ERR_INIT;
	struct bld out;

	(void)state;
	for (size_t len = DEV_CORE_SERIAL_MAX; len <= sizeof(serial); len++) {
		bld_init(&out, 64);
		request.serial = span_of(serial, len);
		dev_core_request_encode(&out, &request);
		assert_int_equal(dev_core_request_decode(
		    DEV_CORE_CERTIFICATE_BY_SERIAL, bld_view(&out), &back,
		    &err), len > DEV_CORE_SERIAL_MAX ? -(int)ERR_FRAME : 0);
		bld_free(&out);
	}
}

static void
test_answer(void **state)
{
	struct dev_core_answer answer = {
		.type = DEV_CORE_CERTIFICATE, .status = DEV_CORE_REVOKED,
		.revoked_at = INT64_C(1790000000000), .reason = 4,
		.der = SPAN_LIT("certificate"),
	}, back;
	struct err err = ERR_INIT;
	struct bld out;

	(void)state;
	bld_init(&out, 64);
	dev_core_answer_encode(&out, &answer);
	assert_int_equal(dev_core_answer_decode(DEV_CORE_CERTIFICATE,
	    bld_view(&out), &back, &err), 0);
	assert_int_equal(back.type, DEV_CORE_CERTIFICATE);
	assert_int_equal(back.status, DEV_CORE_REVOKED);
	assert_int_equal(back.revoked_at, answer.revoked_at);
	assert_int_equal(back.reason, 4);
	assert_true(span_equal(back.der, answer.der));
	for (size_t len = 0; len < out.len; len++)
		assert_int_equal(dev_core_answer_decode(DEV_CORE_CERTIFICATE,
		    span_of(out.data, len), &back, &err), -(int)ERR_FRAME);
	out.data[0] = DEV_CORE_REVOKED + 1;
	assert_int_equal(dev_core_answer_decode(DEV_CORE_CERTIFICATE,
	    bld_view(&out), &back, &err), -(int)ERR_FRAME);
	bld_free(&out);
}

static void
test_empty(void **state)
{
	static const enum dev_core_type types[] = {
		DEV_CORE_NONE, DEV_CORE_BUSY
	};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct dev_core_answer answer = { .type = types[i] }, back;
		uint16_t type = (uint16_t)types[i];
		struct err err = ERR_INIT;
		struct bld out;

		bld_init(&out, 64);
		dev_core_answer_encode(&out, &answer);
		assert_int_equal(out.len, 0);
		assert_int_equal(dev_core_answer_decode(type, SPAN_NONE,
		    &back, &err), 0);
		assert_int_equal(back.type, types[i]);
		assert_int_equal(dev_core_answer_decode(type, SPAN_LIT("x"),
		    &back, &err), -(int)ERR_FRAME);
		bld_free(&out);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_long_serial),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
