/* SPDX-License-Identifier: Apache-2.0 */
/*
 * job: one certificate in one run: files say what is live; then perhaps the CA
 * is asked when to renew, perhaps a new one is got, and what is not deployed
 * yet is deployed.
 */
#include <arpa/inet.h>
#include <grp.h>
#include <openssl/sha.h>
#include <pwd.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/conf/form.h"
#include "agent/judge/job_tell.h"
#include "agent/judge/run_hooks.h"
#include "agent/judge/when.h"
#include "base/text.h"
#include "client/client_names.h"

struct span
job_keep(struct job *job, struct span text)
{
	return text.len == 0 ? SPAN_NONE : arena_dup(&job->arena, text);
}

const char *
job_name(struct job *job)
{
	char text[SITE_CONF_NAME_MAX + 32];

	snprintf(text, sizeof(text), job->site.key.count > 1 ? "%s (%s)" :
	    "%s", job->site.name,
	    site_key_type_name((enum site_key_type)job->cert.key_type));
	return arena_str(&job->arena, span_str(text));
}

/* ---- the struct site of files and certkey ------------------------------- */

static int
find_owner(const struct site_conf *conf, struct site *ret, struct err *err)
{
	const struct passwd *user = NULL;
	const struct group *group = NULL;

	ret->uid = ret->gid = SITE_KEEP_ID;
	if (conf->owner != NULL) {
		user = getpwnam(conf->owner);
		if (user == NULL)
			return err_set(err, ERR_CONFIG, NULL, "there is no "
			    "user %s; make it or change owner", conf->owner);
		ret->uid = user->pw_uid;
	}
	if (conf->group != NULL) {
		group = getgrnam(conf->group);
		if (group == NULL)
			return err_set(err, ERR_CONFIG, NULL, "there is no "
			    "group %s; make it or change group", conf->group);
		ret->gid = group->gr_gid;
	}
	return 0;
}

/* Of form_copies. */
static const struct copied {
	enum site_file file;
	bool key;
} copied[] = {
	{ SITE_PRIVKEY, true },
	{ SITE_CERT, false },
	{ SITE_CHAIN, false },
	{ SITE_FULLCHAIN, false },
	{ SITE_COMBINED, true },
};

/* keep: who owns what is there, and its mode, unless the site says it. */
static int
put_copy(struct job *job, struct site *ret, const struct copied *what,
    const char *path, bool keep, struct err *err)
{
	struct site_copy *copy = &ret->copies[ret->num_copies];
	struct stat st;

	if (ret->num_copies == SITE_COPIES_MAX)
		return err_set(err, ERR_CONFIG, NULL, "there are more than %d "
		    "copies; remove some", SITE_COPIES_MAX);
	*copy = (struct site_copy){ .file = what->file,
	    .path = job_keep(job, span_of(path, strlen(path))),
	    .uid = ret->uid, .gid = ret->gid,
	    .mode = what->key ? ret->key_mode : 0644 };
	ret->num_copies++;
	if (!keep || lstat(path, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	if (copy->uid == SITE_KEEP_ID && geteuid() == 0)
		copy->uid = st.st_uid;
	if (copy->gid == SITE_KEEP_ID && geteuid() == 0)
		copy->gid = st.st_gid;
	if (job->site.mode == 0)
		copy->mode = st.st_mode & 0777;
	return 0;
}

static int
put_copies(struct job *job, struct site *ret, struct err *err)
{
	char path[ROW_TEXT_MAX + 32];
	int r = 0;

	for (size_t i = 0; r == 0 && i < job->site.copy.count; i++) {
		int kind;
		const char *place = form_copy_split(job->site.copy.items[i],
		    &kind);

		if (kind >= 0)
			r = put_copy(job, ret, &copied[kind], place, true,
			    err);
		for (size_t j = 0; kind < 0 && r == 0 &&
		    form_copies[j] != NULL; j++) {
			snprintf(path, sizeof(path), "%s/%s.pem", place,
			    form_copies[j]);
			r = put_copy(job, ret, &copied[j], path, false, err);
		}
	}
	return r;
}

static int
make_site(struct job *job, struct site *ret, struct err *err)
{
	int r;

	*ret = (struct site){ .name = span_str(job->site.name),
	    .key_type = job->cert.key_type == 0 ? SITE_KEY_EC256 :
	    (enum site_key_type)job->cert.key_type,
	    .second = job->cert.second, .layout = SITE_LAYOUT_SIGNET,
	    .key_mode = job->site.mode == 0 ? 0600 : job->site.mode };
	if (job->site.layout != NULL && !job->cert.second) {
		const struct site_conf_layout layout =
		    site_conf_layout(&job->site);

		ret->layout = site_layout_from_name(layout.program);
		ret->folder = layout.folder;
		ret->lineage = layout.name;
		r = site_path_check(ret->folder, err);
		if (r < 0)
			return r;
	}
	r = find_owner(&job->site, ret, err);
	return r < 0 ? r : put_copies(job, ret, err);
}

/* ---- files -------------------------------------------------------------- */

bool
job_files_decode(struct job *job, uint16_t type, struct span payload,
    struct judge_files_answer *ret)
{
	struct err err = ERR_INIT;

	if (judge_files_answer_decode(type, payload, ret, &err) == 0)
		return true;
	judge_end(job->judge, &err);
	return false;
}

void
job_ask_files(struct job *job, struct judge_files_request *request,
    ask_answer *answer)
{
	struct err err = ERR_INIT;
	struct bld out;

	bld_init(&out, LINK_PAYLOAD_MAX);
	if (make_site(job, &request->site, &err) == 0) {
		judge_files_request_encode(&out, request);
		ask_send(job->judge, AGENT_FILES, (uint16_t)request->type,
		    &out, answer, job);
	} else {
		judge_say(job->judge, JUDGE_FAIL, job_name(job), "%s",
		    err.text);
		job->failed = true;
		judge_job_over(job);
	}
	bld_free(&out);
}

/* Empty: ARI cannot be asked about it. */
static struct span
cert_id(struct job *job, const struct files_live *live)
{
	struct bld text;
	struct span ret;

	if (live->authority_key_id.len == 0 || live->serial.len == 0)
		return SPAN_NONE;
	bld_init(&text, CLIENT_CERT_ID_MAX);
	client_cert_id(&text, live->authority_key_id, live->serial);
	ret = bld_end(&text) == 0 ? job_keep(job, bld_view(&text)) : SPAN_NONE;
	bld_free(&text);
	return ret;
}

static void
take_live(struct job *job, const struct files_live *live,
    struct span directory)
{
	struct state_cert *cert = &job->cert;
	int64_t now = judge_now(job->judge);
	struct bld serial;

	bld_init(&serial, 2 * FILES_SERIAL_MAX);
	text_hex(&serial, live->serial);
	memcpy(cert->leaf_hash, live->leaf_hash, STATE_HASH_SIZE);
	memcpy(cert->spki_hash, live->spki_hash, STATE_HASH_SIZE);
	cert->serial = job_keep(job, bld_view(&serial));
	cert->cert_id = cert_id(job, live);
	cert->issuer = job_keep(job, live->issuer);
	cert->path = job_keep(job, live->path);
	cert->directory = job_keep(job, directory);
	cert->not_before = live->not_before_s * 1000;
	cert->not_after = live->not_after_s * 1000;
	cert->renew_at = when_lifetime(cert->not_before, cert->not_after,
	    judge_random(job->judge));
	cert->reason = STATE_REASON_LIFETIME;
	cert->ari_start = cert->ari_end = 0;
	cert->ari_url = SPAN_NONE;
	cert->ari_check_at = now + WHEN_ARI_DEFAULT_MS + (int64_t)
	    (judge_random(job->judge) % WHEN_ARI_DEFAULT_MS);
	cert->order_url = cert->order_at_ca = SPAN_NONE;
	cert->failures = cert->retry_at = cert->error_at = 0;
	cert->error = cert->remedy = SPAN_NONE;
	job_ocsp_clear(job);
	bld_free(&serial);
}

bool
job_adopt(struct job *job, const struct files_live *live,
    struct span directory)
{
	struct state *state = job->judge->state;
	struct err err = ERR_INIT;
	int r;

	take_live(job, live, directory);
	if (job->judge->options.dry_run)
		return true;
	r = state_begin(state, &err);
	if (r == 0) {
		r = state_cert_set(state, &job->cert, &err);
		/* All of its steps are to be done. */
		if (r == 0)
			r = state_deployment_del(state, job->cert.id, &err);
		r = state_end(state, r, &err);
	}
	if (r < 0)
		judge_end(job->judge, &err);
	return r == 0;
}

bool
job_save(struct job *job)
{
	struct err err = ERR_INIT;

	if (state_cert_set(job->judge->state, &job->cert, &err) == 0)
		return true;
	judge_end(job->judge, &err);
	return false;
}

/* ---- the beginning ------------------------------------------------------ */

static void
on_told(struct job *job, const struct err *why, struct span output)
{
	(void)why;
	(void)output;
	job_park(job);
}

void
job_unchanged(struct job *job)
{
	const struct hook_event_facts facts = { .path = job->cert.path };

	if (when_live(&job->cert) && !job->judge->options.dry_run)
		job_tell(job, HOOK_EVENT_UNCHANGED, &facts, on_told);
	else
		job_park(job);
}

static void
decide(struct job *job)
{
	int64_t now = judge_now(job->judge);

	if (job->flags & JUDGE_NOW)
		job->cert.retry_at = 0;
	if (job->flags & JUDGE_ADOPT)
		job_take_over(job);
	else if (job->flags & JUDGE_REVOKE)
		job_revoke(job);
	else if (job->flags & JUDGE_REMOVE)
		job_remove(job);
	else if ((job->flags & JUDGE_FORCE) || job->judge->options.dry_run ||
	    when_renew(&job->cert, now))
		job_issue(job);
	else if (when_ask(&job->cert, now))
		job_renewal(job);
	else
		job_unchanged(job);
}

/* The site's key was changed since. Keys that others made of a type that we do
 * not make stay until they are renewed. */
static bool
is_of_other_type(const struct job *job, const struct files_live *live)
{
	return live->exists && live->key_type != 0 && job->cert.key_type != 0
	    && (int)live->key_type != job->cert.key_type;
}

/* Files may know of a certificate that a killed run published, or that there
 * is none any more. */
static bool
on_site(void *ctx, uint16_t type, struct span payload)
{
	struct job *job = ctx;
	struct judge_files_answer answer;
	bool ok = true;

	if (!job_files_decode(job, type, payload, &answer))
		return true;
	if (answer.type == JUDGE_FILES_REFUSED) {
		judge_say(job->judge, JUDGE_FAIL, job_name(job), "%s",
		    answer.err.text);
		job->failed = true;
		judge_job_over(job);
		return true;
	}
	if (answer.err.kind != ERR_NONE)
		judge_say(job->judge, JUDGE_WARN, job_name(job), "%s",
		    answer.err.text);
	job_ocsp_live(job, &answer.live);
	if (!answer.live.exists)
		job->cert.not_after = 0;
	else if (memcmp(answer.live.leaf_hash, job->cert.leaf_hash,
	    STATE_HASH_SIZE) != 0)
		ok = job_adopt(job, &answer.live, job->cert.order_at_ca);
	if (is_of_other_type(job, &answer.live)) {
		job->cert.renew_at = 0;
		job->cert.reason = STATE_REASON_FORCED;
	}
	if (ok && job_record_warn(job))
		decide(job);
	return true;
}

static int
add_name(struct job *job, const char *text, struct err *err)
{
	struct in6_addr address;
	bool ip = inet_pton(AF_INET, text, &address) == 1 ||
	    inet_pton(AF_INET6, text, &address) == 1;

	if (job->names.count == IDENT_LIST_MAX)
		return err_set(err, ERR_CONFIG, NULL, "it has more than %d "
		    "names; make two sites of it", IDENT_LIST_MAX);
	return ident_parse(ip ? SPAN_LIT("ip") : SPAN_LIT("dns"),
	    span_str(text), &job->arena, &job->names.items[job->names.count++],
	    err);
}

static int
load(struct job *job, int64_t cert_id_, struct err *err)
{
	struct state *state = job->judge->state;
	struct err why = ERR_INIT;
	int r = state_cert_get(state, cert_id_, &job->arena, &job->cert, err);

	if (r == 0)
		r = state_site_get_id(state, job->cert.site_id, &job->arena,
		    &job->row, err);
	if (r == 0)
		r = judge_read_site(&job->row, &job->site, err);
	for (size_t i = 0; r == 0 && i < job->site.names.count; i++)
		r = add_name(job, job->site.names.items[i], err);
	if (r == 0)
		ident_list_sort(&job->names);
	/* Without its variables a hook will say what it misses. */
	if (r == 0 && hook_env_load(&job->site.environment, &job->arena,
	    &job->environment, &why) < 0)
		judge_say(job->judge, JUDGE_WARN, job->site.name, "%s",
		    why.text);
	return r;
}

static bool
on_allowed(void *ctx, uint16_t type, struct span payload)
{
	struct job *job = ctx;
	struct judge_account_answer answer;
	struct err err = ERR_INIT;

	if (judge_account_answer_decode(type, payload, &answer, &err) < 0)
		judge_end(job->judge, &err);
	else if (answer.type == JUDGE_ACCOUNT_DONE)
		job->allowed(job);
	else
		judge_end(job->judge, &answer.err);
	return true;
}

void
job_allow(struct job *job, void (*then)(struct job *job))
{
	struct judge_account_request request = { .type = JUDGE_ACCOUNT_SEND,
	    .id = job->ca->account.id };

	SHA256(job->csr.data, job->csr.len, request.hash);
	judge_account_hash(&job->names, request.names);
	job->allowed = then;
	judge_ca_ask(job->ca, &request, on_allowed, job);
}

void
job_start(struct judge *judge, const struct judge_due *due)
{
	struct judge_files_request request = { .type = JUDGE_FILES_SITE };
	struct job *job = mem_zalloc(sizeof(*job));
	struct err err = ERR_INIT;
	int r;

	job->judge = judge;
	job->flags = due->flags;
	job->phase = JOB_WORKING;
	job->next = judge->jobs;
	judge->jobs = job;
	judge->num_jobs++;
	r = load(job, due->cert_id, &err);
	if (r == 0) {
		job_ask_files(job, &request, on_site);
		return;
	}
	/* It went while it waited in the queue: another run was faster. */
	if (r != -(int)ERR_NOT_FOUND) {
		judge_say(judge, JUDGE_FAIL, job->site.name, "%s", err.text);
		job->failed = true;
	}
	judge_job_over(job);
}

bool
job_count(struct job *job)
{
	struct err err = ERR_INIT;

	if (++job->rounds <= JOB_ROUNDS_MAX)
		return true;
	err_set(&err, ERR_FRAME, NULL, "the net process is not to be trusted: "
	    "there is no end to what it wants for one certificate");
	judge_end(job->judge, &err);
	return false;
}

void
job_free(struct job *job)
{
	ask_forget_of(job->judge, job);
	job_solve_clean(job);
	command_cancel(job->command);
	job_tell_forget(job);
	site_conf_done(&job->site);
	free(job->steps);
	arena_free(&job->arena);
	free(job);
}
