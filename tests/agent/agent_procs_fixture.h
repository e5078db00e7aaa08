/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SIGNET_AGENT_PROCS_FIXTURE_H
#define SIGNET_AGENT_PROCS_FIXTURE_H

/*
 * agent_procs_fixture: the agent's forked processes together, in their
 * sandboxes, with a test in judge's place.
 */

#include "agent/files/files_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/account/account_main.h"
#include "agent/certkey/certkey_main.h"
#include "agent/files/files_main.h"
#include "agent/proc/agent_procs.h"
#include "agent/rpc/judge_account.h"
#include "agent/rpc/certkey_files.h"
#include "agent/rpc/judge_certkey.h"
#include "base/sanitized.h"
#include "jose/jws.h"
#include "pkix/csr.h"
#include "pkix/key.h"

#define ROLES (1u << AGENT_ACCOUNT | 1u << AGENT_CERTKEY | 1u << AGENT_FILES)

static struct files_fixture fixture;
static char dir[64];
static struct agent_procs *procs;
static char death[256];     /* what died said */

/* The answer that a question waits for. */
static struct {
	bool here;
	uint16_t type;
	uint8_t payload[LINK_PAYLOAD_MAX];
	size_t len;
} answer;

/* Around all tests of a program: false if there is no folder for them. */
static inline bool
begin_all(void)
{
	log_init("judge", LOG_WARNING);
	snprintf(dir, sizeof(dir), "/tmp/signet-agent-XXXXXX");
	if (mkdtemp(dir) == NULL || chmod(dir, 0755) < 0)
		return false;
	files_fixture_init(&fixture);
	return true;
}

/* Gives the program's status, of what the tests came to. */
static inline int
end_all(int r)
{
	char command[96];

	files_fixture_done(&fixture);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command) == 0 ? r : 1;
}

static inline int
on_frame(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	(void)ctx;
	(void)err;
	assert_int_equal(id, 7);
	answer.here = true;
	answer.type = type;
	answer.len = payload.len;
	if (payload.len > 0)
		memcpy(answer.payload, payload.data, payload.len);
	loop_stop(fixture.loop);
	return 0;
}

static inline void
on_died(void *ctx, enum agent_role role, const char *text)
{
	(void)ctx;
	(void)role;
	snprintf(death, sizeof(death), "%s", text);
	loop_stop(fixture.loop);
}

static inline int
listener_main(struct agent_proc *proc)
{
	(void)proc;
	return 3;
}

static inline struct agent_plan
plan_of(unsigned roles)
{
	return (struct agent_plan){ .roles = roles, .dir = dir,
		.mains = { [AGENT_ACCOUNT] = account_main,
		    [AGENT_CERTKEY] = certkey_main,
		    [AGENT_FILES] = files_main,
		    [AGENT_LISTENER] = listener_main },
		.died = on_died, .log_level = LOG_WARNING };
}

static inline void
start(const struct agent_plan *plan)
{
	struct err err = ERR_INIT;

	procs = NULL;
	death[0] = '\0';
	if (agent_procs_start(&procs, fixture.loop, plan, &err) < 0)
		fail_msg("%s", err.text);
	for (int role = AGENT_NET; role < AGENT_ROLE_COUNT; role++)
		agent_procs_link(procs, (enum agent_role)role, on_frame, NULL);
}

static inline struct span
ask(enum agent_role role, uint16_t type, struct bld *question)
{
	assert_int_equal(bld_end(question), 0);
	answer.here = false;
	agent_procs_send(procs, role, type, 7, bld_view(question));
	bld_free(question);
	loop_run(fixture.loop);
	if (!answer.here)
		fail_msg("died: %s", death);
	return span_of(answer.payload, answer.len);
}

/* ask_account, ask_certkey, ask_files: a question and its answer. */
#define FIXTURE_ASK(WHAT, ROLE) \
static inline struct judge_##WHAT##_answer \
ask_##WHAT(const struct judge_##WHAT##_request *request) \
{ \
	struct judge_##WHAT##_answer got; \
	struct bld out; \
	struct span payload; \
\
	bld_init(&out, LINK_PAYLOAD_MAX); \
	judge_##WHAT##_request_encode(&out, request); \
	payload = ask(ROLE, (uint16_t)request->type, &out); \
	assert_int_equal(judge_##WHAT##_answer_decode(answer.type, payload, \
	    &got, NULL), 0); \
	return got; \
}

FIXTURE_ASK(account, AGENT_ACCOUNT)
FIXTURE_ASK(certkey, AGENT_CERTKEY)
FIXTURE_ASK(files, AGENT_FILES)

static inline struct judge_certkey_request
csr_request(const char *name, enum certkey_policy policy)
{
	return (struct judge_certkey_request){ .type = JUDGE_CERTKEY_REQUEST,
		.site = span_str(name), .key_type = SITE_KEY_EC256,
		.policy = policy,
		.names = { .count = 1, .items = { { IDENT_DNS,
		    span_str(name) } } } };
}

static inline struct judge_files_request
files_request(enum judge_files_type type, const char *name)
{
	return (struct judge_files_request){ .type = type,
		.site = { .name = span_str(name), .key_type = SITE_KEY_EC256,
		    .layout = SITE_LAYOUT_SIGNET, .uid = SITE_KEEP_ID,
		    .gid = SITE_KEEP_ID, .key_mode = 0600 },
		.names = { .count = 1, .items = { { IDENT_DNS,
		    span_str(name) } } } };
}

static inline void
tell_site(const char *name)
{
	struct judge_files_request request = files_request(JUDGE_FILES_SITE,
	    name);

	assert_int_equal(ask_files(&request).type, JUDGE_FILES_SITE_IS);
}

/* What a CA would make of a CSR: PEM in the arena. */
static inline struct span
certify(struct span der)
{
	struct pki_issuer ca = { fixture.ca, fixture.ca_key };
	struct csr csr;
	EVP_PKEY *key;
	struct span leaf;
	struct bld out;

	assert_int_equal(csr_parse(der, &fixture.arena, &csr, NULL), 0);
	assert_int_equal(key_from_spki(csr.spki, &key, NULL), 0);
	assert_int_equal(pki_make_api_leaf(&fixture.env, &ca, key,
	    &csr.names, 0, &fixture.arena, &leaf, NULL), 0);
	EVP_PKEY_free(key);
	bld_init(&out, FILES_CHAIN_MAX);
	text_pem(&out, "CERTIFICATE", leaf);
	text_pem(&out, "CERTIFICATE", fixture.ca);
	der = arena_dup(&fixture.arena, bld_view(&out));
	bld_free(&out);
	return der;
}

/* The whole way; gives the hash of the key that is live then. */
static inline void
publish(const char *name, enum certkey_policy policy,
    uint8_t ret_hash[CERTKEY_HASH_SIZE], bool *ret_reused)
{
	struct judge_certkey_request csr = csr_request(name, policy);
	struct judge_files_request files = files_request(JUDGE_FILES_PUBLISH,
	    name);
	struct judge_certkey_answer made;
	struct judge_files_answer live;

	tell_site(name);
	made = ask_certkey(&csr);
	assert_int_equal(made.type, JUDGE_CERTKEY_CSR);
	*ret_reused = made.reused;
	memcpy(ret_hash, made.spki_hash, CERTKEY_HASH_SIZE);
	files.chain = certify(arena_dup(&fixture.arena, made.csr));
	memcpy(files.spki_hash, ret_hash, CERTKEY_HASH_SIZE);
	live = ask_files(&files);
	if (live.type != JUDGE_FILES_PUBLISHED)
		fail_msg("%s", live.err.text);
	assert_int_equal(live.err.kind, ERR_NONE);
	assert_true(live.live.exists);
	assert_memory_equal(live.live.spki_hash, ret_hash, CERTKEY_HASH_SIZE);
	assert_int_equal(live.live.names.count, 1);
	assert_true(span_equal_str(live.live.issuer, "Test CA"));
}

#endif
