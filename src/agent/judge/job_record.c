/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records of dns-persist-01 stay, but may have an end (persistUntil), after
 * which there is no renewal: it is remembered, and told in time.
 */
#include "agent/judge/judge_private.h"
#include "base/text.h"

#define DAY_MS INT64_C(86400000)
#define AGAIN_MS (7 * DAY_MS) /* between two warnings */

void
job_record_seen(struct job *job, const struct ident *ident, bool wildcard,
    int64_t until_s)
{
	struct state_record record = { .until_at = until_s * 1000,
		.seen_at = judge_now(job->judge) };
	struct err err = ERR_INIT;
	struct bld name;

	if (job->judge->options.dry_run)
		return;
	bld_init(&name, IDENT_DNS_MAX + 8);
	bld_fmt(&name, "%s%.*s", wildcard ? "*." : "",
	    SPAN_FMT(ident->value));
	record.ident = bld_view(&name);
	if (state_record_set(job->judge->state, job->row.id, &record,
	    &err) < 0)
		judge_end(job->judge, &err);
	bld_free(&name);
}

static bool
warn(struct job *job, struct state_record *record)
{
	int64_t now = judge_now(job->judge);
	struct err err = ERR_INIT;
	char until[TEXT_TIME_SIZE];

	if (record->until_at == 0 || record->until_at > now +
	    JUDGE_RECORD_WARN_MS || record->warned_at + AGAIN_MS > now)
		return true;
	text_time(until, record->until_at);
	judge_say(job->judge, JUDGE_WARN, job_name(job), "the dns-persist-01 "
	    "record of %.*s ends on %s, and renewals with it\n`signet persist "
	    "%.*s --until TIME` shows one that ends later; publish that",
	    SPAN_FMT(record->ident), until, SPAN_FMT(record->ident));
	record->warned_at = now;
	if (state_record_set(job->judge->state, job->row.id, record,
	    &err) == 0)
		return true;
	judge_end(job->judge, &err);
	return false;
}

bool
job_record_warn(struct job *job)
{
	struct state_record record = { .until_at = 0 };
	struct err err = ERR_INIT;
	bool good = true;

	while (good && !job->judge->options.dry_run &&
	    state_record_next(job->judge->state, job->row.id, record.ident,
	    &job->arena, &record, &err) == 0)
		good = warn(job, &record);
	return good;
}
