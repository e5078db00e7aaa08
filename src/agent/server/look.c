/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/server/look.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/server/apart.h"
#include "agent/server/clock.h"
#include "agent/server/holders.h"
#include "agent/server/starttls.h"
#include "base/bld.h"
#include "base/file.h"
#include "base/text.h"
#include "pkix/ident.h"

#define PROXY_LINE "PROXY UNKNOWN\r\n" /* version 1 of HAProxy's protocol */
#define BODY_MAX 8192                  /* bytes of an answer */
#define LEAF_FILE_MAX 65536            /* bytes of a certificate's file */
#define PAUSE_MS 50

static void
pause_ms(int ms)
{
	struct timespec ts = { .tv_nsec = ms * 1000000L };

	nanosleep(&ts, NULL);
}

static socklen_t
make_address(const struct look_at *at, struct sockaddr_storage *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)ret;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)ret;
	char host[sizeof(at->host)];
	size_t len = strlen(at->host);

	*ret = (struct sockaddr_storage){ 0 };
	snprintf(host, sizeof(host), "%s", at->host);
	if (host[0] == '[' && len > 2) {
		host[len - 1] = '\0';
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)at->port);
		if (inet_pton(AF_INET6, host + 1, &v6->sin6_addr) == 1) {
			if (IN6_IS_ADDR_UNSPECIFIED(&v6->sin6_addr))
				v6->sin6_addr = in6addr_loopback;
			return sizeof(*v6);
		}
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons((uint16_t)at->port);
	if (inet_pton(AF_INET, host, &v4->sin_addr) != 1 ||
	    v4->sin_addr.s_addr == htonl(INADDR_ANY))
		v4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return sizeof(*v4);
}

static int
dial(const struct look_at *at, struct err *err)
{
	struct sockaddr_storage address;
	struct timeval wait = { .tv_sec = LOOK_WAIT_S };
	socklen_t len = make_address(at, &address);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_errno(err, "cannot make a socket");
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (connect(fd, (struct sockaddr *)&address, len) < 0 ||
	    (at->proxy && send(fd, PROXY_LINE, sizeof(PROXY_LINE) - 1,
	    MSG_NOSIGNAL) < 0)) {
		err_errno(err, "cannot connect to %s:%u", at->host, at->port);
		close(fd);
		return -(int)ERR_IO;
	}
	return fd;
}

static int
check_answer(struct span answer, struct span body, struct err *err)
{
	char shown[100];
	const uint8_t *gap = answer.len == 0 ? NULL :
	    memmem(answer.data, answer.len, "\r\n\r\n", 4);
	const uint8_t *end = answer.len == 0 ? NULL :
	    memchr(answer.data, '\r', answer.len);
	struct span rest;

	if (gap == NULL || answer.len < 12)
		return err_set(err, ERR_INCORRECT_RESPONSE, NULL,
		    "the answer is no HTTP");
	rest = span_from(answer, (size_t)(gap - answer.data) + 4);
	if (memcmp(answer.data + 8, " 200", 4) != 0) {
		text_printable(shown, sizeof(shown), span_of(answer.data,
		    (size_t)(end - answer.data)));
		return err_set(err, ERR_INCORRECT_RESPONSE, NULL,
		    "the answer is \"%s\"", shown);
	}
	while (rest.len > 0 && (rest.data[rest.len - 1] == '\n' ||
	    rest.data[rest.len - 1] == '\r'))
		rest.len--;
	if (!span_equal(rest, body))
		return err_set(err, ERR_INCORRECT_RESPONSE, NULL,
		    "the answer is another text");
	return 0;
}

static int
http_now(const struct look_at *at, const char *name, const char *path,
    struct span body, struct err *err)
{
	struct bld request;
	uint8_t answer[BODY_MAX];
	size_t len = 0;
	ssize_t n;
	int fd = dial(at, err), r;

	if (fd < 0)
		return fd;
	bld_init(&request, 8192);
	bld_fmt(&request, "GET %s HTTP/1.0\r\nHost: %s\r\n"
	    "User-Agent: signet\r\nConnection: close\r\n\r\n", path, name);
	n = send(fd, request.data, request.len, MSG_NOSIGNAL);
	bld_free(&request);
	while (n > 0 && len < sizeof(answer)) {
		n = recv(fd, answer + len, sizeof(answer) - len, 0);
		len += n > 0 ? (size_t)n : 0;
	}
	r = check_answer(span_of(answer, len), body, err);
	close(fd);
	return r < 0 ? err_prefix(err, "http://%s:%u%s of %s", at->host,
	    at->port, path, name) : 0;
}

/* A stranger's may be longer than any CA's. */
static void
take_serial(const X509 *x509, struct look_leaf *ret)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(x509);
	struct bld text;

	bld_init(&text, sizeof(ret->serial) - 1);
	text_hex(&text, span_of(ASN1_STRING_get0_data(serial),
	    (size_t)ASN1_STRING_length(serial)));
	snprintf(ret->serial, sizeof(ret->serial), "%.*s", bld_end(&text) < 0 ?
	    0 : SPAN_FMT(bld_view(&text)));
	bld_free(&text);
}

static int
leaf_of(X509 *x509, struct look_leaf *ret, struct err *err)
{
	EVP_PKEY *key = x509 == NULL ? NULL : X509_get0_pubkey(x509);
	struct tm until = { 0 };

	if (key == NULL || X509_digest(x509, EVP_sha256(), ret->hash,
	    NULL) != 1)
		return err_set(err, ERR_IO, NULL, "there is no certificate");
	ret->rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
	take_serial(x509, ret);
	ret->not_after_s = ASN1_TIME_to_tm(X509_get0_notAfter(x509),
	    &until) == 1 ? timegm(&until) : 0;
	return 0;
}

int
look_leaf_read(const char *file, struct look_leaf *ret, struct err *err)
{
	struct bld text;
	BIO *in = NULL;
	X509 *x509 = NULL;
	int r;

	bld_init(&text, LEAF_FILE_MAX);
	r = file_read(AT_FDCWD, file, 0, &text, err);
	if (r == 0)
		in = BIO_new_mem_buf(text.data, (int)text.len);
	if (in != NULL)
		x509 = PEM_read_bio_X509(in, NULL, NULL, NULL);
	if (r == 0 && leaf_of(x509, ret, err) < 0)
		r = err_prefix(err, "%s", file);
	BIO_free(in);
	X509_free(x509);
	bld_free(&text);
	ERR_clear_error();
	return r;
}

static SSL *
make_ssl(SSL_CTX *ctx, int fd, const char *name, bool rsa)
{
	/* OpenSSL takes char * where it means const char *. */
	static char rsa_algs[] = "rsa_pss_rsae_sha256:rsa_pss_rsae_sha384:"
	    "rsa_pss_rsae_sha512:RSA+SHA256:RSA+SHA384:RSA+SHA512:RSA+SHA1";
	static char ec_algs[] = "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512";
	SSL *ssl = ctx == NULL ? NULL : SSL_new(ctx);
	char host[IDENT_DNS_MAX + 1];
	struct in6_addr address;

	if (ssl == NULL)
		return NULL;
	/* Whatever it is that is served, it is to be seen. */
	SSL_set_security_level(ssl, 0);
	SSL_set1_sigalgs_list(ssl, rsa ? rsa_algs : ec_algs);
	snprintf(host, sizeof(host), "%s", name);
	if (inet_pton(AF_INET, name, &address) != 1 &&
	    inet_pton(AF_INET6, name, &address) != 1)
		SSL_set_tlsext_host_name(ssl, host);
	SSL_set_fd(ssl, fd);
	return ssl;
}

int
look_tls_leaf(const struct look_at *at, const char *name, bool rsa,
    struct look_leaf *ret, struct err *err)
{
	SSL_CTX *ctx;
	SSL *ssl;
	X509 *x509 = NULL;
	int fd = dial(at, err), r;

	if (fd < 0)
		return fd;
	ctx = SSL_CTX_new(TLS_client_method());
	ssl = make_ssl(ctx, fd, name, rsa);
	r = starttls_begin(fd, at->protocol, err);
	if (r == 0 && ssl != NULL && SSL_connect(ssl) == 1)
		x509 = SSL_get1_peer_certificate(ssl);
	if (r == 0)
		r = leaf_of(x509, ret, err);
	X509_free(x509);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	ERR_clear_error();
	close(fd);
	return r < 0 ? err_prefix(err, "TLS with %s:%u for %s", at->host,
	    at->port, name) : 0;
}

static int
tls_now(const struct look_at *at, const char *name, bool rsa,
    uint8_t ret_hash[LOOK_HASH_SIZE], struct err *err)
{
	struct look_leaf leaf = { 0 };
	int r = look_tls_leaf(at, name, rsa, &leaf, err);

	if (r == 0)
		memcpy(ret_hash, leaf.hash, LOOK_HASH_SIZE);
	return r;
}

/* ---- in a process of its own -------------------------------------------- */

struct look {
	const struct look_at *at;
	const char *name;
	const char *path;  /* NULL: TLS */
	struct span body;
	bool rsa;
};

static int
look_now(const void *arg, uint8_t result[APART_RESULT_SIZE], struct err *err)
{
	const struct look *look = arg;

	return look->path == NULL ?
	    tls_now(look->at, look->name, look->rsa, result, err) :
	    http_now(look->at, look->name, look->path, look->body, err);
}

int
look_http(const struct look_at *at, const char *name, const char *path,
    struct span body, struct err *err)
{
	const struct look look = { at, name, path, body, false };
	uint8_t nothing[APART_RESULT_SIZE];

	return at->here ? look_now(&look, nothing, err) :
	    apart_look(look_now, &look, nothing, err);
}

_Static_assert(LOOK_HASH_SIZE == APART_RESULT_SIZE, "a hash is the result");

int
look_tls(const struct look_at *at, const char *name, bool rsa,
    uint8_t ret_hash[LOOK_HASH_SIZE], struct err *err)
{
	const struct look look = { at, name, NULL, SPAN_NONE, rsa };

	return at->here ? look_now(&look, ret_hash, err) :
	    apart_look(look_now, &look, ret_hash, err);
}

struct wait {
	const struct look_at *at;
	int64_t end;
	int good;
	bool settled;
};

static struct wait
wait_begin(const struct look_at *at)
{
	return (struct wait){ .at = at, .end = clock_ms() +
	    (at->settle_ms == 0 ? LOOK_SETTLE_MS : at->settle_ms) };
}

/* Whether that answer is the last. */
static bool
is_last(struct wait *wait, int r)
{
	wait->good = r == 0 ? wait->good + 1 : 0;
	if (wait->good == LOOK_TIMES || clock_ms() > wait->end ||
	    (r < 0 && wait->settled))
		return true;
	if (r < 0 && wait->at->since != 0)
		wait->settled = holders_settled(wait->at->port,
		    wait->at->since);
	pause_ms(r == 0 ? 5 : PAUSE_MS);
	return false;
}

int
look_http_wait(const struct look_at *at, const char *name,
    const char *path, struct span body, struct err *err)
{
	struct wait wait = wait_begin(at);
	int r;

	do
		r = look_http(at, name, path, body, err);
	while (!is_last(&wait, r));
	return r;
}

int
look_tls_wait(const struct look_at *at, const char *name,
    const struct look_leaf *leaf, struct err *err)
{
	struct wait wait = wait_begin(at);
	uint8_t hash[LOOK_HASH_SIZE];
	int r;

	do {
		r = look_tls(at, name, leaf->rsa, hash, err);
		if (r == 0 && memcmp(hash, leaf->hash, sizeof(hash)) != 0)
			r = err_set(err, ERR_TLS, NULL, "%s:%u serves another "
			    "certificate for %s than the new one", at->host,
			    at->port, name);
	} while (!is_last(&wait, r));
	return r;
}
