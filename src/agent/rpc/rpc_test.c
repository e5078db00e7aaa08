/* SPDX-License-Identifier: Apache-2.0 */
/* The conversations of judge with account, certkey and files: what is sent
 * arrives, and what is not of its form is refused. With a folder as argument,
 * writes a corpus for the fuzzers there. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "agent/rpc/certkey_files.h"
#include "agent/rpc/judge_account.h"
#include "agent/rpc/judge_certkey.h"
#include "agent/rpc/judge_dns.h"
#include "agent/rpc/judge_files.h"

#define HASH "0123456789abcdef0123456789abcdef"

static const char *corpus; /* a folder, or NULL */
static struct bld out;

/* For the fuzzer of that name. */
static void
keep(const char *fuzzer, uint16_t type)
{
	char path[256];
	FILE *file;

	assert_int_equal(bld_end(&out), 0);
	if (corpus == NULL)
		return;
	snprintf(path, sizeof(path), "%s/%s/type-%u", corpus, fuzzer, type);
	file = fopen(path, "w");
	assert_non_null(file);
	fputc(type, file);
	fwrite(out.data, 1, out.len, file);
	fclose(file);
}

static void
put_account(const struct judge_account_request *request,
    struct judge_account_request *ret)
{
	bld_reset(&out);
	judge_account_request_encode(&out, request);
	keep("judge_account", (uint16_t)request->type);
	assert_int_equal(judge_account_request_decode((uint16_t)request->type,
	    bld_view(&out), ret, NULL), 0);
	/* One byte less or more is another form. */
	assert_int_equal(judge_account_request_decode((uint16_t)request->type,
	    span_of(out.data, out.len - 1), ret, NULL), -(int)ERR_FRAME);
	bld_u8(&out, 0);
	assert_int_equal(judge_account_request_decode((uint16_t)request->type,
	    bld_view(&out), ret, NULL), -(int)ERR_FRAME);
	out.len--;
	assert_int_equal(judge_account_request_decode((uint16_t)request->type,
	    bld_view(&out), ret, NULL), 0);
}

static void
test_account(void **state)
{
	struct judge_account_request request = { .type = JUDGE_ACCOUNT_OPEN,
		.id = 3, .alg = JWK_ES384, .num_origins = 2,
		.kid = SPAN_LIT("https://a.example/acct/1"),
		.origins = { SPAN_LIT("https://a.example"),
		    SPAN_LIT("https://b.example:8443") } }, got;

	(void)state;
	put_account(&request, &got);
	assert_int_equal(got.id, 3);
	assert_int_equal(got.alg, JWK_ES384);
	assert_true(span_equal_str(got.origins[1], "https://b.example:8443"));
	assert_true(span_equal_str(got.kid, "https://a.example/acct/1"));
	request = (struct judge_account_request){ .type = JUDGE_ACCOUNT_EAB,
		.id = 3, .kid = SPAN_LIT("kid"), .hmac = SPAN_LIT("secret"),
		.hmac_bits = 256 };
	put_account(&request, &got);
	assert_true(span_equal_str(got.hmac, "secret"));
	request.hmac_bits = 128;
	bld_reset(&out);
	judge_account_request_encode(&out, &request);
	assert_int_equal(judge_account_request_decode(JUDGE_ACCOUNT_EAB,
	    bld_view(&out), &got, NULL), -(int)ERR_FRAME);
	request = (struct judge_account_request){
		.type = JUDGE_ACCOUNT_IMPORT, .id = 3, .import = 1 };
	put_account(&request, &got);
	request.type = JUDGE_ACCOUNT_SEND;
	request.hash[31] = 7;
	request.names[31] = 8;
	put_account(&request, &got);
	assert_int_equal(got.hash[31], 7);
	assert_int_equal(got.names[31], 8);
	request.type = JUDGE_ACCOUNT_CHANGE;
	put_account(&request, &got);
	request.type = JUDGE_ACCOUNT_COMMIT;
	put_account(&request, &got);
	request.id = 0;
	bld_reset(&out);
	judge_account_request_encode(&out, &request);
	assert_int_equal(judge_account_request_decode(JUDGE_ACCOUNT_COMMIT,
	    bld_view(&out), &got, NULL), -(int)ERR_FRAME);
}

static void
test_account_answer(void **state)
{
	struct judge_account_answer answer = {
		.type = JUDGE_ACCOUNT_OPENED }, got;

	(void)state;
	answer.opened.alg = JWK_RS256;
	answer.opened.next = true;
	memcpy(answer.opened.thumbprint, HASH, JWK_THUMBPRINT_SIZE);
	bld_reset(&out);
	judge_account_answer_encode(&out, &answer);
	keep("judge_account", JUDGE_ACCOUNT_OPENED);
	assert_int_equal(judge_account_answer_decode(JUDGE_ACCOUNT_OPENED,
	    bld_view(&out), &got, NULL), 0);
	assert_true(got.opened.next);
	assert_memory_equal(got.opened.thumbprint, HASH, JWK_THUMBPRINT_SIZE);
	answer.type = JUDGE_ACCOUNT_REFUSED;
	err_set(&answer.err, ERR_NOT_FOUND, "RFC 1 2", "no %s", "key");
	bld_reset(&out);
	judge_account_answer_encode(&out, &answer);
	keep("judge_account", JUDGE_ACCOUNT_REFUSED);
	assert_int_equal(judge_account_answer_decode(JUDGE_ACCOUNT_REFUSED,
	    bld_view(&out), &got, NULL), 0);
	assert_int_equal(got.err.kind, ERR_NOT_FOUND);
	assert_string_equal(got.err.text, "no key (RFC 1 2)");
}

static void
put_certkey(const struct judge_certkey_request *request, int expected)
{
	static struct judge_certkey_request got;

	bld_reset(&out);
	judge_certkey_request_encode(&out, request);
	if (expected == 0)
		keep("judge_certkey", (uint16_t)request->type);
	assert_int_equal(judge_certkey_request_decode((uint16_t)request->type,
	    bld_view(&out), &got, NULL), expected);
	if (expected == 0) {
		assert_true(span_equal(got.site, request->site));
		assert_int_equal(got.names.count, request->names.count);
		assert_int_equal(got.reason, request->reason);
	}
}

static void
test_certkey(void **state)
{
	struct judge_certkey_request request = {
		.type = JUDGE_CERTKEY_REQUEST, .site = SPAN_LIT("a.example"),
		.key_type = SITE_KEY_RSA4096, .policy = CERTKEY_REUSE,
		.must_staple = true, .common_name = SPAN_LIT("a.example"),
		.names = { .count = 2, .items = {
		    { IDENT_DNS, SPAN_LIT("a.example") },
		    { IDENT_IP, SPAN_LIT("192.0.2.1") } } } };

	(void)state;
	put_certkey(&request, 0);
	request.common_name = SPAN_LIT("b.example");
	put_certkey(&request, -(int)ERR_FRAME);
	request.common_name = SPAN_NONE;
	request.names.items[0].value = SPAN_LIT("A.example");
	put_certkey(&request, -(int)ERR_FRAME);
	request.names.items[0].value = SPAN_LIT("a.example");
	request.site = SPAN_LIT("../etc");
	put_certkey(&request, -(int)ERR_FRAME);
	request = (struct judge_certkey_request){
		.type = JUDGE_CERTKEY_REVOKE, .site = SPAN_LIT("a.example"),
		.key_type = SITE_KEY_EC256, .url = SPAN_LIT("https://a/"),
		.nonce = SPAN_LIT("n"), .certificate = SPAN_LIT("der"),
		.reason = -1 };
	put_certkey(&request, 0);
	request.reason = 11;
	put_certkey(&request, -(int)ERR_FRAME);
}

static void
test_certkey_answer(void **state)
{
	struct judge_certkey_answer answer = { .type = JUDGE_CERTKEY_CSR,
		.csr = SPAN_LIT("der"), .reused = true }, got;

	(void)state;
	bld_reset(&out);
	judge_certkey_answer_encode(&out, &answer);
	keep("judge_certkey", JUDGE_CERTKEY_CSR);
	assert_int_equal(judge_certkey_answer_decode(JUDGE_CERTKEY_CSR,
	    bld_view(&out), &got, NULL), 0);
	assert_true(got.reused && span_equal_str(got.csr, "der"));
	answer.type = JUDGE_CERTKEY_JWS;
	answer.jws = SPAN_LIT("{}");
	bld_reset(&out);
	judge_certkey_answer_encode(&out, &answer);
	keep("judge_certkey", JUDGE_CERTKEY_JWS);
	assert_int_equal(judge_certkey_answer_decode(JUDGE_CERTKEY_JWS,
	    bld_view(&out), &got, NULL), 0);
	assert_int_equal(judge_certkey_answer_decode(JUDGE_CERTKEY_REQUEST,
	    bld_view(&out), &got, NULL), -(int)ERR_FRAME);
}

static struct site
a_site(void)
{
	return (struct site){ .name = SPAN_LIT("a.example"),
		.key_type = SITE_KEY_EC256, .layout = SITE_LAYOUT_SIGNET,
		.uid = SITE_KEEP_ID, .gid = 33, .key_mode = 0640,
		.num_copies = 1, .copies = { { SITE_COMBINED,
		    SPAN_LIT("/etc/haproxy/a.pem"), 1, 2, 0600 } } };
}

static void
put_site(const struct site *site, int expected)
{
	static struct judge_files_request got;
	struct judge_files_request request = { .type = JUDGE_FILES_SITE,
		.site = *site };

	bld_reset(&out);
	judge_files_request_encode(&out, &request);
	if (expected == 0)
		keep("judge_files", JUDGE_FILES_SITE);
	assert_int_equal(judge_files_request_decode(JUDGE_FILES_SITE,
	    bld_view(&out), &got, NULL), expected);
}

static void
test_site(void **state)
{
	const struct span bad_paths[] = { SPAN_LIT("relative"),
		SPAN_LIT("/"), SPAN_LIT("/a/../b"), SPAN_LIT("/a//b"),
		SPAN_LIT("/a/"), SPAN_LIT("/a/./b"), SPAN_LIT("/a\0b") };
	const struct span bad_names[] = { SPAN_LIT(""),
		SPAN_LIT(".."), SPAN_LIT("a/b"), SPAN_LIT("*.a"),
		SPAN_LIT(".a"), SPAN_LIT("a+rsa"), SPAN_LIT("a b"),
		SPAN_LIT("-a"), SPAN_LIT("a\0b") };
	struct site site = a_site();

	(void)state;
	put_site(&site, 0);
	for (size_t i = 0; i < sizeof(bad_names) / sizeof(bad_names[0]); i++) {
		site.name = bad_names[i];
		put_site(&site, -(int)ERR_FRAME);
	}
	site = a_site();
	for (size_t i = 0; i < sizeof(bad_paths) / sizeof(bad_paths[0]); i++) {
		site.copies[0].path = bad_paths[i];
		put_site(&site, -(int)ERR_FRAME);
	}
	site = a_site();
	site.key_mode = 04600;
	put_site(&site, -(int)ERR_FRAME);
	site = a_site();
	site.folder = SPAN_LIT("/etc");
	put_site(&site, -(int)ERR_FRAME);
	site.layout = SITE_LAYOUT_CERTBOT;
	put_site(&site, -(int)ERR_FRAME);
	site.lineage = SPAN_LIT("..");
	put_site(&site, -(int)ERR_FRAME);
	site.lineage = SPAN_LIT("a.example-0001");
	put_site(&site, 0);
}

static void
test_site_names(void **state)
{
	struct site site = a_site();
	char folder[SITE_FOLDER_SIZE];

	(void)state;
	site_folder(&site, folder);
	assert_string_equal(folder, "a.example");
	site.second = true;
	site_folder(&site, folder);
	assert_string_equal(folder, "a.example+ecdsa");
	site.key_type = SITE_KEY_RSA2048;
	site_folder(&site, folder);
	assert_string_equal(folder, "a.example+rsa");
	assert_int_equal(site_key_type_from_name(SPAN_LIT("rsa3072")),
	    SITE_KEY_RSA3072);
	assert_int_equal(site_key_type_from_name(SPAN_LIT("dsa")), 0);
	assert_string_equal(site_key_type_name(SITE_KEY_EC384), "ec384");
	assert_int_equal(site_layout_from_name(SPAN_LIT("acme.sh")),
	    SITE_LAYOUT_ACMESH);
	assert_int_equal(site_layout_from_name(SPAN_LIT("signet")), 0);
}

static void
test_files(void **state)
{
	static struct judge_files_request got;
	struct judge_files_request request = { .type = JUDGE_FILES_PUBLISH,
		.site = a_site(), .chain = SPAN_LIT("-----BEGIN"),
		.names = { .count = 1, .items = {
		    { IDENT_DNS, SPAN_LIT("a.example") } } } };

	(void)state;
	memcpy(request.spki_hash, HASH, FILES_HASH_SIZE);
	bld_reset(&out);
	judge_files_request_encode(&out, &request);
	keep("judge_files", JUDGE_FILES_PUBLISH);
	assert_int_equal(judge_files_request_decode(JUDGE_FILES_PUBLISH,
	    bld_view(&out), &got, NULL), 0);
	assert_true(span_equal_str(got.chain, "-----BEGIN"));
	assert_memory_equal(got.spki_hash, HASH, FILES_HASH_SIZE);
	request.type = JUDGE_FILES_OCSP;
	request.ocsp = SPAN_LIT("ocsp");
	bld_reset(&out);
	judge_files_request_encode(&out, &request);
	keep("judge_files", JUDGE_FILES_OCSP);
	assert_int_equal(judge_files_request_decode(JUDGE_FILES_OCSP,
	    bld_view(&out), &got, NULL), 0);
	request.type = JUDGE_FILES_OCSP_ASK;
	bld_reset(&out);
	judge_files_request_encode(&out, &request);
	keep("judge_files", JUDGE_FILES_OCSP_ASK);
	assert_int_equal(judge_files_request_decode(JUDGE_FILES_OCSP_ASK,
	    bld_view(&out), &got, NULL), 0);
	assert_true(span_equal_str(got.chain, "-----BEGIN"));
	request.type = JUDGE_FILES_DONE;
	bld_reset(&out);
	judge_files_request_encode(&out, &request);
	assert_int_not_equal(bld_end(&out), 0);
}

static void
test_files_answer(void **state)
{
	static struct judge_files_answer got;
	struct judge_files_answer answer = { .type = JUDGE_FILES_PUBLISHED,
		.live = { .exists = true, .key_type = SITE_KEY_RSA3072,
		    .not_before_s = -5,
		    .not_after_s = 7, .serial = SPAN_LIT("\1\2"),
		    .authority_key_id = SPAN_LIT("aki"),
		    .issuer = SPAN_LIT("Test"), .must_staple = true,
		    .path = SPAN_LIT("/var/lib/signet/live/a"),
		    .names = { .count = 1, .items = {
			{ IDENT_DNS, SPAN_LIT("a.example") } } } } };

	(void)state;
	err_set(&answer.err, ERR_IO, NULL, "a copy");
	bld_reset(&out);
	judge_files_answer_encode(&out, &answer);
	keep("judge_files", JUDGE_FILES_PUBLISHED);
	assert_int_equal(judge_files_answer_decode(JUDGE_FILES_PUBLISHED,
	    bld_view(&out), &got, NULL), 0);
	assert_int_equal(got.live.key_type, SITE_KEY_RSA3072);
	assert_int_equal(got.live.not_before_s, -5);
	assert_true(got.live.must_staple);
	assert_int_equal(got.err.kind, ERR_IO);
	answer.type = JUDGE_FILES_SITE_IS;
	answer.live = (struct files_live){ .path = SPAN_LIT("/x") };
	answer.recovered = true;
	bld_reset(&out);
	judge_files_answer_encode(&out, &answer);
	keep("judge_files", JUDGE_FILES_SITE_IS);
	assert_int_equal(judge_files_answer_decode(JUDGE_FILES_SITE_IS,
	    bld_view(&out), &got, NULL), 0);
	assert_true(got.recovered && !got.live.exists);
}

static void
test_certkey_files(void **state)
{
	struct certkey_files_request request = { .type = CERTKEY_FILES_LIVE,
		.site = SPAN_LIT("a.example"), .key_type = SITE_KEY_EC256,
		.any = true }, got;
	struct certkey_files_answer answer = { .type = CERTKEY_FILES_KEY,
		.pem = SPAN_LIT("-----BEGIN PRIVATE KEY-----") }, given;

	(void)state;
	bld_reset(&out);
	certkey_files_request_encode(&out, &request);
	keep("certkey_files", CERTKEY_FILES_LIVE);
	assert_int_equal(certkey_files_request_decode(CERTKEY_FILES_LIVE,
	    bld_view(&out), &got, NULL), 0);
	assert_true(got.any);
	request.type = CERTKEY_FILES_PUBLISHED;
	assert_int_equal(certkey_files_request_decode(CERTKEY_FILES_PUBLISHED,
	    bld_view(&out), &got, NULL), 0);
	assert_int_equal(certkey_files_request_decode(CERTKEY_FILES_KEY,
	    bld_view(&out), &got, NULL), -(int)ERR_FRAME);
	bld_reset(&out);
	certkey_files_answer_encode(&out, &answer);
	keep("certkey_files", CERTKEY_FILES_KEY);
	assert_int_equal(certkey_files_answer_decode(CERTKEY_FILES_KEY,
	    bld_view(&out), &given, NULL), 0);
	assert_true(span_equal(given.pem, answer.pem));
}

/* Hooks get the name: nothing in it may mean something to a shell. */
static void
test_dns_answer(void **state)
{
	static const char *const bad[] = { "a b", "a;b", "$(a)", "a\"b", "A" };
	struct judge_dns_answer answer = { .type = JUDGE_DNS_DONE,
		.name = SPAN_LIT("_acme-challenge.a.example") }, got;

	(void)state;
	bld_reset(&out);
	judge_dns_answer_encode(&out, &answer);
	assert_int_equal(judge_dns_answer_decode(JUDGE_DNS_DONE,
	    bld_view(&out), &got, NULL), 0);
	assert_true(span_equal(got.name, answer.name));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		answer.name = span_str(bad[i]);
		bld_reset(&out);
		judge_dns_answer_encode(&out, &answer);
		assert_int_equal(judge_dns_answer_decode(JUDGE_DNS_DONE,
		    bld_view(&out), &got, NULL), -(int)ERR_FRAME);
	}
	answer.name = SPAN_NONE;
	for (int i = 0; i < 2; i++) {
		answer.persist_until_s = i == 0 ? -1 :
		    JUDGE_DNS_UNTIL_MAX_S + 1;
		bld_reset(&out);
		judge_dns_answer_encode(&out, &answer);
		assert_int_equal(judge_dns_answer_decode(JUDGE_DNS_DONE,
		    bld_view(&out), &got, NULL), -(int)ERR_FRAME);
	}
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_account),
		cmocka_unit_test(test_account_answer),
		cmocka_unit_test(test_certkey),
		cmocka_unit_test(test_certkey_answer),
		cmocka_unit_test(test_site),
		cmocka_unit_test(test_site_names),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_files_answer),
		cmocka_unit_test(test_certkey_files),
		cmocka_unit_test(test_dns_answer),
	};
	int r;

	corpus = argc > 1 ? argv[1] : NULL;
	bld_init(&out, 1024 * 1024);
	r = cmocka_run_group_tests(tests, NULL, NULL);
	bld_free(&out);
	return r;
}
