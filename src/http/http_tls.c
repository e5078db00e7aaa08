/* SPDX-License-Identifier: Apache-2.0 */
#include "http/http_tls.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>

/* RFC 9325 4.2: forward secrecy and AEAD; TLS 1.3 has its own list. */
#define CIPHERS_TLS12 "ECDHE+AESGCM:ECDHE+CHACHA20"
#define CHAIN_MAX 8 /* certificates that we send */

/* Fills err with OpenSSL's last reason and empties its queue. */
static int
fail(struct err *err, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return err_set(err, ERR_CONFIG, NULL, "%s: %s", what,
	    reason == NULL ? "the TLS library gives no reason" : reason);
}

/* RFC 7301: "http/1.1", or nothing if the client does not know it. */
static int
select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
    const unsigned char *in, unsigned int in_len, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, out_len, ours, sizeof(ours) - 1,
	    in, in_len) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_NOACK;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* Whether no certificate came because none is left: one that is cut short must
 * not pass for the end of the chain. */
static bool
at_end(void)
{
	return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
}

static int
use_chain(SSL_CTX *ctx, BIO *pem, struct err *err)
{
	for (unsigned n = 0; n <= CHAIN_MAX; n++) {
		X509 *cert = PEM_read_bio_X509(pem, NULL, NULL, NULL);
		int ok;

		if (cert == NULL && n > 0 && at_end()) {
			ERR_clear_error();
			return 0;
		}
		if (n == CHAIN_MAX) {
			X509_free(cert);
			break;
		}
		ok = cert != NULL && (n == 0 ?
		    SSL_CTX_use_certificate(ctx, cert) :
		    SSL_CTX_add1_chain_cert(ctx, cert));
		X509_free(cert);
		if (!ok)
			return fail(err, "the TLS certificate cannot be used");
	}
	return err_set(err, ERR_CONFIG, NULL,
	    "the TLS certificate's file holds more than %d certificates",
	    CHAIN_MAX);
}

static int
use_key(SSL_CTX *ctx, BIO *pem, struct err *err)
{
	static char no_passphrase[] = "";
	EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, NULL,
	    no_passphrase);
	int r = 0;

	if (key == NULL)
		r = fail(err, "the TLS key is not PEM without a passphrase");
	/* A key of another type than the certificate's gets a place of its
	 * own, where it would never be used. */
	else if (SSL_CTX_use_PrivateKey(ctx, key) != 1 ||
	    SSL_CTX_check_private_key(ctx) != 1)
		r = fail(err, "the TLS key is not that of the certificate");
	EVP_PKEY_free(key);
	return r;
}

static int
set_options(SSL_CTX *ctx, struct err *err)
{
	static const unsigned char id[] = "signet";
	static char groups[] = "X25519:P-256:P-384"; /* OpenSSL takes char * */

	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION |
	    SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_alpn_select_cb(ctx, select_alpn, NULL);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, CIPHERS_TLS12) != 1 ||
	    SSL_CTX_set1_groups_list(ctx, groups) != 1 ||
	    SSL_CTX_set_num_tickets(ctx, 1) != 1 ||
	    SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1) != 1)
		return fail(err, "the TLS library refuses our settings");
	return 0;
}

int
http_tls_new(struct span chain, struct span key, SSL_CTX **ret,
    struct err *err)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	BIO *chain_pem = NULL, *key_pem = NULL;
	int r;

	*ret = NULL;
	if (chain.len > INT_MAX || key.len > INT_MAX)
		r = err_set(err, ERR_CONFIG, NULL, "a TLS file is too large");
	else
		r = ctx == NULL ? fail(err, "no TLS context") : 0;
	if (r == 0) {
		chain_pem = BIO_new_mem_buf(chain.data, (int)chain.len);
		key_pem = BIO_new_mem_buf(key.data, (int)key.len);
		if (chain_pem == NULL || key_pem == NULL)
			r = fail(err, "a TLS file is empty");
	}
	if (r == 0)
		r = set_options(ctx, err);
	if (r == 0)
		r = use_chain(ctx, chain_pem, err);
	if (r == 0)
		r = use_key(ctx, key_pem, err);
	BIO_free(chain_pem);
	BIO_free(key_pem);
	if (r < 0)
		SSL_CTX_free(ctx);
	else
		*ret = ctx;
	return r;
}
