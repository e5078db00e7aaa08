/* SPDX-License-Identifier: Apache-2.0 */
#include "rpc/attestation.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#define MAC_PREFIX "signet attestation v1" /* its final NUL is part of it */

/* All members before the mac, in their order. */
static void
encode_sworn(struct bld *out, const struct attestation *att)
{
	bld_span16(out, att->perspective);
	bld_bytes(out, att->thumbprint, sizeof(att->thumbprint));
	bld_u8(out, (uint8_t)att->ident.type);
	bld_span16(out, att->ident.value);
	bld_u8(out, att->wildcard);
	bld_u8(out, (uint8_t)att->method);
	bld_u8(out, (uint8_t)att->caa);
	bld_u64(out, (uint64_t)att->at);
}

/* One context per process: a fetch costs more than the MAC. */
static EVP_MAC_CTX *
mac_context(void)
{
	static EVP_MAC_CTX *ctx;
	EVP_MAC *mac;
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
		    digest, 0),
		OSSL_PARAM_construct_end(),
	};

	if (ctx != NULL)
		return ctx;
	mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	ctx = mac == NULL ? NULL : EVP_MAC_CTX_new(mac);
	EVP_MAC_free(mac);
	if (ctx == NULL || EVP_MAC_CTX_set_params(ctx, params) != 1) {
		/* HMAC-SHA-256 is in every OpenSSL: this is out of memory. */
		abort();
	}
	return ctx;
}

static bool
compute_mac(const struct attestation *att,
    const uint8_t key[ATTESTATION_KEY_SIZE],
    uint8_t ret[ATTESTATION_MAC_SIZE])
{
	EVP_MAC_CTX *ctx = mac_context();
	struct bld input;
	size_t len = 0;
	bool ok;

	bld_init(&input, ATTESTATION_SIZE_MAX);
	bld_bytes(&input, MAC_PREFIX, sizeof(MAC_PREFIX));
	encode_sworn(&input, att);
	ok = bld_end(&input) == 0 &&
	    EVP_MAC_init(ctx, key, ATTESTATION_KEY_SIZE, NULL) == 1 &&
	    EVP_MAC_update(ctx, input.data, input.len) == 1 &&
	    EVP_MAC_final(ctx, ret, &len, ATTESTATION_MAC_SIZE) == 1 &&
	    len == ATTESTATION_MAC_SIZE;
	bld_free(&input);
	return ok;
}

void
attestation_seal(struct attestation *attestation,
    const uint8_t key[ATTESTATION_KEY_SIZE])
{
	/* All members have bounds that fit: only a caller's bug fails. */
	if (!compute_mac(attestation, key, attestation->mac))
		abort();
}

bool
attestation_verify(const struct attestation *attestation,
    const uint8_t key[ATTESTATION_KEY_SIZE])
{
	uint8_t mac[ATTESTATION_MAC_SIZE];

	return compute_mac(attestation, key, mac) &&
	    mem_equal_secret(mac, attestation->mac, sizeof(mac));
}

void
attestation_encode(struct bld *out, const struct attestation *att)
{
	encode_sworn(out, att);
	bld_bytes(out, att->mac, sizeof(att->mac));
}

void
attestation_decode(struct cur *cur, struct attestation *ret)
{
	*ret = (struct attestation){ .perspective = cur_span16(cur) };
	cur_copy(cur, ret->thumbprint, sizeof(ret->thumbprint));
	ident_decode(cur, &ret->ident);
	ret->wildcard = cur_bool(cur);
	ret->method = (enum challenge_type)cur_enum(cur, CHALLENGE_HTTP_01,
	    CHALLENGE_TYPE_COUNT - 1);
	ret->caa = (enum caa_verdict)cur_enum(cur, CAA_NOT_CHECKED,
	    CAA_FORBIDS);
	ret->at = (int64_t)cur_u64(cur);
	cur_copy(cur, ret->mac, sizeof(ret->mac));
	if (ret->perspective.len == 0 ||
	    ret->perspective.len > ATTESTATION_PERSPECTIVE_MAX)
		cur->failed = true;
}
