/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/rpc/judge_listener.h"

void
judge_listener_request_encode(struct bld *out,
    const struct judge_listener_request *request)
{
	switch (request->type) {
	case JUDGE_LISTENER_SET_HTTP:
		bld_span16(out, request->token);
		bld_span16(out, request->key_authorization);
		break;
	case JUDGE_LISTENER_SET_TLS:
		ident_encode(out, &request->ident);
		bld_bytes(out, request->digest, sizeof(request->digest));
		break;
	case JUDGE_LISTENER_DROP_HTTP:
		bld_span16(out, request->token);
		break;
	case JUDGE_LISTENER_DROP_TLS:
		ident_encode(out, &request->ident);
		break;
	case JUDGE_LISTENER_DONE:
	case JUDGE_LISTENER_REFUSED:
		out->failed = true; /* answers */
		break;
	}
}

/* What goes into a URL's path and an HTTP answer, or a certificate. */
static bool
is_sound(const struct judge_listener_request *request)
{
	bool http = request->type == JUDGE_LISTENER_SET_HTTP ||
	    request->type == JUDGE_LISTENER_DROP_HTTP;

	return http ? client_token_check(request->token) :
	    ident_check(&request->ident, NULL) == 0 &&
	    !ident_is_wildcard(&request->ident);
}

int
judge_listener_request_decode(uint16_t type, struct span payload,
    struct judge_listener_request *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct judge_listener_request){
		.type = (enum judge_listener_type)type };
	switch (ret->type) {
	case JUDGE_LISTENER_SET_HTTP:
		ret->token = cur_text(&cur, CLIENT_TOKEN_MAX);
		ret->key_authorization = cur_text(&cur,
		    CLIENT_KEY_AUTHORIZATION_MAX);
		break;
	case JUDGE_LISTENER_SET_TLS:
		ident_decode(&cur, &ret->ident);
		cur_copy(&cur, ret->digest, sizeof(ret->digest));
		break;
	case JUDGE_LISTENER_DROP_HTTP:
		ret->token = cur_text(&cur, CLIENT_TOKEN_MAX);
		break;
	case JUDGE_LISTENER_DROP_TLS:
		ident_decode(&cur, &ret->ident);
		break;
	case JUDGE_LISTENER_DONE:
	case JUDGE_LISTENER_REFUSED:
	default:
		cur.failed = true;
		break;
	}
	if (cur_end(&cur) < 0 || !is_sound(ret))
		return err_set(err, ERR_FRAME, NULL, "judge's request to "
		    "listener (type %u) is not of its form", type);
	return 0;
}

void
judge_listener_answer_encode(struct bld *out,
    const struct judge_listener_answer *answer)
{
	if (answer->type == JUDGE_LISTENER_REFUSED)
		rpc_err_encode(out, &answer->err);
	else if (answer->type != JUDGE_LISTENER_DONE)
		out->failed = true;
}

int
judge_listener_answer_decode(uint16_t type, struct span payload,
    struct judge_listener_answer *ret, struct err *err)
{
	struct cur cur = CUR_OF(payload);

	*ret = (struct judge_listener_answer){
		.type = (enum judge_listener_type)type };
	if (ret->type == JUDGE_LISTENER_REFUSED)
		rpc_err_decode(&cur, &ret->err);
	else if (ret->type != JUDGE_LISTENER_DONE)
		cur.failed = true;
	if (cur_end(&cur) < 0)
		return err_set(err, ERR_FRAME, NULL, "listener's answer (type "
		    "%u) is not of its form", type);
	return 0;
}
