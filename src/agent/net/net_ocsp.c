/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/net_ocsp.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "agent/rpc/judge_files.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/text.h"

struct question {
	struct list_node of_ocsp;
	uint64_t id;
	bool posted;
	struct arena arena;
	struct span url, directory, request;
	struct net_ocsp *ocsp;
};

struct net_ocsp {
	void (*http)(void *ctx, uint64_t id,
	    const struct client_request *request);
	void (*done)(void *ctx, uint64_t id, bool ok, struct span text);
	void *ctx;
	struct list questions;
};

struct net_ocsp *
net_ocsp_new(
    void (*http)(void *ctx, uint64_t id, const struct client_request *request),
    void (*done)(void *ctx, uint64_t id, bool ok, struct span text), void *ctx)
{
	struct net_ocsp *ocsp = mem_zalloc(sizeof(*ocsp));

	*ocsp = (struct net_ocsp){ .http = http, .done = done, .ctx = ctx };
	return ocsp;
}

static void
question_free(struct question *question)
{
	list_del(&question->ocsp->questions, &question->of_ocsp);
	arena_free(&question->arena);
	free(question);
}

void
net_ocsp_free(struct net_ocsp *ocsp)
{
	struct question *question;

	if (ocsp == NULL)
		return;
	LIST_EACH(question, &ocsp->questions, of_ocsp)
		question_free(question);
	free(ocsp);
}

/* The certificate's URL: http, as all else would need trust that needs OCSP,
 * with a host and nothing that could be taken for something else. */
static bool
is_good(struct span url)
{
	struct span http = SPAN_LIT("http://");

	if (url.len <= http.len || url.len > CLIENT_URL_MAX / 2 ||
	    !span_starts_with(url, http) || url.data[http.len] == '/' ||
	    memchr(url.data, '@', url.len) != NULL ||
	    memchr(url.data, '#', url.len) != NULL)
		return false;
	for (size_t i = 0; i < url.len; i++) {
		if (url.data[i] <= ' ' || url.data[i] >= 0x7f ||
		    url.data[i] == '\\')
			return false;
	}
	return true;
}

/* RFC 6960 A.1.1. False if it would be too long. */
static bool
put_get(struct bld *out, const struct question *question)
{
	unsigned char text[4 * FILES_OCSP_REQUEST_MAX / 3 + 8];
	struct span url = question->url;
	size_t start;
	int len;

	if (question->request.len > FILES_OCSP_REQUEST_MAX)
		return false;
	len = EVP_EncodeBlock(text, question->request.data,
	    (int)question->request.len);
	bld_span(out, url);
	if (url.data[url.len - 1] != '/')
		bld_u8(out, '/');
	start = out->len;
	for (int i = 0; i < len; i++) {
		if (strchr("+/=", text[i]) != NULL)
			bld_fmt(out, "%%%02X", text[i]);
		else
			bld_u8(out, text[i]);
	}
	return bld_end(out) == 0 && out->len - start <= NET_OCSP_GET_MAX &&
	    memchr(url.data, '?', url.len) == NULL;
}

static void
send(struct question *question)
{
	struct client_request request = { .method = CLIENT_GET,
		.accept = SPAN_LIT("application/ocsp-response"),
		.body_max = FILES_OCSP_MAX,
		.max_ms = NET_OCSP_WAIT_MS,
		.led = true, .leader = question->directory };
	struct bld url;

	bld_init(&url, CLIENT_URL_MAX);
	if (!question->posted && put_get(&url, question)) {
		request.url = bld_view(&url);
	} else {
		question->posted = true;
		request.method = CLIENT_POST;
		request.url = question->url;
		request.body = question->request;
		request.content_type = SPAN_LIT("application/ocsp-request");
	}
	question->ocsp->http(question->ocsp->ctx, question->id, &request);
	bld_free(&url);
}

static void
end(struct question *question, bool ok, struct span text)
{
	struct net_ocsp *ocsp = question->ocsp;
	uint64_t id = question->id;

	question_free(question);
	ocsp->done(ocsp->ctx, id, ok, text);
}

void
net_ocsp_ask(struct net_ocsp *ocsp, uint64_t id, struct span url,
    struct span directory, struct span request)
{
	struct question *question;

	if (!is_good(url)) {
		ocsp->done(ocsp->ctx, id, false, SPAN_LIT("the certificate's "
		    "URL of its OCSP responder is not an http URL"));
		return;
	}
	question = mem_zalloc(sizeof(*question));
	question->ocsp = ocsp;
	question->id = id;
	list_add(&ocsp->questions, &question->of_ocsp);
	question->url = arena_dup(&question->arena, url);
	question->directory = arena_dup(&question->arena, directory);
	question->request = arena_dup(&question->arena, request);
	send(question);
}

static struct question *
find(const struct net_ocsp *ocsp, uint64_t id)
{
	struct question *question;

	LIST_EACH(question, &ocsp->questions, of_ocsp) {
		if (question->id == id)
			return question;
	}
	return NULL;
}

void
net_ocsp_answered(struct net_ocsp *ocsp, uint64_t id,
    const struct client_response *response)
{
	struct question *question = find(ocsp, id);
	char why[ERR_TEXT_SIZE + 64];
	char shown[200];

	if (question == NULL)
		return;
	if (response->err.kind == ERR_NONE && response->status == 200 &&
	    response->body.len > 0) {
		end(question, true, response->body);
		return;
	}
	/* Some know POST alone. */
	if (!question->posted && response->err.kind != ERR_UNAUTHORIZED) {
		question->posted = true;
		send(question);
		return;
	}
	text_printable(shown, sizeof(shown), question->url);
	if (response->err.kind != ERR_NONE)
		snprintf(why, sizeof(why), "%s", response->err.text);
	else
		snprintf(why, sizeof(why), "the OCSP responder at %s answers "
		    "with HTTP status %d", shown, response->status);
	end(question, false, span_str(why));
}
