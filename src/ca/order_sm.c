/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/order_sm.h"

static const struct sm_row rows[] = {
	{ ORDER_PENDING, ORDER_AUTHORIZE, ORDER_READY },
	{ ORDER_PENDING, ORDER_FAIL, ORDER_INVALID },
	{ ORDER_PENDING, ORDER_EXPIRE, ORDER_INVALID },
	{ ORDER_READY, ORDER_FAIL, ORDER_INVALID },
	{ ORDER_READY, ORDER_EXPIRE, ORDER_INVALID },
	{ ORDER_READY, ORDER_FINALIZE, ORDER_PROCESSING },
	{ ORDER_PROCESSING, ORDER_ISSUE, ORDER_VALID },
	{ ORDER_PROCESSING, ORDER_REFUSE, ORDER_INVALID },
};

static const char *
state_name(int state)
{
	return order_status_name((enum order_status)state);
}

static const char *
event_name(int event)
{
	switch ((enum order_event)event) {
	case ORDER_AUTHORIZE:
		return "all authorizations valid";
	case ORDER_FAIL:
		return "authorization lost";
	case ORDER_EXPIRE:
		return "expires";
	case ORDER_FINALIZE:
		return "finalize";
	case ORDER_ISSUE:
		return "issued";
	case ORDER_REFUSE:
		return "refused";
	}
	return "unknown";
}

const struct sm order_sm = {
	.name = "order",
	.initial = ORDER_PENDING,
	.rows = rows,
	.num_rows = sizeof(rows) / sizeof(rows[0]),
	.state_name = state_name,
	.event_name = event_name,
};

int
order_sm_step(enum order_status *status, enum order_event event,
    struct err *err)
{
	int state = (int)*status;
	int r = sm_step(&order_sm, &state, event, err);

	*status = (enum order_status)state;
	return r;
}
