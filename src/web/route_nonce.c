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

const struct web_route route_nonce = {
	.pattern = ACME_PATH_NEW_NONCE,
	.allow = "GET, HEAD, POST, OPTIONS",
	.auth = WEB_AUTH_KID,
	.get = get,
};
