/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>

#include "ca/account_sm.h"
#include "ca/ca_private.h"

static void
answer(struct ca_call *call, const struct account *account, bool created)
{
	call->ret->answer.type = WEB_CORE_ACCOUNT;
	call->ret->answer.account.account = *account;
	call->ret->answer.account.created = created;
}

int
ca_account_key(struct ca_call *call, struct err *err)
{
	struct account account;
	int64_t id = call->request->account_id;
	int r = store_account_get(call->ca->env->store, id, call->arena,
	    &account, err);

	if (r == -ERR_NOT_FOUND)
		return err_set(err, ERR_ACCOUNT_DOES_NOT_EXIST,
		    "RFC 8555 6.2", "no account %" PRId64, id);
	if (r == 0)
		answer(call, &account, false);
	return r;
}

/* Web has looked at each URL. */
static int
set_contacts(struct account *account, const struct span *contacts,
    size_t count, struct err *err)
{
	if (count > ACME_CONTACTS_MAX)
		return err_set(err, ERR_INVALID_CONTACT, "RFC 8555 7.3",
		    "an account has %d contacts at most", ACME_CONTACTS_MAX);
	for (size_t i = 0; i < count; i++)
		account->contacts[i] = contacts[i];
	account->num_contacts = count;
	return 0;
}

static int
create(struct ca_call *call, const uint8_t thumbprint[JWK_THUMBPRINT_SIZE],
    struct err *err)
{
	const struct ca *ca = call->ca;
	struct account account = {
		.status = ACCOUNT_VALID,
		.key_spki = call->request->account_new.key_spki,
		.terms_agreed = call->request->account_new.terms_agreed,
		.created_at = call->now,
	};
	int r;

	memcpy(account.thumbprint, thumbprint, JWK_THUMBPRINT_SIZE);
	if (ca->config->terms_of_service != NULL && !account.terms_agreed)
		return err_set(err, ERR_USER_ACTION_REQUIRED, "RFC 8555 7.3",
		    "agree to the terms of service at %s",
		    ca->config->terms_of_service);
	r = set_contacts(&account, call->request->account_new.contacts,
	    call->request->account_new.num_contacts, err);
	if (r < 0)
		return r;
	account.id = ca_new_id(call->ca);
	r = store_account_add(ca->env->store, &account, err);
	if (r == 0)
		answer(call, &account, true);
	return r;
}

int
ca_account_new(struct ca_call *call, struct err *err)
{
	struct account account;
	struct jwk jwk;
	int r;

	r = jwk_from_spki(call->request->account_new.key_spki, &jwk, err);
	if (r < 0)
		return r;
	r = store_account_get_by_key(call->ca->env->store, jwk.thumbprint,
	    call->arena, &account, err);
	if (r == -ERR_NOT_FOUND) {
		if (call->request->account_new.only_return_existing)
			r = err_set(err, ERR_ACCOUNT_DOES_NOT_EXIST,
			    "RFC 8555 7.3.1", "no account has this key");
		else
			r = create(call, jwk.thumbprint, err);
	} else if (r == 0 && account.status != ACCOUNT_VALID) {
		r = err_set(err, ERR_ACCOUNT_NOT_VALID, "RFC 8555 7.3.6",
		    "the account with this key is %s",
		    account_status_name(account.status));
	} else if (r == 0) {
		answer(call, &account, false);
	}
	jwk_done(&jwk);
	return r;
}

int
ca_account_update(struct ca_call *call, struct err *err)
{
	struct account *account = &call->account;
	enum account_status from = account->status;
	int r = 0;

	if (call->request->account_update.set_contacts)
		r = set_contacts(account,
		    call->request->account_update.contacts,
		    call->request->account_update.num_contacts, err);
	if (r == 0 && call->request->account_update.deactivate)
		r = account_sm_step(&account->status, ACCOUNT_DEACTIVATE, err);
	if (r == 0)
		r = store_account_advance(call->ca->env->store, from, account,
		    err);
	if (r == 0)
		answer(call, account, false);
	return r;
}

static size_t
orders_page(const struct config *config)
{
	if (!config->dev || config->dev_orders_page == 0 ||
	    config->dev_orders_page > WEB_CORE_ORDERS_PAGE)
		return WEB_CORE_ORDERS_PAGE;
	return (size_t)config->dev_orders_page;
}

int
ca_account_orders(struct ca_call *call, struct err *err)
{
	struct web_core_answer *out = &call->ret->answer;
	size_t count, page = orders_page(call->ca->config);
	int64_t ids[WEB_CORE_ORDERS_PAGE + 1];
	int r = store_order_list(call->ca->env->store, call->account.id,
	    call->request->before_id, call->now, page + 1, ids, &count, err);

	if (r < 0)
		return r;
	out->type = WEB_CORE_ORDERS;
	out->orders.more = count > page;
	out->orders.count = out->orders.more ? page : count;
	memcpy(out->orders.ids, ids, out->orders.count * sizeof(ids[0]));
	return 0;
}
