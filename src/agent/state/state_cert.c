/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/state/state_private.h"

int
state_cert_add(struct state *state, int64_t site_id, int key_type,
    bool second, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_CERT_ADD);

	sqlite_db_put_int(&use, site_id);
	sqlite_db_put_int(&use, key_type);
	sqlite_db_put_int(&use, second);
	return sqlite_db_run(&use, NULL, err);
}

int
state_cert_set(struct state *state, const struct state_cert *cert,
    struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_CERT_SET);

	sqlite_db_put_int(&use, cert->second);
	sqlite_db_put_int(&use, cert->due_at);
	sqlite_db_put_text(&use, cert->directory);
	sqlite_db_put_blob(&use, span_of(cert->leaf_hash, STATE_HASH_SIZE));
	sqlite_db_put_blob(&use, span_of(cert->spki_hash, STATE_HASH_SIZE));
	sqlite_db_put_text(&use, cert->serial);
	sqlite_db_put_text(&use, cert->cert_id);
	sqlite_db_put_text(&use, cert->issuer);
	sqlite_db_put_text(&use, cert->path);
	sqlite_db_put_int(&use, cert->not_before);
	sqlite_db_put_int(&use, cert->not_after);
	sqlite_db_put_int(&use, cert->renew_at);
	sqlite_db_put_int(&use, cert->reason);
	sqlite_db_put_int(&use, cert->ari_start);
	sqlite_db_put_int(&use, cert->ari_end);
	sqlite_db_put_int(&use, cert->ari_check_at);
	sqlite_db_put_text(&use, cert->ari_url);
	sqlite_db_put_text(&use, cert->order_url);
	sqlite_db_put_text(&use, cert->order_at_ca);
	sqlite_db_put_int(&use, cert->failures);
	sqlite_db_put_int(&use, cert->retry_at);
	sqlite_db_put_text(&use, cert->error);
	sqlite_db_put_text(&use, cert->remedy);
	sqlite_db_put_int(&use, cert->error_at);
	sqlite_db_put_int(&use, cert->ocsp_status);
	sqlite_db_put_int(&use, cert->ocsp_this);
	sqlite_db_put_int(&use, cert->ocsp_next);
	sqlite_db_put_int(&use, cert->ocsp_at);
	sqlite_db_put_int(&use, cert->ocsp_tries);
	sqlite_db_put_text(&use, cert->ocsp_error);
	sqlite_db_put_int(&use, cert->id);
	return sqlite_db_run(&use, NULL, err);
}

static void
read_columns(struct sqlite_db_use *use, struct arena *arena,
    struct state_cert *ret)
{
	ret->id = sqlite_db_int(use);
	ret->site_id = sqlite_db_int(use);
	ret->key_type = (int)sqlite_db_int(use);
	ret->second = sqlite_db_int(use) != 0;
	ret->due_at = sqlite_db_int(use);
	ret->directory = sqlite_db_span(use, arena);
	sqlite_db_copy(use, ret->leaf_hash, STATE_HASH_SIZE);
	sqlite_db_copy(use, ret->spki_hash, STATE_HASH_SIZE);
	ret->serial = sqlite_db_span(use, arena);
	ret->cert_id = sqlite_db_span(use, arena);
	ret->issuer = sqlite_db_span(use, arena);
	ret->path = sqlite_db_span(use, arena);
	ret->not_before = sqlite_db_int(use);
	ret->not_after = sqlite_db_int(use);
	ret->renew_at = sqlite_db_int(use);
	ret->reason = (enum state_reason)sqlite_db_int(use);
	ret->ari_start = sqlite_db_int(use);
	ret->ari_end = sqlite_db_int(use);
	ret->ari_check_at = sqlite_db_int(use);
	ret->ari_url = sqlite_db_span(use, arena);
	ret->order_url = sqlite_db_span(use, arena);
	ret->order_at_ca = sqlite_db_span(use, arena);
	ret->failures = sqlite_db_int(use);
	ret->retry_at = sqlite_db_int(use);
	ret->error = sqlite_db_span(use, arena);
	ret->remedy = sqlite_db_span(use, arena);
	ret->error_at = sqlite_db_int(use);
	ret->ocsp_status = (int)sqlite_db_int(use);
	ret->ocsp_this = sqlite_db_int(use);
	ret->ocsp_next = sqlite_db_int(use);
	ret->ocsp_at = sqlite_db_int(use);
	ret->ocsp_tries = sqlite_db_int(use);
	ret->ocsp_error = sqlite_db_span(use, arena);
}

int
state_cert_get(struct state *state, int64_t id, struct arena *arena,
    struct state_cert *ret, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_CERT_GET);
	int r;

	sqlite_db_put_int(&use, id);
	r = sqlite_db_row(&use, err);
	if (r == 1)
		read_columns(&use, arena, ret);
	sqlite_db_done(&use);
	return r == 0 ? state_missing(err, "certificate") : r < 0 ? r : 0;
}

int
state_cert_del(struct state *state, int64_t id, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_CERT_DEL);

	sqlite_db_put_int(&use, id);
	return sqlite_db_run(&use, NULL, err);
}

int
state_cert_list(struct state *state, int64_t site_id,
    int64_t ret_ids[STATE_CERTS_PER_SITE], size_t *ret_count, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_CERT_LIST);

	sqlite_db_put_int(&use, site_id);
	sqlite_db_put_int(&use, STATE_CERTS_PER_SITE);
	return sqlite_db_ids(&use, STATE_CERTS_PER_SITE, ret_ids, ret_count, err);
}

int
state_cert_due(struct state *state, int64_t at, int64_t *ret_ids, size_t max,
    size_t *ret_count, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, SQL_CERT_DUE);

	sqlite_db_put_int(&use, at);
	sqlite_db_put_int(&use, (int64_t)max);
	return sqlite_db_ids(&use, max, ret_ids, ret_count, err);
}

int
state_cert_next_due(struct state *state, int64_t *ret, struct err *err)
{
	struct sqlite_db_use use =
	    sqlite_db_use(&state->db, SQL_CERT_NEXT_DUE);
	int r = sqlite_db_row(&use, err);

	*ret = r == 1 ? sqlite_db_int(&use) : STATE_NEVER;
	sqlite_db_done(&use);
	return r < 0 ? r : 0;
}

int
state_deployment_set(struct state *state, int64_t cert_id,
    const struct state_deployment *deployment, struct err *err)
{
	struct sqlite_db_use use =
	    sqlite_db_use(&state->db, SQL_DEPLOYMENT_SET);

	sqlite_db_put_int(&use, cert_id);
	sqlite_db_put_text(&use, deployment->step);
	sqlite_db_put_int(&use, deployment->done_at);
	sqlite_db_put_int(&use, deployment->tries);
	sqlite_db_put_int(&use, deployment->next_at);
	sqlite_db_put_text(&use, deployment->error);
	return sqlite_db_run(&use, NULL, err);
}

static int
read_deployment(struct state *state, enum state_sql sql, int64_t cert_id,
    struct span step, struct arena *arena, struct state_deployment *ret,
    struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&state->db, sql);
	int r;

	sqlite_db_put_int(&use, cert_id);
	sqlite_db_put_text(&use, step);
	r = sqlite_db_row(&use, err);
	if (r == 1) {
		ret->step = sqlite_db_span(&use, arena);
		ret->done_at = sqlite_db_int(&use);
		ret->tries = sqlite_db_int(&use);
		ret->next_at = sqlite_db_int(&use);
		ret->error = sqlite_db_span(&use, arena);
	}
	sqlite_db_done(&use);
	return r == 0 ? state_missing(err, "deployment") : r < 0 ? r : 0;
}

int
state_deployment_get(struct state *state, int64_t cert_id, struct span step,
    struct arena *arena, struct state_deployment *ret, struct err *err)
{
	return read_deployment(state, SQL_DEPLOYMENT_GET, cert_id, step, arena,
	    ret, err);
}

int
state_deployment_next(struct state *state, int64_t cert_id,
    struct span after, struct arena *arena, struct state_deployment *ret,
    struct err *err)
{
	return read_deployment(state, SQL_DEPLOYMENT_NEXT, cert_id, after,
	    arena, ret, err);
}

int
state_deployment_del(struct state *state, int64_t cert_id, struct err *err)
{
	struct sqlite_db_use use =
	    sqlite_db_use(&state->db, SQL_DEPLOYMENT_DEL);

	sqlite_db_put_int(&use, cert_id);
	return sqlite_db_run(&use, NULL, err);
}
