/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dns/dns_main.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "agent/dns/dns_job.h"
#include "base/file.h"
#include "base/list.h"
#include "base/mem.h"

#define SUFFIX ".key"
#define RESOLV_CONF "/etc/resolv.conf"
#define RESOLV_CONF_MAX 16384 /* bytes that are looked at */

const struct sandbox dns_main_sandbox = {
	.calls = SANDBOX_DIAL,
};

/* As it was before the sandbox; parsed inside of it. */
struct key_file {
	char name[JUDGE_DNS_KEY_MAX + 1]; /* without SUFFIX */
	size_t len;
	uint8_t text[TSIG_FILE_MAX];
};

struct running {
	struct list_node of_all;
	struct dns_main *main;
	uint64_t id;
	uint8_t *payload;
	struct judge_dns_request request;
	struct tsig_key key;
	struct dns_job *job;
};

struct dns_main {
	struct agent_proc *proc;
	struct zone_world world;
	size_t num_keys;
	struct key_file *keys; /* DNS_MAIN_KEYS_MAX */
	struct list running;
	struct bld out;
};

static void
read_key(int fd_dir, const char *file, struct dns_main *main)
{
	struct key_file *key = &main->keys[main->num_keys];
	size_t len = strlen(file), tail = strlen(SUFFIX);
	ssize_t n;
	int fd;

	if (len <= tail || len - tail > JUDGE_DNS_KEY_MAX ||
	    strcmp(file + len - tail, SUFFIX) != 0)
		return;
	n = file_open(fd_dir, file, 0, &fd, NULL) < 0 ? -1 : read(fd, key->text, sizeof(key->text));
	if (n >= 0) {
		snprintf(key->name, sizeof(key->name), "%.*s",
		    (int)(len - tail), file);
		key->len = (size_t)n;
		main->num_keys++;
	} else {
		log_event(LOG_WARNING, "key-unreadable", "file=%s errno=%d",
		    file, errno);
	}
	if (fd >= 0)
		close(fd);
}

static void
read_keys(struct dns_main *main)
{
	DIR *list = opendir(".");
	const struct dirent *entry;

	main->keys = mem_zalloc(DNS_MAIN_KEYS_MAX * sizeof(main->keys[0]));
	while (list != NULL && main->num_keys < DNS_MAIN_KEYS_MAX &&
	    (entry = readdir(list)) != NULL)
		read_key(dirfd(list), entry->d_name, main);
	if (list != NULL)
		closedir(list);
}

/* resolv.conf(5): only its nameserver lines matter here. */
static void
read_resolvers(struct zone_world *world)
{
	static const char word[] = "nameserver";
	FILE *file = fopen(RESOLV_CONF, "re");
	char line[256];

	while (file != NULL && ftell(file) < RESOLV_CONF_MAX &&
	    world->num_resolvers < ZONE_RESOLVERS_MAX &&
	    fgets(line, sizeof(line), file) != NULL) {
		char *at = line + strlen(word);

		if (strncmp(line, word, strlen(word)) != 0 ||
		    (*at != ' ' && *at != '\t'))
			continue;
		at += strspn(at, " \t");
		if (exchange_address_parse(span_of(at, strcspn(at, " \t\r\n")),
		    53, &world->resolvers[world->num_resolvers], NULL) == 0)
			world->num_resolvers++;
	}
	if (file != NULL)
		fclose(file);
}

static void
answer(struct dns_main *main, uint64_t id,
    const struct judge_dns_answer *answer)
{
	bld_reset(&main->out);
	judge_dns_answer_encode(&main->out, answer);
	agent_proc_send(main->proc, AGENT_JUDGE, (uint16_t)answer->type, id,
	    bld_view(&main->out));
}

static void
release(struct running *running)
{
	list_del(&running->main->running, &running->of_all);
	mem_wipe(&running->key, sizeof(running->key));
	free(running->payload);
	free(running);
}

static void
on_done(void *ctx, struct dns_job *job, const struct judge_dns_answer *told)
{
	struct running *running = ctx;

	(void)job;
	answer(running->main, running->id, told);
	release(running);
}

static int
find_key(const struct dns_main *main, struct span name, struct tsig_key *ret,
    struct err *err)
{
	char file[JUDGE_DNS_KEY_MAX + 16];

	snprintf(file, sizeof(file), "dns/%.*s" SUFFIX, SPAN_FMT(name));
	for (size_t i = 0; i < main->num_keys; i++) {
		if (span_equal(name, span_str(main->keys[i].name)))
			return tsig_key_parse(span_of(main->keys[i].text,
			    main->keys[i].len), file, ret, err);
	}
	return err_set(err, ERR_CONFIG, NULL, "there is no file %s in the "
	    "state's folder %s, or it cannot be read; put there what "
	    "`tsig-keygen NAME` printed for the name server", file,
	    main->proc->dir);
}

static int
start(struct dns_main *main, struct running *running, struct err *err)
{
	const struct judge_dns_request *request = &running->request;
	bool signs = request->key.len > 0 &&
	    (request->type == JUDGE_DNS_ADD ||
	    request->type == JUDGE_DNS_REMOVE);
	int r = 0;

	if (main->running.count > DNS_MAIN_JOBS_MAX)
		return err_set(err, ERR_BUSY, NULL,
		    "too many records at once");
	if (signs)
		r = find_key(main, request->key, &running->key, err);
	if (r == 0)
		running->job = dns_job_start(&main->world, request,
		    signs ? &running->key : NULL, on_done, running);
	return r;
}

static int
on_judge(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct dns_main *main = ctx;
	struct judge_dns_answer refused = { .type = JUDGE_DNS_REFUSED };
	struct running *running = mem_zalloc(sizeof(*running));
	int r;

	running->main = main;
	running->id = id;
	running->payload = mem_alloc(payload.len + 1);
	if (payload.len > 0)
		memcpy(running->payload, payload.data, payload.len);
	list_add(&main->running, &running->of_all);
	r = judge_dns_request_decode(type, span_of(running->payload,
	    payload.len), &running->request, err);
	if (r < 0) {
		release(running);
		return r;
	}
	if (start(main, running, &refused.err) < 0) {
		answer(main, id, &refused);
		release(running);
	}
	return 0;
}

static void
release_all(struct dns_main *main)
{
	struct running *running;

	LIST_EACH(running, &main->running, of_all) {
		dns_job_cancel(running->job);
		release(running);
	}
	mem_wipe(main->keys, DNS_MAIN_KEYS_MAX * sizeof(main->keys[0]));
	free(main->keys);
	bld_free(&main->out);
}

int
dns_main(struct agent_proc *proc)
{
	struct dns_main main = { .proc = proc, .world = { .loop = proc->loop,
	    .env = &proc->env } };
	struct err err = ERR_INIT;
	int status = 1;

	bld_init(&main.out, LINK_PAYLOAD_MAX);
	read_keys(&main);
	read_resolvers(&main.world);
	if (agent_proc_sandbox(proc, &dns_main_sandbox, &err) < 0) {
		log_err(LOG_ERROR, "start-failed", &err);
	} else {
		agent_proc_link(proc, AGENT_JUDGE, on_judge, &main);
		status = agent_proc_run(proc);
	}
	release_all(&main);
	return status;
}
