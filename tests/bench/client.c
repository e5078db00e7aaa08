/* SPDX-License-Identifier: Apache-2.0 */
#include "client.h"

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/bld.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "jose/jws.h"

#define URL_MAX 256     /* bytes */
#define NONCE_MAX 128   /* bytes */
#define BODY_MAX 65536  /* bytes of a request or an answer */
#define PORT_HTTPS 443

enum step {
	STEP_DIRECTORY, STEP_NONCE, STEP_ACCOUNT,
	STEP_ORDER, STEP_AUTHZ, STEP_CHALLENGE, STEP_AUTHZ_WAIT,
	STEP_FINALIZE, STEP_ORDER_WAIT, STEP_CERTIFICATE,
	STEP_IDLE
};

struct client {
	struct client_options options;
	struct evhttp_connection *connection;
	char host[URL_MAX];
	EVP_PKEY *pkey;
	struct jwk key;
	struct bld thumbprint, header, payload, body, chain;
	enum step step;
	char nonce[NONCE_MAX];
	char account[URL_MAX], new_nonce[URL_MAX], new_account[URL_MAX],
	    new_order[URL_MAX];
	char order[URL_MAX], authz[URL_MAX], challenge[URL_MAX],
	    finalize[URL_MAX], certificate[URL_MAX];
	const char *name;
	struct span csr;
	uint64_t requests;
};

static void go(struct client *client, enum step step);

static void
fail(struct client *client, const char *what, struct span detail)
{
	char text[1024];

	snprintf(text, sizeof(text), "step %d of a client: %s: %.*s",
	    (int)client->step, what,
	    (int)(detail.len > 800 ? 800 : detail.len),
	    (const char *)detail.data);
	client->step = STEP_IDLE;
	client->options.done(client->options.ctx, client, text);
}

/*
 * Requests.
 */

static const char *
path_of(const char *url)
{
	const char *host = strstr(url, "://");
	const char *path = host == NULL ? NULL : strchr(host + 3, '/');

	return path == NULL ? "/" : path;
}

static void on_answer(struct evhttp_request *request, void *arg);

/* evhttp writes head and body apart; most clients send them as one. */
static void
join_pieces(struct client *client)
{
	evbuffer_pullup(bufferevent_get_output(
	    evhttp_connection_get_bufferevent(client->connection)), -1);
}

static void
send_request(struct client *client, enum evhttp_cmd_type method,
    const char *url, struct span body)
{
	struct evhttp_request *request = evhttp_request_new(on_answer, client);
	struct evkeyvalq *headers =
	    evhttp_request_get_output_headers(request);

	evhttp_add_header(headers, "Host", client->host);
	evhttp_add_header(headers, "User-Agent", "signet-bench");
	if (method == EVHTTP_REQ_POST) {
		evhttp_add_header(headers, "Content-Type",
		    "application/jose+json");
		evbuffer_add(evhttp_request_get_output_buffer(request),
		    body.data, body.len);
	}
	client->requests++;
	if (evhttp_make_request(client->connection, request, method,
	    path_of(url)) != 0)
		fail(client, "cannot ask", span_str(url));
	else
		join_pieces(client);
}

/* RFC 8555 6.2. The payload is in client->payload. */
static void
post(struct client *client, const char *url)
{
	struct err err = ERR_INIT;

	bld_reset(&client->header);
	bld_fmt(&client->header,
	    "{\"alg\":\"%s\",\"nonce\":\"%s\",\"url\":\"%s\",",
	    jwk_alg_name(client->key.alg), client->nonce, url);
	if (client->account[0] != '\0') {
		bld_fmt(&client->header, "\"kid\":\"%s\"}", client->account);
	} else {
		bld_str(&client->header, "\"jwk\":");
		jwk_put(&client->header, &client->key, &err);
		bld_str(&client->header, "}");
	}
	client->nonce[0] = '\0';
	bld_reset(&client->body);
	if (jws_sign(&client->body, bld_view(&client->header),
	    bld_view(&client->payload), &client->key, &err) != 0)
		fail(client, "cannot sign", span_str(err.text));
	else
		send_request(client, EVHTTP_REQ_POST, url,
		    bld_view(&client->body));
}

/* RFC 8555 6.3. */
static void
post_as_get(struct client *client, const char *url)
{
	bld_reset(&client->payload);
	post(client, url);
}

static void
post_order(struct client *client)
{
	bld_reset(&client->payload);
	bld_fmt(&client->payload, "{\"identifiers\":[{\"type\":\"dns\","
	    "\"value\":\"%s\"}]}", client->name);
	post(client, client->new_order);
}

static void
post_text(struct client *client, const char *url, const char *before,
    struct span text, const char *after)
{
	bld_reset(&client->payload);
	bld_str(&client->payload, before);
	bld_span(&client->payload, text);
	bld_str(&client->payload, after);
	post(client, url);
}

static void
go(struct client *client, enum step step)
{
	client->step = step;
	switch (step) {
	case STEP_DIRECTORY:
		send_request(client, EVHTTP_REQ_GET, client->options.url,
		    SPAN_NONE);
		break;
	case STEP_NONCE:
		send_request(client, EVHTTP_REQ_HEAD, client->new_nonce,
		    SPAN_NONE);
		break;
	case STEP_ACCOUNT:
		post_text(client, client->new_account,
		    "{\"termsOfServiceAgreed\":true}", SPAN_NONE, "");
		break;
	case STEP_ORDER:
		post_order(client);
		break;
	case STEP_AUTHZ:
	case STEP_AUTHZ_WAIT:
		post_as_get(client, client->authz);
		break;
	case STEP_CHALLENGE:
		post_text(client, client->challenge, "{}", SPAN_NONE, "");
		break;
	case STEP_FINALIZE:
		post_text(client, client->finalize, "{\"csr\":\"",
		    client->csr, "\"}");
		break;
	case STEP_ORDER_WAIT:
		post_as_get(client, client->order);
		break;
	case STEP_CERTIFICATE:
		post_as_get(client, client->certificate);
		break;
	case STEP_IDLE:
		client->options.done(client->options.ctx, client, NULL);
		break;
	}
}

/*
 * Answers. Each reader gives false when the answer is not what it must be.
 */

/* Copies a member that is a URL. */
static bool
take_url(const json_t *object, const char *name, char out[URL_MAX])
{
	const char *url = json_string_value(json_object_get(object, name));

	if (url == NULL || strlen(url) >= URL_MAX)
		return false;
	memcpy(out, url, strlen(url) + 1);
	return true;
}

static bool
has_status(const json_t *object, const char *status)
{
	const char *is = json_string_value(json_object_get(object, "status"));

	return is != NULL && strcmp(is, status) == 0;
}

/* A request must not wait for an acknowledgement of what went before. */
static void
set_no_delay(struct client *client)
{
	int fd = bufferevent_getfd(evhttp_connection_get_bufferevent(
	    client->connection)), on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static bool
take_directory(struct client *client, const json_t *object)
{
	set_no_delay(client);
	if (!take_url(object, "newNonce", client->new_nonce) ||
	    !take_url(object, "newAccount", client->new_account) ||
	    !take_url(object, "newOrder", client->new_order))
		return false;
	go(client, STEP_NONCE);
	return true;
}

static bool
take_order(struct client *client, const json_t *object)
{
	const json_t *authzs = json_object_get(object, "authorizations");
	const char *authz = json_string_value(json_array_get(authzs, 0));

	if (!has_status(object, "pending") || authz == NULL ||
	    strlen(authz) >= URL_MAX ||
	    !take_url(object, "finalize", client->finalize))
		return false;
	memcpy(client->authz, authz, strlen(authz) + 1);
	go(client, STEP_AUTHZ);
	return true;
}

static bool
take_authz(struct client *client, const json_t *object)
{
	const json_t *challenge;
	size_t i;

	if (!has_status(object, "pending"))
		return false;
	json_array_foreach(json_object_get(object, "challenges"), i,
	    challenge) {
		const char *type = json_string_value(json_object_get(challenge,
		    "type"));

		if (type != NULL && strcmp(type, "http-01") == 0 &&
		    take_url(challenge, "url", client->challenge)) {
			go(client, STEP_CHALLENGE);
			return true;
		}
	}
	return false;
}

static bool
take_validated(struct client *client, const json_t *object)
{
	if (has_status(object, "pending"))
		go(client, STEP_AUTHZ_WAIT);
	else if (has_status(object, "valid"))
		go(client, STEP_FINALIZE);
	else
		return false;
	return true;
}

static bool
take_finalized(struct client *client, const json_t *object)
{
	if (has_status(object, "processing"))
		go(client, STEP_ORDER_WAIT);
	else if (has_status(object, "valid") &&
	    take_url(object, "certificate", client->certificate))
		go(client, STEP_CERTIFICATE);
	else
		return false;
	return true;
}

static bool
take_object(struct client *client, const json_t *object)
{
	switch (client->step) {
	case STEP_DIRECTORY:
		return take_directory(client, object);
	case STEP_ORDER:
		return take_order(client, object);
	case STEP_AUTHZ:
		return take_authz(client, object);
	case STEP_CHALLENGE:
		go(client, STEP_AUTHZ_WAIT);
		return true;
	case STEP_AUTHZ_WAIT:
		return take_validated(client, object);
	case STEP_FINALIZE:
	case STEP_ORDER_WAIT:
		return take_finalized(client, object);
	case STEP_NONCE:
	case STEP_ACCOUNT:
	case STEP_CERTIFICATE:
	case STEP_IDLE:
		break;
	}
	return false;
}

static bool
take_chain(struct client *client, struct span text)
{
	if (!span_starts_with(text, SPAN_LIT("-----BEGIN CERTIFICATE-----")))
		return false;
	bld_reset(&client->chain);
	bld_span(&client->chain, text);
	go(client, STEP_IDLE);
	return true;
}

static bool
take(struct client *client, struct span text)
{
	cleanup_json json_t *object = NULL;

	if (client->step == STEP_NONCE) {
		go(client, STEP_ACCOUNT);
		return true;
	}
	if (client->step == STEP_ACCOUNT) {
		go(client, STEP_IDLE);
		return true;
	}
	if (client->step == STEP_CERTIFICATE)
		return take_chain(client, text);
	object = json_loadb((const char *)text.data, text.len, 0, NULL);
	return object != NULL && take_object(client, object);
}

static void
take_headers(struct client *client, struct evhttp_request *request)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
	const char *nonce = evhttp_find_header(headers, "Replay-Nonce");
	const char *location = evhttp_find_header(headers, "Location");

	if (nonce != NULL)
		snprintf(client->nonce, sizeof(client->nonce), "%s", nonce);
	if (location == NULL)
		return;
	if (client->step == STEP_ACCOUNT)
		snprintf(client->account, URL_MAX, "%s", location);
	else if (client->step == STEP_ORDER)
		snprintf(client->order, URL_MAX, "%s", location);
}

static void
on_answer(struct evhttp_request *request, void *arg)
{
	struct client *client = arg;
	int status = request == NULL ? 0 :
	    evhttp_request_get_response_code(request);
	struct evbuffer *input;
	struct span text;
	char what[64];
	size_t len;

	if (status == 0) {
		fail(client, "no answer", SPAN_NONE);
		return;
	}
	input = evhttp_request_get_input_buffer(request);
	len = evbuffer_get_length(input);
	text = span_of(evbuffer_pullup(input, -1), len);
	take_headers(client, request);
	if (status / 100 == 2 && take(client, text))
		return;
	snprintf(what, sizeof(what), "unwanted answer, status %d", status);
	fail(client, what, text);
}

/*
 * Life.
 */

static int
connect_to(struct client *client, struct err *err)
{
	const struct client_options *options = &client->options;
	struct evhttp_uri *uri = evhttp_uri_parse(options->url);
	const char *host = uri == NULL ? NULL : evhttp_uri_get_host(uri);
	int port = uri == NULL ? -1 : evhttp_uri_get_port(uri);
	char server_name[sizeof(client->host)];
	struct bufferevent *bev;
	SSL *ssl;

	if (host == NULL)
		return err_set(err, ERR_INTERNAL, NULL, "%s: no URL",
		    options->url);
	snprintf(client->host, sizeof(client->host), "%s:%d", host,
	    port < 0 ? PORT_HTTPS : port);
	ssl = SSL_new(options->tls);
	/* Which wants it unconst. */
	snprintf(server_name, sizeof(server_name), "%s", host);
	SSL_set_tlsext_host_name(ssl, server_name);
	SSL_set1_host(ssl, host);
	bev = bufferevent_openssl_socket_new(options->base, -1, ssl,
	    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE);
	client->connection = evhttp_connection_base_bufferevent_new(
	    options->base, NULL, bev, "127.0.0.1",
	    (unsigned short)(port < 0 ? PORT_HTTPS : port));
	evhttp_connection_set_timeout(client->connection, 60);
	evhttp_uri_free(uri);
	return 0;
}

struct client *
client_new(const struct client_options *options, struct err *err)
{
	struct client *client = mem_zalloc(sizeof(*client));

	client->options = *options;
	bld_init(&client->thumbprint, NONCE_MAX);
	bld_init(&client->header, BODY_MAX);
	bld_init(&client->payload, BODY_MAX);
	bld_init(&client->body, BODY_MAX);
	bld_init(&client->chain, BODY_MAX);
	client->pkey = EVP_EC_gen("P-256");
	if (connect_to(client, err) != 0 ||
	    jwk_from_key(client->pkey, &client->key, err) != 0) {
		client_free(client);
		return NULL;
	}
	text_base64url(&client->thumbprint, span_of(client->key.thumbprint,
	    sizeof(client->key.thumbprint)));
	return client;
}

void
client_free(struct client *client)
{
	if (client == NULL)
		return;
	if (client->connection != NULL)
		evhttp_connection_free(client->connection);
	jwk_done(&client->key);
	EVP_PKEY_free(client->pkey);
	bld_free(&client->thumbprint);
	bld_free(&client->header);
	bld_free(&client->payload);
	bld_free(&client->body);
	bld_free(&client->chain);
	free(client);
}

void
client_register(struct client *client)
{
	go(client, STEP_DIRECTORY);
}

void
client_issue(struct client *client, const char *name, struct span csr)
{
	client->name = name;
	client->csr = csr;
	go(client, STEP_ORDER);
}

struct span
client_thumbprint(const struct client *client)
{
	return bld_view(&client->thumbprint);
}

struct span
client_chain(const struct client *client)
{
	return bld_view(&client->chain);
}

uint64_t
client_requests(const struct client *client)
{
	return client->requests;
}
