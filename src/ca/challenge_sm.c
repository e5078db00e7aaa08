/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/challenge_sm.h"

static const struct sm_row rows[] = {
	{ CHALLENGE_PENDING, CHALLENGE_RESPOND, CHALLENGE_PROCESSING },
	{ CHALLENGE_PROCESSING, CHALLENGE_VALIDATE, CHALLENGE_VALID },
	{ CHALLENGE_PROCESSING, CHALLENGE_FAIL, CHALLENGE_INVALID },
};

static const char *
state_name(int state)
{
	return challenge_status_name((enum challenge_status)state);
}

static const char *
event_name(int event)
{
	switch ((enum challenge_event)event) {
	case CHALLENGE_RESPOND:
		return "response";
	case CHALLENGE_VALIDATE:
		return "validated";
	case CHALLENGE_FAIL:
		return "failed";
	}
	return "unknown";
}

const struct sm challenge_sm = {
	.name = "challenge",
	.initial = CHALLENGE_PENDING,
	.rows = rows,
	.num_rows = sizeof(rows) / sizeof(rows[0]),
	.state_name = state_name,
	.event_name = event_name,
};

int
challenge_sm_step(enum challenge_status *status, enum challenge_event event,
    struct err *err)
{
	int state = (int)*status;
	int r = sm_step(&challenge_sm, &state, event, err);

	*status = (enum challenge_status)state;
	return r;
}
