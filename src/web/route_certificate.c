/* SPDX-License-Identifier: Apache-2.0 */
#include "acme/objects_json.h"
#include "base/text.h"
#include "web/web_call.h"

/* RFC 8555 section 7.4.2: downloading the certificate with its chain. */

static int
ask(struct web_call *call, struct web_core_request *question,
    struct web_reply *reply, struct err *err)
{
	int r = web_routes_empty(call, err);

	(void)reply;
	question->type = WEB_CORE_CERTIFICATE_GET;
	question->object_id = call->object_id;
	return r < 0 ? r : WEB_ASK_CORE;
}

static int
tell(struct web_call *call, const struct web_core_answer *answer,
    struct web_reply *reply, struct err *err)
{
	struct bld *out;

	(void)err;
	web_reply_init(reply, call->web, 200);
	out = web_reply_body(reply, "application/pem-certificate-chain");
	for (size_t i = 0; i < answer->certificate.count; i++)
		text_pem(out, "CERTIFICATE", answer->certificate.der[i]);
	return 0;
}

const struct web_route route_certificate = {
	.pattern = ACME_PATH_CERTIFICATE "#",
	.allow = "POST, OPTIONS",
	.auth = WEB_AUTH_KID,
	.answer = WEB_CORE_CERTIFICATE,
	.ask = ask,
	.tell = tell,
};
