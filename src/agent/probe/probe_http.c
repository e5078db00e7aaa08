/* SPDX-License-Identifier: Apache-2.0 */
/* One address: fetches the challenge there as a CA would, and says on what way
 * it came or where it ended. */
#include <stdio.h>
#include <time.h>

#include "agent/probe/probe_private.h"
#include "http/url.h"

#define PATH "/.well-known/acme-challenge/"
#define NO_TOKEN "signet-check" /* where no challenge was set up */

#define SHOWN_MAX 5 /* redirects that a sentence has room for */

struct walk {
	struct probe *probe;
	struct ip_addr first;  /* that is looked at */
	struct ip_addr at;     /* that is asked now */
	struct url url;
	unsigned redirects;
	struct bld way;        /* "http://a/ -> https://a/" */
};

static const char *
subject(const struct walk *walk, char out[IP_ADDR_TEXT_SIZE])
{
	return ip_addr_text(out, &walk->first);
}

static void
end(struct walk *walk)
{
	struct probe *probe = walk->probe;

	bld_free(&walk->way);
	free(walk);
	probe_part_done(probe);
}

/* Where it ended, when a redirect led away. */
static void
fail(struct walk *walk, const char *remedy, const char *text)
{
	char address[IP_ADDR_TEXT_SIZE];

	probe_find(walk->probe, PROBE_HTTP, PROBE_PROBLEM,
	    subject(walk, address), remedy, "%s%s%.*s%s", text,
	    walk->redirects > 0 ? " (" : "", walk->redirects > 0 ?
	    (int)walk->way.len : 0, (const char *)walk->way.data,
	    walk->redirects > 0 ? ")" : "");
	end(walk);
}

static const char *
remedy_unreachable(const struct walk *walk)
{
	if (walk->redirects > 0)
		return "let the web server show "
		    "/.well-known/acme-challenge/ without the redirect, or "
		    "put right where it leads";
	return walk->first.size == 16 ? "let the server listen on IPv6 and "
	    "the firewall let it in, or remove the AAAA record: CAs prefer "
	    "IPv6 where there is one" : "let a server listen there, and the "
	    "firewall and the router let it in from the Internet";
}

static void
fail_fetch(struct walk *walk, const struct http_fetched *fetched)
{
	char text[512];

	if (fetched->status == HTTP_FETCH_PROTOCOL)
		snprintf(text, sizeof(text), "what answers on port %u is no "
		    "HTTP: %s", walk->url.port, fetched->why == NULL ? "" :
		    fetched->why);
	else if (fetched->status == HTTP_FETCH_TLS)
		snprintf(text, sizeof(text), "TLS on port %u fails: %s",
		    walk->url.port, fetched->why == NULL ? "" : fetched->why);
	else
		snprintf(text, sizeof(text), "nothing answers on port %u: %s",
		    walk->url.port, fetched->why == NULL ? "no connection" :
		    fetched->why);
	fail(walk, remedy_unreachable(walk), text);
}

static bool
is_answer(const struct walk *walk, const struct http_fetched *fetched)
{
	struct span body = fetched->body;

	/* RFC 8555 8.3: white space at the end does not count. */
	while (body.len > 0 && memchr(" \t\r\n", body.data[body.len - 1],
	    sizeof(" \t\r\n") - 1))
		body.len--;
	return span_equal(body, walk->probe->check.key_authorization);
}

static void
judge_answer(struct walk *walk, const struct http_fetched *fetched)
{
	bool wanted = walk->probe->check.token.len > 0;
	char address[IP_ADDR_TEXT_SIZE], text[256];

	if (wanted && fetched->code == 200 && !is_answer(walk, fetched)) {
		fail(walk, "see whether the name points to another machine, "
		    "or another site or a proxy answers for it",
		    "it answers, but not with our challenge");
		return;
	}
	if (wanted && fetched->code != 200) {
		snprintf(text, sizeof(text), "it answers with HTTP status %d "
		    "instead of our challenge", fetched->code);
		fail(walk, "see whether the name points to another machine, "
		    "and whether --via names what that web server shows",
		    text);
		return;
	}
	probe_find(walk->probe, PROBE_HTTP, PROBE_GOOD,
	    subject(walk, address), NULL, "%s (%.*s)", wanted ?
	    "our challenge was fetched there" : "a web server answers there",
	    SPAN_FMT(bld_view(&walk->way)));
	end(walk);
}

static void on_fetched(void *arg, const struct http_fetched *fetched);

static void
fetch(struct walk *walk, void (*done)(void *arg,
    const struct http_fetched *fetched))
{
	char address[IP_ADDR_TEXT_SIZE];
	const struct http_fetch what = {
		.url = span_of(walk->url.text, walk->url.text_len),
		.address = span_str(ip_addr_text(address, &walk->at)),
		.port = walk->url.port, .body_max = PROBE_BODY_MAX,
		.timeout_ms = PROBE_FETCH_MS };

	walk->probe->env->fetch(walk->probe->env->ctx, &what, done, walk);
}

static void
on_host(void *arg, const struct dns_answer *answer)
{
	struct walk *walk = arg;
	const struct dns_query v6 = { .name = span_str(walk->url.host),
		.type = DNS_AAAA };
	struct span found = answer->status == DNS_OK && answer->count > 0 ?
	    answer->rdata[0] : SPAN_NONE;

	if (found.len == 4 || found.len == 16) {
		walk->at = (struct ip_addr){ .size = (uint8_t)found.len };
		memcpy(walk->at.bytes, found.data, found.len);
		fetch(walk, on_fetched);
	} else if (walk->at.size != 0) {
		walk->at.size = 0; /* the second question */
		walk->probe->env->resolve(walk->probe->env->ctx, &v6, on_host,
		    walk);
	} else {
		fail(walk, "put right where it leads",
		    "it redirects to a host without an address");
	}
}

/* The same host is asked at the same address: that is the one in question. */
static void
follow(struct walk *walk, struct span location)
{
	struct dns_query v4 = { .type = DNS_A };
	struct url next;
	bool same;

	if (url_parse(&walk->url, location, &next, NULL) < 0) {
		fail(walk, "put right where it leads",
		    "it redirects to what is no http or https URL");
		return;
	}
	walk->redirects++;
	if (walk->redirects <= SHOWN_MAX)
		bld_fmt(&walk->way, " -> %s", walk->redirects == SHOWN_MAX ?
		    "..." : next.text);
	same = strcmp(next.host, walk->url.host) == 0;
	walk->url = next;
	v4.name = span_str(walk->url.host);
	if (walk->redirects > PROBE_REDIRECTS_MAX)
		fail(walk, "end the circle of redirects", "it redirects more "
		    "often than CAs follow");
	else if (next.port != 80 && next.port != 443 &&
	    next.port != walk->probe->check.http_port)
		fail(walk, "let it redirect to port 80 or 443, or not at all",
		    "it redirects to a port that CAs do not ask");
	else if (next.host_is_ip &&
	    ip_addr_parse(span_str(next.host), &walk->at) == 0)
		fetch(walk, on_fetched);
	else if (same)
		fetch(walk, on_fetched);
	else
		walk->probe->env->resolve(walk->probe->env->ctx, &v4, on_host,
		    walk);
}

static bool
is_redirect(int code)
{
	return code == 301 || code == 302 || code == 303 || code == 307 ||
	    code == 308;
}

static void
on_fetched(void *arg, const struct http_fetched *fetched)
{
	struct walk *walk = arg;

	if (fetched->status != HTTP_FETCH_OK)
		fail_fetch(walk, fetched);
	else if (is_redirect(fetched->code) && fetched->location.len > 0)
		follow(walk, fetched->location);
	else
		judge_answer(walk, fetched);
}

void
probe_http(struct probe *probe, const struct ip_addr *address)
{
	const struct judge_probe_check *check = &probe->check;
	struct walk *walk = mem_zalloc(sizeof(*walk));
	char path[sizeof(PATH) + CLIENT_TOKEN_MAX];
	struct span token = check->token.len > 0 ? check->token :
	    SPAN_LIT(NO_TOKEN);

	walk->probe = probe;
	walk->first = walk->at = *address;
	bld_init(&walk->way, PROBE_TEXT_MAX / 2);
	snprintf(path, sizeof(path), PATH "%.*s", SPAN_FMT(token));
	if (url_make(check->ident.value, check->http_port, span_str(path),
	    &walk->url, NULL) < 0) {
		fail(walk, NULL, "the name makes no URL");
		return;
	}
	bld_str(&walk->way, walk->url.text);
	fetch(walk, on_fetched);
}

/*
 * The clock.
 */

bool
probe_date(struct span text, int64_t *ret_ms)
{
	char copy[64];
	struct tm tm = { 0 };

	if (text.len >= sizeof(copy))
		return false;
	snprintf(copy, sizeof(copy), "%.*s", SPAN_FMT(text));
	/* RFC 9110 5.6.7. */
	if (strptime(copy, "%a, %d %b %Y %H:%M:%S GMT", &tm) == NULL)
		return false;
	*ret_ms = (int64_t)timegm(&tm) * 1000;
	return true;
}

static void
judge_clock(struct probe *probe, struct span date)
{
	int64_t theirs, off;

	if (!probe_date(date, &theirs))
		return;
	off = env_now(probe->env) - theirs;
	if (off > -PROBE_CLOCK_MS && off < PROBE_CLOCK_MS) {
		probe_find(probe, PROBE_CLOCK, PROBE_GOOD, "", NULL,
		    "this machine's clock is right");
		return;
	}
	probe_find(probe, PROBE_CLOCK, off > -PROBE_CLOCK_BAD_MS &&
	    off < PROBE_CLOCK_BAD_MS ? PROBE_WARNING : PROBE_PROBLEM, "",
	    "set it, and keep it right: `timedatectl set-ntp true`",
	    "this machine's clock is %lld s %s the CA's",
	    (long long)(off < 0 ? -off : off) / 1000, off < 0 ? "behind" :
	    "ahead of");
}

static void
on_ca(void *arg, const struct http_fetched *fetched)
{
	struct walk *walk = arg;

	if (fetched->status == HTTP_FETCH_OK)
		judge_clock(walk->probe, fetched->date);
	end(walk);
}

static void
on_ca_host(void *arg, const struct dns_answer *answer)
{
	struct walk *walk = arg;

	if (answer->status != DNS_OK || answer->count == 0 ||
	    answer->rdata[0].len != 4) {
		end(walk);
		return;
	}
	walk->at = (struct ip_addr){ .size = 4 };
	memcpy(walk->at.bytes, answer->rdata[0].data, 4);
	fetch(walk, on_ca);
}

void
probe_clock(struct probe *probe)
{
	struct walk *walk = mem_zalloc(sizeof(*walk));
	struct dns_query query = { .type = DNS_A };

	walk->probe = probe;
	if (url_parse(NULL, probe->check.ca_url, &walk->url, NULL) < 0) {
		end(walk);
		return;
	}
	query.name = span_str(walk->url.host);
	if (walk->url.host_is_ip &&
	    ip_addr_parse(query.name, &walk->at) == 0)
		fetch(walk, on_ca);
	else
		probe->env->resolve(probe->env->ctx, &query, on_ca_host,
		    walk);
}
