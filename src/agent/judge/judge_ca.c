/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CA becomes usable in steps: its account's row in the state gives the
 * number of the key; account opens (or makes) the key for the CA's origin, and
 * gets the EAB key; net is told of the CA.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#include "agent/conf/form.h"
#include "agent/judge/judge_private.h"
#include "base/file.h"
#include "base/text.h"

#define ORIGIN_MAX ACCOUNT_ORIGIN_MAX

static bool on_opened(void *ctx, uint16_t type, struct span payload);

static void
tell(struct judge_ca *ca)
{
	struct judge_ca_waiter *w, *next;
	const struct err *err = ca->ready ? NULL : &ca->err;

	w = ca->waiters;
	ca->waiters = NULL;
	for (; w != NULL; w = next) {
		next = w->next;
		w->ready(w->ctx, ca->ready ? ca : NULL, err);
		free(w);
	}
}

static void
refuse(struct judge_ca *ca, const struct err *err)
{
	ca->err = *err;
	tell(ca);
}

/* "https://host:port" of a URL, in lower case. */
static struct span
origin_of(const char *url, char out[ORIGIN_MAX + 1])
{
	size_t start = strlen("https://"),
	    len = start + strcspn(url + start, "/?#");

	if (len > ORIGIN_MAX)
		len = ORIGIN_MAX;
	for (size_t i = 0; i < len; i++)
		out[i] = text_lower(url[i]);
	out[len] = '\0';
	return span_str(out);
}

bool
judge_ca_is_at(const struct judge_ca *ca, struct span url)
{
	char origin[ORIGIN_MAX + 1];
	struct span at = origin_of(ca->authority.directory, origin);

	return url.len > at.len && strncasecmp((const char *)url.data, origin,
	    at.len) == 0 && url.data[at.len] == '/';
}

void
judge_ca_registration(const struct judge_ca *ca, struct arena *arena,
    struct client_registration *ret)
{
	char text[ROW_TEXT_MAX + 8];

	ret->terms_agreed = ca->authority.agree_terms == ROW_YES;
	ret->eab_kid = span_str(ca->authority.eab_kid);
	for (size_t i = 0; i < ca->authority.email.count &&
	    i < ACME_CONTACTS_MAX; i++) {
		snprintf(text, sizeof(text), "mailto:%s",
		    ca->authority.email.items[i]);
		ret->contacts[ret->num_contacts++] =
		    arena_dup(arena, span_str(text));
	}
}

static bool
send_ca(struct judge_ca *ca, const uint8_t *thumbprint)
{
	struct judge_net_ask ask = { .type = JUDGE_NET_CA };
	struct err err = ERR_INIT;
	struct bld trust;
	uint64_t seconds;
	int r = 0;

	bld_init(&trust, JUDGE_NET_TRUST_MAX);
	ask.ca = ask.new_ca.ca = ca->number;
	ask.new_ca.account = ca->account.id;
	ask.new_ca.options.directory_url = span_str(ca->authority.directory);
	ask.new_ca.options.kid = ca->account.kid;
	if (text_uint(span_str(ca->authority.timeout), FORM_SECONDS_MAX,
	    &seconds) == 0)
		ask.new_ca.options.step_max_ms = 1000 * (uint32_t)seconds;
	memcpy(ask.new_ca.options.thumbprint, thumbprint, JWK_THUMBPRINT_SIZE);
	judge_ca_registration(ca, &ca->arena,
	    &ask.new_ca.options.registration);
	if (ca->authority.ca_file != NULL)
		r = file_read(AT_FDCWD, ca->authority.ca_file, 0, &trust, &err);
	if (r < 0)
		r = err_prefix(&err, "ca_file");
	if (r == 0) {
		ask.new_ca.trust = bld_view(&trust);
		ask_net(ca->judge, &ask, NULL, NULL);
	} else {
		refuse(ca, &err);
	}
	bld_free(&trust);
	return r == 0;
}

/* The last step. */
static void
tell_net(struct judge_ca *ca, const uint8_t *thumbprint)
{
	if (!send_ca(ca, thumbprint))
		return;
	memcpy(ca->thumbprint, thumbprint, JWK_THUMBPRINT_SIZE);
	ca->ready = true;
	tell(ca);
}

static bool
decode(struct judge_ca *ca, uint16_t type, struct span payload,
    struct judge_account_answer *ret)
{
	struct err err = ERR_INIT;

	if (judge_account_answer_decode(type, payload, ret, &err) < 0) {
		judge_end(ca->judge, &err);
		return false;
	}
	if (ret->type == JUDGE_ACCOUNT_REFUSED) {
		refuse(ca, &ret->err);
		return false;
	}
	return true;
}

void
judge_ca_ask(struct judge_ca *ca, const struct judge_account_request *request,
    ask_answer *answer, void *ctx)
{
	struct bld out;

	bld_init_secret(&out, LINK_PAYLOAD_MAX);
	judge_account_request_encode(&out, request);
	ask_send(ca->judge, AGENT_ACCOUNT, (uint16_t)request->type, &out,
	    answer, ctx);
	bld_free(&out);
}

static bool
on_eab(void *ctx, uint16_t type, struct span payload)
{
	struct judge_account_answer answer;

	(void)decode(ctx, type, payload, &answer);
	return true;
}

/* base64url, with white space around and perhaps padded. */
static int
decode_eab(const struct judge_ca *ca, const struct bld *text, struct bld *out,
    struct err *err)
{
	struct span s = bld_view(text);

	while (s.len > 0 && isspace(s.data[0]))
		s = span_from(s, 1);
	while (s.len > 0 && (isspace(s.data[s.len - 1]) ||
	    s.data[s.len - 1] == '='))
		s.len--;
	if (s.len == 0 || text_unbase64url(out, s) < 0)
		return err_set(err, ERR_CONFIG, "RFC 8555 7.3.4", "%s does not "
		    "hold a key in base64url; put the key that the CA gave "
		    "there, and nothing else", ca->authority.eab_key_file);
	return 0;
}

/* form_hmac saw it. */
static uint16_t
hmac_bits(const struct authority *authority)
{
	return authority->eab_alg == NULL ? 256 :
	    (uint16_t)strtoul(authority->eab_alg + 2, NULL, 10);
}

static int
send_eab(struct judge_ca *ca, struct err *err)
{
	struct judge_account_request request = { .type = JUDGE_ACCOUNT_EAB,
	    .id = ca->account.id, .kid = span_str(ca->authority.eab_kid),
	    .hmac_bits = hmac_bits(&ca->authority) };
	struct bld text, key;
	int r;

	bld_init_secret(&text, 2 * ACCOUNT_HMAC_MAX);
	bld_init_secret(&key, ACCOUNT_HMAC_MAX);
	r = file_read(AT_FDCWD, ca->authority.eab_key_file, 0, &text,
	    err);
	if (r == 0)
		r = decode_eab(ca, &text, &key, err);
	if (r == 0) {
		request.hmac = bld_view(&key);
		judge_ca_ask(ca, &request, on_eab, ca);
	}
	bld_free(&text);
	bld_free(&key);
	return r;
}

/* ---- a rollover that was cut short (rpc/judge_account.h) ---------------- */

/* With one key left, it goes on as if it had just been opened. */
static void
end_rollover(struct judge_ca *ca, enum judge_account_type type)
{
	const struct judge_account_request request = { .type = type,
	    .id = ca->account.id };

	ca->number = ++ca->judge->num_cas;
	judge_ca_ask(ca, &request, on_opened, ca);
}

/* Whether the CA knows the account by the new key. */
static bool
on_known(void *ctx, uint16_t type, struct span payload)
{
	struct judge_ca *ca = ctx;
	struct judge_net_tell tell;
	struct arena arena = { 0 };
	struct err err = ERR_INIT;

	if (judge_net_tell_decode(type, payload, &arena, &tell, &err) < 0) {
		judge_end(ca->judge, &err);
	} else if (tell.type != NET_JUDGE_RESULT) {
		arena_free(&arena);
		return false;
	} else if (tell.result.type == CLIENT_RESULT_ACCOUNT) {
		end_rollover(ca, JUDGE_ACCOUNT_COMMIT);
	} else if (tell.result.type == CLIENT_RESULT_PROBLEM &&
	    span_equal_str(tell.result.problem.type, "accountDoesNotExist")) {
		end_rollover(ca, JUDGE_ACCOUNT_ABANDON);
	} else {
		err_set(&err, ERR_BUSY, NULL, "the account's key was being "
		    "changed, and %s does not say which one it knows; the "
		    "next run asks again", ca->authority.name);
		refuse(ca, &err);
	}
	arena_free(&arena);
	return true;
}

static bool
on_use_next(void *ctx, uint16_t type, struct span payload)
{
	struct judge_ca *ca = ctx;
	struct judge_account_answer answer;
	struct judge_net_ask ask = { .type = JUDGE_NET_REGISTER,
	    .only_existing = true };
	struct span kid = ca->account.kid;
	struct bld out;
	bool sent;

	if (!decode(ca, type, payload, &answer))
		return true;
	/* Only a question without a kid is about the key. */
	ca->account.kid = SPAN_NONE;
	sent = send_ca(ca, answer.opened.thumbprint);
	ca->account.kid = kid;
	if (!sent)
		return true;
	ask.ca = ca->number;
	bld_init(&out, LINK_PAYLOAD_MAX);
	judge_net_ask_encode(&out, &ask);
	ask_send(ca->judge, AGENT_NET, JUDGE_NET_REGISTER, &out, on_known, ca);
	bld_free(&out);
	return true;
}

static void
which_key(struct judge_ca *ca)
{
	const struct judge_account_request request = {
		.type = JUDGE_ACCOUNT_USE_NEXT, .id = ca->account.id };

	judge_ca_ask(ca, &request, on_use_next, ca);
}

static void
ask_open(struct judge_ca *ca)
{
	struct judge_account_request request = { .type = JUDGE_ACCOUNT_OPEN,
	    .alg = JWK_ES256, .num_origins = 1, .id = ca->account.id,
	    .kid = ca->account.kid };
	char origin[ORIGIN_MAX + 1];

	request.origins[0] = origin_of(ca->authority.directory, origin);
	judge_ca_ask(ca, &request, on_opened, ca);
}

/* The state knows an account whose key is gone: the CA would believe nothing
 * that a new key signs in its name. */
static void
open_another(struct judge_ca *ca)
{
	struct err err = ERR_INIT;

	judge_say(ca->judge, JUDGE_WARN, NULL, "the key of the account at %s "
	    "is not in the state's folder accounts any more: another account "
	    "is made\nrecords in the DNS that name the old one (%.*s) have to "
	    "be changed", ca->authority.name, SPAN_FMT(ca->account.kid));
	ca->account.kid = ca->account.contacts = SPAN_NONE;
	if (state_account_set(ca->judge->state, &ca->account, &err) < 0)
		judge_end(ca->judge, &err);
	else
		ask_open(ca);
}

static bool
on_opened(void *ctx, uint16_t type, struct span payload)
{
	struct judge_ca *ca = ctx;
	struct judge_account_answer answer;
	struct err err = ERR_INIT;

	if (!decode(ca, type, payload, &answer))
		return true;
	if (answer.opened.next) {
		which_key(ca);
		return true;
	}
	if (answer.opened.created && ca->account.kid.len > 0) {
		open_another(ca);
		return true;
	}
	/* account takes questions in their order, so nobody signs before it
	 * has the EAB key. */
	if (ca->authority.eab_key_file != NULL && send_eab(ca, &err) < 0)
		refuse(ca, &err);
	else
		tell_net(ca, answer.opened.thumbprint);
	return true;
}

static int
open_account(struct judge_ca *ca, struct err *err)
{
	int r;

	ca->account.directory = span_str(ca->authority.directory);
	ca->account.created_at = judge_now(ca->judge);
	r = state_account_add(ca->judge->state, &ca->account, err);
	if (r == 0)
		r = state_account_get(ca->judge->state, ca->account.directory,
		    &ca->arena, &ca->account, err);
	if (r == 0)
		ask_open(ca);
	return r;
}

/* What was said of the CA holds for its rehearsal stage, too, where nothing
 * else is: but for the key of an external account, and a chain's name, which
 * differ there. Where the stage has a name of its own, so are its roots. */
static void
inherit_stage(struct authority *stage, const struct authority *ca)
{
	struct authority same = { .email = ca->email,
		.agree_terms = ca->agree_terms, .profile = ca->profile,
		.timeout = ca->timeout };

	if (strcmp(stage->name, stage->directory) == 0)
		same.ca_file = ca->ca_file;
	row_inherit(authority_rows, stage, &same);
}

/* --dry-run asks the CA's rehearsal stage, or the CA itself if that is what
 * somebody made for it: never one whose limits count. */
static int
find_authority(struct judge_ca *ca, struct err *err)
{
	const char *staging = ca->judge->options.staging;
	struct authority stage;
	int r = judge_find_authority(ca->judge, ca->name, &ca->authority, err);

	if (r < 0 || !ca->judge->options.dry_run)
		return r;
	if (staging == NULL)
		staging = ca->authority.staging;
	if (staging == NULL)
		return err_set(err, ERR_CONFIG, NULL, "--dry-run does not ask "
		    "%s, where it would count as real; name a CA to rehearse "
		    "at with --staging NAME|URL, or this one again if it is "
		    "for tests", ca->name);
	if (strcmp(staging, ca->authority.directory) == 0)
		return 0;
	r = judge_find_authority(ca->judge, staging, &stage, err);
	if (r < 0)
		return r;
	inherit_stage(&stage, &ca->authority);
	authority_done(&ca->authority);
	ca->authority = stage;
	return 0;
}

static struct judge_ca *
make(struct judge *judge, const char *name)
{
	struct judge_ca *ca = mem_zalloc(sizeof(*ca));

	ca->judge = judge;
	ca->name = mem_strdup(name);
	ca->number = ++judge->num_cas;
	ca->next = judge->cas;
	judge->cas = ca;
	return ca;
}

void
judge_ca_need(struct judge *judge, const char *name,
    void (*ready)(void *ctx, struct judge_ca *ca, const struct err *err),
    void *ctx)
{
	struct judge_ca_waiter *waiter;
	struct judge_ca *ca = judge->cas;
	struct err err = ERR_INIT;
	bool is_new;

	while (ca != NULL && strcmp(ca->name, name) != 0)
		ca = ca->next;
	is_new = ca == NULL;
	if (is_new)
		ca = make(judge, name);
	waiter = mem_alloc(sizeof(*waiter));
	*waiter = (struct judge_ca_waiter){ .next = ca->waiters,
	    .ready = ready, .ctx = ctx };
	ca->waiters = waiter;
	if (is_new && (find_authority(ca, &err) < 0 ||
	    open_account(ca, &err) < 0))
		refuse(ca, &err);
	else if (ca->ready || ca->err.kind != ERR_NONE)
		tell(ca);
}

/* Records of dns-persist-01 and CAA (RFC 8657) name the account. */
static void
say_other(const struct judge_ca *ca, struct span kid)
{
	judge_say(ca->judge, JUDGE_WARN, NULL, "the account at %s is another "
	    "one now: %.*s\nif nobody made the CA forget the old one (%.*s), "
	    "ask it; records in the DNS that name it have to be changed",
	    ca->authority.name, SPAN_FMT(kid), SPAN_FMT(ca->account.kid));
}

/* What net says may have no end. */
static int
keep_account(struct judge_ca *ca, struct span kid, struct span contacts,
    bool created, struct err *err)
{
	if (!created && span_equal(kid, ca->account.kid) &&
	    span_equal(contacts, ca->account.contacts))
		return 0;
	if (++ca->account_changes > JUDGE_CA_CHANGES_MAX)
		return err_set(err, ERR_FRAME, NULL, "net says again and "
		    "again that the account at %s is another one",
		    ca->authority.name);
	if (ca->account.kid.len > 0 && !span_equal(kid, ca->account.kid))
		say_other(ca, kid);
	ca->account.kid = arena_dup(&ca->arena, kid);
	ca->account.contacts = arena_dup(&ca->arena, contacts);
	return state_account_set(ca->judge->state, &ca->account, err);
}

void
judge_ca_account(struct judge *judge, uint32_t number,
    const struct client_account *account)
{
	struct err err = ERR_INIT;
	struct judge_ca *ca = judge->cas;
	struct bld contacts;

	while (ca != NULL && ca->number != number)
		ca = ca->next;
	if (ca == NULL)
		return;
	bld_init(&contacts, 65536);
	for (size_t i = 0; i < account->num_contacts; i++)
		bld_fmt(&contacts, "%s%.*s", i == 0 ? "" : " ",
		    SPAN_FMT(account->contacts[i]));
	if (keep_account(ca, account->kid, bld_view(&contacts),
	    account->created, &err) < 0)
		judge_end(judge, &err);
	else if (account->created)
		judge_say(judge, JUDGE_STEP, NULL, "made an account at %s",
		    ca->authority.name);
	bld_free(&contacts);
}

void
judge_ca_free_all(struct judge *judge)
{
	struct judge_ca *ca;

	while ((ca = judge->cas) != NULL) {
		judge->cas = ca->next;
		while (ca->waiters != NULL) {
			struct judge_ca_waiter *w = ca->waiters;

			ca->waiters = w->next;
			free(w);
		}
		authority_done(&ca->authority);
		arena_free(&ca->arena);
		free(ca->name);
		free(ca);
	}
	judge->num_cas = 0;
}
