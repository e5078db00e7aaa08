/* SPDX-License-Identifier: Apache-2.0 */
#include "client/client_answer.h"

#include "base/json.h"
#include "base/text.h"
#include "client/client_names.h"
#include "client/client_problem.h"
#include "client/client_text.h"

/* An optional string: absent, null and other types are the same. */
static struct span
get_text(const json_t *obj, const char *name)
{
	const json_t *member = json_object_get(obj, name);

	if (!json_is_string(member))
		return SPAN_NONE;
	return span_of(json_string_value(member), json_string_length(member));
}

/* An optional time; what cannot be read is absent. */
static int64_t
get_time(const json_t *obj, const char *name)
{
	int64_t at = 0;

	return text_untime(get_text(obj, name), &at) == 0 ? at : 0;
}

/* A URL that is used; absence is an error if it is needed. */
static int
get_url(const struct client_answer_from *from, const json_t *obj,
    const char *name, bool needed, struct span *ret, struct err *err)
{
	struct span url = get_text(obj, name);
	int r;

	*ret = SPAN_NONE;
	if (url.len == 0)
		return !needed ? 0 : err_set(err, ERR_MALFORMED,
		    "RFC 8555 7.1", "it has no URL \"%s\"", name);
	r = client_url_check(url, from->http_too, err);
	if (r < 0)
		return err_prefix(err, "its \"%s\"", name);
	*ret = arena_dup(from->arena, url);
	return 0;
}

/* A URL for people to look at; a bad one is left out. */
static struct span
get_page(struct arena *arena, const json_t *obj, const char *name)
{
	struct span url = get_text(obj, name);

	if (client_url_check(url, false, NULL) < 0)
		return SPAN_NONE;
	return arena_dup(arena, url);
}

static void
get_profiles(struct arena *arena, const json_t *meta,
    struct client_directory *ret)
{
	json_t *profiles = json_object_get(meta, "profiles"), *text;
	const char *name;

	json_object_foreach(profiles, name, text) {
		struct client_profile *profile =
		    &ret->profiles[ret->num_profiles];

		if (ret->num_profiles == CLIENT_PROFILES_MAX)
			break;
		if (strlen(name) > CLIENT_PROFILE_MAX)
			continue;
		profile->name = client_text_clean(arena, span_str(name));
		profile->text = client_text_clean(arena,
		    span_str(json_string_value(text)));
		ret->num_profiles++;
	}
}

/* The strings of an array that are no longer than max, up to room. */
static size_t
get_texts(struct arena *arena, const json_t *array, size_t max,
    struct span *ret, size_t room)
{
	size_t count = 0, size = json_array_size(array);

	for (size_t i = 0; i < size && count < room; i++) {
		const json_t *item = json_array_get(array, i);

		if (json_is_string(item) && json_string_length(item) <= max)
			ret[count++] = client_text_clean(arena,
			    span_str(json_string_value(item)));
	}
	return count;
}

static void
get_meta(struct arena *arena, const json_t *meta, struct client_directory *ret)
{
	ret->terms_url = get_page(arena, meta, "termsOfService");
	ret->website = get_page(arena, meta, "website");
	ret->eab_required = json_is_true(json_object_get(meta,
	    "externalAccountRequired"));
	ret->num_caa = get_texts(arena, json_object_get(meta, "caaIdentities"),
	    IDENT_DNS_MAX, ret->caa, CLIENT_ISSUERS_MAX);
	get_profiles(arena, meta, ret);
}

int
client_answer_directory(const struct client_answer_from *from,
    struct client_answer_directory *ret, struct err *err)
{
	static const struct { const char *name; bool needed; } rows[] = {
		[CLIENT_URL_NEW_NONCE] = { "newNonce", true },
		[CLIENT_URL_NEW_ACCOUNT] = { "newAccount", true },
		[CLIENT_URL_NEW_ORDER] = { "newOrder", true },
		[CLIENT_URL_REVOKE_CERT] = { "revokeCert", false },
		[CLIENT_URL_KEY_CHANGE] = { "keyChange", false },
		[CLIENT_URL_RENEWAL_INFO] = { "renewalInfo", false },
	};
	cleanup_json json_t *json = NULL;
	int r;

	*ret = (struct client_answer_directory){ 0 };
	r = json_parse_object(from->body, "it", &json, err);
	for (size_t i = 0; r == 0 && i < CLIENT_URL_COUNT; i++)
		r = get_url(from, json, rows[i].name, rows[i].needed,
		    &ret->urls[i], err);
	if (r < 0)
		return err_prefix(err, "the CA's directory cannot be used");
	get_meta(from->arena, json_object_get(json, "meta"), &ret->info);
	ret->info.has_renewal_info = ret->urls[CLIENT_URL_RENEWAL_INFO].len > 0;
	ret->info.has_key_change = ret->urls[CLIENT_URL_KEY_CHANGE].len > 0;
	return 0;
}

int
client_answer_account(const struct client_answer_from *from,
    struct client_answer_account *ret, struct err *err)
{
	cleanup_json json_t *json = NULL;
	struct span status;
	int r;

	*ret = (struct client_answer_account){ 0 };
	r = json_parse_object(from->body, "it", &json, err);
	if (r < 0)
		return err_prefix(err, "the CA's account object");
	/* Some say nothing but by Location. */
	status = get_text(json, "status");
	ret->status = span_equal_str(status, "deactivated") ?
	    ACCOUNT_DEACTIVATED : span_equal_str(status, "revoked") ?
	    ACCOUNT_REVOKED : ACCOUNT_VALID;
	ret->num_contacts = get_texts(from->arena,
	    json_object_get(json, "contact"), ACME_CONTACT_MAX, ret->contacts,
	    ACME_CONTACTS_MAX);
	r = get_url(from, json, "orders", false, &ret->orders, err);
	return r < 0 ? err_prefix(err, "the CA's account object") : 0;
}

static int
get_order_status(const json_t *json, enum order_status *ret, struct err *err)
{
	struct span name = get_text(json, "status");

	for (int i = ORDER_PENDING; i <= (int)ORDER_INVALID; i++) {
		*ret = (enum order_status)i;
		if (span_equal_str(name, order_status_name(*ret)))
			return 0;
	}
	return err_set(err, ERR_MALFORMED, "RFC 8555 7.1.6",
	    "it has no status that an order can have");
}

static int
get_ident(struct arena *arena, const json_t *obj, struct ident *ret,
    struct err *err)
{
	return ident_parse(get_text(obj, "type"), get_text(obj, "value"),
	    arena, ret, err);
}

/* Identifiers that cannot be read make an empty list: it is only compared. */
static void
get_idents(struct arena *arena, const json_t *array, struct ident_list *ret)
{
	size_t size = json_array_size(array);

	ret->count = 0;
	for (size_t i = 0; i < size; i++) {
		if (i == IDENT_LIST_MAX || get_ident(arena,
		    json_array_get(array, i), &ret->items[i], NULL) < 0) {
			ret->count = 0;
			return;
		}
		ret->count = i + 1;
	}
	ident_list_sort(ret);
}

static int
get_authzs(const struct client_answer_from *from, const json_t *array,
    struct client_answer_order *ret, struct err *err)
{
	size_t size = json_array_size(array);

	if (size > IDENT_LIST_MAX)
		return err_set(err, ERR_MALFORMED, NULL,
		    "it has more than %d authorizations", IDENT_LIST_MAX);
	for (size_t i = 0; i < size; i++) {
		const json_t *item = json_array_get(array, i);
		struct span url = span_str(json_string_value(item));

		if (client_url_check(url, from->http_too, err) < 0)
			return err_prefix(err, "its authorizations");
		ret->authzs[i] = arena_dup(from->arena, url);
	}
	ret->num_authzs = size;
	return 0;
}

static bool
get_problem(struct arena *arena, const json_t *obj, struct client_problem *ret)
{
	const json_t *problem = json_object_get(obj, "error");

	if (!json_is_object(problem))
		return false;
	client_problem_read(arena, problem, ret);
	return true;
}

int
client_answer_order(const struct client_answer_from *from,
    struct client_answer_order *ret, struct err *err)
{
	cleanup_json json_t *json = NULL;
	int r;

	*ret = (struct client_answer_order){ 0 };
	r = json_parse_object(from->body, "it", &json, err);
	if (r == 0)
		r = get_order_status(json, &ret->status, err);
	if (r == 0)
		r = get_authzs(from, json_object_get(json, "authorizations"),
		    ret, err);
	if (r == 0)
		r = get_url(from, json, "finalize", true, &ret->finalize, err);
	if (r == 0)
		r = get_url(from, json, "certificate",
		    ret->status == ORDER_VALID, &ret->certificate, err);
	if (r < 0)
		return err_prefix(err, "the order that the CA sent");
	get_idents(from->arena, json_object_get(json, "identifiers"),
	    &ret->idents);
	ret->profile = client_text_clean(from->arena,
	    get_text(json, "profile"));
	ret->has_problem = get_problem(from->arena, json, &ret->problem);
	return 0;
}

static int
get_challenge_status(const json_t *json, enum challenge_status *ret,
    struct err *err)
{
	struct span name = get_text(json, "status");

	for (int i = CHALLENGE_PENDING; i <= (int)CHALLENGE_INVALID; i++) {
		*ret = (enum challenge_status)i;
		if (span_equal_str(name, challenge_status_name(*ret)))
			return 0;
	}
	return err_set(err, ERR_MALFORMED, "RFC 8555 7.1.6",
	    "a challenge has no status that it can have");
}

/* draft-ietf-acme-dns-persist: a list that is empty, too long, or has a name
 * that is too long makes the challenge malformed. */
static int
get_issuers(struct arena *arena, const json_t *json,
    struct client_answer_challenge *ret, struct err *err)
{
	const json_t *array = json_object_get(json, "issuer-domain-names");
	size_t size = json_array_size(array);

	if (size > 0 && size <= CLIENT_ISSUERS_MAX)
		ret->num_issuers = get_texts(arena, array, IDENT_DNS_MAX,
		    ret->issuers, CLIENT_ISSUERS_MAX);
	if (size == 0 || ret->num_issuers != size)
		return err_set(err, ERR_MALFORMED,
		    "draft-ietf-acme-dns-persist",
		    "dns-persist-01 has no list of 1 to %d issuer domain "
		    "names", CLIENT_ISSUERS_MAX);
	for (size_t i = 0; i < size; i++) {
		struct ident name = { IDENT_DNS, ret->issuers[i] };

		if (ident_check(&name, NULL) < 0)
			return err_set(err, ERR_MALFORMED,
			    "draft-ietf-acme-dns-persist",
			    "an issuer domain name of dns-persist-01 is none");
	}
	return 0;
}

static int
read_challenge(const struct client_answer_from *from, const json_t *json,
    struct client_answer_challenge *ret, struct err *err)
{
	struct span token = get_text(json, "token");
	int r;

	*ret = (struct client_answer_challenge){
		.method = client_method_from_name(get_text(json, "type"))
	};
	r = get_challenge_status(json, &ret->status, err);
	if (r == 0)
		r = get_url(from, json, "url", true, &ret->url, err);
	if (r == 0 && ret->method == CLIENT_DNS_PERSIST_01)
		r = get_issuers(from->arena, json, ret, err);
	else if (r == 0 && ret->method != 0 && !client_token_check(token))
		r = err_set(err, ERR_MALFORMED, "RFC 8555 8.1",
		    "the token of %s is not %d to %d characters of base64url",
		    client_method_name(ret->method), CLIENT_TOKEN_MIN,
		    CLIENT_TOKEN_MAX);
	if (r < 0)
		return r;
	if (ret->method != CLIENT_DNS_PERSIST_01 && client_token_check(token))
		ret->token = arena_dup(from->arena, token);
	ret->has_problem = get_problem(from->arena, json, &ret->problem);
	return 0;
}

int
client_answer_challenge(const struct client_answer_from *from,
    struct client_answer_challenge *ret, struct err *err)
{
	cleanup_json json_t *json = NULL;
	int r = json_parse_object(from->body, "it", &json, err);

	if (r == 0)
		r = read_challenge(from, json, ret, err);
	return r < 0 ? err_prefix(err, "the challenge that the CA sent") : 0;
}

static int
get_authz_status(const json_t *json, enum authz_status *ret, struct err *err)
{
	struct span name = get_text(json, "status");

	for (int i = AUTHZ_PENDING; i <= (int)AUTHZ_REVOKED; i++) {
		*ret = (enum authz_status)i;
		if (span_equal_str(name, authz_status_name(*ret)))
			return 0;
	}
	return err_set(err, ERR_MALFORMED, "RFC 8555 7.1.6",
	    "it has no status that an authorization can have");
}

/* Those of unknown types, and all but the first of a type, are left out. */
static int
get_challenges(const struct client_answer_from *from, const json_t *array,
    struct client_answer_authz *ret, struct err *err)
{
	size_t size = json_array_size(array);
	uint32_t seen = 0;

	if (size > CLIENT_ANSWER_CHALLENGES_MAX)
		return err_set(err, ERR_MALFORMED, NULL,
		    "it has more than %d challenges",
		    CLIENT_ANSWER_CHALLENGES_MAX);
	for (size_t i = 0; i < size; i++) {
		const json_t *item = json_array_get(array, i);
		enum client_method method = client_method_from_name(
		    get_text(item, "type"));
		int r;

		if (method == 0 || (seen & CLIENT_METHOD_BIT(method)) != 0)
			continue;
		seen |= CLIENT_METHOD_BIT(method);
		r = read_challenge(from, item,
		    &ret->challenges[ret->num_challenges], err);
		if (r < 0)
			return r;
		ret->num_challenges++;
	}
	return 0;
}

int
client_answer_authz(const struct client_answer_from *from,
    struct client_answer_authz *ret, struct err *err)
{
	cleanup_json json_t *json = NULL;
	int r;

	*ret = (struct client_answer_authz){ 0 };
	r = json_parse_object(from->body, "it", &json, err);
	if (r == 0)
		r = get_authz_status(json, &ret->status, err);
	if (r == 0)
		r = get_ident(from->arena, json_object_get(json, "identifier"),
		    &ret->ident, err);
	if (r == 0)
		r = get_challenges(from, json_object_get(json, "challenges"),
		    ret, err);
	if (r < 0)
		return err_prefix(err, "the authorization that the CA sent");
	ret->wildcard = json_is_true(json_object_get(json, "wildcard"));
	ret->expires_at = get_time(json, "expires");
	return 0;
}

int
client_answer_renewal(const struct client_answer_from *from,
    struct client_renewal *ret, struct err *err)
{
	cleanup_json json_t *json = NULL;
	const json_t *window;
	int r;

	*ret = (struct client_renewal){ 0 };
	r = json_parse_object(from->body, "it", &json, err);
	if (r < 0)
		return err_prefix(err, "the CA's renewal information");
	window = json_object_get(json, "suggestedWindow");
	if (text_untime(get_text(window, "start"), &ret->start_at) < 0 ||
	    text_untime(get_text(window, "end"), &ret->end_at) < 0 ||
	    ret->end_at <= ret->start_at)
		return err_set(err, ERR_MALFORMED, "RFC 9773 4.2",
		    "the CA's renewal information has no window of time that "
		    "ends after it begins");
	ret->explanation_url = get_page(from->arena, json, "explanationURL");
	return 0;
}

int
client_answer_orders(const struct client_answer_from *from,
    struct span *urls, size_t *count, struct err *err)
{
	cleanup_json json_t *json = NULL;
	const json_t *array;
	int r = json_parse_object(from->body, "it", &json, err);

	if (r < 0)
		return err_prefix(err, "the CA's list of orders");
	array = json_object_get(json, "orders");
	for (size_t i = 0; i < json_array_size(array) &&
	    *count < CLIENT_ORDERS_MAX; i++) {
		struct span url = span_str(json_string_value(
		    json_array_get(array, i)));

		if (client_url_check(url, from->http_too, err) < 0)
			return err_prefix(err, "the CA's list of orders");
		urls[(*count)++] = arena_dup(from->arena, url);
	}
	return 0;
}

void
client_answer_problem(struct arena *arena,
    const struct client_response *response, struct client_problem *ret)
{
	cleanup_json json_t *json = NULL;

	*ret = (struct client_problem){ 0 };
	if (json_parse_object(response->body, "it", &json, NULL) == 0)
		client_problem_read(arena, json, ret);
	ret->cause = CLIENT_REFUSED;
	ret->status = (uint16_t)response->status;
	if (ret->detail.len == 0)
		client_problem_say(arena, ret, "the CA answered with HTTP "
		    "status %d and without a reason", response->status);
}
