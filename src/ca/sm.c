/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/sm.h"

int
sm_step(const struct sm *sm, int *state, int event, struct err *err)
{
	for (size_t i = 0; i < sm->num_rows; i++) {
		if (sm->rows[i].from != *state || sm->rows[i].event != event)
			continue;
		*state = sm->rows[i].to;
		return 0;
	}
	return err_set(err, ERR_CONFLICT, "RFC 8555 7.1.6",
	    "%s: \"%s\" cannot happen in state \"%s\"", sm->name,
	    sm->event_name(event), sm->state_name(*state));
}
