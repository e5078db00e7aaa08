/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "validator/fake_env.h"
#include "validator/validator.h"

#define TOKEN "tttttttttttttttttttttttttttttttttttttttttt0"
#define GOOD TOKEN ".WlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlpaWlo"
#define PAGE(body, delay) { "http://www.example.com/.well-known/" \
	"acme-challenge/" TOKEN, NULL, HTTP_FETCH_OK, 200, NULL, (body), \
	(delay) }
#define ADDRESS { "www.example.com", DNS_A, DNS_OK, "192.0.3.1", 0 }
#define CAA(records, delay) \
	{ "example.com", DNS_CAA, DNS_OK, (records), (delay) }

static const uint8_t key[ATTESTATION_KEY_SIZE] = "the key of this perspective";

static const struct fake_dns plain_dns[] = { ADDRESS, { 0 } };
static const struct fake_web plain_web[] = { PAGE(GOOD, 10), { 0 } };

/* The last answer, with copies of what it borrows. */
struct answers {
	unsigned count;
	uint64_t id;
	struct validate_answer last;
	char detail[PROBLEM_DETAIL_MAX];
	bool sealed;
};

static void
on_answer(void *arg, uint64_t id, const struct validate_answer *answer)
{
	struct answers *answers = arg;

	answers->count++;
	answers->id = id;
	answers->last = *answer;
	answers->detail[0] = '\0';
	answers->sealed = false;
	if (answer->type == CORE_VALIDATOR_FAILED)
		snprintf(answers->detail, sizeof(answers->detail), "%.*s",
		    SPAN_FMT(answer->problem.detail));
	else
		answers->sealed = attestation_verify(&answer->attestation,
		    key) && span_equal_str(answer->attestation.perspective,
		    "local") && span_equal_str(answer->attestation.ident.value,
		    "www.example.com");
}

static struct validate_request
make_request(void)
{
	struct validate_request request = {
		.ident = { IDENT_DNS, SPAN_LIT("www.example.com") },
		.method = CHALLENGE_HTTP_01,
		.account_id = 7,
	};

	memcpy(request.token, TOKEN, ACME_TOKEN_SIZE);
	memset(request.thumbprint, 0x5a, sizeof(request.thumbprint));
	return request;
}

static struct validator *
make_validator(struct fake_env *fake, const struct config *config)
{
	struct validator *validator;
	struct rules *rules;

	assert_int_equal(rules_new(config, &rules, NULL), 0);
	validator = validator_new(&fake->env, SPAN_LIT("local"), key, rules);
	rules_unref(rules);
	return validator;
}

static struct config
private_config(void)
{
	return (struct config){ .http_port = 80, .tls_port = 443,
	    .program = PROGRAM_PRIVATE };
}

static struct answers
ask_one(const struct fake_dns *dns, const struct fake_web *web,
    const struct config *config, const struct validate_request *request,
    struct fake_env *fake)
{
	struct answers answers = { 0 };
	struct validator *validator;

	fake_env_init(fake, dns, web);
	validator = make_validator(fake, config);
	validator_ask(validator, request, on_answer, &answers, 42);
	assert_int_equal(answers.count, 0); /* never before it returns */
	fake_env_run(fake);
	assert_int_equal(answers.count, 1);
	assert_int_equal(answers.id, 42);
	assert_int_equal(validator_active(validator), 0);
	validator_free(validator);
	return answers;
}

static void
attests(void **state)
{
	struct config config = private_config();
	struct validate_request request = make_request();
	struct answers answers;
	struct fake_env fake;

	(void)state;
	answers = ask_one(plain_dns, plain_web, &config, &request, &fake);
	assert_int_equal(answers.last.type, CORE_VALIDATOR_ATTESTED);
	assert_true(answers.sealed);
	assert_int_equal(answers.last.attestation.caa, CAA_NOT_CHECKED);
	assert_int_equal(answers.last.attestation.method, CHALLENGE_HTTP_01);
	assert_int_equal(answers.last.attestation.at, fake.now);
	assert_memory_equal(answers.last.attestation.thumbprint,
	    request.thumbprint, sizeof(request.thumbprint));
	assert_null(strstr(fake.asked, "CAA"));
}

/* CAA is looked at where the CA has a CAA identity, and always under the
 * Baseline Requirements. */
static void
caa_verdicts(void **state)
{
	static const struct {
		const char *identity;
		enum config_program program;
		struct fake_dns dns[4];
		enum err_kind kind;
		enum caa_verdict caa;
	} rows[] = {
		{ "ca.example", PROGRAM_PRIVATE, { ADDRESS }, ERR_NONE,
		    CAA_PERMITS },
		{ "ca.example", PROGRAM_PRIVATE,
		    { ADDRESS, CAA("issue=ca.example", 0) }, ERR_NONE,
		    CAA_PERMITS },
		{ "ca.example", PROGRAM_PRIVATE,
		    { ADDRESS, CAA("issue=o.example", 5000) }, ERR_CAA,
		    CAA_FORBIDS },
		{ NULL, PROGRAM_PRIVATE,
		    { ADDRESS, CAA("issue=o.example", 0) }, ERR_NONE,
		    CAA_NOT_CHECKED },
		{ NULL, PROGRAM_WEBPKI, { ADDRESS }, ERR_NONE, CAA_PERMITS },
		{ NULL, PROGRAM_WEBPKI,
		    { ADDRESS, CAA("issue=o.example", 0) }, ERR_CAA,
		    CAA_FORBIDS },
		{ "ca.example", PROGRAM_WEBPKI,
		    { ADDRESS, { "example.com", DNS_CAA, DNS_SERVFAIL, NULL,
		    0 } }, ERR_DNS, CAA_FORBIDS },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct config config = private_config();
		struct validate_request request = make_request();
		struct answers answers;
		struct fake_env fake;
		char identity[] = "ca.example";

		config.program = rows[i].program;
		config.caa_identity = rows[i].identity == NULL ? NULL :
		    identity;
		answers = ask_one(rows[i].dns, plain_web, &config, &request,
		    &fake);
		if (rows[i].kind == ERR_NONE) {
			assert_int_equal(answers.last.type,
			    CORE_VALIDATOR_ATTESTED);
			assert_true(answers.sealed);
			assert_int_equal(answers.last.attestation.caa,
			    rows[i].caa);
		} else {
			assert_int_equal(answers.last.type,
			    CORE_VALIDATOR_FAILED);
			assert_int_equal(answers.last.problem.kind,
			    rows[i].kind);
		}
	}
}

/* RFC 8657 3.1: the account's URL. */
static void
account_uri(void **state)
{
	static const struct fake_dns dns[] = { ADDRESS,
	    CAA("issue=ca.example;accounturi=https://ca.example:14000"
	    "/acme/account/7", 0), { 0 } };
	struct config config = private_config();
	struct validate_request request = make_request();
	struct answers answers;
	struct fake_env fake;
	char identity[] = "ca.example", base[] = "https://ca.example:14000";

	(void)state;
	config.caa_identity = identity;
	config.base_url = base;
	answers = ask_one(dns, plain_web, &config, &request, &fake);
	assert_true(answers.sealed);
	request.account_id = 8;
	answers = ask_one(dns, plain_web, &config, &request, &fake);
	assert_int_equal(answers.last.problem.kind, ERR_CAA);
	assert_non_null(strstr(answers.detail, "account"));
}

static void
method_failure(void **state)
{
	static const struct fake_web web[] = { PAGE("wrong", 10), { 0 } };
	struct config config = private_config();
	struct validate_request request = make_request();
	struct answers answers;
	struct fake_env fake;

	(void)state;
	answers = ask_one(plain_dns, web, &config, &request, &fake);
	assert_int_equal(answers.last.type, CORE_VALIDATOR_FAILED);
	assert_int_equal(answers.last.problem.kind, ERR_INCORRECT_RESPONSE);
	assert_true(answers.detail[0] != '\0');
}

/* Names that core should not have let through, and methods there are not. */
static void
bad_requests(void **state)
{
	static const char *const names[] = {
		"", "*.example.com", "WWW.example.com", "a/b.example",
		"www.example.com.", "-.example",
	};
	struct config config = private_config();
	struct validate_request request;
	struct answers answers;
	struct fake_env fake;

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		request = make_request();
		request.ident.value = span_str(names[i]);
		answers = ask_one(plain_dns, plain_web, &config, &request,
		    &fake);
		assert_int_equal(answers.last.type, CORE_VALIDATOR_FAILED);
		assert_string_equal(fake.asked, "");
	}
	request = make_request();
	request.method = CHALLENGE_TYPE_COUNT;
	answers = ask_one(plain_dns, plain_web, &config, &request, &fake);
	assert_int_equal(answers.last.type, CORE_VALIDATOR_FAILED);
	request = make_request();
	request.wildcard = true;
	answers = ask_one(plain_dns, plain_web, &config, &request, &fake);
	assert_int_equal(answers.last.problem.kind, ERR_UNAUTHORIZED);
}

static void
dev_switches(void **state)
{
	struct config config = private_config();
	struct validate_request request = make_request();
	struct answers answers;
	struct fake_env fake;
	int64_t start;

	(void)state;
	config.dev = config.dev_always_valid = true;
	answers = ask_one(NULL, NULL, &config, &request, &fake);
	assert_true(answers.sealed);
	assert_int_equal(answers.last.attestation.caa, CAA_NOT_CHECKED);
	/* Only dev mode has the switch. */
	config.dev = false;
	answers = ask_one(plain_dns, plain_web, &config, &request, &fake);
	assert_int_not_equal(strlen(fake.asked), 0);
	config.dev = true;
	config.dev_always_valid = false;
	config.dev_sleep_ms = 5000;
	fake_env_init(&fake, plain_dns, plain_web);
	start = fake.now;
	answers = ask_one(plain_dns, plain_web, &config, &request, &fake);
	assert_true(answers.sealed);
	assert_true(fake.now - start > 0 && fake.now - start <= 5010);
}

/* More than the slots wait; more than the queue are turned away; and who has
 * gone is not answered. */
static void
slots_and_queue(void **state)
{
	const unsigned extra = 3, all = VALIDATOR_SLOTS_MAX +
	    VALIDATOR_QUEUE_MAX + extra;
	struct config config = private_config();
	struct validate_request request = make_request();
	struct answers answers = { 0 };
	struct validator *validator;
	struct fake_env fake;

	(void)state;
	config.dev = config.dev_always_valid = true;
	fake_env_init(&fake, NULL, NULL);
	validator = make_validator(&fake, &config);
	for (unsigned i = 0; i < VALIDATOR_SLOTS_MAX + 5; i++)
		validator_ask(validator, &request, on_answer, &answers, i);
	assert_int_equal(validator_active(validator), VALIDATOR_SLOTS_MAX);
	assert_int_equal(validator_queued(validator), 5);
	fake_env_run(&fake);
	assert_int_equal(answers.count, VALIDATOR_SLOTS_MAX + 5);
	assert_int_equal(validator_queued(validator), 0);

	answers = (struct answers){ 0 };
	for (unsigned i = 0; i < all; i++)
		validator_ask(validator, &request, on_answer, &answers, i);
	assert_int_equal(validator_queued(validator), VALIDATOR_QUEUE_MAX);
	validator_forget(validator);
	assert_int_equal(validator_queued(validator), 0);
	validator_ask(validator, &request, on_answer, &answers, all);
	fake_env_run(&fake);
	assert_int_equal(answers.count, 1);
	assert_int_equal(answers.id, all);
	validator_free(validator);
}

/* A reload changes what is asked from then on, not what runs. */
static void
reload(void **state)
{
	struct config config = private_config();
	struct validate_request request = make_request();
	struct answers answers = { 0 };
	struct validator *validator;
	struct rules *rules;
	struct fake_env fake;
	char identity[] = "ca.example";

	(void)state;
	fake_env_init(&fake, plain_dns, plain_web);
	validator = make_validator(&fake, &config);
	validator_ask(validator, &request, on_answer, &answers, 1);
	config.caa_identity = identity;
	assert_int_equal(rules_new(&config, &rules, NULL), 0);
	validator_set_rules(validator, rules);
	rules_unref(rules);
	fake_env_run(&fake);
	assert_int_equal(answers.last.attestation.caa, CAA_NOT_CHECKED);
	validator_ask(validator, &request, on_answer, &answers, 2);
	fake_env_run(&fake);
	assert_int_equal(answers.last.attestation.caa, CAA_PERMITS);
	validator_free(validator);
}

static void
bad_rules(void **state)
{
	struct config config = private_config();
	struct err err = ERR_INIT;
	struct rules *rules;
	char range[] = "10.0.0.0/99";

	(void)state;
	config.validation_allow[0] = range;
	config.num_validation_allow = 1;
	assert_int_equal(rules_new(&config, &rules, &err), -ERR_CONFIG);
	assert_null(rules);
	assert_non_null(strstr(err.text, "validation_allow"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attests),
		cmocka_unit_test(caa_verdicts),
		cmocka_unit_test(account_uri),
		cmocka_unit_test(method_failure),
		cmocka_unit_test(bad_requests),
		cmocka_unit_test(dev_switches),
		cmocka_unit_test(slots_and_queue),
		cmocka_unit_test(reload),
		cmocka_unit_test(bad_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
