/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/account_sm.h"

static const struct sm_row rows[] = {
	{ ACCOUNT_VALID, ACCOUNT_DEACTIVATE, ACCOUNT_DEACTIVATED },
};

static const char *
state_name(int state)
{
	return account_status_name((enum account_status)state);
}

static const char *
event_name(int event)
{
	switch ((enum account_event)event) {
	case ACCOUNT_DEACTIVATE:
		return "deactivate";
	}
	return "unknown";
}

const struct sm account_sm = {
	.name = "account",
	.initial = ACCOUNT_VALID,
	.rows = rows,
	.num_rows = sizeof(rows) / sizeof(rows[0]),
	.state_name = state_name,
	.event_name = event_name,
};

int
account_sm_step(enum account_status *status, enum account_event event,
    struct err *err)
{
	int state = (int)*status;
	int r = sm_step(&account_sm, &state, event, err);

	*status = (enum account_status)state;
	return r;
}
