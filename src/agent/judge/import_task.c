/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was made by another ACME client: account keys, which judge opens and
 * never reads, and certificates, which are live already.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/judge/judge_private.h"
#include "agent/proc/trusted.h"
#include "base/file.h"
#include "base/text.h"

struct import_task {
	struct judge_import_key *keys;
	size_t count;             /* AGENT_FDS_MAX at most */
	size_t left;              /* answers that are awaited */
	int fds[AGENT_FDS_MAX];   /* of those that could be opened, in order */
	size_t num_fds;
	size_t num_ones;
	struct import_one {
		struct judge *judge;
		struct judge_import_key *key;
		uint32_t fd;      /* which, unless the key is to be removed */
	} ones[AGENT_FDS_MAX];
};

size_t
import_task_fds(const struct judge *judge, const int **ret)
{
	if (judge->import_task == NULL)
		return 0;
	*ret = judge->import_task->fds;
	return judge->import_task->num_fds;
}

static bool
on_imported(void *ctx, uint16_t type, struct span payload)
{
	struct import_one *one = ctx;
	struct judge *judge = one->judge;
	struct judge_account_answer answer;
	struct err err = ERR_INIT;

	if (judge_account_answer_decode(type, payload, &answer, &err) < 0)
		judge_end(judge, &err);
	else if (answer.type == JUDGE_ACCOUNT_REFUSED)
		one->key->err = answer.err;
	if (--judge->import_task->left == 0)
		loop_stop(judge->loop);
	return true;
}

static void
start(struct judge *judge)
{
	struct import_task *task = judge->import_task;
	struct judge_account_request request = {
		.type = JUDGE_ACCOUNT_IMPORT };
	struct bld out;

	bld_init(&out, LINK_PAYLOAD_MAX);
	for (size_t i = 0; i < task->num_ones; i++) {
		request.type = task->ones[i].key->remove ?
		    JUDGE_ACCOUNT_REMOVE : JUDGE_ACCOUNT_IMPORT;
		request.id = task->ones[i].key->id;
		request.import = task->ones[i].fd;
		bld_reset(&out);
		judge_account_request_encode(&out, &request);
		task->left++;
		ask_send(judge, AGENT_ACCOUNT, (uint16_t)request.type, &out,
		    on_imported, &task->ones[i]);
	}
	bld_free(&out);
	if (task->left == 0)
		loop_stop(judge->loop);
}

/* Others can read it, and get to it: lego's are 0644 in folders of 0700. */
static bool
is_open(int fd, const char *file)
{
	char path[PATH_MAX], *slash;
	struct stat st;
	bool open = fstat(fd, &st) == 0 && (st.st_mode & 044) != 0;

	snprintf(path, sizeof(path), "%s", file);
	while (open && (slash = strrchr(path, '/')) != NULL && slash != path) {
		*slash = '\0';
		open = stat(path, &st) == 0 && (st.st_mode & 011) != 0;
	}
	return open;
}

/* A key that somebody else could write to would be somebody else's account. */
static int
open_key(struct judge_import_key *key)
{
	int fd = -1;

	if (trusted_file(key->file, &key->err) == 0)
		(void)file_open(AT_FDCWD, key->file, 0, &fd, &key->err);
	key->open = fd >= 0 && is_open(fd, key->file);
	return fd;
}

static int
run_batch(struct judge *judge, struct judge_import_key *keys, size_t count,
    struct err *err)
{
	struct import_task task = { .keys = keys, .count = count };
	int r;

	for (size_t i = 0; i < count; i++) {
		int fd = keys[i].remove ? -1 : open_key(&keys[i]);

		if (fd < 0 && !keys[i].remove)
			continue;
		task.ones[task.num_ones++] = (struct import_one){ judge,
			&keys[i], (uint32_t)task.num_fds };
		if (fd >= 0)
			task.fds[task.num_fds++] = fd;
	}
	judge->import_task = &task;
	r = judge_run_task(judge, start, err);
	judge->import_task = NULL;
	for (size_t i = 0; i < task.num_fds; i++)
		close(task.fds[i]);
	return r;
}

int
judge_run_import(struct judge *judge, struct judge_import_key *keys,
    size_t count, struct err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < count; i += AGENT_FDS_MAX)
		r = run_batch(judge, keys + i, count - i < AGENT_FDS_MAX ?
		    count - i : AGENT_FDS_MAX, err);
	return r;
}

/* The CA that the site has first is the one that issued it. */
void
job_take_over(struct job *job)
{
	struct authority authority;
	struct err err = ERR_INIT;
	char until[TEXT_TIME_SIZE];

	if (job->cert.not_after == 0) {
		judge_say(job->judge, JUDGE_FAIL, job_name(job), "there is no "
		    "certificate to take over\nthe next `signet renew` gets "
		    "one");
		job->failed = true;
		judge_job_over(job);
		return;
	}
	if (job->site.ca.count > 0 && judge_find_authority(job->judge,
	    job->site.ca.items[0], &authority, &err) == 0) {
		job->cert.directory = job_keep(job,
		    span_str(authority.directory));
		authority_done(&authority);
	}
	text_time(until, job->cert.not_after);
	judge_say(job->judge, JUDGE_DONE, job_name(job), "taken over in %.*s: "
	    "certificate of %.*s until %s", SPAN_FMT(job->cert.path),
	    SPAN_FMT(job->cert.issuer), until);
	job_park(job);
}
