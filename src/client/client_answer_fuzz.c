/* SPDX-License-Identifier: Apache-2.0 */
/* The first byte chooses the object. Whatever a CA sends, URLs, tokens and
 * texts that come out are fit to be used. */
#include <stdlib.h>

#include "client/client_answer.h"
#include "client/client_chain.h"
#include "client/client_names.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool ok)
{
	if (!ok)
		abort();
}

static void
must_be_url(struct span url)
{
	must(url.len == 0 || client_url_check(url, true, NULL) == 0);
}

static void
must_be_clean(struct span text)
{
	must(text.len <= CLIENT_TEXT_MAX);
	for (size_t i = 0; i < text.len; i++)
		must(text.data[i] >= 0x20 && text.data[i] != 0x7f);
}

static void
look_at_problem(const struct client_problem *problem)
{
	must_be_clean(problem->type);
	must_be_clean(problem->detail);
	must_be_url(problem->instance);
	must(problem->num_subs <= CLIENT_SUBPROBLEMS_MAX);
	for (size_t i = 0; i < problem->num_subs; i++) {
		must_be_clean(problem->subs[i].type);
		must_be_clean(problem->subs[i].detail);
	}
}

static void
look_at_challenge(const struct client_answer_challenge *challenge)
{
	must(challenge->url.len > 0);
	must_be_url(challenge->url);
	must(challenge->token.len == 0 || client_token_check(challenge->token));
	for (size_t i = 0; i < challenge->num_issuers; i++)
		must_be_clean(challenge->issuers[i]);
	if (challenge->has_problem)
		look_at_problem(&challenge->problem);
}

static void
directory(const struct client_answer_from *from)
{
	static struct client_answer_directory ret;

	if (client_answer_directory(from, &ret, NULL) < 0)
		return;
	must(ret.urls[CLIENT_URL_NEW_ORDER].len > 0);
	for (size_t i = 0; i < CLIENT_URL_COUNT; i++)
		must_be_url(ret.urls[i]);
	must_be_url(ret.info.terms_url);
	for (size_t i = 0; i < ret.info.num_profiles; i++)
		must_be_clean(ret.info.profiles[i].text);
}

static void
order(const struct client_answer_from *from)
{
	static struct client_answer_order ret;

	if (client_answer_order(from, &ret, NULL) < 0)
		return;
	must(ret.finalize.len > 0);
	must(ret.status != ORDER_VALID || ret.certificate.len > 0);
	must_be_url(ret.finalize);
	must_be_url(ret.certificate);
	for (size_t i = 0; i < ret.num_authzs; i++)
		must_be_url(ret.authzs[i]);
	must_be_clean(ret.profile);
	for (size_t i = 0; i < ret.idents.count; i++)
		must(ident_check(&ret.idents.items[i], NULL) == 0);
	if (ret.has_problem)
		look_at_problem(&ret.problem);
}

static void
authz(const struct client_answer_from *from)
{
	static struct client_answer_authz ret;

	if (client_answer_authz(from, &ret, NULL) < 0)
		return;
	must(ident_check(&ret.ident, NULL) == 0);
	for (size_t i = 0; i < ret.num_challenges; i++) {
		must(ret.challenges[i].method != 0);
		look_at_challenge(&ret.challenges[i]);
	}
}

static void
others(const struct client_answer_from *from)
{
	struct client_answer_challenge challenge;
	struct client_answer_account account;
	struct client_renewal renewal;
	static struct span urls[CLIENT_ORDERS_MAX];
	size_t count = 0;

	if (client_answer_challenge(from, &challenge, NULL) == 0)
		look_at_challenge(&challenge);
	if (client_answer_account(from, &account, NULL) == 0)
		must_be_url(account.orders);
	if (client_answer_renewal(from, &renewal, NULL) == 0) {
		must(renewal.end_at > renewal.start_at);
		must_be_url(renewal.explanation_url);
	}
	(void)client_answer_orders(from, urls, &count, NULL);
	must(count <= CLIENT_ORDERS_MAX);
}

static void
problem(const struct client_answer_from *from)
{
	struct client_response response = { .status = 403,
		.body = from->body };
	struct client_problem ret;

	client_answer_problem(from->arena, &response, &ret);
	must(ret.detail.len > 0);
	look_at_problem(&ret);
}

static void
chain(const struct client_answer_from *from)
{
	struct span pem, again;

	if (client_chain_parse(from->body, from->arena, &pem, NULL) < 0)
		return;
	must(client_chain_parse(pem, from->arena, &again, NULL) == 0);
	must(span_equal(pem, again));
	(void)client_chain_matches(pem, SPAN_LIT("Root"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const kinds[])(const struct client_answer_from *) = {
		directory, order, authz, others, problem, chain
	};
	struct arena arena = { 0 };

	if (size == 0 || data[0] - (unsigned)'0' >= 6)
		return 0;
	kinds[data[0] - '0'](&(struct client_answer_from){
		.body = span_of(data + 1, size - 1),
		.http_too = true,
		.arena = &arena,
	});
	arena_free(&arena);
	return 0;
}
