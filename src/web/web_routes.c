/* SPDX-License-Identifier: Apache-2.0 */
#include "web/web_call.h"

#include "base/json.h"
#include "base/text.h"

/* In the order of how often they are asked for. */
static const struct web_route *const routes[] = {
	&route_authz,
	&route_challenge,
	&route_order,
	&route_order_finalize,
	&route_order_new,
	&route_certificate,
	&route_nonce,
	&route_directory,
	&route_account_new,
	&route_account,
	&route_account_orders,
};

/* Cuts the path's next segment off, up to '/' or the end. */
static struct span
segment(struct span *path)
{
	struct span first = *path;
	size_t len = 0;

	while (len < path->len && path->data[len] != '/')
		len++;
	first.len = len;
	*path = span_from(*path, len);
	return first;
}

static bool
match(const char *pattern, struct span path, struct web_call *call)
{
	uint64_t id;

	for (; *pattern != '\0'; pattern++) {
		if (*pattern == '#') {
			if (text_uint(segment(&path), INT64_MAX, &id) < 0 ||
			    id == 0)
				return false;
			call->object_id = (int64_t)id;
		} else if (*pattern == '@') {
			call->challenge =
			    challenge_type_from_name(segment(&path));
			if (call->challenge == 0)
				return false;
		} else if (path.len > 0 && path.data[0] == (uint8_t)*pattern) {
			path = span_from(path, 1);
		} else {
			return false;
		}
	}
	return path.len == 0;
}

const struct web_route *
web_routes_find(struct span path, struct web_call *call)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (match(routes[i]->pattern, path, call))
			return routes[i];
	}
	return NULL;
}

int
web_routes_empty(const struct web_call *call, struct err *err)
{
	if (call->jws.payload.len == 0)
		return 0;
	return err_set(err, ERR_MALFORMED, "RFC 8555 6.3",
	    "this resource is fetched by POST-as-GET, whose payload is empty");
}

int
web_routes_payload(const struct web_call *call, json_t **ret, struct err *err)
{
	*ret = NULL;
	if (call->jws.payload.len == 0)
		return err_set(err, ERR_MALFORMED, "RFC 8555 6.3",
		    "this resource cannot be fetched by POST-as-GET; the "
		    "payload must be a JSON object");
	return json_parse_object(call->jws.payload, "the payload", ret, err);
}
