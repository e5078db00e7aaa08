/* SPDX-License-Identifier: Apache-2.0 */
/* Processes in somebody else's hand, and what the others leave to be found. */
#include "agent_procs_fixture.h"

/* A certkey in somebody else's hand: the wrong key, and then no key. */
static struct span rogue_pem;
static struct agent_proc *rogue;

static int
rogue_frame(void *ctx, uint16_t type, uint64_t id, struct span payload,
    struct err *err)
{
	struct certkey_files_answer told = { .type = CERTKEY_FILES_KEY,
		.pem = rogue_pem };
	struct bld out;

	(void)ctx;
	(void)payload;
	(void)err;
	if (type != CERTKEY_FILES_PENDING)
		return 0;
	bld_init(&out, LINK_PAYLOAD_MAX);
	certkey_files_answer_encode(&out, &told);
	agent_proc_send(rogue, AGENT_FILES, (uint16_t)told.type, id,
	    bld_view(&out));
	bld_free(&out);
	return 0;
}

static int
rogue_main(struct agent_proc *proc)
{
	rogue = proc;
	agent_proc_link(proc, AGENT_JUDGE, rogue_frame, NULL);
	agent_proc_link(proc, AGENT_FILES, rogue_frame, NULL);
	return agent_proc_run(proc);
}

static void
test_rogue_certkey(void **state)
{
	static const char *const names[] = { "rogue.example", "none.example" };
	static const char *const says[] = { "is not the certificate's key",
		"no PEM private key" };
	struct agent_plan plan = plan_of(1u << AGENT_CERTKEY |
	    1u << AGENT_FILES);
	struct judge_files_answer got;
	struct files_set good, other;

	(void)state;
	plan.mains[AGENT_CERTKEY] = rogue_main;
	for (int i = 0; i < 2; i++) {
		struct judge_files_request files = files_request(
		    JUDGE_FILES_PUBLISH, names[i]);

		files_fixture_set(&fixture, names[i], NULL, &good);
		files_fixture_set(&fixture, names[i], NULL, &other);
		memcpy(files.spki_hash, good.spki_hash,
		    sizeof(files.spki_hash));
		files.chain = good.pem;
		rogue_pem = i == 0 ? other.key_pem :
		    SPAN_LIT("ssl_engine evil;\n");
		start(&plan);
		tell_site(names[i]);
		got = ask_files(&files);
		agent_procs_stop(procs);
		assert_int_equal(got.type, JUDGE_FILES_REFUSED);
		if (strstr(got.err.text, says[i]) == NULL)
			fail_msg("%s", got.err.text);
		EVP_PKEY_free(good.key);
		EVP_PKEY_free(other.key);
	}
}

/* Whether the text is in what a process may write to. */
static bool
is_in_memory(pid_t pid, const char *text)
{
	static char part[1 << 20];
	char path[64], line[512], how[8];
	unsigned long from, to;
	bool found = false;
	FILE *maps;
	int mem;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "r");
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	mem = open(path, O_RDONLY);
	assert_true(maps != NULL && mem >= 0);
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx %7s", &from, &to, how) != 3 ||
		    strncmp(how, "rw", 2) != 0 || to - from > 1UL << 30)
			continue;
		for (; from < to; from += sizeof(part) / 2) {
			ssize_t n = pread(mem, part, to - from < sizeof(part) ?
			    to - from : sizeof(part), (off_t)from);

			found |= n > 0 && memmem(part, (size_t)n, text,
			    strlen(text)) != NULL;
		}
	}
	fclose(maps);
	close(mem);
	return found;
}

static pid_t
child_named(const char *name)
{
	char path[64], comm[32] = "";
	int pid = 0;
	FILE *list, *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children",
	    (int)getpid());
	list = fopen(path, "r");
	assert_non_null(list);
	while (strcmp(comm, name) != 0 && fscanf(list, "%d", &pid) == 1) {
		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		file = fopen(path, "r");
		if (file == NULL || fscanf(file, "%31s", comm) != 1)
			comm[0] = '\0';
		if (file != NULL)
			fclose(file);
	}
	fclose(list);
	return pid;
}

/* A key that went through certkey and files is in neither's memory. */
static void
test_wiped(void **state)
{
	const struct agent_plan plan = plan_of(ROLES);
	uint8_t hash[CERTKEY_HASH_SIZE];
	char path[128], text[512] = "", *secret;
	bool reused, in_certkey, in_files, in_us;
	FILE *file;

	(void)state;
	if (geteuid() != 0 || SANITIZED)
		skip();
	start(&plan);
	publish("wiped.example", CERTKEY_NEW, hash, &reused);
	snprintf(path, sizeof(path), "%s/live/wiped.example/privkey.pem", dir);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 100);
	fclose(file);
	/* The second line begins in the middle of the private number. */
	secret = strchr(strchr(text, '\n') + 1, '\n') + 1;
	secret[24] = '\0';
	in_certkey = is_in_memory(child_named("signet-certkey"), secret);
	in_files = is_in_memory(child_named("signet-files"), secret);
	in_us = is_in_memory(getpid(), secret);
	agent_procs_stop(procs);
	assert_true(in_us); /* text: so it can be found */
	assert_false(in_certkey);
	assert_false(in_files);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rogue_certkey),
		cmocka_unit_test(test_wiped),
	};

	return begin_all() ? end_all(cmocka_run_group_tests(tests, NULL,
	    NULL)) : 1;
}
