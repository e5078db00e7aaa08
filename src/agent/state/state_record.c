/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/state/state_private.h"

int
state_record_set(struct state *state, int64_t site_id,
    const struct state_record *record, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_RECORD_SET);

	sqlite_db_put_int(&use, site_id);
	sqlite_db_put_text(&use, record->ident);
	sqlite_db_put_int(&use, record->until_at);
	sqlite_db_put_int(&use, record->seen_at);
	sqlite_db_put_int(&use, record->warned_at);
	return sqlite_db_run(&use, NULL, err);
}

int
state_record_next(struct state *state, int64_t site_id, struct span after,
    struct arena *arena, struct state_record *ret, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_RECORD_NEXT);
	int r;

	sqlite_db_put_int(&use, site_id);
	sqlite_db_put_text(&use, after);
	r = sqlite_db_row(&use, err);
	if (r == 1) {
		ret->ident = sqlite_db_span(&use, arena);
		ret->until_at = sqlite_db_int(&use);
		ret->seen_at = sqlite_db_int(&use);
		ret->warned_at = sqlite_db_int(&use);
	}
	sqlite_db_done(&use);
	return r == 0 ? state_missing(err, "record") : r < 0 ? r : 0;
}
