/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/authz_sm.h"

static const struct sm_row rows[] = {
	{ AUTHZ_PENDING, AUTHZ_VALIDATE, AUTHZ_VALID },
	{ AUTHZ_PENDING, AUTHZ_FAIL, AUTHZ_INVALID },
	{ AUTHZ_PENDING, AUTHZ_DEACTIVATE, AUTHZ_DEACTIVATED },
	{ AUTHZ_PENDING, AUTHZ_EXPIRE, AUTHZ_EXPIRED },
	{ AUTHZ_VALID, AUTHZ_DEACTIVATE, AUTHZ_DEACTIVATED },
	{ AUTHZ_VALID, AUTHZ_EXPIRE, AUTHZ_EXPIRED },
};

static const char *
state_name(int state)
{
	return authz_status_name((enum authz_status)state);
}

static const char *
event_name(int event)
{
	switch ((enum authz_event)event) {
	case AUTHZ_VALIDATE:
		return "challenge valid";
	case AUTHZ_FAIL:
		return "challenge invalid";
	case AUTHZ_DEACTIVATE:
		return "deactivate";
	case AUTHZ_EXPIRE:
		return "expires";
	}
	return "unknown";
}

const struct sm authz_sm = {
	.name = "authz",
	.initial = AUTHZ_PENDING,
	.rows = rows,
	.num_rows = sizeof(rows) / sizeof(rows[0]),
	.state_name = state_name,
	.event_name = event_name,
};

int
authz_sm_step(enum authz_status *status, enum authz_event event,
    struct err *err)
{
	int state = (int)*status;
	int r = sm_step(&authz_sm, &state, event, err);

	*status = (enum authz_status)state;
	return r;
}
