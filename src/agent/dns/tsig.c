/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dns/tsig.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/mem.h"
#include "base/text.h"

#define CLASS_ANY 255
#define ARCOUNT_AT 10  /* in a message's header */
#define WORD_SIZE 512

static const struct {
	enum tsig_alg alg;
	const char *name;
	const EVP_MD *(*md)(void);
} algs[] = {
	{ TSIG_SHA256, "hmac-sha256", EVP_sha256 },
	{ TSIG_SHA384, "hmac-sha384", EVP_sha384 },
	{ TSIG_SHA512, "hmac-sha512", EVP_sha512 },
};
#define NUM_ALGS (sizeof(algs) / sizeof(algs[0]))

static size_t
row_of(enum tsig_alg alg)
{
	size_t i = 0;

	while (i + 1 < NUM_ALGS && algs[i].alg != alg)
		i++;
	return i;
}

/* Blanks and the three kinds of comments that BIND has. */
static void
skip_blanks(struct span *text)
{
	size_t i = 0;

	while (i < text->len) {
		struct span rest = span_from(*text, i);

		if (strchr(" \t\r\n", rest.data[0]) != NULL &&
		    rest.data[0] != '\0') {
			i++;
		} else if (rest.data[0] == '#' ||
		    span_starts_with(rest, SPAN_LIT("//"))) {
			while (i < text->len && text->data[i] != '\n')
				i++;
		} else if (span_starts_with(rest, SPAN_LIT("/*"))) {
			i += 2;
			while (i < text->len && !span_starts_with(
			    span_from(*text, i), SPAN_LIT("*/")))
				i++;
			i = i + 2 > text->len ? text->len : i + 2;
		} else {
			break;
		}
	}
	*text = span_from(*text, i);
}

/* A word, a quoted text or one of "{};"; false at the end. */
static bool
next_word(struct span *text, char ret[WORD_SIZE])
{
	bool quoted;
	size_t len = 0, i;

	skip_blanks(text);
	if (text->len == 0)
		return false;
	quoted = text->data[0] == '"';
	for (i = quoted; i < text->len && len + 1 < WORD_SIZE; i++) {
		char c = (char)text->data[i];

		if (quoted ? c == '"' : strchr(" \t\r\n\"{};", c) != NULL &&
		    (len > 0 || strchr("{};", c) == NULL))
			break;
		if (c == '\0')
			return false;
		ret[len++] = c;
		if (!quoted && strchr("{};", c) != NULL) {
			i++;
			break;
		}
	}
	if (quoted && (i >= text->len || text->data[i] != '"'))
		return false;
	ret[len] = '\0';
	*text = span_from(*text, i + quoted);
	return true;
}

static bool
expect(struct span *text, const char *want)
{
	char word[WORD_SIZE];

	return next_word(text, word) && strcmp(word, want) == 0;
}

static int
take_name(const char *word, struct tsig_key *ret)
{
	size_t len = 0;

	/* A dot at the end says nothing. */
	for (; word[len] != '\0' && strcmp(word + len, ".") != 0; len++) {
		if (len == DNS_NAME_MAX)
			return -(int)ERR_CONFIG;
		ret->name[len] = text_lower(word[len]);
	}
	ret->name[len] = '\0';
	return len > 0 && packet_name_check(ret->name) ? 0 :
	    -(int)ERR_CONFIG;
}

/* EVP_DecodeBlock counts the padding as bytes. */
static int
take_secret(const char *word, struct tsig_key *ret)
{
	uint8_t bytes[WORD_SIZE];
	size_t len = strlen(word), padding = 0;
	int n;

	while (padding < 2 && len > padding && word[len - 1 - padding] == '=')
		padding++;
	n = EVP_DecodeBlock(bytes, (const unsigned char *)word, (int)len);
	if (n <= (int)padding || (size_t)n - padding > TSIG_SECRET_MAX)
		return -(int)ERR_CONFIG;
	ret->secret_len = (size_t)n - padding;
	memcpy(ret->secret, bytes, ret->secret_len);
	mem_wipe(bytes, sizeof(bytes));
	return 0;
}

static int
take_alg(const char *word, struct tsig_key *ret)
{
	for (size_t i = 0; i < NUM_ALGS; i++) {
		if (strcmp(word, algs[i].name) == 0)
			ret->alg = algs[i].alg;
	}
	return ret->alg != 0 ? 0 : -(int)ERR_CONFIG;
}

int
tsig_key_parse(struct span text, const char *file, struct tsig_key *ret,
    struct err *err)
{
	char word[WORD_SIZE], value[WORD_SIZE];
	bool good;

	*ret = (struct tsig_key){ 0 };
	good = expect(&text, "key") && next_word(&text, word) &&
	    take_name(word, ret) == 0 && expect(&text, "{");
	while (good && next_word(&text, word) && strcmp(word, "}") != 0) {
		good = next_word(&text, value) && expect(&text, ";");
		if (good && strcmp(word, "algorithm") == 0 &&
		    take_alg(value, ret) < 0)
			return err_set(err, ERR_CONFIG, "RFC 8945 6", "%s: the "
			    "algorithm is none of hmac-sha256, hmac-sha384, "
			    "hmac-sha512; make a new key with tsig-keygen",
			    file);
		good = good && (strcmp(word, "secret") != 0 ||
		    take_secret(value, ret) == 0);
	}
	mem_wipe(value, sizeof(value));
	if (!good || ret->alg == 0 || ret->secret_len == 0)
		return err_set(err, ERR_CONFIG, NULL, "%s is not of the form "
		    "key \"NAME\" { algorithm hmac-sha256; secret \"...\"; }; "
		    "make it with tsig-keygen NAME", file);
	return 0;
}

/* RFC 8945 4.3.3. The record has no other variables. */
static void
put_variables(struct bld *out, const struct tsig_key *key, uint64_t time,
    uint16_t fudge, uint16_t error, struct span other)
{
	packet_put_name(out, key->name);
	bld_u16(out, CLASS_ANY);
	bld_u32(out, 0);
	packet_put_name(out, algs[row_of(key->alg)].name);
	bld_u16(out, (uint16_t)(time >> 32));
	bld_u32(out, (uint32_t)time);
	bld_u16(out, fudge);
	bld_u16(out, error);
	bld_span16(out, other);
}

static int
digest(const struct tsig_key *key, struct span data, struct tsig_mac *ret,
    struct err *err)
{
	unsigned len = 0;

	if (HMAC(algs[row_of(key->alg)].md(), key->secret,
	    (int)key->secret_len, data.data, data.len, ret->bytes,
	    &len) == NULL)
		return err_set(err, ERR_INTERNAL, NULL, "an HMAC failed");
	ret->len = len;
	return 0;
}

int
tsig_sign(struct bld *message, const struct tsig_key *key, int64_t now_s,
    struct tsig_mac *ret, struct err *err)
{
	uint64_t time = (uint64_t)now_s;
	uint8_t id[2];
	struct bld data;
	int r;

	bld_init(&data, PACKET_MAX + 1024);
	bld_span(&data, bld_view(message));
	put_variables(&data, key, time, TSIG_FUDGE_S, 0, SPAN_NONE);
	r = digest(key, bld_view(&data), ret, err);
	bld_free(&data);
	if (r < 0)
		return r;
	memcpy(id, message->data, sizeof(id));
	message->data[ARCOUNT_AT + 1]++;
	packet_put_name(message, key->name);
	bld_u16(message, PACKET_TSIG);
	bld_u16(message, CLASS_ANY);
	bld_u32(message, 0);
	bld_init(&data, 1024);
	packet_put_name(&data, algs[row_of(key->alg)].name);
	bld_u16(&data, (uint16_t)(time >> 32));
	bld_u32(&data, (uint32_t)time);
	bld_u16(&data, TSIG_FUDGE_S);
	bld_span16(&data, span_of(ret->bytes, ret->len));
	bld_bytes(&data, id, sizeof(id));
	bld_u16(&data, 0);
	bld_u16(&data, 0);
	bld_span16(message, bld_view(&data));
	bld_free(&data);
	return 0;
}

/* What a TSIG record says (RFC 8945 4.2). */
struct said {
	char alg[DNS_NAME_SIZE];
	uint64_t time;
	uint16_t fudge, id, error;
	struct span mac, other;
};

static int
read_said(const struct packet *packet, const struct packet_record *record,
    struct said *ret)
{
	struct cur cur;
	size_t next;

	if (dns_message_name(packet->bytes, record->rdata_at, ret->alg,
	    &next) < 0 || next > record->rdata_at + record->rdata.len)
		return -(int)ERR_MALFORMED;
	cur = CUR_OF(span_from(record->rdata, next - record->rdata_at));
	ret->time = (uint64_t)cur_u16(&cur) << 32;
	ret->time |= cur_u32(&cur);
	ret->fudge = cur_u16(&cur);
	ret->mac = cur_span16(&cur);
	ret->id = cur_u16(&cur);
	ret->error = cur_u16(&cur);
	ret->other = cur_span16(&cur);
	return cur_end(&cur);
}

/* The last record of the message; false if it is no TSIG. */
static bool
find(const struct packet *packet, struct packet_record *ret)
{
	struct packet_walk walk = { .packet = packet };
	int r;

	ret->type = 0;
	do {
		r = packet_next(&walk, ret);
	} while (r > 0);
	return r == 0 && ret->type == PACKET_TSIG &&
	    ret->section == PACKET_ADDITIONAL;
}

/* RFC 8945 5.3.2: words for what the server did not like. */
static int
say_error(const struct said *said, const struct tsig_key *key,
    struct err *err)
{
	if (said->error == PACKET_BADKEY)
		return err_set(err, ERR_CONFIG, "RFC 8945 5.2.1", "the server "
		    "does not know the key \"%s\" with that algorithm; put it "
		    "into its configuration", key->name);
	if (said->error == PACKET_BADSIG)
		return err_set(err, ERR_CONFIG, "RFC 8945 5.2.2", "the server "
		    "has another secret for the key \"%s\"; copy its key file "
		    "again", key->name);
	if (said->error == PACKET_BADTIME)
		return err_set(err, ERR_CONFIG, "RFC 8945 5.2.3", "the "
		    "server's clock differs from ours by more than %d s; set "
		    "the clocks", TSIG_FUDGE_S);
	return err_set(err, ERR_DNS, "RFC 8945 5.3", "the server could not "
	    "verify our signature: %s", packet_rcode_name(said->error));
}

static int
check_mac(const struct packet *answer, const struct packet_record *record,
    const struct said *said, const struct tsig_key *key,
    const struct tsig_mac *request, struct err *err)
{
	struct span body = span_of(answer->bytes.data, record->at);
	struct tsig_mac mac;
	struct bld data;
	uint8_t *at;
	int r;

	bld_init(&data, PACKET_MAX * 2);
	bld_span16(&data, span_of(request->bytes, request->len));
	at = bld_grow(&data, body.len);
	memcpy(at, body.data, body.len);
	at[0] = (uint8_t)(said->id >> 8);
	at[1] = (uint8_t)said->id;
	at[ARCOUNT_AT] = (uint8_t)((answer->counts[PACKET_ADDITIONAL] - 1) >>
	    8);
	at[ARCOUNT_AT + 1] = (uint8_t)(answer->counts[PACKET_ADDITIONAL] - 1);
	put_variables(&data, key, said->time, said->fudge, said->error,
	    said->other);
	r = digest(key, bld_view(&data), &mac, err);
	bld_free(&data);
	if (r == 0 && (said->mac.len != mac.len ||
	    !mem_equal_secret(said->mac.data, mac.bytes, mac.len)))
		r = err_set(err, ERR_DNS, "RFC 8945 5.3", "the signature of "
		    "the server's answer is wrong");
	return r;
}

int
tsig_verify(const struct packet *answer, const struct tsig_key *key,
    const struct tsig_mac *request, int64_t now_s, struct err *err)
{
	struct packet_record record;
	struct said said;
	int64_t apart;
	int r;

	if (!find(answer, &record) || read_said(answer, &record, &said) < 0)
		return err_set(err, ERR_DNS, "RFC 8945 5.3", "the server's "
		    "answer (%s) is not signed; does it know the key \"%s\"?",
		    packet_rcode_name(answer->rcode), key->name);
	if (strcmp(record.owner, key->name) != 0 ||
	    strcmp(said.alg, algs[row_of(key->alg)].name) != 0)
		return err_set(err, ERR_DNS, "RFC 8945 5.3", "the server's "
		    "answer is signed with another key");
	if (said.mac.len == 0)
		return say_error(&said, key, err);
	r = check_mac(answer, &record, &said, key, request, err);
	if (r < 0)
		return r;
	if (said.error != 0)
		return say_error(&said, key, err);
	apart = (int64_t)said.time - now_s;
	if (apart > said.fudge || apart < -(int64_t)said.fudge)
		return err_set(err, ERR_DNS, "RFC 8945 5.3", "the time in the "
		    "server's answer is off by %lld s; set the clocks",
		    (long long)apart);
	return 0;
}
