/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/judge/offers.h"

#include "client/client_names.h"

/* RFC 8555 7.1.4: an authorization for a wildcard has the name without "*.". */
static bool
is_asked(const struct client_offer *offer, const struct ident_list *names)
{
	for (size_t i = 0; i < names->count; i++) {
		struct ident name = names->items[i];
		bool wildcard = ident_is_wildcard(&name);

		if (wildcard)
			name.value = span_from(name.value, 2);
		if (wildcard == offer->wildcard &&
		    ident_compare(&name, &offer->ident) == 0)
			return true;
	}
	return false;
}

/* RFC 8555 8.1. dns-persist-01 has no token, and names the account itself. */
static bool
is_ours(const struct client_challenge *challenge, const uint8_t *thumbprint)
{
	struct bld want;
	bool same;

	if (challenge->method == CLIENT_DNS_PERSIST_01)
		return challenge->token.len == 0 &&
		    challenge->key_authorization.len == 0;
	if (!client_token_check(challenge->token))
		return false;
	bld_init(&want, CLIENT_KEY_AUTHORIZATION_MAX);
	jwk_key_authorization(&want, challenge->token, thumbprint);
	same = span_equal(bld_view(&want), challenge->key_authorization);
	bld_free(&want);
	return same;
}

int
offers_check(const struct judge_net_offers *offers,
    const struct ident_list *names,
    const uint8_t thumbprint[JWK_THUMBPRINT_SIZE], struct err *err)
{
	for (size_t i = 0; i < offers->count; i++) {
		const struct client_offer *offer = &offers->offers[i];

		if (!is_asked(offer, names))
			return err_set(err, ERR_FRAME, NULL, "net wants control "
			    "over %.*s to be proven, which nobody asked for",
			    SPAN_FMT(offer->ident.value));
		for (size_t j = 0; j < offer->num_challenges; j++) {
			if (!is_ours(&offer->challenges[j], thumbprint))
				return err_set(err, ERR_FRAME, "RFC 8555 8.1",
				    "net wants control over %.*s to be proven "
				    "for an account that is not ours",
				    SPAN_FMT(offer->ident.value));
		}
	}
	return 0;
}
