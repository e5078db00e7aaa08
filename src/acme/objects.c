/* SPDX-License-Identifier: Apache-2.0 */
#include "acme/objects.h"

#include <assert.h>

static const char *const account_statuses[] = {
	[ACCOUNT_VALID] = "valid",
	[ACCOUNT_DEACTIVATED] = "deactivated",
	[ACCOUNT_REVOKED] = "revoked",
};

static const char *const order_statuses[] = {
	[ORDER_PENDING] = "pending",
	[ORDER_READY] = "ready",
	[ORDER_PROCESSING] = "processing",
	[ORDER_VALID] = "valid",
	[ORDER_INVALID] = "invalid",
};

static const char *const authz_statuses[] = {
	[AUTHZ_PENDING] = "pending",
	[AUTHZ_VALID] = "valid",
	[AUTHZ_INVALID] = "invalid",
	[AUTHZ_DEACTIVATED] = "deactivated",
	[AUTHZ_EXPIRED] = "expired",
	[AUTHZ_REVOKED] = "revoked",
};

static const char *const challenge_statuses[] = {
	[CHALLENGE_PENDING] = "pending",
	[CHALLENGE_PROCESSING] = "processing",
	[CHALLENGE_VALID] = "valid",
	[CHALLENGE_INVALID] = "invalid",
};

static const char *const challenge_types[CHALLENGE_TYPE_COUNT] = {
	[CHALLENGE_HTTP_01] = "http-01",
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static const char *
name_of(const char *const *names, size_t count, unsigned value)
{
	return value < count && names[value] != NULL ? names[value] :
	    "unknown";
}

const char *
account_status_name(enum account_status status)
{
	return name_of(account_statuses, COUNT_OF(account_statuses), status);
}

const char *
order_status_name(enum order_status status)
{
	return name_of(order_statuses, COUNT_OF(order_statuses), status);
}

const char *
authz_status_name(enum authz_status status)
{
	return name_of(authz_statuses, COUNT_OF(authz_statuses), status);
}

const char *
challenge_status_name(enum challenge_status status)
{
	return name_of(challenge_statuses, COUNT_OF(challenge_statuses),
	    status);
}

const char *
challenge_type_name(enum challenge_type type)
{
	return name_of(challenge_types, COUNT_OF(challenge_types), type);
}

enum challenge_type
challenge_type_from_name(struct span name)
{
	for (int type = 1; type < CHALLENGE_TYPE_COUNT; type++) {
		if (span_equal_str(name, challenge_types[type]))
			return (enum challenge_type)type;
	}
	return 0;
}

void
ident_encode(struct bld *out, const struct ident *ident)
{
	bld_u8(out, (uint8_t)ident->type);
	bld_span16(out, ident->value);
}

void
ident_decode(struct cur *cur, struct ident *ret)
{
	ret->type = (enum ident_type)cur_enum(cur, IDENT_DNS, IDENT_IP);
	ret->value = cur_text(cur, IDENT_DNS_MAX + 2);
	if (ret->value.len == 0)
		cur->failed = true;
}

void
ident_list_encode(struct bld *out, const struct ident_list *list)
{
	assert(list->count <= IDENT_LIST_MAX);
	bld_u16(out, (uint16_t)list->count);
	for (size_t i = 0; i < list->count; i++)
		ident_encode(out, &list->items[i]);
}

void
ident_list_decode(struct cur *cur, struct ident_list *ret)
{
	ret->count = cur_count(cur, IDENT_LIST_MAX);
	for (size_t i = 0; i < ret->count; i++) {
		ident_decode(cur, &ret->items[i]);
		if (i > 0 && !cur->failed &&
		    ident_compare(&ret->items[i - 1], &ret->items[i]) >= 0)
			cur->failed = true;
	}
}

void
account_contacts_encode(struct bld *out, const struct span *contacts,
    size_t count)
{
	assert(count <= ACME_CONTACTS_MAX);
	bld_u16(out, (uint16_t)count);
	for (size_t i = 0; i < count; i++)
		bld_span16(out, contacts[i]);
}

size_t
account_contacts_decode(struct cur *cur,
    struct span ret[ACME_CONTACTS_MAX])
{
	size_t count = cur_count(cur, ACME_CONTACTS_MAX);

	for (size_t i = 0; i < count; i++)
		ret[i] = cur_text(cur, ACME_CONTACT_MAX);
	return count;
}

void
account_encode(struct bld *out, const struct account *account)
{
	bld_i64(out, account->id);
	bld_u8(out, (uint8_t)account->status);
	bld_bytes(out, account->thumbprint, sizeof(account->thumbprint));
	bld_span16(out, account->key_spki);
	bld_u8(out, account->terms_agreed);
	account_contacts_encode(out, account->contacts,
	    account->num_contacts);
	bld_i64(out, account->created_at);
}

void
account_decode(struct cur *cur, struct account *ret)
{
	*ret = (struct account){ .id = cur_i64(cur) };
	ret->status = (enum account_status)cur_enum(cur, ACCOUNT_VALID,
	    ACCOUNT_REVOKED);
	cur_copy(cur, ret->thumbprint, sizeof(ret->thumbprint));
	ret->key_spki = cur_span16(cur);
	ret->terms_agreed = cur_bool(cur);
	ret->num_contacts = account_contacts_decode(cur, ret->contacts);
	ret->created_at = cur_i64(cur);
}

void
order_encode(struct bld *out, const struct order *order)
{
	bld_i64(out, order->id);
	bld_i64(out, order->account_id);
	bld_u8(out, (uint8_t)order->status);
	bld_i64(out, order->expires_at);
	bld_i64(out, order->not_before);
	bld_i64(out, order->not_after);
	bld_span16(out, order->profile);
	ident_list_encode(out, &order->idents);
	for (size_t i = 0; i < order->idents.count; i++)
		bld_i64(out, order->authz_ids[i]);
	bld_i64(out, order->certificate_id);
	problem_encode(out, &order->problem);
}

void
order_decode(struct cur *cur, struct arena *arena, struct order *ret)
{
	ret->id = cur_i64(cur);
	ret->account_id = cur_i64(cur);
	ret->status = (enum order_status)cur_enum(cur, ORDER_PENDING,
	    ORDER_INVALID);
	ret->expires_at = cur_i64(cur);
	ret->not_before = cur_i64(cur);
	ret->not_after = cur_i64(cur);
	ret->profile = cur_text(cur, ACME_PROFILE_MAX);
	ident_list_decode(cur, &ret->idents);
	for (size_t i = 0; i < ret->idents.count; i++)
		ret->authz_ids[i] = cur_i64(cur);
	ret->certificate_id = cur_i64(cur);
	problem_decode(cur, arena, &ret->problem);
}

void
authz_encode(struct bld *out, const struct authz *authz)
{
	bld_i64(out, authz->id);
	bld_i64(out, authz->account_id);
	bld_u8(out, (uint8_t)authz->status);
	bld_i64(out, authz->expires_at);
	ident_encode(out, &authz->ident);
	bld_u8(out, authz->wildcard);
	bld_bytes(out, authz->token, sizeof(authz->token));
	bld_u32(out, authz->offered);
	bld_u8(out, (uint8_t)authz->attempted);
	bld_u8(out, (uint8_t)authz->attempted_status);
	bld_i64(out, authz->validated_at);
	problem_encode(out, &authz->problem);
}

void
authz_decode(struct cur *cur, struct arena *arena, struct authz *ret)
{
	/* Bit 0 stands for no type. */
	const uint32_t known = ((1U << CHALLENGE_TYPE_COUNT) - 1) & ~1U;

	ret->id = cur_i64(cur);
	ret->account_id = cur_i64(cur);
	ret->status = (enum authz_status)cur_enum(cur, AUTHZ_PENDING,
	    AUTHZ_REVOKED);
	ret->expires_at = cur_i64(cur);
	ident_decode(cur, &ret->ident);
	ret->wildcard = cur_bool(cur);
	cur_copy(cur, ret->token, sizeof(ret->token));
	ret->offered = cur_u32(cur);
	if ((ret->offered & ~known) != 0)
		cur->failed = true;
	ret->attempted = (enum challenge_type)cur_enum(cur, 0,
	    CHALLENGE_TYPE_COUNT - 1);
	ret->attempted_status = (enum challenge_status)cur_enum(cur, 0,
	    CHALLENGE_INVALID);
	ret->validated_at = cur_i64(cur);
	problem_decode(cur, arena, &ret->problem);
}
