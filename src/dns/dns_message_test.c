/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bld.h"
#include "dns/dns_message.h"

#define TYPE_CNAME 5
#define QUESTION "\x03www\x07""example\x03""com\0\0\1\0\1"
#define POINTER SPAN_LIT("\xc0\x0c") /* the question's name */

static void
put_head(struct bld *out, uint16_t flags, uint16_t answers)
{
	bld_reset(out);
	bld_u16(out, 0);
	bld_u16(out, flags);
	bld_u16(out, 1);
	bld_u16(out, answers);
	bld_u32(out, 0);
	bld_span(out, SPAN_LIT(QUESTION));
}

static void
put_record(struct bld *out, struct span owner, uint16_t type,
    struct span rdata)
{
	bld_span(out, owner);
	bld_u16(out, type);
	bld_u16(out, 1);
	bld_u32(out, 60);
	bld_span16(out, rdata);
}

static struct dns_answer
parse(const struct bld *out, enum dns_type type, char name[DNS_NAME_SIZE])
{
	struct dns_query query = { SPAN_LIT("www.example.com"), type, 0 };
	struct dns_answer answer;

	dns_message_parse(bld_view(out), &query, name, &answer);
	return answer;
}

static void
plain_answers(void **state)
{
	struct dns_answer answer;
	char name[DNS_NAME_SIZE];
	struct bld out;

	(void)state;
	bld_init(&out, 65536);
	put_head(&out, 0x8180, 3);
	put_record(&out, POINTER, DNS_A, SPAN_LIT("\1\2\3\4"));
	put_record(&out, SPAN_LIT("\5other\0"), DNS_A, SPAN_LIT("\7\7\7\7"));
	put_record(&out, SPAN_LIT("\3WWW\7Example\3COM\0"), DNS_A,
	    SPAN_LIT("\5\6\7\7"));
	answer = parse(&out, DNS_A, name);
	assert_int_equal(answer.status, DNS_OK);
	assert_int_equal(answer.count, 2);
	assert_true(span_equal_str(answer.rdata[1], "\5\6\7\7"));
	assert_true(span_equal_str(answer.canonical, "www.example.com"));
	/* NODATA: other types do not count. */
	answer = parse(&out, DNS_AAAA, name);
	assert_int_equal(answer.status, DNS_OK);
	assert_int_equal(answer.count, 0);
	bld_free(&out);
}

static void
response_codes(void **state)
{
	static const struct {
		uint16_t flags;
		enum dns_status status;
	} rows[] = {
		{ 0x8180, DNS_OK }, { 0x8183, DNS_NXDOMAIN },
		{ 0x8182, DNS_SERVFAIL }, { 0x8185, DNS_SERVFAIL },
		{ 0x8380, DNS_SERVFAIL }, /* truncated */
	};
	char name[DNS_NAME_SIZE];
	struct bld out;

	(void)state;
	bld_init(&out, 65536);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		put_head(&out, rows[i].flags, 0);
		assert_int_equal(parse(&out, DNS_A, name).status,
		    rows[i].status);
	}
	bld_free(&out);
}

static void
aliases(void **state)
{
	struct dns_answer answer;
	char name[DNS_NAME_SIZE];
	struct bld out;

	(void)state;
	bld_init(&out, 65536);
	put_head(&out, 0x8180, 3);
	put_record(&out, POINTER, TYPE_CNAME, SPAN_LIT("\1a\3net\0"));
	put_record(&out, SPAN_LIT("\1A\3NET\0"), TYPE_CNAME,
	    SPAN_LIT("\1b\3net\0"));
	put_record(&out, SPAN_LIT("\1b\3net\0"), DNS_A, SPAN_LIT("\1\2\3\4"));
	answer = parse(&out, DNS_A, name);
	assert_int_equal(answer.count, 1);
	assert_string_equal(name, "b.net");
	/* More than is followed. */
	put_head(&out, 0x8180, DNS_MESSAGE_CNAMES_MAX + 1);
	for (int i = 0; i <= DNS_MESSAGE_CNAMES_MAX; i++)
		put_record(&out, POINTER, TYPE_CNAME, POINTER);
	answer = parse(&out, DNS_A, name);
	assert_int_equal(answer.status, DNS_SERVFAIL);
	bld_free(&out);
}

static void
too_many_records(void **state)
{
	struct dns_answer answer;
	char name[DNS_NAME_SIZE];
	struct bld out;

	(void)state;
	bld_init(&out, 65536);
	for (uint16_t n = DNS_RRSET_MAX; n <= DNS_RRSET_MAX + 1; n++) {
		put_head(&out, 0x8180, n);
		for (int i = 0; i < n; i++)
			put_record(&out, POINTER, DNS_A,
			    SPAN_LIT("\1\2\3\4"));
		answer = parse(&out, DNS_A, name);
		assert_int_equal(answer.status, n == DNS_RRSET_MAX ? DNS_OK :
		    DNS_SERVFAIL);
	}
	assert_int_equal(answer.count, 0);
	bld_free(&out);
}

/* Every message that is cut anywhere fails and says so. */
static void
cut_short(void **state)
{
	struct dns_query query = { SPAN_LIT("www.example.com"), DNS_A, 0 };
	struct dns_answer answer;
	char name[DNS_NAME_SIZE];
	struct bld out;

	(void)state;
	bld_init(&out, 65536);
	put_head(&out, 0x8180, 1);
	put_record(&out, POINTER, DNS_A, SPAN_LIT("\1\2\3\4"));
	for (size_t len = 0; len < out.len; len++) {
		dns_message_parse(span_of(out.data, len), &query, name,
		    &answer);
		assert_int_equal(answer.status, DNS_SERVFAIL);
		assert_non_null(answer.why);
	}
	bld_free(&out);
}

static void
names(void **state)
{
	const struct {
		struct span packet;
		const char *name; /* NULL: refused */
		size_t next;
	} rows[] = {
		{ SPAN_LIT("\0"), "", 1 },
		{ SPAN_LIT("\3WwW\0"), "www", 5 },
		{ SPAN_LIT("\3a.b\1_\0"), "a?b._", 7 },
		{ SPAN_LIT("\1*\0"), "*", 3 },
		{ SPAN_LIT("\1a"), NULL, 0 },
		{ SPAN_LIT("\5ab\0"), NULL, 0 },
		{ SPAN_LIT("\x40""a\0"), NULL, 0 },
		{ SPAN_LIT("\x80""a\0"), NULL, 0 },
		{ SPAN_LIT("\xc0"), NULL, 0 },
		{ SPAN_LIT("\xc0\0"), NULL, 0 },  /* points to itself */
		{ SPAN_LIT("\xff\xff"), NULL, 0 },
		{ SPAN_LIT(""), NULL, 0 },
	};
	char name[DNS_NAME_SIZE];
	size_t next;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int r = dns_message_name(rows[i].packet, 0, name, &next);

		assert_int_equal(r, rows[i].name == NULL ? -ERR_MALFORMED : 0);
		if (r == 0) {
			assert_string_equal(name, rows[i].name);
			assert_int_equal(next, rows[i].next);
		}
	}
}

/* 253 bytes of text are the most. */
static void
long_names(void **state)
{
	char name[DNS_NAME_SIZE];
	struct bld out;
	size_t next;

	(void)state;
	bld_init(&out, 512);
	for (int i = 0; i < 126; i++)
		bld_span(&out, SPAN_LIT("\1a"));
	bld_span(&out, SPAN_LIT("\1a\0"));
	assert_int_equal(dns_message_name(bld_view(&out), 0, name, &next), 0);
	assert_int_equal(strlen(name), DNS_NAME_MAX);
	out.len--;
	bld_span(&out, SPAN_LIT("\1a\0"));
	assert_int_equal(dns_message_name(bld_view(&out), 0, name, &next),
	    -ERR_MALFORMED);
	bld_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_answers),
		cmocka_unit_test(response_codes),
		cmocka_unit_test(aliases),
		cmocka_unit_test(too_many_records),
		cmocka_unit_test(cut_short),
		cmocka_unit_test(names),
		cmocka_unit_test(long_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
