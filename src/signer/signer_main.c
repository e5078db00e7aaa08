/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signer's wires: questions of core go to the logic, whose env has the journal
 * file, and the end of each turn of the loop lets its answers out. When the
 * journal fails, the process ends and answers nobody. At an orderly stop it
 * ends at once: core asks again what has no answer.
 */
#include "signer/signer_main.h"

#include <inttypes.h>

#include "base/log.h"
#include "base/mem.h"
#include "pkix/key.h"
#include "pkix/pki.h"
#include "proc/blocked.h"
#include "proc/peers.h"
#include "signer/journal_file.h"
#include "signer/signer.h"
#include "signer/signer_sandbox.h"

#define FILE_MAX 65536 /* bytes of a key or certificate file */

struct main {
	struct proc proc;           /* first: proc_env */
	struct env env;             /* proc's, with the journal */
	struct journal_file journal;
	EVP_PKEY *key;
	struct arena arena;         /* what signer_new copies from */
	struct signer *signer;
	struct blocked_keys *blocked; /* or NULL */
	struct blocked_keys *next_blocked; /* of a reload being prepared */
	struct peers peers;         /* the link table has core only */
	bool failed;
};

static int
env_append_here(void *ctx, struct span record, struct err *err)
{
	struct main *main = ctx;

	return journal_file_append(&main->journal, record, err);
}

static int
env_sync_here(void *ctx, struct err *err)
{
	struct main *main = ctx;

	return journal_file_sync(&main->journal, err);
}

static int
env_read_here(void *ctx, uint64_t offset, void *out, size_t len,
    size_t *ret_len, struct err *err)
{
	struct main *main = ctx;

	return journal_file_read(&main->journal, offset, out, len, ret_len,
	    err);
}

static int
env_cut_here(void *ctx, uint64_t size, struct err *err)
{
	struct main *main = ctx;

	return journal_file_cut(&main->journal, size, err);
}

static void
on_answer(void *ctx, uint64_t id, uint16_t type, struct span payload)
{
	struct main *main = ctx;

	peers_send(&main->peers, ROLE_CORE, 0, type, id, payload);
}

static const struct signer_ops signer_ops = { .answer = on_answer };

static int
on_frame(void *ctx, const struct peer *core, uint16_t type, uint64_t id,
    struct span payload, struct err *err)
{
	struct main *main = ctx;

	(void)core;
	return signer_request(main->signer, id, type, payload, err);
}

/* Core asks again after its restart, under new ids. */
static void
on_down(void *ctx, const struct peer *core)
{
	struct main *main = ctx;

	(void)core;
	signer_forget(main->signer);
}

static const struct peers_ops peers_ops = {
	.frame = on_frame,
	.down = on_down,
};

/* Without a journal that can be trusted nothing may leave. */
static void
on_turn_end(void *arg)
{
	struct main *main = arg;
	struct err err = ERR_INIT;

	if (main->failed || signer_turn_end(main->signer, &err) == 0)
		return;
	log_err(LOG_ERROR, "journal-failed", &err);
	main->failed = true;
	peers_done(&main->peers);
	loop_stop(main->proc.loop);
}

static int
reload_prepare(void *ctx, const struct config *config, struct err *err)
{
	struct main *main = ctx;

	return blocked_read(&main->proc, config, &main->next_blocked, err);
}

static void
reload_abandon(void *ctx)
{
	struct main *main = ctx;

	blocked_keys_free(main->next_blocked);
	main->next_blocked = NULL;
}

static void
use_blocked(struct main *main, struct blocked_keys *blocked)
{
	signer_set_blocked(main->signer, blocked);
	blocked_keys_free(main->blocked);
	main->blocked = blocked;
}

/* The lifetime and the base URL may change; proc's config is the new one by
 * then, at the same address. */
static void
reload_commit(void *ctx)
{
	struct main *main = ctx;

	signer_set_config(main->signer, &main->proc.config);
	use_blocked(main, main->next_blocked);
	main->next_blocked = NULL;
}

static const struct proc_reload reload = {
	.prepare = reload_prepare,
	.commit = reload_commit,
	.abandon = reload_abandon,
};

static int
read_certificates(struct main *main, enum resource resource,
    struct signer_options *options, struct err *err)
{
	struct bld pem;
	size_t count = 0;
	int r;

	bld_init(&pem, FILE_MAX);
	r = proc_read(&main->proc, resource, 0, &pem, err);
	if (r == 0)
		r = pki_from_pem(bld_view(&pem), &main->arena,
		    options->chain + options->num_chain,
		    CORE_SIGNER_CHAIN_MAX - options->num_chain, &count, err);
	options->num_chain += count;
	bld_free(&pem);
	return r;
}

static int
read_key(struct main *main, struct err *err)
{
	struct bld pem;
	int r;

	bld_init_secret(&pem, FILE_MAX);
	r = proc_read(&main->proc, RESOURCE_ISSUER_KEY, 0, &pem, err);
	if (r == 0)
		r = key_from_pem(bld_view(&pem), &main->key, err);
	if (r < 0)
		err_prefix(err, "the issuing key");
	bld_free(&pem);
	return r;
}

static int
read_perspective(struct main *main, struct issue_perspective *ret,
    struct err *err)
{
	int r;

	memcpy(ret->who.name, ATTESTATION_PERSPECTIVE_LOCAL,
	    sizeof(ATTESTATION_PERSPECTIVE_LOCAL));
	r = proc_read_exactly(&main->proc, RESOURCE_PERSPECTIVE_KEY, 0,
	    ret->key, sizeof(ret->key), err);
	return r < 0 ? err_prefix(err, "the perspective's key") : 0;
}

static void
wire_env(struct main *main)
{
	main->env = (struct env){
		.ctx = main,
		.journal_append = env_append_here,
		.journal_sync = env_sync_here,
		.journal_read = env_read_here,
		.journal_cut = env_cut_here,
	};
	proc_env(&main->env);
}

static int
open_signer(struct main *main, struct err *err)
{
	struct issue_perspective local = { 0 };
	struct signer_options options = {
		.env = &main->env,
		.config = &main->proc.config,
		.perspectives = &local,
		.num_perspectives = 1,
	};
	int r;

	r = read_certificates(main, RESOURCE_ISSUER_CERTIFICATE, &options,
	    err);
	if (r == 0)
		r = read_certificates(main, RESOURCE_ROOT_CERTIFICATE,
		    &options, err);
	if (r == 0)
		r = read_key(main, err);
	if (r == 0)
		r = read_perspective(main, &local, err);
	options.key = main->key;
	if (r == 0)
		r = signer_new(&options, &signer_ops, main, &main->signer,
		    err);
	mem_wipe(&local, sizeof(local));
	arena_free(&main->arena);
	return r;
}

/* The journal is replayed here: what a crash left half written is cut off
 * while that is still possible. */
static int
open_all(struct main *main, struct err *err)
{
	struct blocked_keys *blocked = NULL;
	int r;

	wire_env(main);
	r = blocked_read(&main->proc, &main->proc.config, &blocked, err);
	if (r < 0)
		return r;
	/* Taken, as proc closes what is its own when the role is ready. */
	r = journal_file_init(&main->journal,
	    proc_take(&main->proc, RESOURCE_JOURNAL, 0), err);
	if (r == 0)
		r = open_signer(main, err);
	if (r == 0)
		use_blocked(main, blocked);
	else
		blocked_keys_free(blocked);
	if (r == 0 && signer_cut(main->signer) > 0)
		log_event(LOG_WARNING, "journal-cut",
		    "bytes=%" PRIu64 " reason=\"a crash left a record "
		    "incomplete that was never answered\"",
		    signer_cut(main->signer));
	return r;
}

static void
close_all(struct main *main)
{
	peers_done(&main->peers);
	signer_free(main->signer);
	blocked_keys_free(main->blocked);
	reload_abandon(main);
	EVP_PKEY_free(main->key);
	journal_file_done(&main->journal);
}

static void
run(struct main *main)
{
	loop_hook_add(main->proc.loop, on_turn_end, main);
	proc_on_reload(&main->proc, &reload, main);
	peers_init(&main->peers, &main->proc, &peers_ops, main);
	proc_links(&main->proc, peers_on_link, &main->peers);
	proc_ready(&main->proc);
	/* A line for each certificate; links are written at a turn's end. */
	log_gather(true);
	proc_run(&main->proc);
	log_gather(false);
}

int
signer_main(void)
{
	static struct main main;
	struct err err = ERR_INIT;
	int r;

	r = proc_begin(&main.proc, ROLE_SIGNER, &err);
	if (r == 0)
		r = open_all(&main, &err);
	if (r == 0)
		r = proc_sandbox(&main.proc, &signer_sandbox, &err);
	if (r == 0)
		run(&main);
	else
		log_err(LOG_ERROR, "start-failed", &err);
	close_all(&main);
	proc_end(&main.proc);
	return r == 0 && !main.failed ? EXIT_SUCCESS : EXIT_FAILURE;
}
