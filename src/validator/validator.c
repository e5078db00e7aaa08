/* SPDX-License-Identifier: Apache-2.0 */
#include "validator/validator.h"

#include <stdio.h>

#include "acme/objects_json.h"
#include "base/mem.h"
#include "validator/caa_climb.h"
#include "validator/http01.h"

/* The methods that there are. A new one is a file and a row. */
static const struct method *const methods[] = {
	&http01_method,
};

/* One question, from validator_ask to its answer. */
struct attempt {
	struct validator *validator;
	struct rules *rules;
	struct validate_request request; /* ident.value is in name */
	uint8_t name[IDENT_DNS_MAX];
	char account_uri[RULES_TEXT_MAX + 64];
	unsigned waiting;    /* for method and CAA */
	struct err method_err;
	struct err caa_err;
	enum caa_verdict caa;
	void (*answer)(void *arg, uint64_t id,
	    const struct validate_answer *answer); /* NULL: forgotten */
	void *arg;
	uint64_t id;
	struct arena arena;            /* all that its checks need */
	struct attempt *next;          /* in the queue */
	struct attempt *active_next, **active_at;
};

struct validator {
	const struct env *env;
	char perspective[ATTESTATION_PERSPECTIVE_MAX];
	size_t perspective_len;
	uint8_t key[ATTESTATION_KEY_SIZE];
	struct rules *rules;
	size_t num_active;
	struct attempt *active;
	size_t num_queued;
	struct attempt *queue;
	struct attempt **queue_last;
};

static void start_queued(struct validator *validator);

static const struct method *
find_method(enum challenge_type type)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (methods[i]->type == type)
			return methods[i];
	return NULL;
}

static void
attempt_free(struct attempt *attempt)
{
	rules_unref(attempt->rules);
	arena_free(&attempt->arena);
	free(attempt);
}

static void
answer_attested(struct attempt *attempt)
{
	struct validator *validator = attempt->validator;
	struct validate_answer answer = {
		.type = CORE_VALIDATOR_ATTESTED,
		.attestation = {
			.perspective = span_of(validator->perspective,
			    validator->perspective_len),
			.ident = attempt->request.ident,
			.wildcard = attempt->request.wildcard,
			.method = attempt->request.method,
			.caa = attempt->caa,
			.at = env_now(validator->env),
		},
	};

	memcpy(answer.attestation.thumbprint, attempt->request.thumbprint,
	    sizeof(answer.attestation.thumbprint));
	attestation_seal(&answer.attestation, validator->key);
	attempt->answer(attempt->arg, attempt->id, &answer);
}

static void
answer_failed(struct attempt *attempt, const struct err *err)
{
	struct validate_answer answer = {
		.type = CORE_VALIDATOR_FAILED,
		.problem = problem_of(err),
	};

	attempt->answer(attempt->arg, attempt->id, &answer);
}

/* All that was waited for has come. */
static void
attempt_end(struct attempt *attempt)
{
	struct validator *validator = attempt->validator;

	*attempt->active_at = attempt->active_next;
	if (attempt->active_next != NULL)
		attempt->active_next->active_at = attempt->active_at;
	validator->num_active--;
	if (attempt->answer == NULL)
		; /* who asked is gone */
	else if (attempt->method_err.kind != ERR_NONE)
		answer_failed(attempt, &attempt->method_err);
	else if (attempt->caa_err.kind != ERR_NONE)
		answer_failed(attempt, &attempt->caa_err);
	else
		answer_attested(attempt);
	attempt_free(attempt);
	start_queued(validator);
}

static void
on_method(void *arg, const struct err *err)
{
	struct attempt *attempt = arg;

	attempt->method_err = *err;
	if (--attempt->waiting == 0)
		attempt_end(attempt);
}

static void
on_caa(void *arg, const struct err *err)
{
	struct attempt *attempt = arg;

	attempt->caa_err = *err;
	attempt->caa = err->kind == ERR_NONE ? CAA_PERMITS : CAA_FORBIDS;
	if (--attempt->waiting == 0)
		attempt_end(attempt);
}

static void
on_end(void *arg)
{
	attempt_end(arg);
}

/* Core sends what clients asked for, after its own checks; a core that an
 * attacker holds sends anything. */
static const struct method *
check_request(struct attempt *attempt)
{
	const struct validate_request *request = &attempt->request;
	const struct method *method = find_method(request->method);

	if (ident_check(&request->ident, &attempt->method_err) < 0)
		return NULL;
	if (ident_is_wildcard(&request->ident))
		err_set(&attempt->method_err, ERR_INTERNAL, NULL,
		    "a wildcard is asked for by its base name");
	else if (method == NULL)
		err_set(&attempt->method_err, ERR_INTERNAL, NULL,
		    "this validator has no such method");
	else
		return method;
	return NULL;
}

static void
start_caa(struct attempt *attempt)
{
	const struct rules *rules = attempt->rules;
	const struct validate_request *request = &attempt->request;
	struct caa_request question = {
		.identity = span_str(rules->caa_identity),
		.wildcard = request->wildcard,
		.method = span_str(challenge_type_name(request->method)),
	};

	/* The records are about domain names: RFC 8659 1, BR 3.2.2.8. */
	if (!rules->check_caa || request->ident.type != IDENT_DNS)
		return;
	if (rules->base_url[0] != '\0') {
		snprintf(attempt->account_uri, sizeof(attempt->account_uri),
		    "%s" ACME_PATH_ACCOUNT "%lld", rules->base_url,
		    (long long)request->account_id);
		question.account_uri = span_str(attempt->account_uri);
	}
	attempt->waiting++;
	caa_climb(attempt->validator->env, request->ident.value, &question,
	    &attempt->arena, on_caa, attempt);
}

/* Nothing calls back before its starter returns, so waiting is complete when
 * the first answer comes. */
static void
attempt_run(void *arg)
{
	struct attempt *attempt = arg;
	const struct env *env = attempt->validator->env;
	const struct method *method = check_request(attempt);

	if (method == NULL || attempt->rules->always_valid) {
		env->timer_start(env->ctx, 0, on_end, attempt);
		return;
	}
	attempt->waiting = 1;
	method->start(env, attempt->rules, &attempt->request, &attempt->arena,
	    on_method, attempt);
	start_caa(attempt);
}

static void
attempt_enter(struct attempt *attempt)
{
	struct validator *validator = attempt->validator;

	attempt->active_next = validator->active;
	attempt->active_at = &validator->active;
	if (attempt->active_next != NULL)
		attempt->active_next->active_at = &attempt->active_next;
	validator->active = attempt;
	validator->num_active++;
}

static void
attempt_start(struct attempt *attempt)
{
	const struct env *env = attempt->validator->env;
	int64_t pause = attempt->rules->sleep_ms;
	uint64_t random;

	attempt_enter(attempt);
	if (pause <= 0) {
		attempt_run(attempt);
		return;
	}
	env_random(env, &random, sizeof(random));
	env->timer_start(env->ctx, (int64_t)(random % ((uint64_t)pause + 1)),
	    attempt_run, attempt);
}

static void
start_queued(struct validator *validator)
{
	struct attempt *attempt = validator->queue;

	if (attempt == NULL || validator->num_active >= VALIDATOR_SLOTS_MAX)
		return;
	validator->queue = attempt->next;
	if (validator->queue == NULL)
		validator->queue_last = &validator->queue;
	validator->num_queued--;
	attempt_start(attempt);
}

static struct attempt *
attempt_new(struct validator *validator,
    const struct validate_request *request)
{
	struct attempt *attempt = mem_zalloc(sizeof(*attempt));
	size_t len = request->ident.value.len;

	attempt->validator = validator;
	attempt->rules = rules_ref(validator->rules);
	attempt->caa = CAA_NOT_CHECKED;
	attempt->request = *request;
	if (len > sizeof(attempt->name))
		len = 0; /* fails ident_check */
	if (len > 0)
		memcpy(attempt->name, request->ident.value.data, len);
	attempt->request.ident.value = span_of(attempt->name, len);
	return attempt;
}

void
validator_ask(struct validator *validator,
    const struct validate_request *request,
    void (*answer)(void *arg, uint64_t id,
    const struct validate_answer *answer), void *arg, uint64_t id)
{
	struct attempt *attempt = attempt_new(validator, request);
	const struct env *env = validator->env;

	attempt->answer = answer;
	attempt->arg = arg;
	attempt->id = id;
	if (validator->num_active < VALIDATOR_SLOTS_MAX) {
		attempt_start(attempt);
	} else if (validator->num_queued < VALIDATOR_QUEUE_MAX) {
		*validator->queue_last = attempt;
		validator->queue_last = &attempt->next;
		validator->num_queued++;
	} else {
		err_set(&attempt->method_err, ERR_BUSY, NULL,
		    "too many validations wait");
		attempt_enter(attempt);
		env->timer_start(env->ctx, 0, on_end, attempt);
	}
}

void
validator_forget(struct validator *validator)
{
	struct attempt *attempt;

	while ((attempt = validator->queue) != NULL) {
		validator->queue = attempt->next;
		attempt_free(attempt);
	}
	validator->queue_last = &validator->queue;
	validator->num_queued = 0;
	for (attempt = validator->active; attempt != NULL;
	    attempt = attempt->active_next)
		attempt->answer = NULL;
}

struct validator *
validator_new(const struct env *env, struct span perspective,
    const uint8_t key[ATTESTATION_KEY_SIZE], struct rules *rules)
{
	struct validator *validator = mem_zalloc(sizeof(*validator));

	validator->env = env;
	validator->perspective_len = perspective.len <
	    sizeof(validator->perspective) ? perspective.len :
	    sizeof(validator->perspective);
	memcpy(validator->perspective, perspective.data,
	    validator->perspective_len);
	memcpy(validator->key, key, sizeof(validator->key));
	validator->rules = rules_ref(rules);
	validator->queue_last = &validator->queue;
	return validator;
}

void
validator_free(struct validator *validator)
{
	struct attempt *attempt;

	if (validator == NULL)
		return;
	validator_forget(validator);
	while ((attempt = validator->active) != NULL) {
		validator->active = attempt->active_next;
		attempt_free(attempt);
	}
	rules_unref(validator->rules);
	mem_wipe(validator->key, sizeof(validator->key));
	free(validator);
}

void
validator_set_rules(struct validator *validator, struct rules *rules)
{
	rules_ref(rules);
	rules_unref(validator->rules);
	validator->rules = rules;
}

size_t
validator_active(const struct validator *validator)
{
	return validator->num_active;
}

size_t
validator_queued(const struct validator *validator)
{
	return validator->num_queued;
}
