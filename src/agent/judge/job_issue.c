/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One issuance: a CSR, an order at the first CA that no failure holds back,
 * the next CA when that refuses, and publication.
 */
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>

#include "agent/judge/job_tell.h"
#include "agent/judge/run_hooks.h"
#include "agent/judge/when.h"
#include "base/file.h"
#include "base/text.h"

#define CSR_FILE_MAX 65536 /* bytes of --csr */

static struct span
first_of(const char *a, const char *b)
{
	return span_str(a != NULL ? a : b);
}

/* ---- publication -------------------------------------------------------- */

static int
forget_failures(struct job *job, struct err *err)
{
	int r = state_begin(job->judge->state, err);

	if (r < 0)
		return r;
	for (size_t i = 0; r == 0 && i < job->names.count; i++)
		r = state_failure_del(job->judge->state,
		    job->names.items[i].value,
		    span_str(job->ca->authority.directory), err);
	return state_end(job->judge->state, r, err);
}

static bool
on_published(void *ctx, uint16_t type, struct span payload)
{
	struct job *job = ctx;
	struct judge_files_answer answer;
	struct trouble trouble = { .next = TROUBLE_OTHER_CA };
	struct err err = ERR_INIT;
	char until[TEXT_TIME_SIZE];

	if (!job_files_decode(job, type, payload, &answer))
		return true;
	if (answer.type == JUDGE_FILES_REFUSED) {
		snprintf(trouble.text, sizeof(trouble.text), "%s",
		    answer.err.text);
		snprintf(trouble.remedy, sizeof(trouble.remedy), "what was "
		    "live stays live; if it is the CA's fault, ask another");
		job_fail_at_ca(job, NULL, &trouble);
		return true;
	}
	if (answer.err.kind != ERR_NONE)
		judge_say(job->judge, JUDGE_WARN, job_name(job), "%s",
		    answer.err.text);
	if (!job_adopt(job, &answer.live,
	    span_str(job->ca->authority.directory)))
		return true;
	job_ocsp_live(job, &answer.live);
	job_ocsp_published(job, &answer.ocsp);
	if (forget_failures(job, &err) < 0) {
		judge_end(job->judge, &err);
		return true;
	}
	job->issued = true;
	if (job->trouble.text[0] != '\0')
		judge_say(job->judge, JUDGE_WARN, job_name(job), "%s gave it, "
		    "but a CA before it did not: %s\n%s",
		    job->ca->authority.name, job->trouble.text,
		    job->trouble.remedy);
	text_time(until, job->cert.not_after);
	judge_say(job->judge, JUDGE_DONE, job_name(job),
	    "certificate of %.*s until %s in %.*s",
	    SPAN_FMT(job->cert.issuer), until, SPAN_FMT(job->cert.path));
	job_park(job);
	return true;
}

void
job_publish(struct job *job, struct span chain, struct span ocsp)
{
	struct judge_files_request request = { .type = JUDGE_FILES_PUBLISH,
	    .chain = chain, .no_key = job->csr_given,
	    .must_staple = job->site.must_staple == ROW_YES,
	    .profile = first_of(job->site.profile,
	    job->ca->authority.profile).len > 0,
	    .names = job->names, .ocsp = ocsp };

	job->ocsp_chain = SPAN_NONE;
	memcpy(request.spki_hash, job->spki_hash, FILES_HASH_SIZE);
	job_ask_files(job, &request, on_published);
}

static void
take_chain(struct job *job, struct span chain)
{
	if (!job->judge->options.dry_run) {
		job_ocsp_before(job, chain);
		return;
	}
	judge_say(job->judge, JUDGE_DONE, job_name(job), "the rehearsal at %s "
	    "went well", job->ca->authority.name);
	job->issued = true;
	job_park(job);
}

/* ---- the order ---------------------------------------------------------- */

static void
on_progress(struct job *job, const struct client_progress *p)
{
	static const char *const words[CLIENT_STEP_COUNT] = {
		[CLIENT_STEP_ACCOUNT] = "looks for the account",
		[CLIENT_STEP_ORDERED] = "ordered",
		[CLIENT_STEP_VALIDATING] = "is being validated",
		[CLIENT_STEP_VALIDATED] = "is valid",
		[CLIENT_STEP_FAILED] = "failed",
		[CLIENT_STEP_FINALIZING] = "sends the request",
		[CLIENT_STEP_ISSUING] = "the CA is at work",
		[CLIENT_STEP_DOWNLOADING] = "fetches the certificate",
		[CLIENT_STEP_WAITING] = "waits",
	};
	struct bld text;

	bld_init(&text, 2 * CLIENT_TEXT_MAX);
	if (p->ident.type != 0)
		bld_fmt(&text, "%.*s ", SPAN_FMT(p->ident.value));
	bld_str(&text, words[p->step]);
	if (p->method != 0)
		bld_fmt(&text, " (%s)", client_method_name(p->method));
	if (p->text.len > 0)
		bld_fmt(&text, ": %.*s", SPAN_FMT(p->text));
	judge_say(job->judge, JUDGE_STEP, job_name(job), "%.*s",
	    SPAN_FMT(bld_view(&text)));
	bld_free(&text);
	if (p->step == CLIENT_STEP_FAILED)
		job_solve_failed(job, p);
	if (p->step != CLIENT_STEP_ORDERED || job->judge->options.dry_run ||
	    span_equal(p->url, job->cert.order_url) || !job_count(job))
		return;
	job->cert.order_url = job_keep(job, p->url);
	job->cert.order_at_ca =
	    job_keep(job, span_str(job->ca->authority.directory));
	job_save(job);
}

/* What trouble_concerns reads of them. */
static const struct client_subproblem *
keep_subs(struct job *job, const struct client_problem *problem)
{
	struct client_subproblem *ret = arena_alloc(&job->arena,
	    (problem->num_subs + 1) * sizeof(*ret));

	for (size_t i = 0; i < problem->num_subs; i++) {
		ret[i] = problem->subs[i];
		ret[i].type = job_keep(job, ret[i].type);
		ret[i].detail = SPAN_NONE;
		ret[i].ident.value = job_keep(job, ret[i].ident.value);
	}
	return ret;
}

static void
on_failure_told(struct job *job, const struct err *why, struct span output)
{
	(void)why;
	(void)output;
	job_fail_at_ca(job, job->problem, &job->refusal);
}

/* Hooks are told of what came as an answer to a request; of challenges they
 * are told otherwise. */
static void
on_problem(struct job *job, const struct client_problem *problem)
{
	struct hook_event_facts facts = { .status = problem->status,
	    .type = problem->type, .detail = problem->detail };
	struct client_problem *copy;

	trouble_judge(problem, &job->refusal);
	if (problem->cause != CLIENT_REFUSED || problem->status == 0 ||
	    (problem->num_subs > 0 && problem->subs[0].method != 0)) {
		job_fail_at_ca(job, problem, &job->refusal);
		return;
	}
	copy = arena_alloc(&job->arena, sizeof(*copy));
	*copy = *problem;
	copy->type = job_keep(job, problem->type);
	copy->subs = keep_subs(job, problem);
	job->problem = copy;
	job_tell(job, HOOK_EVENT_FAILURE, &facts, on_failure_told);
}

static bool
on_result(struct job *job, const struct client_result *result)
{
	job->order_id = 0;
	if (result->type == CLIENT_RESULT_CHAIN) {
		if (!result->chain.preferred)
			judge_say(job->judge, JUDGE_WARN, job_name(job), "the "
			    "CA has no chain with the preferred issuer; its "
			    "default was taken");
		take_chain(job, result->chain.pem);
	} else if (result->type == CLIENT_RESULT_PROBLEM) {
		on_problem(job, &result->problem);
	} else {
		struct err err = ERR_INIT;

		err_set(&err, ERR_FRAME, NULL, "net answered an order with "
		    "something else");
		judge_end(job->judge, &err);
	}
	return true;
}

static bool
on_net(void *ctx, uint16_t type, struct span payload)
{
	struct job *job = ctx;
	struct judge_net_tell tell;
	struct arena arena = { 0 };
	struct err err = ERR_INIT;
	bool last = false;

	if (judge_net_tell_decode(type, payload, &arena, &tell, &err) < 0) {
		judge_end(job->judge, &err);
		arena_free(&arena);
		return true;
	}
	switch ((int)tell.type) {
	case NET_JUDGE_OFFER:
		if (job_count(job))
			job_solve(job, &tell.offers);
		break;
	case NET_JUDGE_CLEAN:
		job_solve_clean(job);
		break;
	case NET_JUDGE_PROGRESS:
		on_progress(job, &tell.progress);
		break;
	case NET_JUDGE_RESULT:
		last = on_result(job, &tell.result);
		break;
	default:
		err_set(&err, ERR_FRAME, NULL, "net says what is not of an "
		    "order");
		judge_end(job->judge, &err);
		break;
	}
	arena_free(&arena);
	return last;
}

static void
send_order(struct job *job)
{
	struct judge_net_ask ask = { .type = JUDGE_NET_ORDER,
	    .ca = job->ca->number };
	const struct authority *at = &job->ca->authority;
	struct err err = ERR_INIT;
	unsigned methods = job_solve_methods(job, &err);
	bool same_ca = span_equal_str(job->cert.directory, at->directory);

	if (methods == 0) {
		job_fail_here(job, &err, "choose one of the ways that --via has");
		return;
	}
	ask.order = (struct client_order){
		.idents = job->names, .csr = job->csr,
		.profile = first_of(job->site.profile, at->profile),
		.preferred_chain = first_of(job->site.preferred_chain,
		    at->preferred_chain),
	};
	for (size_t i = 0; i < job->names.count; i++)
		ask.order.methods[i] = methods;
	if (same_ca && when_live(&job->cert) && !job->judge->options.dry_run)
		ask.order.replaces = job->cert.cert_id;
	if (span_equal_str(job->cert.order_at_ca, at->directory) &&
	    !job->judge->options.dry_run)
		ask.order.resume_url = job->cert.order_url;
	judge_say(job->judge, JUDGE_STEP, job_name(job), "asks %s", at->name);
	job->rounds = 0;
	job->order_id = ask_net(job->judge, &ask, on_net, job);
}

/* ---- the request for certification -------------------------------------- */

/* False if there is none, and the job goes another way. */
static bool
take_csr(struct job *job, uint16_t type, struct span payload)
{
	struct judge_certkey_answer answer;
	struct err err = ERR_INIT;

	if (judge_certkey_answer_decode(type, payload, &answer, &err) < 0) {
		judge_end(job->judge, &err);
		return false;
	}
	if (answer.type == JUDGE_CERTKEY_REFUSED) {
		job_fail_here(job, &answer.err, "check the keys in the state's "
		    "folders pending and live");
		return false;
	}
	job->csr = job_keep(job, answer.csr);
	memcpy(job->spki_hash, answer.spki_hash, CERTKEY_HASH_SIZE);
	return true;
}

static bool
on_csr(void *ctx, uint16_t type, struct span payload)
{
	struct job *job = ctx;

	if (take_csr(job, type, payload))
		job_allow(job, send_order);
	return true;
}

static bool
on_other_key(void *ctx, uint16_t type, struct span payload)
{
	struct job *job = ctx;

	if (take_csr(job, type, payload))
		job_next_ca(job);
	return true;
}

static void
ask_csr(struct job *job, enum certkey_policy policy, ask_answer *answer)
{
	struct judge_certkey_request request = {
		.type = JUDGE_CERTKEY_REQUEST,
		.site = span_str(job->site.name),
		.key_type = (enum site_key_type)job->cert.key_type,
		.policy = policy,
		.must_staple = job->site.must_staple == ROW_YES,
		.names = job->names,
	};
	struct bld out;

	bld_init(&out, LINK_PAYLOAD_MAX);
	judge_certkey_request_encode(&out, &request);
	ask_send(job->judge, AGENT_CERTKEY, JUDGE_CERTKEY_REQUEST, &out,
	    answer, job);
	bld_free(&out);
}

/* At once, though perhaps no CA is left: it is durable then, and the next run
 * finds it. A key that is to stay the same stays. */
void
job_other_key(struct job *job)
{
	if (job->csr_given || job->site.reuse_key == ROW_YES)
		job_next_ca(job);
	else
		ask_csr(job, CERTKEY_FRESH, on_other_key);
}

/* A request that was made elsewhere: what stands in it, we ask for. */
static int
take_request(struct job *job, BIO *file, struct err *err)
{
	unsigned char *der = NULL;
	struct csr csr;
	long len = 0;
	int r;

	if (file == NULL)
		return err_errno(err, "cannot open the request");
	r = PEM_bytes_read_bio(&der, &len, NULL, PEM_STRING_X509_REQ, file,
	    NULL, NULL);
	BIO_free(file);
	if (r != 1)
		return err_set(err, ERR_CONFIG, NULL, "there is no "
		    "certification request in PEM");
	job->csr = job_keep(job, span_of(der, (size_t)len));
	OPENSSL_free(der);
	r = csr_parse(job->csr, &job->arena, &csr, err);
	if (r < 0)
		return r;
	job->names = csr.names;
	r = EVP_Digest(csr.spki.data, csr.spki.len, job->spki_hash, NULL,
	    EVP_sha256(), NULL) == 1 ? 0 : err_set(err, ERR_INTERNAL, NULL,
	    "SHA-256 failed");
	return r;
}

static int
read_csr(struct job *job, struct err *err)
{
	struct bld text;
	int r;

	bld_init(&text, CSR_FILE_MAX);
	r = file_read(AT_FDCWD, job->site.csr, 0, &text, err);
	if (r == 0 && take_request(job, BIO_new_mem_buf(text.data,
	    (int)text.len), err) < 0)
		r = err_prefix(err, "%s", job->site.csr);
	bld_free(&text);
	return r;
}

/* ---- which CA ----------------------------------------------------------- */

/* Until when failures of its names hold the CA back. */
static int
held_until(struct job *job, int64_t *ret, struct err *err)
{
	struct state_failure failure;
	int r = 0;

	*ret = 0;
	for (size_t i = 0; r == 0 && i < job->names.count; i++) {
		r = state_failure_get(job->judge->state,
		    job->names.items[i].value,
		    span_str(job->ca->authority.directory), &failure, err);
		if (failure.until_at > *ret)
			*ret = failure.until_at;
	}
	return r;
}

static void
order(struct job *job)
{
	if (job->csr.len == 0)
		/* A key that was perhaps lost is not used again. */
		ask_csr(job, job->site.reuse_key == ROW_YES &&
		    job->cert.reason != STATE_REASON_REVOKED ? CERTKEY_REUSE :
		    CERTKEY_NEW, on_csr);
	else
		job_allow(job, send_order);
}

/* A hook may have printed a request, whose key it keeps. */
static void
on_generated(struct job *job, const struct err *why, struct span output)
{
	struct err err = *why;
	bool given = output.len > 0 && memmem(output.data, output.len,
	    "-----BEGIN ", 11) != NULL;

	if (err.kind == ERR_NONE && given && take_request(job,
	    BIO_new_mem_buf(output.data, (int)output.len), &err) == 0)
		job->csr_given = true;
	if (err.kind != ERR_NONE)
		job_fail_here(job, &err, "repair the hook");
	else
		order(job);
}

static void
on_begun(struct job *job, const struct err *why)
{
	const struct hook_event_facts facts = { .path = job->cert.path };

	if (why->kind != ERR_NONE)
		job_fail_here(job, why, "repair the hook; without it no CA is "
		    "asked");
	else if (job->csr_given)
		order(job);
	else
		job_tell(job, HOOK_EVENT_CSR, &facts, on_generated);
}

static void
on_ca(void *ctx, struct judge_ca *ca, const struct err *why)
{
	struct job *job = ctx;
	struct trouble trouble = { .next = TROUBLE_OTHER_CA };
	struct err err = ERR_INIT;
	int64_t until = 0;

	if (ca == NULL) {
		snprintf(trouble.text, sizeof(trouble.text), "%s", why->text);
		job_remember(job, &trouble);
		job->ca_index++;
		job_next_ca(job);
		return;
	}
	job->ca = ca;
	if (held_until(job, &until, &err) < 0) {
		judge_end(job->judge, &err);
	} else if (until > judge_now(job->judge) &&
	    !(job->flags & (JUDGE_NOW | JUDGE_FORCE))) {
		if (until < job->earliest)
			job->earliest = until;
		job->ca_index++;
		job_next_ca(job);
	} else if (job->attempted) {
		order(job);
	} else {
		job->attempted = true;
		run_hooks_before(job, on_begun);
	}
}

void
job_next_ca(struct job *job)
{
	if (job->ca_index == job->site.ca.count)
		job_give_up(job);
	else
		judge_ca_need(job->judge, job->site.ca.items[job->ca_index],
		    on_ca, job);
}

void
job_issue(struct job *job)
{
	struct err err = ERR_INIT;

	job->earliest = STATE_NEVER;
	job->csr_given = job->site.csr != NULL;
	if (job->csr_given && read_csr(job, &err) < 0)
		job_fail_here(job, &err, "make a new request, or change csr");
	else
		job_next_ca(job);
}
