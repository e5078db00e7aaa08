/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Renewal information (RFC 9773): the CA that issued is asked when to renew.
 */
#include "agent/judge/judge_private.h"
#include "agent/judge/when.h"

static void
take_window(struct job *job, const struct client_renewal *info)
{
	struct state_cert *cert = &job->cert;
	int64_t now = judge_now(job->judge);
	int64_t life = cert->not_after - cert->not_before;

	cert->ari_start = info->start_at;
	cert->ari_end = info->end_at;
	cert->ari_url = job_keep(job, info->explanation_url);
	/* net may be in anybody's hand. */
	cert->ari_check_at = info->retry_at > now && info->retry_at <= now +
	    CLIENT_RENEWAL_MAX_MS ? info->retry_at : now +
	    WHEN_ARI_DEFAULT_MS;
	cert->renew_at = when_window(now, info->start_at, info->end_at,
	    cert->reason == STATE_REASON_ARI ? cert->renew_at : 0,
	    judge_random(job->judge));
	cert->reason = STATE_REASON_ARI;
	/* Whatever it says, the certificate shall not run out. */
	if (cert->renew_at > cert->not_after - life / 8)
		cert->renew_at = cert->not_after - life / 8;
}

static bool
on_renewal(void *ctx, uint16_t type, struct span payload)
{
	struct job *job = ctx;
	struct judge_net_tell tell;
	struct arena arena = { 0 };
	struct err err = ERR_INIT;
	int64_t now = judge_now(job->judge);

	if (judge_net_tell_decode(type, payload, &arena, &tell, &err) < 0) {
		judge_end(job->judge, &err);
	} else if (tell.type == NET_JUDGE_RESULT) {
		if (tell.result.type == CLIENT_RESULT_RENEWAL)
			take_window(job, &tell.result.renewal);
		else
			job->cert.ari_check_at = now + WHEN_ARI_NONE_MS;
		if (when_renew(&job->cert, now))
			job_issue(job);
		else
			job_unchanged(job);
	}
	arena_free(&arena);
	return tell.type == NET_JUDGE_RESULT;
}

static void
on_ca_of_renewal(void *ctx, struct judge_ca *ca, const struct err *why)
{
	struct job *job = ctx;
	struct judge_net_ask ask = { .type = JUDGE_NET_RENEWAL_INFO,
	    .cert_id = job->cert.cert_id };

	(void)why;
	if (ca == NULL) {
		job->cert.ari_check_at = judge_now(job->judge) +
		    WHEN_ARI_NONE_MS;
		job_park(job);
		return;
	}
	ask.ca = ca->number;
	ask_net(job->judge, &ask, on_renewal, job);
}

const char *
job_issuing_ca(struct job *job)
{
	struct authority authority;
	const char *name = NULL;

	for (size_t i = 0; name == NULL && i < job->site.ca.count; i++) {
		if (judge_find_authority(job->judge, job->site.ca.items[i],
		    &authority, NULL) < 0)
			continue;
		if (span_equal_str(job->cert.directory, authority.directory))
			name = job->site.ca.items[i];
		authority_done(&authority);
	}
	return name;
}

/* Only the CA that issued it knows. */
void
job_renewal(struct job *job)
{
	const char *name = job_issuing_ca(job);

	if (name != NULL) {
		judge_ca_need(job->judge, name, on_ca_of_renewal, job);
		return;
	}
	job->cert.ari_check_at = judge_now(job->judge) + WHEN_ARI_NONE_MS;
	job_park(job);
}
