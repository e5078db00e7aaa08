/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "pkix/ident_idna.h"

#define L10 "abcdefghij"
#define L60 L10 L10 L10 L10 L10 L10
#define L63 L60 "abc"
#define N253 L63 "." L63 "." L63 "." L60 "a"

struct row {
	const char *type, *value;
	int result;            /* 0 or -kind */
	const char *canonical; /* NULL: the value itself */
};

static const struct row rows[] = {
	{ "dns", "example.com", 0, NULL },
	{ "dns", "EXAMPLE.Com", 0, "example.com" },
	{ "dns", "a", 0, NULL },
	{ "dns", "localhost", 0, NULL },
	{ "dns", "*.example.com", 0, NULL },
	{ "dns", "1.example", 0, NULL },
	{ "dns", "xn--bcher-kva.example", 0, NULL },
	{ "dns", "a-b--c.example", 0, NULL },
	{ "dns", "1.2.3.4.in-addr.arpa", 0, NULL },
	{ "dns", L63 ".com", 0, NULL },
	{ "dns", N253, 0, NULL },
	{ "dns", "", -ERR_MALFORMED, NULL },
	{ "dns", ".", -ERR_MALFORMED, NULL },
	{ "dns", "example.com.", -ERR_MALFORMED, NULL },
	{ "dns", ".example.com", -ERR_MALFORMED, NULL },
	{ "dns", "a..b", -ERR_MALFORMED, NULL },
	{ "dns", "-a.com", -ERR_MALFORMED, NULL },
	{ "dns", "a-.com", -ERR_MALFORMED, NULL },
	{ "dns", "a_b.com", -ERR_MALFORMED, NULL },
	{ "dns", "a b.com", -ERR_MALFORMED, NULL },
	{ "dns", "b\xc3\xbc" "cher.example", -ERR_MALFORMED, NULL },
	{ "dns", "a.com\n", -ERR_MALFORMED, NULL },
	{ "dns", "https://a.com", -ERR_MALFORMED, NULL },
	{ "dns", "a.com:443", -ERR_MALFORMED, NULL },
	{ "dns", "*", -ERR_MALFORMED, NULL },
	{ "dns", "*.", -ERR_MALFORMED, NULL },
	{ "dns", "a.*.com", -ERR_MALFORMED, NULL },
	{ "dns", "*.*.com", -ERR_MALFORMED, NULL },
	{ "dns", "a*.com", -ERR_MALFORMED, NULL },
	{ "dns", "192.0.2.1", -ERR_MALFORMED, NULL },
	{ "dns", "a.42", -ERR_MALFORMED, NULL },
	{ "dns", "::1", -ERR_MALFORMED, NULL },
	{ "dns", L63 "d.com", -ERR_MALFORMED, NULL },
	{ "dns", N253 "b", -ERR_MALFORMED, NULL },
	{ "dns", "ab--cd.com", -ERR_REJECTED_IDENTIFIER, NULL },
	{ "ip", "192.0.2.1", 0, NULL },
	{ "ip", "2001:db8::1", 0, NULL },
	{ "ip", "2001:DB8:0:0:0:0:0:1", 0, "2001:db8::1" },
	{ "ip", "::", 0, NULL },
	{ "ip", "1:0:2:0:0:3:0:0", 0, "1:0:2::3:0:0" },
	{ "ip", "1:2:3:0:4:5:6:7", 0, NULL },
	{ "ip", "192.0.2.01", -ERR_MALFORMED, NULL },
	{ "ip", "192.0.2", -ERR_MALFORMED, NULL },
	{ "ip", "[::1]", -ERR_MALFORMED, NULL },
	{ "ip", "fe80::1%eth0", -ERR_MALFORMED, NULL },
	{ "ip", "192.0.2.1/32", -ERR_MALFORMED, NULL },
	{ "ip", "", -ERR_MALFORMED, NULL },
	{ "email", "a@b.example", -ERR_UNSUPPORTED_IDENTIFIER, NULL },
	{ "DNS", "a.com", -ERR_UNSUPPORTED_IDENTIFIER, NULL },
	{ "", "a.com", -ERR_UNSUPPORTED_IDENTIFIER, NULL },
};

static void
test_parse(void **state)
{
	struct arena arena = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];
		struct err err = ERR_INIT;
		struct ident ident;
		int r = ident_parse(span_str(row->type), span_str(row->value),
		    &arena, &ident, &err);

		if (r != row->result)
			fail_msg("%s: got %d (%s)", row->value, r, err.text);
		if (r < 0) {
			assert_non_null(err.rule);
			continue;
		}
		assert_true(span_equal_str(ident.value, row->canonical == NULL
		    ? row->value : row->canonical));
		assert_int_equal(ident_check(&ident, &err), 0);
		ident.value = span_str(row->value);
		assert_int_equal(ident_check(&ident, &err) == 0,
		    row->canonical == NULL);
	}
	arena_free(&arena);
}

static void
test_nul(void **state)
{
	struct arena arena = { 0 };
	struct ident ident;

	(void)state;
	assert_int_equal(ident_parse(SPAN_LIT("dns"), SPAN_LIT("a\0.com"),
	    &arena, &ident, NULL), -ERR_MALFORMED);
	assert_int_equal(ident_parse(SPAN_LIT("ip"), SPAN_LIT("::1\0x"),
	    &arena, &ident, NULL), -ERR_MALFORMED);
	arena_free(&arena);
}

static void
test_idna(void **state)
{
	static const struct {
		const char *name;
		bool good;
	} names[] = {
		{ "example.com", true },
		{ "xn--bcher-kva.example", true },
		{ "*.xn--bcher-kva.example", true },
		{ "www.xn--wgv71a119e.example", true },
		{ "xn--", false },
		{ "xn--a.example", false },          /* no such encoding */
		{ "xn--example-.com", false },       /* is ASCII */
		{ "xn--zn7c.com", false },           /* decodes to ASCII-like */
		{ "xn--i-7iq.example", false },      /* disallowed character */
		{ "a.xn--0000h.example", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct ident ident = { IDENT_DNS, span_str(names[i].name) };
		struct err err = ERR_INIT;
		int r = ident_idna_check(&ident, &err);

		if ((r == 0) != names[i].good)
			fail_msg("%s: %d %s", names[i].name, r, err.text);
	}
}

static void
test_lists(void **state)
{
	struct ident_list a = { .count = 5, .items = {
		{ IDENT_DNS, SPAN_LIT("b") }, { IDENT_IP, SPAN_LIT("::1") },
		{ IDENT_DNS, SPAN_LIT("a.b") }, { IDENT_DNS, SPAN_LIT("b") },
		{ IDENT_DNS, SPAN_LIT("a") },
	} };
	struct ident_list b = { .count = 4, .items = {
		{ IDENT_DNS, SPAN_LIT("a") }, { IDENT_DNS, SPAN_LIT("a.b") },
		{ IDENT_DNS, SPAN_LIT("b") }, { IDENT_IP, SPAN_LIT("::1") },
	} };

	(void)state;
	assert_false(ident_list_equal(&a, &b));
	ident_list_sort(&a);
	assert_true(ident_list_equal(&a, &b));
	b.items[3].value = SPAN_LIT("::2");
	assert_false(ident_list_equal(&a, &b));
	assert_true(ident_is_wildcard(&(struct ident){ IDENT_DNS,
	    SPAN_LIT("*.a") }));
	assert_false(ident_is_wildcard(&(struct ident){ IDENT_DNS,
	    SPAN_LIT("a") }));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_nul),
		cmocka_unit_test(test_idna),
		cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
