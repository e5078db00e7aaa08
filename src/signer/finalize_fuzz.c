/* SPDX-License-Identifier: Apache-2.0 */
/* Finalize payloads as whoever holds an account's key signs them: what is
 * accepted has a CSR whose names and key are of their form, and whose key is
 * not the account's. */
#include <stdlib.h>

#include "base/log.h"
#include "signer/signer_fixture.h"

static void
check_issue(const struct issue *issue, const struct issue_request *request)
{
	const struct ident_list *names = &issue->csr.names;
	struct err err;

	if (names->count == 0 || names->count > IDENT_LIST_MAX ||
	    issue->csr.must_staple || span_equal(issue->csr.spki,
	    request->account_spki))
		abort();
	for (size_t i = 0; i < names->count; i++)
		if (ident_check(&names->items[i], &err) < 0)
			abort();
}

/* As core would ask, but for the payload. */
static void
run(struct fixture *f, const struct jwk *key, struct span header,
    struct span payload)
{
	struct issue_context context = { .env = &f->env,
		.config = &f->config };
	struct issue_request request = { 0 };
	struct issue issue = { .request = &request, .key = key };
	struct arena arena = { 0 };
	struct err err = ERR_INIT;
	struct bld jws;
	int r;

	bld_init(&jws, 2 * JWS_BODY_MAX);
	if (jws_sign(&jws, header, payload, key, &err) < 0)
		abort();
	scene_split(bld_view(&jws), &arena, &request);
	if (key_to_spki(f->account_key, &arena, &request.account_spki,
	    &err) < 0)
		abort();
	r = issue_read(&context, &issue, &arena, &err);
	if (r == 0)
		check_issue(&issue, &request);
	else if (!err_is_refusal(r))
		abort();
	bld_free(&jws);
	arena_free(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fixture f;
	static struct jwk key;
	static char header[256];
	struct err err;

	if (key.pkey == NULL) {
		log_set_level(LOG_ERROR);
		fixture_init(&f);
		if (jwk_from_key(f.account_key, &key, &err) < 0)
			abort();
		snprintf(header, sizeof(header), "{\"alg\":\"ES256\","
		    "\"kid\":\"https://ca.test/acme/account/17\","
		    "\"nonce\":\"n\",\"url\":\"https://ca.test/acme/order/"
		    "%lld/finalize\"}", (long long)(f.now - ACME_ID_EPOCH_MS)
		    << ACME_ID_RANDOM_BITS);
	}
	if (size > JWS_BODY_MAX)
		return 0;
	run(&f, &key, span_str(header), span_of(data, size));
	return 0;
}
