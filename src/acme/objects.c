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

static int
decode_enum(struct cur *cur, int first, int last)
{
	int v = cur_u8(cur);

	if (v < first || v > last) {
		cur->failed = true;
		return first;
	}
	return v;
}

static bool
decode_bool(struct cur *cur)
{
	return decode_enum(cur, 0, 1) == 1;
}

static struct span
decode_text(struct cur *cur, size_t max)
{
	struct span text = cur_span16(cur);

	if (text.len > max)
		cur->failed = true;
	return text;
}

static void
encode_i64(struct bld *out, int64_t v)
{
	bld_u64(out, (uint64_t)v);
}

static int64_t
decode_i64(struct cur *cur)
{
	return (int64_t)cur_u64(cur);
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
	ret->type = (enum ident_type)decode_enum(cur, IDENT_DNS, IDENT_IP);
	ret->value = decode_text(cur, IDENT_DNS_MAX + 2);
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
account_encode(struct bld *out, const struct account *account)
{
	assert(account->num_contacts <= ACME_CONTACTS_MAX);
	encode_i64(out, account->id);
	bld_u8(out, (uint8_t)account->status);
	bld_bytes(out, account->thumbprint, sizeof(account->thumbprint));
	bld_span16(out, account->key_spki);
	bld_u8(out, account->terms_agreed);
	bld_u16(out, (uint16_t)account->num_contacts);
	for (size_t i = 0; i < account->num_contacts; i++)
		bld_span16(out, account->contacts[i]);
	encode_i64(out, account->created_at);
}

void
account_decode(struct cur *cur, struct account *ret)
{
	*ret = (struct account){ .id = decode_i64(cur) };
	ret->status = (enum account_status)decode_enum(cur, ACCOUNT_VALID,
	    ACCOUNT_REVOKED);
	cur_copy(cur, ret->thumbprint, sizeof(ret->thumbprint));
	ret->key_spki = cur_span16(cur);
	ret->terms_agreed = decode_bool(cur);
	ret->num_contacts = cur_count(cur, ACME_CONTACTS_MAX);
	for (size_t i = 0; i < ret->num_contacts; i++)
		ret->contacts[i] = decode_text(cur, ACME_CONTACT_MAX);
	ret->created_at = decode_i64(cur);
}

void
order_encode(struct bld *out, const struct order *order)
{
	encode_i64(out, order->id);
	encode_i64(out, order->account_id);
	bld_u8(out, (uint8_t)order->status);
	encode_i64(out, order->expires_at);
	encode_i64(out, order->not_before);
	encode_i64(out, order->not_after);
	bld_span16(out, order->profile);
	ident_list_encode(out, &order->idents);
	for (size_t i = 0; i < order->idents.count; i++)
		encode_i64(out, order->authz_ids[i]);
	encode_i64(out, order->certificate_id);
	problem_encode(out, &order->problem);
}

void
order_decode(struct cur *cur, struct arena *arena, struct order *ret)
{
	ret->id = decode_i64(cur);
	ret->account_id = decode_i64(cur);
	ret->status = (enum order_status)decode_enum(cur, ORDER_PENDING,
	    ORDER_INVALID);
	ret->expires_at = decode_i64(cur);
	ret->not_before = decode_i64(cur);
	ret->not_after = decode_i64(cur);
	ret->profile = decode_text(cur, ACME_PROFILE_MAX);
	ident_list_decode(cur, &ret->idents);
	for (size_t i = 0; i < ret->idents.count; i++)
		ret->authz_ids[i] = decode_i64(cur);
	ret->certificate_id = decode_i64(cur);
	problem_decode(cur, arena, &ret->problem);
}

void
authz_encode(struct bld *out, const struct authz *authz)
{
	encode_i64(out, authz->id);
	encode_i64(out, authz->account_id);
	bld_u8(out, (uint8_t)authz->status);
	encode_i64(out, authz->expires_at);
	ident_encode(out, &authz->ident);
	bld_u8(out, authz->wildcard);
	bld_bytes(out, authz->token, sizeof(authz->token));
	bld_u32(out, authz->offered);
	bld_u8(out, (uint8_t)authz->attempted);
	bld_u8(out, (uint8_t)authz->attempted_status);
	encode_i64(out, authz->validated_at);
	problem_encode(out, &authz->problem);
}

void
authz_decode(struct cur *cur, struct arena *arena, struct authz *ret)
{
	/* Bit 0 stands for no type. */
	const uint32_t known = ((1U << CHALLENGE_TYPE_COUNT) - 1) & ~1U;

	ret->id = decode_i64(cur);
	ret->account_id = decode_i64(cur);
	ret->status = (enum authz_status)decode_enum(cur, AUTHZ_PENDING,
	    AUTHZ_REVOKED);
	ret->expires_at = decode_i64(cur);
	ident_decode(cur, &ret->ident);
	ret->wildcard = decode_bool(cur);
	cur_copy(cur, ret->token, sizeof(ret->token));
	ret->offered = cur_u32(cur);
	if ((ret->offered & ~known) != 0)
		cur->failed = true;
	ret->attempted = (enum challenge_type)decode_enum(cur, 0,
	    CHALLENGE_TYPE_COUNT - 1);
	ret->attempted_status = (enum challenge_status)decode_enum(cur, 0,
	    CHALLENGE_INVALID);
	ret->validated_at = decode_i64(cur);
	problem_decode(cur, arena, &ret->problem);
}
