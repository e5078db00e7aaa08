/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/judge/when.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)

int64_t
when_lifetime(int64_t not_before, int64_t not_after, uint64_t random)
{
	int64_t life = not_after - not_before, left, spread;

	if (life <= 0)
		return not_before;
	left = life < WHEN_SHORT_LIVED_MS ? life / 2 : life / 3;
	spread = life / WHEN_SPREAD;
	return not_after - left - (int64_t)(random % (uint64_t)(spread + 1));
}

int64_t
when_window(int64_t now, int64_t start, int64_t end, int64_t chosen,
    uint64_t random)
{
	int64_t at;

	if (chosen >= start && chosen < end)
		at = chosen;
	else
		at = end <= start ? start :
		    start + (int64_t)(random % (uint64_t)(end - start));
	return at < now ? now : at;
}

static int64_t
with_jitter(int64_t ms, uint64_t random)
{
	return ms + (int64_t)(random % (uint64_t)(ms / 10));
}

int64_t
when_backoff(int64_t count, uint64_t random)
{
	static const int64_t ms[] = {
		MINUTE_MS, 10 * MINUTE_MS, 100 * MINUTE_MS, 24 * HOUR_MS
	};

	if (count < 1)
		return 0;
	return with_jitter(ms[count > 4 ? 3 : count - 1], random);
}

int64_t
when_backoff_deploy(int64_t count, uint64_t random)
{
	int64_t ms = when_backoff(count, random);

	return ms > HOUR_MS ? with_jitter(HOUR_MS, random) : ms;
}

int64_t
when_ocsp(int64_t now, int64_t this_at, int64_t next_at, uint64_t random)
{
	int64_t life = next_at > this_at ? next_at - this_at : 24 * HOUR_MS;
	int64_t at = this_at + life / 2 + (int64_t)(random %
	    (uint64_t)(life / 20 + 1));
	int64_t soon = (this_at + life - now) / 4;

	/* The responder gives its old one until the last moment. */
	if (soon > HOUR_MS)
		soon = HOUR_MS;
	if (soon < MINUTE_MS)
		soon = MINUTE_MS;
	return at > now + soon ? at : now + soon;
}

bool
when_live(const struct state_cert *cert)
{
	return cert->not_after != 0;
}

int64_t
when_due(const struct state_cert *cert, int64_t deploy_at)
{
	int64_t at = when_live(cert) ? cert->renew_at : 0;

	if (at < cert->retry_at)
		at = cert->retry_at;
	if (when_live(cert) && cert->ari_check_at < at)
		at = cert->ari_check_at;
	if (when_live(cert) && cert->ocsp_at < at)
		at = cert->ocsp_at;
	return deploy_at < at ? deploy_at : at;
}

bool
when_renew(const struct state_cert *cert, int64_t now)
{
	if (cert->retry_at > now)
		return false;
	return !when_live(cert) || cert->renew_at <= now;
}

bool
when_ask(const struct state_cert *cert, int64_t now)
{
	return when_live(cert) && cert->cert_id.len > 0 &&
	    cert->ari_check_at <= now && cert->renew_at > now;
}
