/* SPDX-License-Identifier: Apache-2.0 */
#include "acme/objects_json.h"
#include "web/web_call.h"

/* RFC 8555 section 7.2. The nonce itself is web_reply_send's to add. */

static void
get(struct web_call *call, struct web_reply *reply)
{
	web_reply_init(reply, call->web, call->method == HTTP_GET ? 204 : 200);
	web_reply_header(reply, "Cache-Control", SPAN_LIT("no-store"));
}

static int
ask(struct web_call *call, struct web_core_request *question,
    struct web_reply *reply, struct err *err)
{
	int r = web_routes_empty(call, err);

	(void)question;
	if (r < 0)
		return r;
	get(call, reply);
	return WEB_REPLY;
}

const struct web_route route_nonce = {
	.pattern = ACME_PATH_NEW_NONCE,
	.allow = "GET, HEAD, POST, OPTIONS",
	.auth = WEB_AUTH_KID,
	.get = get,
	.ask = ask,
};
