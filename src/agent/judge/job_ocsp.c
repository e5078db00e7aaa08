/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OCSP response beside a certificate (RFC 6960), for servers that staple:
 * files says whom to ask what, net asks, files checks what came. judge only
 * hears what it means. A new certificate is published with its response.
 */
#include "agent/judge/judge_private.h"
#include "agent/judge/when.h"
#include "base/text.h"

#define KEY_COMPROMISE 1 /* RFC 5280 5.3.1 */

void
job_ocsp_live(struct job *job, const struct files_live *live)
{
	job->must_staple = live->must_staple;
	job->has_responder = live->ocsp_url.len > 0;
}

void
job_ocsp_clear(struct job *job)
{
	struct state_cert *cert = &job->cert;

	cert->ocsp_status = FILES_OCSP_NONE;
	cert->ocsp_this = cert->ocsp_next = cert->ocsp_tries = 0;
	cert->ocsp_at = STATE_NEVER;
	cert->ocsp_error = SPAN_NONE;
}

static bool
is_wanted(const struct job *job, bool must_staple)
{
	return job->site.ocsp == NULL ?
	    must_staple || job->site.must_staple == ROW_YES :
	    strcmp(job->site.ocsp, "file") == 0;
}

/* ---- what became of it -------------------------------------------------- */

static void
fail(struct job *job, const char *why)
{
	struct state_cert *cert = &job->cert;
	int64_t now = judge_now(job->judge);
	bool late = cert->ocsp_next - now < (cert->ocsp_next -
	    cert->ocsp_this) / 4;

	cert->ocsp_tries++;
	cert->ocsp_error = job_keep(job, span_str(why));
	cert->ocsp_at = now + when_backoff_deploy(cert->ocsp_tries,
	    judge_random(job->judge));
	/* While the old one is good for long, nobody needs to hear of it. */
	judge_say(job->judge, late ? JUDGE_WARN : JUDGE_STEP, job_name(job),
	    "no OCSP response for stapling: %s\nit is tried again by the next "
	    "runs%s", why, job->must_staple ? "; servers that do not fetch it "
	    "themselves fail without, as the certificate says status_request" :
	    "");
}

/* The steps of services that read it are to be done again. */
static bool
redeploy(struct job *job)
{
	struct state_deployment row = { 0 };
	struct err err = ERR_INIT;
	int r = 0;

	job_steps(job);
	for (size_t i = 0; r == 0 && i < job->num_steps; i++) {
		row.step = span_str(job->steps[i].name);
		if (job->steps[i].kind->ocsp)
			r = state_deployment_set(job->judge->state,
			    job->cert.id, &row, &err);
	}
	if (r < 0)
		judge_end(job->judge, &err);
	return r == 0;
}

static void
take_good(struct job *job, const struct files_ocsp *says)
{
	struct state_cert *cert = &job->cert;

	cert->ocsp_status = FILES_OCSP_GOOD;
	cert->ocsp_this = says->this_s * 1000;
	cert->ocsp_next = says->next_s * 1000;
	cert->ocsp_tries = 0;
	cert->ocsp_error = SPAN_NONE;
	cert->ocsp_at = when_ocsp(judge_now(job->judge), cert->ocsp_this,
	    cert->ocsp_next, judge_random(job->judge));
}

/* It is of no use any more: the next one, at once. */
static void
take_revoked(struct job *job, const struct files_ocsp *says)
{
	struct state_cert *cert = &job->cert;
	char when[TEXT_TIME_SIZE];

	text_time(when, says->revoked_s * 1000);
	judge_say(job->judge, JUDGE_WARN, job_name(job), "the certificate was "
	    "REVOKED by its CA%s%s%s; it is replaced now\nask the CA why%s",
	    says->revoked_s != 0 ? " on " : "", says->revoked_s != 0 ? when :
	    "", says->reason == KEY_COMPROMISE ? ", as its key is known to "
	    "others" : "", says->reason == KEY_COMPROMISE ? ", and see who "
	    "could read the key" : "");
	cert->ocsp_status = FILES_OCSP_REVOKED;
	cert->ocsp_tries = 0;
	cert->ocsp_error = SPAN_NONE;
	cert->ocsp_at = STATE_NEVER;
	cert->renew_at = 0;
	cert->reason = STATE_REASON_REVOKED;
}

static void
take(struct job *job, const struct files_ocsp *says)
{
	if (says->status == FILES_OCSP_GOOD)
		take_good(job, says);
	else if (says->status == FILES_OCSP_REVOKED)
		take_revoked(job, says);
	else
		fail(job, "the responder does not know the certificate");
}

/* ---- of what is live ---------------------------------------------------- */

static void
go_on(struct job *job)
{
	if (!job_save(job))
		return;
	if (job->cert.reason == STATE_REASON_REVOKED && !job->issued &&
	    when_renew(&job->cert, judge_now(job->judge)))
		job_issue(job);
	else
		job_park(job);
}

static bool
on_says(void *ctx, uint16_t type, struct span payload)
{
	struct job *job = ctx;
	int64_t this_before = job->cert.ocsp_this;
	struct judge_files_answer answer;

	if (!job_files_decode(job, type, payload, &answer))
		return true;
	if (answer.type == JUDGE_FILES_OCSP_SAYS)
		take(job, &answer.ocsp);
	else
		fail(job, answer.err.text);
	if (answer.type == JUDGE_FILES_OCSP_SAYS &&
	    answer.ocsp.status == FILES_OCSP_GOOD &&
	    job->cert.ocsp_this != this_before && !redeploy(job))
		return true;
	go_on(job);
	return true;
}

static bool
on_response(void *ctx, uint16_t type, struct span payload)
{
	struct judge_files_request request = { .type = JUDGE_FILES_OCSP };
	struct job *job = ctx;
	struct judge_net_tell tell;
	struct arena arena = { 0 };
	struct err err = ERR_INIT;

	if (judge_net_tell_decode(type, payload, &arena, &tell, &err) < 0 ||
	    tell.type != NET_JUDGE_OCSP) {
		err_set(&err, ERR_FRAME, NULL, "net answered a question about "
		    "OCSP with something else");
		judge_end(job->judge, &err);
	} else if (job->ocsp_chain.len > 0) {
		/* It is asked for again, of what is live then. */
		job_publish(job, job->ocsp_chain, tell.ocsp.ok ?
		    tell.ocsp.text : SPAN_NONE);
	} else if (tell.ocsp.ok) {
		request.ocsp = tell.ocsp.text;
		job_ask_files(job, &request, on_says);
	} else {
		fail(job, arena_str(&arena, tell.ocsp.text));
		go_on(job);
	}
	arena_free(&arena);
	return true;
}

/* The CA that the certificate is of, if it is one of the administrator's own,
 * which may lead us to where it is itself (net/net_reach.h). What is to be
 * published is of the CA at hand. */
static struct span
leader(struct job *job)
{
	const char *name = job->ocsp_chain.len > 0 ?
	    job->site.ca.items[job->ca_index] : job_issuing_ca(job);
	struct span ret = SPAN_NONE;
	struct authority authority;

	if (name == NULL || judge_find_authority(job->judge, name, &authority,
	    NULL) < 0)
		return ret;
	if (authority.ca_file != NULL)
		ret = job_keep(job, span_str(authority.directory));
	authority_done(&authority);
	return ret;
}

static void
ask_responder(struct job *job, const struct judge_files_answer *is)
{
	const struct judge_net_ask ask = { .type = JUDGE_NET_OCSP,
		.ocsp = { .url = is->url, .directory = leader(job),
		.request = is->request } };

	judge_say(job->judge, JUDGE_STEP, job_name(job), "asks the OCSP "
	    "responder at %.*s", SPAN_FMT(is->url));
	ask_net(job->judge, &ask, on_response, job);
}

static bool
on_live_is(void *ctx, uint16_t type, struct span payload)
{
	struct job *job = ctx;
	struct judge_files_answer answer;

	if (!job_files_decode(job, type, payload, &answer))
		return true;
	if (answer.type == JUDGE_FILES_OCSP_IS && answer.url.len > 0) {
		ask_responder(job, &answer);
		return true;
	}
	fail(job, answer.type == JUDGE_FILES_REFUSED ? answer.err.text :
	    "the certificate names no responder");
	go_on(job);
	return true;
}

static bool
on_removed(void *ctx, uint16_t type, struct span payload)
{
	struct job *job = ctx;
	struct judge_files_answer answer;

	if (!job_files_decode(job, type, payload, &answer))
		return true;
	if (answer.type == JUDGE_FILES_REFUSED)
		judge_say(job->judge, JUDGE_WARN, job_name(job), "%s",
		    answer.err.text);
	if (redeploy(job))
		go_on(job);
	return true;
}

/* Nobody wants one, or nobody has one. True if the old one has to go first. */
static bool
leave(struct job *job, bool wanted)
{
	struct judge_files_request request = { .type = JUDGE_FILES_OCSP };
	struct state_cert *cert = &job->cert;
	bool there = cert->ocsp_status == FILES_OCSP_GOOD;

	if (wanted && cert->ocsp_error.len == 0)
		judge_say(job->judge, JUDGE_WARN, job_name(job), "there will "
		    "be no OCSP response for stapling: the certificate names "
		    "no responder\nset ocsp = no, or choose a CA with OCSP");
	job_ocsp_clear(job);
	if (wanted)
		cert->ocsp_error = SPAN_LIT("the certificate names no OCSP "
		    "responder");
	if (there)
		job_ask_files(job, &request, on_removed);
	return there;
}

bool
job_ocsp(struct job *job)
{
	struct judge_files_request request = { .type = JUDGE_FILES_OCSP_ASK };
	struct state_cert *cert = &job->cert;
	bool wanted = is_wanted(job, job->must_staple);

	if (job->ocsp_done || !when_live(cert) ||
	    job->judge->options.dry_run)
		return false;
	job->ocsp_done = true;
	if (!wanted || !job->has_responder)
		return leave(job, wanted);
	if (cert->ocsp_status == FILES_OCSP_REVOKED)
		return false;
	if (cert->ocsp_at == STATE_NEVER ||
	    (cert->ocsp_tries > 0 && (job->flags & JUDGE_NOW)))
		cert->ocsp_at = 0;
	if (cert->ocsp_at > judge_now(job->judge))
		return false;
	job_ask_files(job, &request, on_live_is);
	return true;
}

/* ---- of what is to be published ----------------------------------------- */

static bool
on_new_is(void *ctx, uint16_t type, struct span payload)
{
	struct job *job = ctx;
	struct judge_files_answer answer;

	if (!job_files_decode(job, type, payload, &answer))
		return true;
	/* What is wrong with the chain is said when it is published. */
	if (answer.type == JUDGE_FILES_OCSP_IS && answer.url.len > 0 &&
	    is_wanted(job, answer.must_staple))
		ask_responder(job, &answer);
	else
		job_publish(job, job->ocsp_chain, SPAN_NONE);
	return true;
}

void
job_ocsp_before(struct job *job, struct span chain)
{
	struct judge_files_request request = { .type = JUDGE_FILES_OCSP_ASK,
		.chain = chain };

	/* What a CSR of the administrator's says, files will see. */
	if (!is_wanted(job, job->csr_given)) {
		job_publish(job, chain, SPAN_NONE);
		return;
	}
	job->ocsp_chain = job_keep(job, chain);
	job_ask_files(job, &request, on_new_is);
}

void
job_ocsp_published(struct job *job, const struct files_ocsp *says)
{
	if (says->status == FILES_OCSP_GOOD)
		take_good(job, says);
}
