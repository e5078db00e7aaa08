/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/listener/tls_answer.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "base/list.h"
#include "pkix/cert.h"
#include "pkix/key.h"

#define BACKDATED_S 3600 /* for clocks that are behind */

static const uint8_t protocol[] = "\x0a" "acme-tls/1";
#define PROTOCOL_LEN (sizeof(protocol) - 1)

struct tls_challenge {
	struct list_node of_all;
	char name[TLS_ANSWER_NAME_SIZE];
	X509 *certificate;
};

struct tls_answer {
	const struct env *env;
	EVP_PKEY *key;
	SSL_CTX *ctx;
	struct list challenges;
};

/* The server name that a CA asks for. false for what is no identifier. */
static bool
server_name(const struct ident *ident, char out[TLS_ANSWER_NAME_SIZE])
{
	char text[INET6_ADDRSTRLEN];
	uint8_t octets[16];
	size_t at = 0;

	if (ident->value.len >= TLS_ANSWER_NAME_SIZE)
		return false;
	snprintf(out, TLS_ANSWER_NAME_SIZE, "%.*s", SPAN_FMT(ident->value));
	if (ident->type == IDENT_DNS)
		return true;
	snprintf(text, sizeof(text), "%.*s", SPAN_FMT(ident->value));
	if (inet_pton(AF_INET, text, octets) == 1) {
		snprintf(out, TLS_ANSWER_NAME_SIZE, "%u.%u.%u.%u.in-addr.arpa",
		    octets[3], octets[2], octets[1], octets[0]);
		return true;
	}
	if (inet_pton(AF_INET6, text, octets) != 1)
		return false;
	for (int i = 15; i >= 0; i--)
		at += (size_t)snprintf(out + at, TLS_ANSWER_NAME_SIZE - at,
		    "%x.%x.", octets[i] & 0xfU, octets[i] >> 4);
	snprintf(out + at, TLS_ANSWER_NAME_SIZE - at, "ip6.arpa");
	return true;
}

/* Only who offers nothing else comes here. */
static int
select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned int in_len, void *arg)
{
	(void)ssl;
	(void)arg;
	if (!span_equal(span_of(in, in_len), span_of(protocol, PROTOCOL_LEN)))
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = protocol + 1;
	*out_len = PROTOCOL_LEN - 1;
	return SSL_TLSEXT_ERR_OK;
}

int
tls_answer_new(const struct env *env, struct tls_answer **ret,
    struct err *err)
{
	struct tls_answer *tls = mem_zalloc(sizeof(*tls));
	int r;

	tls->env = env;
	r = key_generate(&tls->key, err);
	tls->ctx = SSL_CTX_new(TLS_server_method());
	if (r == 0 && (tls->ctx == NULL || SSL_CTX_set_min_proto_version(
	    tls->ctx, TLS1_2_VERSION) != 1))
		r = err_set(err, ERR_INTERNAL, NULL,
		    "OpenSSL makes no TLS context");
	if (r < 0) {
		tls_answer_free(tls);
		return r;
	}
	/* No connection here has a second one. */
	SSL_CTX_set_session_cache_mode(tls->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_options(tls->ctx, SSL_OP_NO_TICKET);
	SSL_CTX_set_num_tickets(tls->ctx, 0);
	SSL_CTX_set_alpn_select_cb(tls->ctx, select_protocol, NULL);
	*ret = tls;
	return 0;
}

static void
forget(struct tls_answer *tls, struct tls_challenge *challenge)
{
	list_del(&tls->challenges, &challenge->of_all);
	X509_free(challenge->certificate);
	free(challenge);
}

void
tls_answer_free(struct tls_answer *tls)
{
	struct tls_challenge *challenge;

	if (tls == NULL)
		return;
	LIST_EACH(challenge, &tls->challenges, of_all)
		forget(tls, challenge);
	SSL_CTX_free(tls->ctx);
	EVP_PKEY_free(tls->key);
	free(tls);
}

/* RFC 8737 3: this name and no other, and the digest in a critical
 * extension. */
static int
sign(const struct tls_answer *tls, const struct ident *ident,
    struct span digest, struct arena *arena, struct bld *out, struct err *err)
{
	const struct sigalg *alg = sigalg_of_key(tls->key);
	struct ident_list names = { 1, { *ident } };
	int64_t now_s = env_now(tls->env) / 1000;
	struct cert cert = { .not_before_s = now_s - BACKDATED_S,
		.not_after_s = now_s + TLS_ANSWER_LIFE_S,
		.common_name = SPAN_LIT("ACME challenge"),
		.key_usage = CERT_DIGITAL_SIGNATURE, .server_auth = true,
		.path_len = CERT_NO_PATH_LEN, .names = &names,
		.acme_identifier = digest };
	EVP_PKEY_CTX *signer;
	struct bld issuer, tbs;
	int r;

	bld_init(&issuer, CERT_DER_MAX);
	bld_init(&tbs, CERT_DER_MAX);
	cert_make_serial(tls->env, cert.serial);
	cert_put_name(&issuer, cert.common_name);
	cert.issuer = bld_view(&issuer);
	r = key_to_spki(tls->key, arena, &cert.spki, err);
	if (r == 0) {
		cert_put_tbs(&tbs, &cert, alg);
		signer = sigalg_signer(alg, tls->key);
		r = cert_sign(out, bld_view(&tbs), alg, signer, err);
		EVP_PKEY_CTX_free(signer);
	}
	bld_free(&issuer);
	bld_free(&tbs);
	return r;
}

static struct tls_challenge *
find(const struct tls_answer *tls, const char *name)
{
	struct tls_challenge *at;

	LIST_EACH(at, &tls->challenges, of_all) {
		if (strcmp(at->name, name) == 0)
			return at;
	}
	return NULL;
}

int
tls_answer_set(struct tls_answer *tls, const struct ident *ident,
    const uint8_t digest[CLIENT_TLS_ALPN_SIZE], struct err *err)
{
	struct arena arena = { 0 };
	struct tls_challenge *challenge;
	const uint8_t *der;
	X509 *certificate = NULL;
	struct bld made;
	int r;

	tls_answer_drop(tls, ident);
	if (tls->challenges.count == LISTENER_CHALLENGES_MAX)
		return err_set(err, ERR_BUSY, NULL,
		    "more than %d challenges at a time",
		    LISTENER_CHALLENGES_MAX);
	bld_init(&made, CERT_DER_MAX);
	r = sign(tls, ident, span_of(digest, CLIENT_TLS_ALPN_SIZE), &arena,
	    &made, err);
	der = made.data;
	if (r == 0 && (certificate = d2i_X509(NULL, &der, (long)made.len)) ==
	    NULL)
		r = err_set(err, ERR_INTERNAL, "RFC 8737 3",
		    "cannot make a certificate for the challenge");
	bld_free(&made);
	arena_free(&arena);
	if (r < 0)
		return r;
	challenge = mem_zalloc(sizeof(*challenge));
	challenge->certificate = certificate;
	server_name(ident, challenge->name);
	list_add(&tls->challenges, &challenge->of_all);
	return 0;
}

void
tls_answer_drop(struct tls_answer *tls, const struct ident *ident)
{
	char name[TLS_ANSWER_NAME_SIZE];
	struct tls_challenge *challenge;

	if (!server_name(ident, name))
		return;
	challenge = find(tls, name);
	if (challenge != NULL)
		forget(tls, challenge);
}

SSL *
tls_answer_ssl(const struct tls_answer *tls, const char *name)
{
	const struct tls_challenge *challenge = find(tls, name);
	SSL *ssl = challenge == NULL ? NULL : SSL_new(tls->ctx);

	if (ssl != NULL && (SSL_use_certificate(ssl, challenge->certificate) !=
	    1 || SSL_use_PrivateKey(ssl, tls->key) != 1)) {
		SSL_free(ssl);
		ssl = NULL;
	}
	return ssl;
}
