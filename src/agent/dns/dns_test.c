/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "agent/dns/exchange.h"
#include "agent/dns/persist.h"
#include "agent/dns/tsig.h"

static void
test_names(void **state)
{
	char long_label[] = "a234567890123456789012345678901234567890123456789"
	    "012345678901234.example";

	(void)state;
	assert_true(packet_name_check(""));
	assert_true(packet_name_check("_acme-challenge.example.com"));
	assert_true(packet_name_check("*.example.com"));
	assert_false(packet_name_check("a..b"));
	assert_false(packet_name_check(".a"));
	assert_false(packet_name_check("a."));
	assert_false(packet_name_check("A.b"));
	assert_false(packet_name_check("a b"));
	assert_false(packet_name_check("a*.b"));
	assert_false(packet_name_check("a?.b"));
	assert_false(packet_name_check(long_label));
}

/* RFC 2136 2.3, 2.5.1 and 2.5.4, byte by byte. */
static void
test_update(void **state)
{
	static const uint8_t add[] = "\x12\x34\x28\x00\x00\x01\x00\x00\x00\x01"
	    "\x00\x00" "\x01z\x00\x00\x06\x00\x01"
	    "\x01" "a\x01z\x00\x00\x10\x00\x01\x00\x00\x00\x3c\x00\x03\x02hi";
	struct bld out;

	(void)state;
	bld_init(&out, PACKET_MAX);
	packet_put_update(&out, 0x1234, "z", "a.z", SPAN_LIT("hi"), false);
	assert_int_equal(out.len, sizeof(add) - 1);
	assert_memory_equal(out.data, add, out.len);
	bld_reset(&out);
	packet_put_update(&out, 0x1234, "z", "a.z", SPAN_LIT("hi"), true);
	assert_memory_equal(out.data + out.len - 11,
	    "\x00\xfe\x00\x00\x00\x00\x00\x03\x02hi", 11);
	bld_free(&out);
}

static void
test_walk(void **state)
{
	/* A question, a CNAME that points back, two strings of a TXT. */
	static const char bytes[] = "\x00\x07\x84\x00\x00\x01\x00\x02\x00\x00"
	    "\x00\x00" "\x01" "a\x01z\x00\x00\x10\x00\x01"
	    "\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x00\x00\x04\x01" "b\xc0\x0e"
	    "\xc0\x1e\x00\x10\x00\x01\x00\x00\x00\x00\x00\x05\x01x\x02yz";
	struct packet_walk walk = { 0 };
	struct packet_record record;
	struct packet packet;
	char name[DNS_NAME_SIZE];
	uint8_t text[PACKET_TXT_MAX];
	size_t len;

	(void)state;
	assert_int_equal(packet_parse(span_of(bytes, sizeof(bytes) - 1),
	    &packet), 0);
	assert_int_equal(packet.id, 7);
	assert_true(packet.response && packet.authoritative);
	assert_string_equal(packet.question, "a.z");
	walk.packet = &packet;
	assert_int_equal(packet_next(&walk, &record), 1);
	assert_string_equal(record.owner, "a.z");
	assert_int_equal(packet_record_name(&packet, &record, name), 0);
	assert_string_equal(name, "b.z");
	assert_int_equal(packet_next(&walk, &record), 1);
	assert_int_equal(record.section, PACKET_ANSWER);
	assert_int_equal(packet_record_txt(&record, text, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(text, "xyz", 3);
	assert_int_equal(packet_next(&walk, &record), 0);
	/* Cut short anywhere, it is not taken. */
	for (size_t n = 0; n < sizeof(bytes) - 1; n++) {
		int r = packet_parse(span_of(bytes, n), &packet);

		walk = (struct packet_walk){ .packet = &packet };
		while (r == 0 && (r = packet_next(&walk, &record)) > 0)
			r = 0;
		assert_true(r < 0);
	}
}

static void
test_key(void **state)
{
	static const char good[] = "// made by tsig-keygen\nkey \"Acme.\" {\n"
	    "\talgorithm hmac-sha512; # strong\n\tsecret \"AAECAw==\";\n};\n";
	static const char *const bad[] = { "", "key", "key a", "key \"a\" {",
		"key \"a\" { algorithm hmac-md5; secret \"AAAA\"; };",
		"key \"a\" { algorithm hmac-sha256; };",
		"key \"a\" { algorithm hmac-sha256; secret \"A\"; };",
		"key \"a b\" { algorithm hmac-sha256; secret \"AAAA\"; };",
		"key \"a\" { algorithm hmac-sha256; secret \"AAAA };" };
	struct err err = ERR_INIT;
	struct tsig_key key;

	(void)state;
	assert_int_equal(tsig_key_parse(span_str(good), "f", &key, &err), 0);
	assert_string_equal(key.name, "acme");
	assert_int_equal(key.alg, TSIG_SHA512);
	assert_int_equal(key.secret_len, 4);
	assert_memory_equal(key.secret, "\0\1\2\3", 4);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(tsig_key_parse(span_str(bad[i]), "f", &key,
		    &err), -(int)ERR_CONFIG);
}

/* What is not signed at all, or signed as a question, is no signed answer. */
static void
test_tsig(void **state)
{
	struct tsig_key key = { .name = "k", .alg = TSIG_SHA256,
		.secret_len = 3, .secret = "abc" };
	struct err err = ERR_INIT;
	struct tsig_mac mac;
	struct packet packet;
	struct bld out;

	(void)state;
	bld_init(&out, PACKET_MAX);
	packet_put_update(&out, 1, "z", "a.z", SPAN_LIT("hi"), false);
	assert_int_equal(packet_parse(bld_view(&out), &packet), 0);
	assert_true(tsig_verify(&packet, &key, &mac, 1000, &err) < 0);
	assert_int_equal(tsig_sign(&out, &key, 1000, &mac, &err), 0);
	assert_int_equal(mac.len, 32);
	assert_int_equal(packet_parse(bld_view(&out), &packet), 0);
	assert_int_equal(packet.counts[PACKET_ADDITIONAL], 1);
	assert_true(tsig_verify(&packet, &key, &mac, 1000, &err) < 0);
	assert_non_null(strstr(err.text, "is wrong"));
	bld_free(&out);
}

static void
test_persist(void **state)
{
	struct judge_dns_request request = { .account_url =
	    SPAN_LIT("https://ca/acct/1"), .num_issuers = 2,
	    .issuers = { SPAN_LIT("x.test"), SPAN_LIT("ca.test") } };
	struct persist_record record;

	(void)state;
	assert_int_equal(persist_parse(SPAN_LIT("ca.test; accounturi="
	    "https://ca/acct/1; POLICY=WildCard;persistUntil=2000; new=1"),
	    &record), 0);
	assert_true(record.wildcard);
	assert_int_equal(record.until_s, 2000);
	assert_true(persist_matches(&record, &request, 1999));
	assert_false(persist_matches(&record, &request, 2000));
	record.wildcard = false;
	assert_true(persist_matches(&record, &request, 0));
	request.wildcard = true;
	assert_false(persist_matches(&record, &request, 0));
	assert_true(persist_parse(SPAN_LIT("ca.test"), &record) < 0);
	assert_true(persist_parse(SPAN_LIT("; accounturi=a"), &record) < 0);
	assert_true(persist_parse(SPAN_LIT("ca.test; accounturi=a; "
	    "accounturi=b"), &record) < 0);
	assert_true(persist_parse(SPAN_LIT("ca.test; accounturi=a; "
	    "persistUntil=1e9"), &record) < 0);
	assert_int_equal(persist_parse(SPAN_LIT("ca.test; accounturi=a; "
	    "persistUntil=9223372036854775807"), &record), 0);
	assert_int_equal(record.until_s, JUDGE_DNS_UNTIL_MAX_S);
}

static void
test_addresses(void **state)
{
	static const struct { const char *in, *out; } cases[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "192.0.2.1:5353", "192.0.2.1:5353" },
		{ "2001:db8::1", "2001:db8::1" },
		{ "[2001:db8::1]:54", "[2001:db8::1]:54" },
		{ "ns.example", NULL }, { "1.2.3.4:0", NULL },
		{ "1.2.3.4:99999", NULL }, { "[::1", NULL }, { "", NULL },
		{ "[::1]", "::1" }, { "[::1]x", NULL }, { "[::1]x:53", NULL },
		{ "[192.0.2.1]:53", NULL }, { "192.0.2.1]", NULL },
		{ "192.0.2.1:", NULL }, { "[::1]:", NULL },
	};
	char text[EXCHANGE_ADDRESS_SIZE];
	struct exchange_address address;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int r = exchange_address_parse(span_str(cases[i].in), 53,
		    &address, NULL);

		assert_true((r == 0) == (cases[i].out != NULL));
		if (r < 0)
			continue;
		exchange_address_text(&address, text);
		assert_string_equal(text, cases[i].out);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_update),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_key),
		cmocka_unit_test(test_tsig),
		cmocka_unit_test(test_persist),
		cmocka_unit_test(test_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
