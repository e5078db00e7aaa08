/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/state/state_private.h"

int
state_authority_set(struct state *state,
    const struct state_authority *authority, struct err *err)
{
	struct sqlite_db_use use =
	    sqlite_db_use(&state->db, SQL_AUTHORITY_SET);

	sqlite_db_put_int(&use, authority->origin);
	sqlite_db_put_text(&use, authority->name);
	sqlite_db_put_text(&use, authority->options);
	return sqlite_db_run(&use, NULL, err);
}

int
state_authority_get(struct state *state, struct span name,
    struct arena *arena, struct state_authority *ret, struct err *err)
{
	struct sqlite_db_use use =
	    sqlite_db_use(&state->db, SQL_AUTHORITY_GET);
	int r;

	sqlite_db_put_text(&use, name);
	r = sqlite_db_row(&use, err);
	if (r == 1) {
		ret->origin = (enum state_origin)sqlite_db_int(&use);
		ret->name = sqlite_db_span(&use, arena);
		ret->options = sqlite_db_span(&use, arena);
	}
	sqlite_db_done(&use);
	return r == 0 ? state_missing(err, "CA") : r < 0 ? r : 0;
}

int
state_authority_del_file(struct state *state, struct err *err)
{
	struct sqlite_db_use use =
	    sqlite_db_use(&state->db, SQL_AUTHORITY_DEL_FILE);

	return sqlite_db_run(&use, NULL, err);
}

static int
returned_id(struct sqlite_db_use *use, int64_t *ret, struct err *err)
{
	int r = sqlite_db_row(use, err);

	if (r == 1) {
		*ret = sqlite_db_int(use);
		/* Only its end makes the change. */
		r = sqlite_db_row(use, err);
	}
	sqlite_db_done(use);
	return r;
}

int
state_account_add(struct state *state, struct state_account *account,
    struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_ACCOUNT_ADD);

	sqlite_db_put_text(&use, account->directory);
	sqlite_db_put_text(&use, account->kid);
	sqlite_db_put_text(&use, account->contacts);
	sqlite_db_put_text(&use, account->terms_url);
	sqlite_db_put_int(&use, account->created_at);
	return returned_id(&use, &account->id, err);
}

int
state_account_set(struct state *state, const struct state_account *account,
    struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_ACCOUNT_SET);

	sqlite_db_put_text(&use, account->kid);
	sqlite_db_put_text(&use, account->contacts);
	sqlite_db_put_text(&use, account->terms_url);
	sqlite_db_put_int(&use, account->id);
	return sqlite_db_run(&use, NULL, err);
}

static int
read_account(struct sqlite_db_use *use, struct arena *arena,
    struct state_account *ret, struct err *err)
{
	int r = sqlite_db_row(use, err);

	if (r == 1) {
		ret->id = sqlite_db_int(use);
		ret->directory = sqlite_db_span(use, arena);
		ret->kid = sqlite_db_span(use, arena);
		ret->contacts = sqlite_db_span(use, arena);
		ret->terms_url = sqlite_db_span(use, arena);
		ret->created_at = sqlite_db_int(use);
	}
	sqlite_db_done(use);
	return r == 0 ? state_missing(err, "account") : r < 0 ? r : 0;
}

int
state_account_get(struct state *state, struct span directory,
    struct arena *arena, struct state_account *ret, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_ACCOUNT_GET);

	sqlite_db_put_text(&use, directory);
	return read_account(&use, arena, ret, err);
}

int
state_account_del(struct state *state, int64_t id, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_ACCOUNT_DEL);

	sqlite_db_put_int(&use, id);
	return sqlite_db_run(&use, NULL, err);
}

int
state_account_next(struct state *state, int64_t after, struct arena *arena,
    struct state_account *ret, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_ACCOUNT_NEXT);

	sqlite_db_put_int(&use, after);
	return read_account(&use, arena, ret, err);
}

int
state_site_set(struct state *state, struct state_site *site, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_SITE_SET);

	sqlite_db_put_int(&use, site->origin);
	sqlite_db_put_text(&use, site->name);
	sqlite_db_put_text(&use, site->options);
	return returned_id(&use, &site->id, err);
}

static int
read_site(struct sqlite_db_use *use, struct arena *arena,
    struct state_site *ret, struct err *err)
{
	int r = sqlite_db_row(use, err);

	if (r == 1) {
		ret->id = sqlite_db_int(use);
		ret->origin = (enum state_origin)sqlite_db_int(use);
		ret->name = sqlite_db_span(use, arena);
		ret->options = sqlite_db_span(use, arena);
	}
	sqlite_db_done(use);
	return r == 0 ? state_missing(err, "site") : r < 0 ? r : 0;
}

int
state_site_get(struct state *state, struct span name, struct arena *arena,
    struct state_site *ret, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_SITE_GET);

	sqlite_db_put_text(&use, name);
	return read_site(&use, arena, ret, err);
}

int
state_site_get_id(struct state *state, int64_t id, struct arena *arena,
    struct state_site *ret, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_SITE_GET_ID);

	sqlite_db_put_int(&use, id);
	return read_site(&use, arena, ret, err);
}

int
state_site_next(struct state *state, struct span after, struct arena *arena,
    struct state_site *ret, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_SITE_NEXT);

	sqlite_db_put_text(&use, after);
	return read_site(&use, arena, ret, err);
}

int
state_site_del(struct state *state, int64_t id, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_SITE_DEL);

	sqlite_db_put_int(&use, id);
	return sqlite_db_run(&use, NULL, err);
}
