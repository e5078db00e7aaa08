/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/solvers/dns_record.h"

#include <openssl/evp.h>
#include <stdio.h>

#include "base/text.h"

#define LABEL_BYTES 10 /* of the hash, which make LABEL_SIZE - 1 letters */
#define LABEL_SIZE 17

static void
sha256(struct span text, uint8_t ret[32])
{
	if (EVP_Digest(text.data, text.len, ret, NULL, EVP_sha256(),
	    NULL) != 1)
		abort(); /* out of memory */
}

void
dns_record_digest(struct span text, char ret[DNS_RECORD_VALUE_SIZE])
{
	uint8_t hash[32];
	struct bld out;

	sha256(text, hash);
	bld_init(&out, DNS_RECORD_VALUE_SIZE);
	text_base64url(&out, span_of(hash, sizeof(hash)));
	snprintf(ret, DNS_RECORD_VALUE_SIZE, "%.*s", SPAN_FMT(bld_view(&out)));
	bld_free(&out);
}

/* RFC 4648 6, in lower case, of a length that needs no padding. */
static void
account_label(struct span account_url, char ret[LABEL_SIZE])
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t hash[32];
	uint64_t bits = 0;
	size_t have = 0, n = 0;

	sha256(account_url, hash);
	for (size_t i = 0; i < LABEL_BYTES; i++) {
		bits = bits << 8 | hash[i];
		for (have += 8; have >= 5; have -= 5)
			ret[n++] = alphabet[bits >> (have - 5) & 31];
	}
	ret[n] = '\0';
}

void
dns_record_make(const struct solver_task *task, struct dns_record *ret)
{
	char label[LABEL_SIZE];

	if (task->method == CLIENT_DNS_ACCOUNT_01) {
		account_label(task->account_url, label);
		snprintf(ret->name, sizeof(ret->name),
		    "_%s._acme-challenge.%.*s", label,
		    SPAN_FMT(task->ident.value));
	} else {
		snprintf(ret->name, sizeof(ret->name),
		    "_acme-challenge.%.*s", SPAN_FMT(task->ident.value));
	}
	dns_record_digest(task->key_authorization, ret->value);
}
