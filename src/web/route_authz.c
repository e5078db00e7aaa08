/* SPDX-License-Identifier: Apache-2.0 */
#include "acme/objects_json.h"
#include "base/json.h"
#include "web/web_call.h"

/* RFC 8555 section 7.5: authorizations, and giving them up (7.5.2). */

static int
ask(struct web_call *call, struct web_core_request *question,
    struct web_reply *reply, struct err *err)
{
	cleanup_json json_t *payload = NULL;
	const json_t *status;
	int r;

	(void)reply;
	question->type = WEB_CORE_AUTHZ_GET;
	question->object_id = call->object_id;
	if (call->jws.payload.len == 0)
		return WEB_ASK_CORE;
	r = web_routes_payload(call, &payload, err);
	if (r < 0)
		return r;
	status = json_object_get(payload, "status");
	if (!json_is_string(status) ||
	    strcmp(json_string_value(status), "deactivated") != 0)
		return err_set(err, ERR_MALFORMED, "RFC 8555 7.5.2",
		    "an authorization can only be set to \"status\": "
		    "\"deactivated\"; challenges have URLs of their own");
	question->type = WEB_CORE_AUTHZ_DEACTIVATE;
	return WEB_ASK_CORE;
}

static int
tell(struct web_call *call, const struct web_core_answer *answer,
    struct web_reply *reply, struct err *err)
{
	const struct authz *authz = &answer->authz;

	(void)err;
	web_reply_init(reply, call->web, 200);
	authz_put_json(web_reply_body(reply, "application/json"), call->base,
	    authz);
	if (authz->attempted != 0 &&
	    authz->attempted_status == CHALLENGE_PROCESSING)
		web_reply_retry_after(reply, WEB_RETRY_AFTER_S);
	return 0;
}

const struct web_route route_authz = {
	.pattern = ACME_PATH_AUTHZ "#",
	.allow = "POST, OPTIONS",
	.auth = WEB_AUTH_KID,
	.answer = WEB_CORE_AUTHZ,
	.ask = ask,
	.tell = tell,
};
