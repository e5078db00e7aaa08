/* SPDX-License-Identifier: Apache-2.0 */
#include "acme/objects_json.h"
#include "base/json.h"
#include "ca/policy.h"
#include "web/web_call.h"

/* RFC 8555 section 7.1.1. Only what is there is listed. */

static void
put_url(struct bld *out, const char *name, const struct web_call *call,
    const char *path)
{
	bld_u8(out, '"');
	bld_str(out, name);
	bld_str(out, "\":\"");
	bld_span(out, call->base);
	bld_str(out, path);
	bld_str(out, "\",");
}

/* A member in or below "meta"; *sep is what goes before it. */
static void
put_meta(struct bld *out, const char **sep, const char *name,
    const char *value, bool array)
{
	if (value == NULL)
		return;
	bld_str(out, *sep);
	bld_u8(out, '"');
	bld_str(out, name);
	bld_str(out, array ? "\":[" : "\":");
	json_put_string(out, span_str(value));
	if (array)
		bld_u8(out, ']');
	*sep = ",";
}

/* draft-ietf-acme-profiles 3: those that newOrder accepts. */
static void
put_profiles(struct bld *out)
{
	const struct policy_profile *profiles;
	const char *sep = "";
	size_t count;

	profiles = policy_profiles(&count);
	bld_str(out, "\"profiles\":{");
	for (size_t i = 0; i < count; i++)
		put_meta(out, &sep, profiles[i].name, profiles[i].description,
		    false);
	bld_u8(out, '}');
}

static void
get(struct web_call *call, struct web_reply *reply)
{
	const struct web_settings *settings = &call->web->settings;
	const char *sep = "";
	struct bld *out;

	web_reply_init(reply, call->web, 200);
	out = web_reply_body(reply, "application/json");
	bld_u8(out, '{');
	put_url(out, "newNonce", call, ACME_PATH_NEW_NONCE);
	put_url(out, "newAccount", call, ACME_PATH_NEW_ACCOUNT);
	put_url(out, "newOrder", call, ACME_PATH_NEW_ORDER);
	bld_str(out, "\"meta\":{");
	put_meta(out, &sep, "termsOfService", settings->terms_of_service,
	    false);
	put_meta(out, &sep, "website", settings->website, false);
	put_meta(out, &sep, "caaIdentities", settings->caa_identity, true);
	bld_str(out, sep);
	put_profiles(out);
	bld_str(out, "}}");
}

const struct web_route route_directory = {
	.pattern = ACME_PATH_DIRECTORY,
	.allow = "GET, HEAD, POST, OPTIONS",
	.auth = WEB_AUTH_KID,
	.get = get,
};
