/* SPDX-License-Identifier: Apache-2.0 */
#include "validator/http01.h"

#include "dns/dns_resolver.h"
#include "http/http_client.h"
#include "http/ip_range.h"
#include "http/url.h"
#include "jose/jwk.h"

#define RULE "RFC 8555 8.3"
#define RULE_REDIRECT "BR 3.2.2.4.19"
#define PATH "/.well-known/acme-challenge/"
#define KEY_AUTHORIZATION_MAX 128 /* token "." base64url(SHA-256): 87 */

/* One address of the host that may be dialled, of one family. */
struct candidate {
	bool known;
	bool tried;
	struct ip_addr addr;
};

struct http01 {
	const struct env *env;
	const struct rules *rules;
	const struct validate_request *request;
	void (*done)(void *arg, const struct err *err);
	void *arg;
	int64_t deadline;
	struct url url;
	unsigned redirects;
	struct span visited[HTTP01_REDIRECTS_MAX]; /* URLs, in arena */
	struct arena *arena;         /* the attempt's */
	/* This hop. */
	unsigned questions;          /* DNS answers still to come */
	struct candidate v6, v4;
	struct candidate *dialled;
	struct err dns_err;          /* why there is no address */
	struct err range_err;        /* why one may not be dialled */
	struct err result;
};

static void hop_start(struct http01 *at);
static void dial_next(struct http01 *at);

static void
on_finish(void *arg)
{
	struct http01 *at = arg;

	at->done(at->arg, &at->result);
}

/* The last thing that is done with at. It goes through a timer because the
 * caller may still be in start. */
static void
finish(struct http01 *at)
{
	at->env->timer_start(at->env->ctx, 0, on_finish, at);
}

static int64_t
time_left(const struct http01 *at)
{
	return at->deadline - env_now(at->env);
}

/* Host and port as sentences name them; the path may be anything, and says
 * nothing that the client does not know. */
#define WHERE "http%s://%s:%u"
#define WHERE_ARGS(at) (at)->url.https ? "s" : "", (at)->url.host, \
	(unsigned)(at)->url.port

static void
fail_time(struct http01 *at)
{
	err_set(&at->result, ERR_CONNECTION, RULE, "the validation took longer "
	    "than %d seconds; the last server asked was " WHERE,
	    METHOD_TOTAL_MS / 1000, WHERE_ARGS(at));
	finish(at);
}

/* RFC 8555 8.3, steps 4 and 5. */
static void
judge_body(struct http01 *at, const struct http_fetched *fetched)
{
	struct span body = fetched->body, token;
	const char *why;
	struct bld expected;

	while (body.len > 0 && strchr(" \t\r\n\v\f",
	    body.data[body.len - 1]) != NULL && body.data[body.len - 1] != 0)
		body.len--;
	bld_init(&expected, KEY_AUTHORIZATION_MAX);
	token = span_of(at->request->token, sizeof(at->request->token));
	jwk_key_authorization(&expected, token, at->request->thumbprint);
	if (bld_end(&expected) == 0 && !fetched->body_cut &&
	    !fetched->encoded &&
	    span_equal(body, bld_view(&expected))) {
		at->result.kind = ERR_NONE;
		bld_free(&expected);
		finish(at);
		return;
	}
	bld_free(&expected);
	/* What was fetched is not repeated: it may be from a place that the
	 * client cannot reach itself. */
	if (fetched->encoded)
		why = "has a Content-Encoding, though it was asked for "
		    "without (RFC 9110 12.5.3); serve the file as it is";
	else if (fetched->body_cut)
		why = "is too long to be a key authorization";
	else if (body.len == 0)
		why = "is empty";
	else if (span_starts_with(body, token))
		why = "begins with the right token but is not the key "
		    "authorization; was it made with another account's key?";
	else
		why = "is not the key authorization that was expected";
	err_set(&at->result, ERR_INCORRECT_RESPONSE, RULE,
	    "the content that " WHERE " served %s", WHERE_ARGS(at), why);
	finish(at);
}

static bool
is_redirect(const struct http01 *at, int code)
{
	return code == 301 || code == 302 || code == 307 || code == 308 ||
	    (code == 303 && at->rules->follow_see_other);
}

static int
redirect_check(struct http01 *at, const struct url *next)
{
	struct ip_addr addr;

	if (!rules_redirect_port(at->rules, next->port))
		return err_set(&at->result, ERR_INCORRECT_RESPONSE,
		    RULE_REDIRECT, WHERE " redirects to port %u; only ports "
		    "80 and 443 are followed", WHERE_ARGS(at),
		    (unsigned)next->port);
	/* The range check would also refuse most; but a name is what the
	 * client proves, and an address in a redirect is nobody's name. */
	if (next->host_is_ip && (ip_addr_parse(span_str(next->host),
	    &addr) < 0 || !ip_range_listed(&addr, at->rules->allow,
	    at->rules->num_allow)))
		return err_set(&at->result, ERR_INCORRECT_RESPONSE,
		    "RFC 8555 10.2", WHERE " redirects to an IP address; "
		    "redirect to a DNS name", WHERE_ARGS(at));
	for (unsigned i = 0; i < at->redirects; i++)
		if (span_equal_str(at->visited[i], next->text))
			return err_set(&at->result, ERR_INCORRECT_RESPONSE,
			    RULE, WHERE " redirects in a loop",
			    WHERE_ARGS(at));
	return 0;
}

static void
follow(struct http01 *at, struct span location)
{
	struct url next;

	if (at->redirects == HTTP01_REDIRECTS_MAX) {
		err_set(&at->result, ERR_INCORRECT_RESPONSE, RULE,
		    "more than %d redirects, the last one by " WHERE,
		    HTTP01_REDIRECTS_MAX, WHERE_ARGS(at));
		finish(at);
		return;
	}
	at->visited[at->redirects++] = arena_dup(at->arena,
	    span_of(at->url.text, at->url.text_len));
	if (url_parse(&at->url, location, &next, &at->result) < 0) {
		at->result.kind = ERR_INCORRECT_RESPONSE;
		err_prefix(&at->result, WHERE " redirects to a place that "
		    "cannot be followed", WHERE_ARGS(at));
		finish(at);
	} else if (redirect_check(at, &next) < 0) {
		finish(at);
	} else {
		at->url = next;
		hop_start(at);
	}
}

static void
judge_answer(struct http01 *at, const struct http_fetched *fetched)
{
	if (is_redirect(at, fetched->code)) {
		follow(at, fetched->location);
	} else if (fetched->code == 200) {
		judge_body(at, fetched);
	} else {
		err_set(&at->result, ERR_INCORRECT_RESPONSE, RULE, WHERE
		    " answered with status %d; 200 is needed",
		    WHERE_ARGS(at), fetched->code);
		finish(at);
	}
}

static void
fail_fetch(struct http01 *at, const struct http_fetched *fetched)
{
	const char *why = fetched->why != NULL ? fetched->why : "no reason";
	char text[IP_ADDR_TEXT_SIZE];
	enum err_kind kind = ERR_CONNECTION;

	switch (fetched->status) {
	case HTTP_FETCH_CONNECT:
	case HTTP_FETCH_TIMEOUT:
	case HTTP_FETCH_OK:
		break;
	case HTTP_FETCH_TLS:
		kind = ERR_TLS;
		break;
	case HTTP_FETCH_PROTOCOL:
		kind = ERR_INCORRECT_RESPONSE;
		break;
	}
	err_set(&at->result, kind, RULE, "cannot fetch from " WHERE " at "
	    "address %s: %s", WHERE_ARGS(at),
	    ip_addr_text(text, &at->dialled->addr), why);
}

static void
on_fetched(void *arg, const struct http_fetched *fetched)
{
	struct http01 *at = arg;

	if (fetched->status == HTTP_FETCH_OK) {
		judge_answer(at, fetched);
		return;
	}
	fail_fetch(at, fetched);
	/* A broken IPv6 is common; the other family may do. What was reached
	 * and then failed is an answer, and is not asked again. */
	if ((fetched->status == HTTP_FETCH_CONNECT ||
	    fetched->status == HTTP_FETCH_TIMEOUT) &&
	    at->dialled == &at->v6 && at->v4.known && time_left(at) > 0)
		dial_next(at);
	else
		finish(at);
}

/* Dials what is left: IPv6 first, IPv4 once after it. */
static void
dial_next(struct http01 *at)
{
	char address[IP_ADDR_TEXT_SIZE];
	int64_t left = time_left(at);
	struct http_fetch fetch;

	if (left <= 0) {
		fail_time(at);
		return;
	}
	at->dialled = at->v6.known && !at->v6.tried ? &at->v6 : &at->v4;
	at->dialled->tried = true;
	if (at->dialled == &at->v6 && at->v4.known)
		left /= 2;
	fetch = (struct http_fetch){
		.url = span_of(at->url.text, at->url.text_len),
		.address = span_str(ip_addr_text(address, &at->dialled->addr)),
		.port = at->url.port,
		.body_max = HTTP01_BODY_MAX,
		.timeout_ms = left,
	};
	at->env->fetch(at->env->ctx, &fetch, on_fetched, at);
}

static void
dial_first(struct http01 *at)
{
	if (at->v6.known || at->v4.known) {
		dial_next(at);
		return;
	}
	if (at->range_err.kind != ERR_NONE)
		at->result = at->range_err;
	else if (at->dns_err.kind != ERR_NONE)
		at->result = at->dns_err;
	else
		err_set(&at->result, ERR_DNS, RULE, "%s has neither an A nor "
		    "an AAAA record", at->url.host);
	finish(at);
}

/* Keeps the first address of its family that may be dialled. */
static void
take_address(struct http01 *at, struct candidate *candidate,
    const struct ip_addr *addr)
{
	if (candidate->known)
		return;
	if (ip_range_check(addr, at->rules->allow, at->rules->num_allow,
	    &at->range_err) < 0) {
		err_prefix(&at->range_err, "%s", at->url.host);
		return;
	}
	candidate->known = true;
	candidate->addr = *addr;
}

static void
take_answer(struct http01 *at, struct candidate *candidate, uint8_t size,
    const struct dns_answer *answer)
{
	struct ip_addr addr = { .size = size };

	/* No such name and no such record leave the same sentence. */
	if (answer->status != DNS_OK && answer->status != DNS_NXDOMAIN)
		err_set(&at->dns_err, ERR_DNS, RULE, "looking up %s records "
		    "of %s: %s", size == 16 ? "AAAA" : "A", at->url.host,
		    answer->why != NULL ? answer->why : "failed");
	else if (answer->status == DNS_NXDOMAIN && at->dns_err.kind ==
	    ERR_NONE)
		err_set(&at->dns_err, ERR_DNS, RULE, "%s does not exist in "
		    "DNS", at->url.host);
	for (size_t i = 0; answer->status == DNS_OK && i < answer->count; i++) {
		if (answer->rdata[i].len != size)
			continue;
		memcpy(addr.bytes, answer->rdata[i].data, size);
		take_address(at, candidate, &addr);
	}
	if (--at->questions == 0)
		dial_first(at);
}

static void
on_aaaa(void *arg, const struct dns_answer *answer)
{
	struct http01 *at = arg;

	take_answer(at, &at->v6, 16, answer);
}

static void
on_a(void *arg, const struct dns_answer *answer)
{
	struct http01 *at = arg;

	take_answer(at, &at->v4, 4, answer);
}

static void
resolve(struct http01 *at, int64_t left)
{
	struct dns_query query = {
		.name = span_str(at->url.host),
		.type = DNS_AAAA,
		.timeout_ms = left,
	};

	at->questions = 2;
	at->env->resolve(at->env->ctx, &query, on_aaaa, at);
	query.type = DNS_A;
	at->env->resolve(at->env->ctx, &query, on_a, at);
}

/* Begins the hop to at->url. */
static void
hop_start(struct http01 *at)
{
	int64_t left = time_left(at);
	struct ip_addr addr;

	at->v6 = at->v4 = (struct candidate){ 0 };
	at->dns_err.kind = at->range_err.kind = ERR_NONE;
	if (left <= 0) {
		fail_time(at);
	} else if (!at->url.host_is_ip) {
		resolve(at, left);
	} else {
		if (ip_addr_parse(span_str(at->url.host), &addr) == 0)
			take_address(at, addr.size == 16 ? &at->v6 : &at->v4,
			    &addr);
		dial_first(at);
	}
}

static bool
is_base64url(const uint8_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint8_t c = text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return true;
}

/* RFC 8555 8.3, steps 1 and 2. The path is fixed here: core, which is not
 * trusted for it, chooses nothing but a token of the right alphabet. */
static int
first_url(struct http01 *at)
{
	const struct validate_request *request = at->request;
	struct span name = request->ident.value;
	uint8_t path[sizeof(PATH) - 1 + sizeof(request->token)];
	int r;

	if (request->wildcard)
		return err_set(&at->result, ERR_UNAUTHORIZED, RULE_REDIRECT,
		    "http-01 does not prove control of a wildcard name");
	if (!is_base64url(request->token, sizeof(request->token)))
		return err_set(&at->result, ERR_INTERNAL, RULE,
		    "the token is not base64url");
	memcpy(path, PATH, sizeof(PATH) - 1);
	memcpy(path + sizeof(PATH) - 1, request->token,
	    sizeof(request->token));
	r = url_make(name, at->rules->http_port, span_of(path, sizeof(path)),
	    &at->url, &at->result);
	if (r < 0 || !span_equal_str(name, at->url.host))
		r = err_set(&at->result, ERR_INTERNAL, RULE,
		    "the identifier is not a host name");
	return r;
}

static void
http01_start(const struct env *env, const struct rules *rules,
    const struct validate_request *request, struct arena *arena,
    void (*done)(void *arg, const struct err *err), void *arg)
{
	struct http01 *at = arena_alloc(arena, sizeof(*at));

	*at = (struct http01){ .arena = arena };
	at->env = env;
	at->rules = rules;
	at->request = request;
	at->done = done;
	at->arg = arg;
	at->deadline = env_now(env) + METHOD_TOTAL_MS;
	if (first_url(at) < 0)
		finish(at);
	else
		hop_start(at);
}

const struct method http01_method = {
	.type = CHALLENGE_HTTP_01,
	.start = http01_start,
};
