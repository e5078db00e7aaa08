/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A clock that was ahead, and was put right: what failed meanwhile was put off
 * until a time that is far from now. So each run that works notes its time, and
 * one that comes before that time looks at what waits too long.
 */
#include <inttypes.h>
#include <stdio.h>

#include "agent/judge/judge_private.h"
#include "agent/judge/when.h"
#include "base/text.h"

#define KEY "clock" /* of state_meta: Unix milliseconds */

static int64_t
noted(struct judge *judge)
{
	struct arena arena = { 0 };
	struct span text = SPAN_NONE;
	uint64_t at = 0;

	if (state_meta_get(judge->state, KEY, &arena, &text, NULL) < 0 ||
	    text_uint(text, INT64_MAX, &at) < 0)
		at = 0;
	arena_free(&arena);
	return (int64_t)at;
}

static int
note(struct judge *judge, int64_t at, struct err *err)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, at);
	return state_meta_set(judge->state, KEY, span_str(text), err);
}

void
judge_clock_note(struct judge *judge)
{
	int64_t now = judge_now(judge);

	/* Of a run that is only rehearsed, or of a state that cannot be
	 * written any more, nothing is put off. */
	if (!judge->options.dry_run && now > noted(judge))
		(void)note(judge, now, NULL);
}

int
judge_clock_check(struct judge *judge, struct err *err)
{
	int64_t now = judge_now(judge);
	int r;

	if (noted(judge) <= now + WHEN_CLOCK_BACK_MS)
		return 0;
	judge_say(judge, JUDGE_WARN, NULL, "the clock was put back; what "
	    "waited for a time that is now far away is tried again");
	r = state_clock_back(judge->state, now, now + WHEN_LATEST_MS, err);
	return r < 0 ? r : note(judge, now, err);
}
