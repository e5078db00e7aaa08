/* SPDX-License-Identifier: Apache-2.0 */
#include "acme/objects_json.h"

#include "base/json.h"
#include "base/json_flat.h"
#include "base/text.h"

static void
put_url(struct bld *out, struct span base, const char *path, int64_t id)
{
	bld_span(out, base);
	bld_str(out, path);
	text_decimal(out, id);
}

void
account_put_url(struct bld *out, struct span base, int64_t id)
{
	put_url(out, base, ACME_PATH_ACCOUNT, id);
}

void
order_put_url(struct bld *out, struct span base, int64_t id)
{
	put_url(out, base, ACME_PATH_ORDER, id);
}

void
authz_put_url(struct bld *out, struct span base, int64_t id)
{
	put_url(out, base, ACME_PATH_AUTHZ, id);
}

static void
put_certificate_url(struct bld *out, struct span base, int64_t id)
{
	put_url(out, base, ACME_PATH_CERTIFICATE, id);
}

static void
put_challenge_url(struct bld *out, struct span base, int64_t authz_id,
    enum challenge_type type)
{
	put_url(out, base, ACME_PATH_CHALLENGE, authz_id);
	bld_u8(out, '/');
	bld_str(out, challenge_type_name(type));
}

/* ',"name":"YYYY-..."' unless absent. */
static void
put_time(struct bld *out, const char *name, int64_t at)
{
	char text[TEXT_TIME_SIZE];

	if (at == 0)
		return;
	text_time(text, at);
	bld_str(out, ",\"");
	bld_str(out, name);
	bld_str(out, "\":\"");
	bld_str(out, text);
	bld_u8(out, '"');
}

static void
put_error(struct bld *out, const struct problem *problem)
{
	if (problem->kind == ERR_NONE)
		return;
	bld_str(out, ",\"error\":");
	problem_put_json(out, problem);
}

void
ident_put_json(struct bld *out, const struct ident *ident)
{
	bld_str(out, "{\"type\":\"");
	bld_str(out, ident_type_name(ident->type));
	bld_str(out, "\",\"value\":");
	json_put_string(out, ident->value);
	bld_u8(out, '}');
}

/* RFC 8555 section 7.1.2. */
void
account_put_json(struct bld *out, struct span base,
    const struct account *account)
{
	bld_str(out, "{\"status\":\"");
	bld_str(out, account_status_name(account->status));
	bld_u8(out, '"');
	if (account->num_contacts > 0) {
		bld_str(out, ",\"contact\":[");
		for (size_t i = 0; i < account->num_contacts; i++) {
			if (i > 0)
				bld_u8(out, ',');
			json_put_string(out, account->contacts[i]);
		}
		bld_u8(out, ']');
	}
	if (account->terms_agreed)
		bld_str(out, ",\"termsOfServiceAgreed\":true");
	bld_str(out, ",\"orders\":\"");
	account_put_url(out, base, account->id);
	bld_str(out, ACME_PATH_ORDERS "\"}");
}

/* RFC 8555 section 7.1.3. */
void
order_put_json(struct bld *out, struct span base, const struct order *order)
{
	bld_str(out, "{\"status\":\"");
	bld_str(out, order_status_name(order->status));
	bld_u8(out, '"');
	put_time(out, "expires", order->expires_at);
	put_time(out, "notBefore", order->not_before);
	put_time(out, "notAfter", order->not_after);
	if (order->profile.len > 0) {
		bld_str(out, ",\"profile\":");
		json_put_string(out, order->profile);
	}
	bld_str(out, ",\"identifiers\":[");
	for (size_t i = 0; i < order->idents.count; i++) {
		if (i > 0)
			bld_u8(out, ',');
		ident_put_json(out, &order->idents.items[i]);
	}
	bld_str(out, "],\"authorizations\":[");
	for (size_t i = 0; i < order->idents.count; i++) {
		bld_str(out, i > 0 ? ",\"" : "\"");
		authz_put_url(out, base, order->authz_ids[i]);
		bld_u8(out, '"');
	}
	bld_str(out, "],\"finalize\":\"");
	order_put_url(out, base, order->id);
	bld_str(out, ACME_PATH_FINALIZE "\"");
	if (order->status == ORDER_VALID) {
		bld_str(out, ",\"certificate\":\"");
		put_certificate_url(out, base, order->certificate_id);
		bld_u8(out, '"');
	}
	put_error(out, &order->problem);
	bld_u8(out, '}');
}

/* "processing" is shown as "pending", as Let's Encrypt does: clients poll in
 * loops of "while pending", and take all but "valid" after it for a failure.
 * Nobody needs the difference: a response that is repeated changes nothing. */
static enum challenge_status
shown_status(const struct authz *authz)
{
	return authz->attempted_status == CHALLENGE_PROCESSING ?
	    CHALLENGE_PENDING : authz->attempted_status;
}

/* RFC 8555 section 8. The error, which has a status of its own, is last. */
void
challenge_put_json(struct bld *out, struct span base,
    const struct authz *authz, enum challenge_type type)
{
	bool attempted = authz->attempted == type;

	bld_str(out, "{\"type\":\"");
	bld_str(out, challenge_type_name(type));
	bld_str(out, "\",\"url\":\"");
	put_challenge_url(out, base, authz->id, type);
	bld_str(out, "\",\"status\":\"");
	bld_str(out, challenge_status_name(attempted ?
	    shown_status(authz) : CHALLENGE_PENDING));
	bld_str(out, "\",\"token\":\"");
	bld_bytes(out, authz->token, sizeof(authz->token));
	bld_u8(out, '"');
	if (attempted) {
		put_time(out, "validated", authz->validated_at);
		put_error(out, &authz->problem);
	}
	bld_u8(out, '}');
}

/* "For pending authorizations, the challenges that the client can fulfill
 * [...] For valid authorizations, the challenge that was validated. For
 * invalid authorizations, the challenge that was attempted and failed." RFC
 * 8555 section 7.1.4. */
static bool
shows_challenge(const struct authz *authz, enum challenge_type type)
{
	if ((authz->offered & 1U << type) == 0)
		return false;
	return authz->status == AUTHZ_PENDING || authz->attempted == 0 ||
	    authz->attempted == type;
}

/* RFC 8555 section 7.1.4. */
void
authz_put_json(struct bld *out, struct span base, const struct authz *authz)
{
	bool first = true;

	bld_str(out, "{\"identifier\":");
	ident_put_json(out, &authz->ident);
	bld_str(out, ",\"status\":\"");
	bld_str(out, authz_status_name(authz->status));
	bld_u8(out, '"');
	put_time(out, "expires", authz->expires_at);
	bld_str(out, ",\"challenges\":[");
	for (int i = 1; i < CHALLENGE_TYPE_COUNT; i++) {
		if (!shows_challenge(authz, (enum challenge_type)i))
			continue;
		if (!first)
			bld_u8(out, ',');
		first = false;
		challenge_put_json(out, base, authz, (enum challenge_type)i);
	}
	bld_u8(out, ']');
	if (authz->wildcard)
		bld_str(out, ",\"wildcard\":true");
	bld_u8(out, '}');
}

int
finalize_get_csr(struct span payload, struct arena *arena,
    struct span *ret_der, struct err *err)
{
	cleanup_json json_t *json = NULL;
	struct json_flat flat;
	struct span csr = SPAN_NONE;
	struct bld der;
	int r = 0;

	if (json_flat_scan(payload, &flat))
		csr = json_flat_get(&flat, "csr");
	else if ((r = json_parse_object(payload, "the payload", &json,
	    err)) < 0 || (r = json_get_string(json, "csr", &csr, err)) < 0)
		return r;
	if (csr.len == 0)
		return err_set(err, ERR_MALFORMED, "RFC 8555 7.4",
		    "the finalize payload has no \"csr\"");
	bld_init(&der, csr.len);
	if (text_unbase64url(&der, csr) < 0)
		r = err_set(err, ERR_BAD_CSR, "RFC 7515 2",
		    "the CSR is not base64url");
	else
		*ret_der = arena_dup(arena, bld_view(&der));
	bld_free(&der);
	return r;
}
