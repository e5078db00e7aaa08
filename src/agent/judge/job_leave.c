/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Revocation of what is live (RFC 8555 7.6), and its removal.
 */
#include <fcntl.h>
#include <limits.h>
#include <openssl/sha.h>
#include <stdio.h>

#include "agent/judge/judge_private.h"
#include "agent/judge/when.h"
#include "base/file.h"
#include "pkix/pki.h"

static void
fail(struct job *job, const char *text, const char *remedy)
{
	judge_say(job->judge, JUDGE_FAIL, job_name(job), "%s\n%s", text,
	    remedy);
	job->failed = true;
	judge_job_over(job);
}

/* ---- revocation --------------------------------------------------------- */

/* Layouts of other programs have links there; what they lead to must be what
 * was published, so nobody else can choose what is revoked. */
static int
read_leaf(struct job *job, struct span *ret, struct err *err)
{
	char path[PATH_MAX];
	uint8_t hash[STATE_HASH_SIZE];
	struct span all[FILES_CHAIN_CERTIFICATES_MAX];
	struct bld text;
	size_t count;
	int r;

	snprintf(path, sizeof(path), "%.*s/cert.pem",
	    SPAN_FMT(job->cert.path));
	bld_init(&text, FILES_CHAIN_MAX);
	r = file_read(AT_FDCWD, path, 0, &text, err);
	if (r == 0 && pki_from_pem(bld_view(&text), &job->arena, all,
	    FILES_CHAIN_CERTIFICATES_MAX, &count, err) < 0)
		r = err_prefix(err, "%s", path);
	bld_free(&text);
	if (r != 0)
		return r;
	SHA256(all[0].data, all[0].len, hash);
	if (memcmp(hash, job->cert.leaf_hash, sizeof(hash)) != 0)
		return err_set(err, ERR_CONFLICT, NULL, "%s is not the "
		    "certificate that was published there", path);
	*ret = all[0];
	return 0;
}

static void
answer_sign(struct job *job, bool ok, struct span text)
{
	struct judge_net_ask ask = { .type = JUDGE_NET_SIGNED,
	    .ca = job->ca->number, .answer = { ok, text } };

	ask_net_more(job->judge, job->order_id, &ask);
}

static bool
on_jws(void *ctx, uint16_t type, struct span payload)
{
	struct job *job = ctx;
	struct judge_certkey_answer answer;
	struct err err = ERR_INIT;

	if (judge_certkey_answer_decode(type, payload, &answer, &err) < 0)
		judge_end(job->judge, &err);
	else if (answer.type == JUDGE_CERTKEY_JWS)
		answer_sign(job, true, answer.jws);
	else
		answer_sign(job, false, span_str(answer.err.text));
	return true;
}

/* By the certificate's own key. */
static void
ask_jws(struct job *job, const struct client_sign *sign)
{
	struct judge_certkey_request request = {
		.type = JUDGE_CERTKEY_REVOKE,
		.site = span_str(job->site.name),
		.key_type = (enum site_key_type)job->cert.key_type,
		.url = sign->url, .nonce = sign->nonce,
		.certificate = job->csr,
		.reason = job->judge->options.revoke_reason,
	};
	struct bld out;

	memcpy(request.spki_hash, job->cert.spki_hash, CERTKEY_HASH_SIZE);
	bld_init(&out, LINK_PAYLOAD_MAX);
	judge_certkey_request_encode(&out, &request);
	ask_send(job->judge, AGENT_CERTKEY, JUDGE_CERTKEY_REVOKE, &out, on_jws,
	    job);
	bld_free(&out);
}

/* As account signs for the account's CA alone. */
static void
sign(struct job *job, const struct client_sign *wanted)
{
	struct err err = ERR_INIT;

	if (!judge_ca_is_at(job->ca, wanted->url)) {
		err_set(&err, ERR_FRAME, NULL, "the net process is not to be "
		    "trusted: it wants a signature for %.*s, which is not "
		    "where the CA's directory is", SPAN_FMT(wanted->url));
		judge_end(job->judge, &err);
	} else if (job_count(job)) {
		ask_jws(job, wanted);
	}
}

/* The next run gets another one: HTTPS stays on. */
static void
revoked(struct job *job)
{
	judge_say(job->judge, JUDGE_DONE, job_name(job), "revoked; the next "
	    "run gets a new certificate, or `signet remove %s` ends it",
	    job->site.name);
	job->issued = true;
	job->cert.renew_at = 0;
	job->cert.reason = STATE_REASON_FORCED;
	job->cert.due_at = 0;
	if (job_save(job))
		judge_job_over(job);
}

static bool
on_net(void *ctx, uint16_t type, struct span payload)
{
	struct job *job = ctx;
	struct judge_net_tell tell;
	struct arena arena = { 0 };
	struct err err = ERR_INIT;
	struct trouble trouble;
	bool last = true;

	if (judge_net_tell_decode(type, payload, &arena, &tell, &err) < 0) {
		judge_end(job->judge, &err);
	} else if (tell.type == NET_JUDGE_RESULT &&
	    tell.result.type == CLIENT_RESULT_PROBLEM) {
		trouble_judge(&tell.result.problem, &trouble);
		fail(job, trouble.text, trouble.remedy);
	} else if (tell.type == NET_JUDGE_RESULT) {
		revoked(job);
	} else {
		last = false;
		if (tell.type == NET_JUDGE_SIGN)
			sign(job, &tell.sign);
	}
	arena_free(&arena);
	return last;
}

static void
ask_to_revoke(struct job *job)
{
	struct judge_net_ask ask = { .type = JUDGE_NET_REVOKE,
	    .ca = job->ca->number, .revoke = { .der = job->csr,
	    .reason = (int8_t)job->judge->options.revoke_reason,
	    .by_certificate_key = job->judge->options.revoke_by_key } };

	job->rounds = 0;
	job->order_id = ask_net(job->judge, &ask, on_net, job);
}

static void
on_ca(void *ctx, struct judge_ca *ca, const struct err *why)
{
	struct job *job = ctx;
	struct err err = ERR_INIT;

	if (ca == NULL) {
		fail(job, why->text, "repair that, then revoke again");
		return;
	}
	if (read_leaf(job, &job->csr, &err) < 0) {
		fail(job, err.text, "there is nothing to revoke here");
		return;
	}
	job->ca = ca;
	job_allow(job, ask_to_revoke);
}

void
job_revoke(struct job *job)
{
	const char *name = job_issuing_ca(job);

	if (!when_live(&job->cert))
		fail(job, "there is no certificate that could be revoked",
		    "`signet status` tells what there is");
	else if (name == NULL)
		fail(job, "the CA that issued it is not one of the site's any "
		    "more", "name it with `signet get --ca`, then revoke");
	else
		judge_ca_need(job->judge, name, on_ca, job);
}

/* ---- removal ------------------------------------------------------------ */

static bool
on_removed(void *ctx, uint16_t type, struct span payload)
{
	struct job *job = ctx;
	struct judge_files_answer answer;
	struct err err = ERR_INIT;

	if (!job_files_decode(job, type, payload, &answer))
		return true;
	if (answer.type == JUDGE_FILES_REFUSED) {
		fail(job, answer.err.text, "remove the files by hand");
		return true;
	}
	if (state_cert_del(job->judge->state, job->cert.id, &err) < 0) {
		judge_end(job->judge, &err);
		return true;
	}
	job->issued = true;
	judge_say(job->judge, JUDGE_DONE, job_name(job), "removed; its files "
	    "are in the state's folder archive");
	judge_job_over(job);
	return true;
}

void
job_remove(struct job *job)
{
	struct judge_files_request request = { .type = JUDGE_FILES_REMOVE };

	job_ask_files(job, &request, on_removed);
}
