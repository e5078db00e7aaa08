/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The certificate's bytes: built, linted, signed.
 */
#include "pkix/lint.h"
#include "pkix/pki.h"
#include "signer/issue.h"

int
issue_make_issuer(struct issue_issuer *ret, struct span certificate,
    EVP_PKEY *key, struct err *err)
{
	struct pki_certificate read;
	int r = pki_read(certificate, &read, err);

	if (r == 0)
		r = pki_check_key(certificate, key, err);
	if (r < 0)
		return r;
	*ret = (struct issue_issuer){
		.alg = sigalg_of_key(key),
		.subject = read.subject,
		.key_id = read.subject_key_id,
		.not_after_s = read.not_after_s,
	};
	if (ret->key_id.len == 0)
		return err_set(err, ERR_CONFIG, "BR 7.1.2.11.1",
		    "the issuing certificate has no subjectKeyIdentifier");
	ret->signer = sigalg_signer(ret->alg, key);
	if (ret->signer == NULL)
		return err_set(err, ERR_CONFIG, "BR 7.1.3.2",
		    "the issuing key has a type that cannot sign "
		    "certificates");
	return 0;
}

void
issue_make_issuer_done(struct issue_issuer *issuer)
{
	EVP_PKEY_CTX_free(issuer->signer);
	issuer->signer = NULL;
}

static struct cert
describe(const struct issue_context *context, const struct issue *issue)
{
	const struct issue_issuer *issuer = &context->issuer;
	bool rsa = issue->csr.key_type == EVP_PKEY_RSA;
	struct cert cert = {
		.issuer = issuer->subject,
		.not_before_s = issue->validity.not_before_s,
		.not_after_s = issue->validity.not_after_s,
		.spki = issue->csr.spki,
		.key_usage = CERT_DIGITAL_SIGNATURE,
		.server_auth = true,
		.path_len = CERT_NO_PATH_LEN,
		.names = &issue->csr.names,
		.authority_key_id = issuer->key_id,
		.domain_validated =
		    context->config->program == PROGRAM_WEBPKI,
	};

	/* Its presence is the request's choice; BR 7.1.2.7.2 does not
	 * recommend it, and it is not there unless it fits. */
	if (issue->profile->common_name &&
	    issue->csr.common_name.len <= CERT_COMMON_NAME_MAX)
		cert.common_name = issue->csr.common_name;
	if (issue->profile->key_encipherment && rsa)
		cert.key_usage |= CERT_KEY_ENCIPHERMENT;
	cert_make_serial(context->env, cert.serial);
	return cert;
}

static int
lint(const struct issue_context *context, const struct issue *issue,
    struct span tbs, struct err *err)
{
	const struct config *config = context->config;
	int64_t now = env_now(context->env);
	struct lint_want want = {
		.names = &issue->csr.names,
		.spki = issue->csr.spki,
		.issuer = context->issuer.subject,
		.authority_key_id = context->issuer.key_id,
		.alg = context->issuer.alg,
		.now_s = now / 1000,
		.lifetime_max_s =
		    policy_at(config->program, now)->lifetime_max_s,
		.webpki = config->program == PROGRAM_WEBPKI,
	};

	return lint_check(tbs, &want, err);
}

int
issue_make(const struct issue_context *context, struct issue *issue,
    struct bld *out, struct err *err)
{
	struct cert cert = describe(context, issue);
	struct bld tbs;
	int r;

	bld_init(&tbs, CERT_DER_MAX);
	cert_put_tbs(&tbs, &cert, context->issuer.alg);
	r = bld_end(&tbs) < 0 ? err_set(err, ERR_BAD_CSR, "RFC 8555 7.4",
	    "a certificate for all these names would be too long") :
	    lint(context, issue, bld_view(&tbs), err);
	if (r == 0)
		r = cert_sign(out, bld_view(&tbs), context->issuer.alg,
		    context->issuer.signer, err);
	bld_free(&tbs);
	return r;
}
