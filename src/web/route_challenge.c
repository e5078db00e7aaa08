/* SPDX-License-Identifier: Apache-2.0 */
#include "acme/objects_json.h"
#include "base/json.h"
#include "web/web_call.h"

/* RFC 8555 section 7.5.1: responding to challenges. */

static int
ask(struct web_call *call, struct web_core_request *question,
    struct web_reply *reply, struct err *err)
{
	cleanup_json json_t *payload = NULL;
	int r;

	(void)reply;
	question->type = WEB_CORE_CHALLENGE_GET;
	question->challenge.authz_id = call->object_id;
	question->challenge.type = call->challenge;
	if (call->jws.payload.len == 0)
		return WEB_ASK_CORE;
	/* No challenge here has response fields: all members are ignored. */
	r = web_routes_payload(call, &payload, err);
	question->type = WEB_CORE_CHALLENGE_RESPOND;
	return r < 0 ? r : WEB_ASK_CORE;
}

static int
tell(struct web_call *call, const struct web_core_answer *answer,
    struct web_reply *reply, struct err *err)
{
	const struct authz *authz = &answer->authz;
	struct bld *out;

	if ((authz->offered & 1U << call->challenge) == 0)
		return err_set(err, ERR_NO_SUCH_RESOURCE, "RFC 8555 7.5.1",
		    "the authorization does not offer this challenge");
	web_reply_init(reply, call->web, 200);
	challenge_put_json(web_reply_body(reply, "application/json"),
	    call->base, authz, call->challenge);
	out = web_reply_header_begin(reply, "Link");
	bld_u8(out, '<');
	authz_put_url(out, call->base, authz->id);
	bld_str(out, ">;rel=\"up\"");
	web_reply_header_end(reply);
	if (authz->attempted == call->challenge &&
	    authz->attempted_status == CHALLENGE_PROCESSING)
		web_reply_retry_after(reply, WEB_RETRY_AFTER_S);
	return 0;
}

const struct web_route route_challenge = {
	.pattern = ACME_PATH_CHALLENGE "#/@",
	.allow = "POST, OPTIONS",
	.auth = WEB_AUTH_KID,
	.answer = WEB_CORE_AUTHZ,
	.ask = ask,
	.tell = tell,
};
