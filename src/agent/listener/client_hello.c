/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/listener/client_hello.h"

#include "base/cur.h"
#include "base/text.h"

#define RECORD_HANDSHAKE 22
#define RECORD_MAX 16384 /* bytes of a record's plaintext, RFC 8446 5.1 */
#define MESSAGE_CLIENT_HELLO 1
#define MESSAGE_HEAD 4   /* bytes: type and length */
#define EXTENSION_SERVER_NAME 0
#define EXTENSION_ALPN 16

/* Bytes behind their 8-bit length. */
static struct span
take8(struct cur *cur)
{
	return cur_bytes(cur, cur_u8(cur));
}

/* RFC 6066 3: the one name of type host_name. */
static bool
read_server_name(struct span data, struct client_hello *hello)
{
	struct cur cur = CUR_OF(data);
	struct cur list = CUR_OF(cur_span16(&cur));
	uint8_t type = cur_u8(&list);
	struct span name = cur_span16(&list);

	if (cur_end(&cur) < 0 || cur_end(&list) < 0 || type != 0 ||
	    name.len == 0 || name.len > CLIENT_HELLO_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = (char)name.data[i];

		if (c <= ' ' || c > '~')
			return false;
		hello->name[i] = text_lower(c);
	}
	hello->name[name.len] = '\0';
	return true;
}

/* RFC 7301 3.1. */
static bool
read_alpn(struct span data, struct client_hello *hello)
{
	struct cur cur = CUR_OF(data);
	struct cur list = CUR_OF(cur_span16(&cur));
	struct span first = take8(&list);

	hello->acme = !list.failed && list.rest.len == 0 &&
	    span_equal_str(first, "acme-tls/1");
	return cur_end(&cur) == 0 && !list.failed;
}

static bool
read_extensions(struct cur *cur, struct client_hello *hello)
{
	bool names = false, alpn = false;

	while (!cur->failed && cur->rest.len > 0) {
		uint16_t type = cur_u16(cur);
		struct span data = cur_span16(cur);

		if (cur->failed)
			return false;
		/* RFC 8446 4.2: none comes twice. */
		if (type == EXTENSION_SERVER_NAME) {
			if (names || !read_server_name(data, hello))
				return false;
			names = true;
		} else if (type == EXTENSION_ALPN) {
			if (alpn || !read_alpn(data, hello))
				return false;
			alpn = true;
		}
	}
	return !cur->failed;
}

/* RFC 8446 4.1.2; the same since TLS 1.0. */
static enum client_hello_state
read_message(struct client_hello *hello, size_t len)
{
	struct cur cur = CUR_OF(span_of(hello->message + MESSAGE_HEAD, len));
	struct cur extensions;

	cur_u16(&cur);          /* legacy_version */
	cur_bytes(&cur, 32);    /* random */
	take8(&cur);            /* legacy_session_id */
	cur_span16(&cur);       /* cipher_suites */
	take8(&cur);            /* legacy_compression_methods */
	if (!cur.failed && cur.rest.len == 0)
		return CLIENT_HELLO_KNOWN; /* no extensions at all */
	extensions = CUR_OF(cur_span16(&cur));
	if (cur_end(&cur) < 0 || !read_extensions(&extensions, hello)) {
		hello->name[0] = '\0';
		hello->acme = false;
		return CLIENT_HELLO_OTHER;
	}
	return CLIENT_HELLO_KNOWN;
}

static bool
begin_record(struct client_hello *hello)
{
	const uint8_t *head = hello->head;

	hello->head_len = 0;
	hello->record_left = (size_t)head[3] << 8 | head[4];
	return head[0] == RECORD_HANDSHAKE && head[1] == 3 &&
	    hello->record_left > 0 && hello->record_left <= RECORD_MAX;
}

static enum client_hello_state
add(struct client_hello *hello, struct span part)
{
	size_t len;

	if (hello->message == NULL)
		hello->message = mem_alloc(CLIENT_HELLO_MAX);
	if (part.len > CLIENT_HELLO_MAX - hello->len)
		part.len = CLIENT_HELLO_MAX - hello->len;
	memcpy(hello->message + hello->len, part.data, part.len);
	hello->len += part.len;
	if (hello->message[0] != MESSAGE_CLIENT_HELLO)
		return CLIENT_HELLO_OTHER;
	if (hello->len < MESSAGE_HEAD)
		return CLIENT_HELLO_MORE;
	len = (size_t)hello->message[1] << 16 |
	    (size_t)hello->message[2] << 8 | hello->message[3];
	if (len > CLIENT_HELLO_MAX - MESSAGE_HEAD)
		return CLIENT_HELLO_OTHER;
	return hello->len < MESSAGE_HEAD + len ? CLIENT_HELLO_MORE :
	    read_message(hello, len);
}

enum client_hello_state
client_hello_feed(struct client_hello *hello, struct span bytes)
{
	enum client_hello_state state = CLIENT_HELLO_MORE;

	hello->raw += bytes.len;
	while (state == CLIENT_HELLO_MORE && bytes.len > 0) {
		size_t n = hello->record_left < bytes.len ?
		    hello->record_left : bytes.len;

		if (n > 0) {
			state = add(hello, span_of(bytes.data, n));
			hello->record_left -= n;
			bytes = span_from(bytes, n);
			continue;
		}
		hello->head[hello->head_len++] = bytes.data[0];
		bytes = span_from(bytes, 1);
		/* Who speaks another protocol may wait for an answer. */
		if (hello->head[0] != RECORD_HANDSHAKE ||
		    (hello->head_len == sizeof(hello->head) &&
		    !begin_record(hello)))
			state = CLIENT_HELLO_OTHER;
	}
	if (state == CLIENT_HELLO_MORE && hello->raw > CLIENT_HELLO_RAW_MAX)
		state = CLIENT_HELLO_OTHER;
	return state;
}

void
client_hello_done(struct client_hello *hello)
{
	free(hello->message);
	*hello = (struct client_hello){ 0 };
}
