/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store_sqlite_private.h"

#define ACCOUNT_BYTES_MAX 16384 /* of a key and contacts */

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

static struct store_sqlite_account *
remembered(struct store_sqlite *s, int64_t id)
{
	/* The low bits of an id are random. */
	return &s->accounts[(uint64_t)id % STORE_SQLITE_ACCOUNTS];
}

void
store_sqlite_account_forget_all(struct store_sqlite *s)
{
	for (size_t i = 0; i < STORE_SQLITE_ACCOUNTS; i++)
		s->accounts[i].id = 0;
}

void
store_sqlite_account_free_all(struct store_sqlite *s)
{
	for (size_t i = 0; i < STORE_SQLITE_ACCOUNTS; i++)
		bld_free(&s->accounts[i].bytes);
}

static void
remember(struct store_sqlite *s, const struct account *account)
{
	struct store_sqlite_account *at = remembered(s, account->id);

	bld_free(&at->bytes);
	bld_init(&at->bytes, ACCOUNT_BYTES_MAX);
	bld_span(&at->bytes, account->key_spki);
	account_contacts_encode(&at->bytes, account->contacts,
	    account->num_contacts);
	at->spki_len = account->key_spki.len;
	at->status = account->status;
	at->terms_agreed = account->terms_agreed;
	at->created_at = account->created_at;
	memcpy(at->thumbprint, account->thumbprint, JWK_THUMBPRINT_SIZE);
	at->id = bld_end(&at->bytes) == 0 ? account->id : 0;
}

static int
recall(const struct store_sqlite_account *at, struct arena *arena,
    struct account *ret, struct err *err)
{
	struct span bytes = arena_dup(arena, bld_view(&at->bytes));

	*ret = (struct account){
		.id = at->id,
		.status = at->status,
		.terms_agreed = at->terms_agreed,
		.created_at = at->created_at,
		.key_spki = span_of(bytes.data, at->spki_len),
	};
	memcpy(ret->thumbprint, at->thumbprint, JWK_THUMBPRINT_SIZE);
	return contacts_read(span_from(bytes, at->spki_len), ret, err);
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
	struct sqlite_db_use use;
	int r;

	if (id != 0 && remembered(s, id)->id == id)
		return recall(remembered(s, id), arena, ret, err);
	use = sqlite_db_use(&s->db, SQL_ACCOUNT_GET);
	sqlite_db_put_int(&use, id);
	r = account_row(&use, arena, ret, err);
	sqlite_db_done(&use);
	if (r == 0)
		return store_sqlite_missing("account", id, err);
	if (r == 1)
		remember(s, ret);
	return r < 0 ? r : 0;
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

	if (remembered(s, account->id)->id == account->id)
		remembered(s, account->id)->id = 0;
	sqlite_db_put_int(&use, account->status);
	sqlite_db_put_int(&use, account->terms_agreed);
	sqlite_db_put_bytes(&use, contacts_blob(s, account));
	sqlite_db_put_int(&use, account->id);
	sqlite_db_put_int(&use, from);
	return store_sqlite_write(&use, "account", account->id, err);
}
