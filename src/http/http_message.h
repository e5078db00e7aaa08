/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_HTTP_HTTP_MESSAGE_H
#define SIGNET_HTTP_HTTP_MESSAGE_H

/*
 * http_message: one HTTP request as a server's logic sees it, and one answer
 * as it gives it. Free of sockets, so that the logic runs without any.
 */

#include "base/span.h"

#define HTTP_RESPONSE_HEADERS_MAX 12 /* beside those that the server makes */

enum http_method {
	HTTP_GET = 1, HTTP_HEAD, HTTP_POST, HTTP_OPTIONS,
	HTTP_OTHER /* any other token: for the logic to answer with 405 */
};

/* All spans live as long as the call that hands the request over. */
struct http_request {
	enum http_method method;
	struct span path;         /* begins with '/'; nothing is decoded */
	struct span query;        /* behind the '?', or empty */
	struct span target;       /* path and query as sent */
	struct span host;         /* host and perhaps port: only letters,
	                             digits and ".-_:[]"; never empty */
	struct span content_type; /* empty if absent */
	struct span body;
	struct span peer;         /* the client's address as text */
};

struct http_header {
	const char *name;
	struct span value; /* without CR and LF, which is the giver's duty */
};

/* Date, Content-Length and Connection are the server's to add. */
struct http_response {
	int status;
	const char *content_type; /* NULL: no body, and no header for it */
	struct span body;         /* not sent to HEAD, but counted */
	size_t num_headers;
	struct http_header headers[HTTP_RESPONSE_HEADERS_MAX];
};

/* "Not Found"; "Unknown" for what has no name here. */
const char *http_status_name(int status);

#endif
