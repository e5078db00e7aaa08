/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/files/files_main.h"

#include <linux/capability.h>
#include <stdio.h>

#include "agent/files/intent.h"
#include "agent/files/publish.h"
#include "agent/proc/key_file.h"
#include "agent/rpc/certkey_files.h"

#define CAP(name) (UINT64_C(1) << CAP_##name)

/* A site that judge told of, with what is going on for it. */
struct known {
	uint8_t *payload;    /* site borrows from it */
	struct site site;
	bool busy;           /* an answer to judge is open */
	uint64_t id;         /* of judge's frame, and of the one to certkey */
	bool asked_site;     /* it was SITE, not PUBLISH */
	bool live;           /* what was to be published is; certkey is told */
	struct err copies;   /* what went wrong with one of them */
	struct span response; /* that is published with the chain; ours */
	struct files_ocsp ocsp; /* what it says */
	struct err noted;    /* what else judge is to tell */
	struct known *next;
};

struct files_main {
	struct agent_proc *proc;
	struct known *first;
	struct bld out;      /* of the message that is being made */
};

int
files_main_sandbox(const struct agent_proc *proc, struct sandbox_path *paths,
    struct sandbox *ret, struct err *err)
{
	static const char *const own[] = { "live", "archive", "publish" };
	size_t count = 0;

	for (size_t i = 0; i < 3; i++)
		paths[count++] = (struct sandbox_path){ .path = own[i],
			.write = true, .links = true };
	for (const struct sandbox_path *at = proc->paths; at != NULL &&
	    at->path != NULL; at++) {
		if (count == FILES_MAIN_PATHS_MAX + 3)
			return err_set(err, ERR_CONFIG, NULL, "certificates "
			    "would be written to more than %d folders in one "
			    "run", FILES_MAIN_PATHS_MAX);
		paths[count] = *at;
		paths[count++].links = true;
	}
	paths[count] = (struct sandbox_path){ .path = NULL };
	*ret = (struct sandbox){ .calls = SANDBOX_FILES | SANDBOX_LINKS,
		.paths = paths };
	/* Files of others are replaced, and belong to them again. */
	if (proc->root)
		ret->keep_caps = CAP(CHOWN) | CAP(FOWNER) | CAP(DAC_OVERRIDE);
	return 0;
}

static struct known *
find(const struct files_main *main, struct span name, enum site_key_type type,
    const bool *second)
{
	struct known *at = main->first;

	while (at != NULL && (!span_equal(at->site.name, name) ||
	    at->site.key_type != type ||
	    (second != NULL && at->site.second != *second)))
		at = at->next;
	return at;
}

static void
answer(struct files_main *main, uint64_t id,
    struct judge_files_answer *answer)
{
	if (answer->type == JUDGE_FILES_REFUSED &&
	    answer->err.kind == ERR_NONE)
		err_set(&answer->err, ERR_INTERNAL, NULL, "refused");
	bld_reset(&main->out);
	judge_files_answer_encode(&main->out, answer);
	agent_proc_send(main->proc, AGENT_JUDGE, (uint16_t)answer->type, id,
	    bld_view(&main->out));
}

static void
refuse(struct files_main *main, uint64_t id, const struct err *why)
{
	struct judge_files_answer told = { .type = JUDGE_FILES_REFUSED,
		.err = *why };

	answer(main, id, &told);
}

/* The end of what judge asked for about a site: what is live now. */
static void
answer_live(struct files_main *main, struct known *known, bool recovered)
{
	struct judge_files_answer told = { .type = known->asked_site ?
		JUDGE_FILES_SITE_IS : JUDGE_FILES_PUBLISHED,
		.recovered = recovered };
	char path[LAYOUT_PATH_SIZE + LAYOUT_NAME_SIZE];
	struct arena arena = { 0 };
	struct layout layout;
	struct chain chain;
	struct err err = ERR_INIT;

	known->busy = false;
	layout_of(&known->site, main->proc->dir, &layout);
	snprintf(path, sizeof(path), "%s/%s", layout.parent, layout.name);
	/* What cannot be read is nothing to go on with: it is replaced. */
	if (publish_live(&known->site, main->proc->dir, &arena, &chain,
	    &err) < 0) {
		chain = (struct chain){ 0 };
		log_err(LOG_WARNING, "live-unreadable", &err);
	}
	told.live = chain.leaf;
	told.live.path = span_str(path);
	told.ocsp = known->ocsp;
	told.err = known->copies.kind != ERR_NONE ? known->copies :
	    known->noted;
	answer(main, known->id, &told);
	arena_free(&arena);
}

static void
fail(struct files_main *main, struct known *known, const struct err *why)
{
	known->busy = false;
	refuse(main, known->id, why);
}

static void
ask_certkey(struct files_main *main, const struct known *known,
    enum certkey_files_type type, const struct intent *intent)
{
	struct certkey_files_request question = { .type = type,
		.site = known->site.name, .key_type = known->site.key_type };

	memcpy(question.spki_hash, intent->spki_hash, FILES_HASH_SIZE);
	bld_reset(&main->out);
	certkey_files_request_encode(&main->out, &question);
	agent_proc_send(main->proc, AGENT_CERTKEY, (uint16_t)question.type,
	    known->id, bld_view(&main->out));
}

/* Nothing is left but to forget that there was something to do; copies that
 * failed are tried again. */
static void
conclude(struct files_main *main, struct known *known)
{
	if (known->copies.kind == ERR_NONE)
		intent_remove(main->proc->dir, &known->site, &known->copies);
	answer_live(main, known, known->asked_site);
}

static void
note(struct known *known, const struct err *what)
{
	struct err so_far = known->noted;

	if (what->kind == ERR_NONE)
		return;
	known->noted = *what;
	if (so_far.kind != ERR_NONE)
		err_prefix(&known->noted, "%s; and", so_far.text);
}

/* With the key at hand, or without one: all steps. */
static void
finish(struct files_main *main, struct known *known,
    const struct intent *intent, const struct chain *chain, struct span key)
{
	const struct publish publish = { .dir = main->proc->dir,
		.site = &known->site, .chain = chain, .key = key,
		.ocsp = known->response,
		.at_s = intent->at_s };
	struct err err = ERR_INIT, pruned = ERR_INIT;

	if (publish_target(&publish, &pruned, &err) < 0) {
		fail(main, known, &err);
		return;
	}
	note(known, &pruned);
	publish_copies(&publish, &known->copies);
	if (intent->no_key) {
		conclude(main, known);
		return;
	}
	/* The last copy of the key but the live one goes first. */
	known->live = true;
	ask_certkey(main, known, CERTKEY_FILES_PUBLISHED, intent);
}

static int
load(const struct files_main *main, const struct known *known,
    struct arena *arena, struct intent *intent, struct chain *chain,
    struct err *err)
{
	int r = intent_read(main->proc->dir, &known->site, arena, intent, err);

	return r < 0 ? r : chain_parse(intent->chain, arena, chain, err);
}

/* Publishes what the intent says, as soon as the key is there: the key that is
 * live (kept, or published before the crash), or certkey's. */
static void
carry_out(struct files_main *main, struct known *known)
{
	struct arena arena = { 0 };
	struct err err = ERR_INIT;
	struct intent intent;
	struct chain chain;
	struct bld key;
	int r;

	known->live = false;
	known->copies = (struct err)ERR_INIT;
	bld_init_secret(&key, PUBLISH_KEY_MAX);
	if (publish_settle(&known->site, main->proc->dir, &err) < 0)
		fail(main, known, &err);
	else if ((r = load(main, known, &arena, &intent, &chain, &err)) ==
	    -(int)ERR_NOT_FOUND && known->asked_site)
		answer_live(main, known, false);
	else if (r < 0)
		fail(main, known, &err);
	else if (intent.no_key || publish_live_key(&known->site,
	    main->proc->dir, intent.spki_hash, &key, NULL) == 0)
		finish(main, known, &intent, &chain, bld_view(&key));
	else
		ask_certkey(main, known, CERTKEY_FILES_PENDING, &intent);
	bld_free(&key);
	arena_free(&arena);
}

static void
forget_ocsp(struct known *known)
{
	mem_span_free(known->response);
	known->response = SPAN_NONE;
	known->ocsp = (struct files_ocsp){ 0 };
}

static void
take_site(struct files_main *main, uint64_t id, const struct site *site)
{
	struct known *known = find(main, site->name, site->key_type,
	    &site->second);
	struct err err = ERR_INIT;
	struct bld copy;
	struct cur cur;

	if (known != NULL && known->busy) {
		err_set(&err, ERR_BUSY, NULL, "the site is being published");
		refuse(main, id, &err);
		return;
	}
	if (known == NULL) {
		known = mem_zalloc(sizeof(*known));
		known->next = main->first;
		main->first = known;
	}
	free(known->payload);
	bld_init(&copy, LINK_PAYLOAD_MAX);
	site_encode(&copy, site);
	known->payload = copy.data;
	cur = CUR_OF(bld_view(&copy));
	site_decode(&cur, &known->site);
	known->id = id;
	known->busy = known->asked_site = true;
	forget_ocsp(known);
	known->noted = (struct err)ERR_INIT;
	carry_out(main, known);
}

/* A response that came with the chain: it is published with it if it is
 * good. */
static void
take_ocsp(struct files_main *main, struct known *known,
    const struct chain *chain, struct span response)
{
	forget_ocsp(known);
	if (response.len == 0 || chain_read_ocsp(chain, response,
	    env_now(&main->proc->env), &known->ocsp, NULL) < 0 ||
	    known->ocsp.status != FILES_OCSP_GOOD)
		return;
	known->response = mem_span_dup(response);
}

static int
begin(struct files_main *main, struct known *known,
    const struct judge_files_request *request, struct err *ret_noted,
    struct err *err)
{
	struct intent intent = { .at_s = env_now(&main->proc->env) / 1000,
		.no_key = request->no_key, .chain = request->chain };
	struct arena arena = { 0 };
	struct chain chain;
	int r;

	memcpy(intent.spki_hash, request->spki_hash, FILES_HASH_SIZE);
	r = chain_parse(request->chain, &arena, &chain, err);
	if (r == 0)
		r = chain_check(&chain, request->spki_hash, &request->names,
		    env_now(&main->proc->env), err);
	if (r == 0)
		r = chain_check_use(&chain, request->must_staple,
		    request->profile, ret_noted, err);
	if (r == 0)
		r = intent_write(main->proc->dir, &known->site, &intent, err);
	if (r == 0)
		take_ocsp(main, known, &chain, request->ocsp);
	arena_free(&arena);
	return r;
}

static void
take_publish(struct files_main *main, uint64_t id, struct known *known,
    const struct judge_files_request *request)
{
	struct err err = ERR_INIT, noted = ERR_INIT;

	if (begin(main, known, request, &noted, &err) < 0) {
		refuse(main, id, &err);
		return;
	}
	known->id = id;
	known->busy = true;
	known->asked_site = false;
	known->noted = noted;
	carry_out(main, known);
}

/* The chain that is asked about, or what is live. */
static int
chain_of(const struct files_main *main, const struct known *known,
    struct span pem, struct arena *arena, struct chain *ret, struct err *err)
{
	int r = pem.len > 0 ? chain_parse(pem, arena, ret, err) :
	    publish_live(&known->site, main->proc->dir, arena, ret, err);

	return r == 0 && !ret->leaf.exists ? err_set(err, ERR_NOT_FOUND, NULL,
	    "there is no certificate to have an OCSP response for") : r;
}

/* Whom to ask what. */
static void
ask_ocsp(struct files_main *main, const struct known *known, uint64_t id,
    struct span pem)
{
	struct judge_files_answer told = { .type = JUDGE_FILES_OCSP_IS };
	struct arena arena = { 0 };
	struct chain chain;
	struct bld request;
	struct err err = ERR_INIT;

	bld_init(&request, FILES_OCSP_REQUEST_MAX);
	if (chain_of(main, known, pem, &arena, &chain, &err) < 0 ||
	    (chain.leaf.ocsp_url.len > 0 &&
	    chain_make_ocsp(&chain, &request, &err) < 0)) {
		refuse(main, id, &err);
	} else {
		told.url = chain.leaf.ocsp_url;
		told.request = bld_view(&request);
		told.must_staple = chain.leaf.must_staple;
		answer(main, id, &told);
	}
	bld_free(&request);
	arena_free(&arena);
}

static int
put_ocsp(const struct files_main *main, const struct known *known,
    struct span response, struct files_ocsp *ret, struct err *err)
{
	struct arena arena = { 0 };
	struct chain chain;
	int r = chain_of(main, known, SPAN_NONE, &arena, &chain, err);

	*ret = (struct files_ocsp){ 0 };
	if (r == 0 && response.len > 0)
		r = chain_read_ocsp(&chain, response,
		    env_now(&main->proc->env), ret, err);
	if (r == 0 && (ret->status == FILES_OCSP_GOOD || response.len == 0))
		r = publish_ocsp(&known->site, main->proc->dir, response, err);
	arena_free(&arena);
	return r;
}

static int
remove_live(const struct files_main *main, const struct known *known,
    struct err *err)
{
	struct err pruned = ERR_INIT;
	int r = publish_remove(&known->site, main->proc->dir, &pruned, err);

	if (pruned.kind != ERR_NONE)
		log_err(LOG_WARNING, "archive-not-pruned", &pruned);
	return r;
}

static int
on_judge(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct files_main *main = ctx;
	struct judge_files_request request;
	struct judge_files_answer done = { .type = JUDGE_FILES_DONE };
	struct known *known;
	int r = judge_files_request_decode(type, payload, &request, err);

	if (r < 0)
		return r;
	if (request.type == JUDGE_FILES_SITE) {
		take_site(main, id, &request.site);
		return 0;
	}
	known = find(main, request.site.name, request.site.key_type,
	    &request.site.second);
	if (known == NULL || known->busy) {
		r = err_set(&done.err, ERR_BUSY, NULL, "the site is not known "
		    "to the files process, or something is being done for it");
	} else if (request.type == JUDGE_FILES_PUBLISH) {
		take_publish(main, id, known, &request);
		return 0;
	} else if (request.type == JUDGE_FILES_OCSP_ASK) {
		ask_ocsp(main, known, id, request.chain);
		return 0;
	} else if (request.type == JUDGE_FILES_REMOVE) {
		r = remove_live(main, known, &done.err);
	} else {
		done.type = JUDGE_FILES_OCSP_SAYS;
		r = put_ocsp(main, known, request.ocsp, &done.ocsp, &done.err);
	}
	if (r < 0)
		done.type = JUDGE_FILES_REFUSED;
	answer(main, id, &done);
	return 0;
}

/* certkey wants a key that is live. */
static void
lend_key(struct files_main *main, uint64_t id,
    const struct certkey_files_request *request)
{
	const struct known *known = find(main, request->site,
	    request->key_type, NULL);
	struct certkey_files_answer told = { .type = CERTKEY_FILES_KEY };
	struct bld key;
	int r;

	bld_init_secret(&key, CERTKEY_FILES_PEM_MAX);
	r = known == NULL ? err_set(&told.err, ERR_NOT_FOUND, NULL,
	    "the site is not known to the files process") :
	    publish_live_key(&known->site, main->proc->dir,
	    request->any ? NULL : request->spki_hash, &key, &told.err);
	told.pem = bld_view(&key);
	if (r < 0)
		told.type = CERTKEY_FILES_REFUSED;
	bld_reset(&main->out);
	certkey_files_answer_encode(&main->out, &told);
	agent_proc_send(main->proc, AGENT_CERTKEY, (uint16_t)told.type, id,
	    bld_view(&main->out));
	bld_reset(&main->out);
	bld_free(&key);
}

/* Nobody has the key of what was to be published: it never can be. Other
 * errors pass: the next run tries again. */
static void
give_up(struct files_main *main, struct known *known, const struct err *why)
{
	struct err err = *why;

	if (why->kind == ERR_NOT_FOUND) {
		intent_remove(main->proc->dir, &known->site, NULL);
		err_prefix(&err, "the key of %.*s is gone, so its new "
		    "certificate is of no use; get another",
		    SPAN_FMT(known->site.name));
	}
	fail(main, known, &err);
}

/* Servers read what is published as root: it is nothing but that key. */
static int
recode(struct span pem, const uint8_t hash[FILES_HASH_SIZE], struct bld *out,
    struct err *err)
{
	int r = key_file_recode(pem, hash, out, err);

	return r < 0 ? err_prefix(err, "what the certkey process gave to be "
	    "published") : 0;
}

static void
take_key(struct files_main *main, struct known *known,
    const struct certkey_files_answer *given)
{
	struct arena arena = { 0 };
	struct err err = ERR_INIT;
	struct intent intent;
	struct chain chain;
	struct bld key;

	bld_init_secret(&key, PUBLISH_KEY_MAX);
	if (known->live && given->type == CERTKEY_FILES_DONE)
		conclude(main, known);
	else if (known->live || given->type != CERTKEY_FILES_KEY)
		give_up(main, known, &given->err);
	else if (load(main, known, &arena, &intent, &chain, &err) < 0 ||
	    recode(given->pem, intent.spki_hash, &key, &err) < 0)
		fail(main, known, &err);
	else
		finish(main, known, &intent, &chain, bld_view(&key));
	bld_free(&key);
	arena_free(&arena);
}

static int
on_certkey(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct files_main *main = ctx;
	struct certkey_files_request question;
	struct certkey_files_answer given;
	struct known *known = main->first;
	int r;

	if (type == CERTKEY_FILES_LIVE) {
		r = certkey_files_request_decode(type, payload, &question,
		    err);
		if (r == 0)
			lend_key(main, id, &question);
		return r;
	}
	r = certkey_files_answer_decode(type, payload, &given, err);
	if (r < 0)
		return r;
	while (known != NULL && (!known->busy || known->id != id))
		known = known->next;
	if (known == NULL)
		return err_set(err, ERR_FRAME, NULL,
		    "certkey answers what nobody asked");
	take_key(main, known, &given);
	return 0;
}

int
files_main(struct agent_proc *proc)
{
	struct sandbox_path paths[FILES_MAIN_PATHS_MAX + 4];
	struct files_main main = { .proc = proc };
	struct sandbox sandbox;
	struct known *known;
	struct err err = ERR_INIT;
	int status;

	bld_init_secret(&main.out, LINK_PAYLOAD_MAX);
	if (files_main_sandbox(proc, paths, &sandbox, &err) < 0 ||
	    agent_proc_sandbox(proc, &sandbox, &err) < 0) {
		log_err(LOG_ERROR, "start-failed", &err);
		return 1;
	}
	agent_proc_link(proc, AGENT_JUDGE, on_judge, &main);
	agent_proc_link(proc, AGENT_CERTKEY, on_certkey, &main);
	status = agent_proc_run(proc);
	while ((known = main.first) != NULL) {
		main.first = known->next;
		free(known->payload);
		mem_span_free(known->response);
		free(known);
	}
	bld_free(&main.out);
	return status;
}
