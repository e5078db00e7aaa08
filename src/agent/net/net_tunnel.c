/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/net/net_tunnel.h"

#include <assert.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <stdio.h>

#include "base/text.h"

/* RFC 1928, RFC 1929. */
#define SOCKS_VERSION 5
#define SOCKS_NO_USER 0
#define SOCKS_USER 2
#define SOCKS_USER_VERSION 1
#define SOCKS_CONNECT 1
#define SOCKS_NAME 3
#define SOCKS_REPLY_MIN 5 /* bytes that tell how long it is */

static int
fail(struct net_tunnel *tunnel, const char *why)
{
	if (tunnel->why[0] == '\0')
		snprintf(tunnel->why, sizeof(tunnel->why), "the proxy %.60s "
		    "%s", tunnel->proxy->host, why);
	return -1;
}

/* A socket that is new takes what little this is at once. */
static int
say(struct net_tunnel *tunnel, BIO *next, const struct bld *what)
{
	int n = BIO_write(next, what->data, (int)what->len);

	return n == (int)what->len ? 0 : fail(tunnel, "hung up");
}

const char *
net_tunnel_basic(const struct net_proxy *proxy, struct arena *arena)
{
	const char *plain = arena_fmt(arena, "%s:%s", proxy->user,
	    proxy->password);
	size_t len = strlen(plain);
	char *coded = arena_alloc(arena, len / 3 * 4 + 5);

	EVP_EncodeBlock((unsigned char *)coded, (const unsigned char *)plain,
	    (int)len);
	return arena_fmt(arena, "Basic %s", coded);
}

static void
put_connect(const struct net_tunnel *tunnel, struct bld *out)
{
	struct arena arena = { 0 };
	const char *place = net_origin_text(tunnel->to, true, &arena);

	bld_fmt(out, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", place, place);
	if (tunnel->proxy->user[0] != '\0')
		bld_fmt(out, "Proxy-Authorization: %s\r\n",
		    net_tunnel_basic(tunnel->proxy, &arena));
	bld_str(out, "\r\n");
	arena_free(&arena);
}

static void
put_short(struct bld *out, const char *text)
{
	bld_u8(out, (uint8_t)strlen(text));
	bld_str(out, text);
}

static void
put_socks(const struct net_tunnel *tunnel, struct bld *out)
{
	if (tunnel->state == NET_TUNNEL_METHOD) {
		bld_u8(out, SOCKS_VERSION);
		bld_u8(out, 1);
		bld_u8(out, tunnel->proxy->user[0] != '\0' ? SOCKS_USER :
		    SOCKS_NO_USER);
	} else if (tunnel->state == NET_TUNNEL_USER) {
		bld_u8(out, SOCKS_USER_VERSION);
		put_short(out, tunnel->proxy->user);
		put_short(out, tunnel->proxy->password);
	} else {
		bld_u8(out, SOCKS_VERSION);
		bld_u8(out, SOCKS_CONNECT);
		bld_u8(out, 0);
		bld_u8(out, SOCKS_NAME);
		put_short(out, tunnel->to->host);
		bld_u16(out, tunnel->to->port);
	}
}

/* Says what belongs to a state, and waits for the answer in it. */
static int
enter(struct net_tunnel *tunnel, BIO *next, enum net_tunnel_state state)
{
	struct bld out;
	int r;

	tunnel->state = state;
	tunnel->len = 0;
	bld_init(&out, NET_TUNNEL_HEAD_MAX);
	if (state == NET_TUNNEL_OPEN)
		bld_span(&out, bld_view(&tunnel->held));
	else if (state == NET_TUNNEL_CONNECT)
		put_connect(tunnel, &out);
	else
		put_socks(tunnel, &out);
	r = bld_end(&out) < 0 ? fail(tunnel, "would be told too much") :
	    say(tunnel, next, &out);
	bld_free(&out);
	return r;
}

/* Until there are so many bytes: 1, 0 later, or -1. */
static int
fill(struct net_tunnel *tunnel, BIO *next, size_t want)
{
	while (tunnel->len < want) {
		int n = BIO_read(next, tunnel->in + tunnel->len,
		    (int)(want - tunnel->len));

		if (n <= 0)
			return BIO_should_retry(next) ? 0 :
			    fail(tunnel, "hung up");
		tunnel->len += (size_t)n;
	}
	return 1;
}

/* Byte by byte: what follows the head is TLS's. */
static int
read_connect(struct net_tunnel *tunnel, BIO *next)
{
	static const char end[] = "\r\n\r\n";
	uint64_t status = 0;
	struct span head;
	const uint8_t *at;

	do {
		int r = fill(tunnel, next, tunnel->len + 1);

		if (r <= 0)
			return r;
		at = memmem(tunnel->in, tunnel->len, end, strlen(end));
	} while (at == NULL && tunnel->len < sizeof(tunnel->in));
	head = span_of(tunnel->in, tunnel->len);
	if (at == NULL)
		return fail(tunnel, "answers with too many headers");
	if (head.len < strlen("HTTP/1.1 200") ||
	    !span_starts_with(head, SPAN_LIT("HTTP/1.")) || text_uint(
	    span_of(head.data + 9, 3), 999, &status) < 0)
		return fail(tunnel, "does not speak HTTP");
	if (status == 407)
		return fail(tunnel, "wants another user and password");
	if (status < 200 || status > 299)
		return fail(tunnel, "refuses to connect");
	return enter(tunnel, next, NET_TUNNEL_OPEN) < 0 ? -1 : 1;
}

static int
read_method(struct net_tunnel *tunnel, BIO *next)
{
	int r = fill(tunnel, next, 2);

	if (r <= 0)
		return r;
	if (tunnel->in[0] != SOCKS_VERSION)
		return fail(tunnel, "does not speak SOCKS 5");
	if (tunnel->in[1] == SOCKS_USER && tunnel->proxy->user[0] != '\0')
		return enter(tunnel, next, NET_TUNNEL_USER) < 0 ? -1 : 1;
	if (tunnel->in[1] != SOCKS_NO_USER)
		return fail(tunnel, "wants a user and a password");
	return enter(tunnel, next, NET_TUNNEL_REPLY) < 0 ? -1 : 1;
}

static int
read_user(struct net_tunnel *tunnel, BIO *next)
{
	int r = fill(tunnel, next, 2);

	if (r <= 0)
		return r;
	if (tunnel->in[1] != 0)
		return fail(tunnel, "wants another user and password");
	return enter(tunnel, next, NET_TUNNEL_REPLY) < 0 ? -1 : 1;
}

static int
read_reply(struct net_tunnel *tunnel, BIO *next)
{
	int r = fill(tunnel, next, SOCKS_REPLY_MIN);
	size_t address;

	if (r <= 0)
		return r;
	if (tunnel->in[0] != SOCKS_VERSION || tunnel->in[1] != 0)
		return fail(tunnel, "refuses to connect");
	address = tunnel->in[3] == SOCKS_NAME ? 1U + tunnel->in[4] :
	    tunnel->in[3] == 1 ? 4 : 16;
	r = fill(tunnel, next, 4 + address + 2);
	if (r <= 0)
		return r;
	return enter(tunnel, next, NET_TUNNEL_OPEN) < 0 ? -1 : 1;
}

static int
begin(struct net_tunnel *tunnel, BIO *next)
{
	return enter(tunnel, next, tunnel->proxy->socks ? NET_TUNNEL_METHOD :
	    NET_TUNNEL_CONNECT) < 0 ? -1 : 1;
}

/* As far as it goes: 1 open, 0 later, or -1. */
static int
advance(struct net_tunnel *tunnel, BIO *next)
{
	static int (*const steps[])(struct net_tunnel *tunnel, BIO *next) = {
		[NET_TUNNEL_NEW] = begin,
		[NET_TUNNEL_CONNECT] = read_connect,
		[NET_TUNNEL_METHOD] = read_method,
		[NET_TUNNEL_USER] = read_user,
		[NET_TUNNEL_REPLY] = read_reply,
	};
	int r = tunnel->why[0] != '\0' ? -1 : 1;

	while (r == 1 && tunnel->state != NET_TUNNEL_OPEN)
		r = steps[tunnel->state](tunnel, next);
	return r;
}

static int
on_write(BIO *bio, const char *data, size_t len, size_t *ret)
{
	struct net_tunnel *tunnel = BIO_get_data(bio);
	BIO *next = BIO_next(bio);
	int r;

	BIO_clear_retry_flags(bio);
	if (tunnel->state == NET_TUNNEL_OPEN) {
		r = BIO_write_ex(next, data, len, ret);
		BIO_copy_next_retry(bio);
		return r;
	}
	bld_bytes(&tunnel->held, data, len);
	*ret = len;
	return bld_end(&tunnel->held) == 0 && (tunnel->state !=
	    NET_TUNNEL_NEW || advance(tunnel, next) >= 0);
}

static int
on_read(BIO *bio, char *data, size_t len, size_t *ret)
{
	struct net_tunnel *tunnel = BIO_get_data(bio);
	BIO *next = BIO_next(bio);
	int r;

	BIO_clear_retry_flags(bio);
	r = advance(tunnel, next);
	if (r == 1)
		r = BIO_read_ex(next, data, len, ret);
	if (tunnel->why[0] == '\0')
		BIO_copy_next_retry(bio);
	return r == 1;
}

static long
on_ctrl(BIO *bio, int what, long number, void *arg)
{
	const struct net_tunnel *tunnel = BIO_get_data(bio);

	if (what == BIO_CTRL_FLUSH && tunnel->state != NET_TUNNEL_OPEN)
		return 1;
	return BIO_ctrl(BIO_next(bio), what, number, arg);
}

static BIO_METHOD *
method(void)
{
	static BIO_METHOD *ret; /* lives as long as the process */

	if (ret == NULL) {
		ret = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_FILTER,
		    "a proxy's tunnel");
		assert(ret != NULL);
		BIO_meth_set_write_ex(ret, on_write);
		BIO_meth_set_read_ex(ret, on_read);
		BIO_meth_set_ctrl(ret, on_ctrl);
	}
	return ret;
}

void
net_tunnel_insert(struct net_tunnel *tunnel, SSL *ssl)
{
	BIO *below = SSL_get_rbio(ssl), *bio;

	if (tunnel->state != NET_TUNNEL_NEW)
		return;
	bio = BIO_new(method());
	assert(bio != NULL && below != NULL);
	BIO_set_data(bio, tunnel);
	BIO_set_init(bio, 1);
	BIO_up_ref(below);
	BIO_push(bio, below);
	BIO_up_ref(bio);
	SSL_set0_rbio(ssl, bio);
	SSL_set0_wbio(ssl, bio);
}

void
net_tunnel_init(struct net_tunnel *tunnel, const struct net_proxy *proxy,
    const struct net_origin *to)
{
	*tunnel = (struct net_tunnel){ .proxy = proxy, .to = to };
	bld_init(&tunnel->held, NET_TUNNEL_HELD_MAX);
}

void
net_tunnel_done(struct net_tunnel *tunnel)
{
	bld_free(&tunnel->held);
}
