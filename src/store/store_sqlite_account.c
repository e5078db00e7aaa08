/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_sqlite_private.h"

static struct span
contacts_blob(struct store_sqlite *s, const struct account *account)
{
	struct bld *bld = store_sqlite_scratch(s, 0);

	account_contacts_encode(bld, account->contacts,
	    account->num_contacts);
	return bld_view(bld);
}

static int
contacts_read(struct span blob, struct account *ret, struct err *err)
{
	struct cur cur = CUR_OF(blob);

	ret->num_contacts = account_contacts_decode(&cur, ret->contacts);
	if (cur_end(&cur) < 0)
		return err_set(err, ERR_IO, NULL,
		    "the store: an account is not of its form");
	return 0;
}

int
store_sqlite_account_add(struct store *store, const struct account *account,
    struct err *err)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct sqlite_db_use use = sqlite_db_use(&s->db, SQL_ACCOUNT_ADD);

	sqlite_db_put_int(&use, account->id);
	sqlite_db_put_int(&use, account->status);
	sqlite_db_put_int(&use, account->terms_agreed);
	sqlite_db_put_int(&use, account->created_at);
	sqlite_db_put_bytes(&use, span_of(account->thumbprint,
	    JWK_THUMBPRINT_SIZE));
	sqlite_db_put_bytes(&use, account->key_spki);
	sqlite_db_put_bytes(&use, contacts_blob(s, account));
	return store_sqlite_write(&use, "account", account->id, err);
}

/* 1, 0 if there is none, or an error. */
static int
account_row(struct sqlite_db_use *use, struct arena *arena,
    struct account *ret, struct err *err)
{
	int r = sqlite_db_row(use, err);

	*ret = (struct account){ 0 };
	if (r != 1)
		return r;
	ret->id = sqlite_db_int(use);
	ret->status = (enum account_status)sqlite_db_int(use);
	ret->terms_agreed = sqlite_db_int(use) != 0;
	ret->created_at = sqlite_db_int(use);
	sqlite_db_copy(use, ret->thumbprint, JWK_THUMBPRINT_SIZE);
	ret->key_spki = sqlite_db_span(use, arena);
	r = contacts_read(sqlite_db_span(use, arena), ret, err);
	return r < 0 ? r : 1;
}

int
store_sqlite_account_get(struct store *store, int64_t id,
    struct arena *arena, struct account *ret, struct err *err)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct cur cur = CUR_OF(store_sqlite_recall(s, STORE_SQLITE_ACCOUNT,
	    id, arena));
	struct sqlite_db_use use;
	int r;

	if (cur.rest.len > 0) {
		account_decode(&cur, ret);
		if (cur_end(&cur) == 0)
			return 0;
	}
	use = sqlite_db_use(&s->db, SQL_ACCOUNT_GET);
	sqlite_db_put_int(&use, id);
	r = account_row(&use, arena, ret, err);
	sqlite_db_done(&use);
	if (r == 0)
		return store_sqlite_missing("account", id, err);
	if (r < 0)
		return r;
	bld_reset(&s->row);
	account_encode(&s->row, ret);
	store_sqlite_keep(s, STORE_SQLITE_ACCOUNT, id);
	return 0;
}

int
store_sqlite_account_find_key(struct store *store, struct span key_spki,
    struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&store_sqlite_of(store)->db,
	    SQL_ACCOUNT_FIND_KEY);
	int r;

	sqlite_db_put_bytes(&use, key_spki);
	r = sqlite_db_row(&use, err);
	sqlite_db_done(&use);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, NULL,
		    "no account has this key");
	return r < 0 ? r : 0;
}

int
store_sqlite_account_get_by_key(struct store *store,
    const uint8_t thumbprint[JWK_THUMBPRINT_SIZE], struct arena *arena,
    struct account *ret, struct err *err)
{
	struct sqlite_db_use use = sqlite_db_use(&store_sqlite_of(store)->db,
	    SQL_ACCOUNT_GET_BY_KEY);
	int r;

	sqlite_db_put_bytes(&use, span_of(thumbprint, JWK_THUMBPRINT_SIZE));
	r = account_row(&use, arena, ret, err);
	sqlite_db_done(&use);
	if (r == 0)
		return err_set(err, ERR_NOT_FOUND, NULL,
		    "no account has this key");
	return r < 0 ? r : 0;
}

int
store_sqlite_account_advance(struct store *store, enum account_status from,
    const struct account *account, struct err *err)
{
	struct store_sqlite *s = store_sqlite_of(store);
	struct sqlite_db_use use = sqlite_db_use(&s->db, SQL_ACCOUNT_ADVANCE);

	row_cache_del(&s->rows, STORE_SQLITE_ACCOUNT, account->id);
	sqlite_db_put_int(&use, account->status);
	sqlite_db_put_int(&use, account->terms_agreed);
	sqlite_db_put_bytes(&use, contacts_blob(s, account));
	sqlite_db_put_int(&use, account->id);
	sqlite_db_put_int(&use, from);
	return store_sqlite_write(&use, "account", account->id, err);
}
