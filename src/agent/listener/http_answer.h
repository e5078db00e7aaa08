/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_LISTENER_HTTP_ANSWER_H
#define SIGNET_AGENT_LISTENER_HTTP_ANSWER_H

/*
 * http_answer: RFC 8555 8.3 on sockets that are bound already: GET and HEAD of
 * /.well-known/acme-challenge/TOKEN are answered for tokens that were set, and
 * everything else with 404. One request a connection.
 *
 * Behind it is evhttp: HTTP is not ours to parse (docs/decisions/0003). Who is
 * slow is cut off HTTP_ANSWER_TIME_MS after it came; when there are more than
 * HTTP_ANSWER_CONNECTIONS_MAX, who came first goes.
 */

#include "agent/rpc/judge_listener.h"
#include "base/loop.h"

#define HTTP_ANSWER_CONNECTIONS_MAX 512
#define HTTP_ANSWER_TIME_MS 10000
#define HTTP_ANSWER_SWEEP_MS 1000
#define HTTP_ANSWER_HEAD_MAX 8192 /* bytes of a request's line and headers */
#define HTTP_ANSWER_BODY_MAX 1024 /* bytes that a GET may carry along */

struct http_answer;

/* The sockets listen already and become its own. */
struct http_answer *http_answer_new(struct loop *loop, const struct env *env,
    const int *fds, size_t num_fds);
void http_answer_free(struct http_answer *http);

/* Both copied. A token that is set already gets the new answer. */
int http_answer_set(struct http_answer *http, struct span token,
    struct span key_authorization, struct err *err);
void http_answer_drop(struct http_answer *http, struct span token);

#endif
