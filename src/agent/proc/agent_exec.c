/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/proc/agent_exec.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#define NAME_PREFIX "signet-"
#define PATHS_MAX (64 << 20) /* bytes of all paths of files */

bool
agent_exec_has(enum agent_role role)
{
	return role == AGENT_LISTENER || role == AGENT_ALPN ||
	    role == AGENT_DNS;
}

/* How many descriptors a role is given. */
static size_t
count_of(const struct agent_plan *plan, enum agent_role role)
{
	if (role == AGENT_LISTENER || role == AGENT_ALPN)
		return plan->num_listen_fds;
	if (role == AGENT_ACCOUNT)
		return plan->num_import_fds;
	return role == AGENT_FILES ? 1 : 0;
}

int
agent_exec_paths(const struct sandbox_path *paths)
{
	int fd = memfd_create("paths", MFD_CLOEXEC);
	bool good = fd >= 0;

	for (; good && paths != NULL && paths->path != NULL; paths++)
		good = file_write(fd, span_of(paths->path,
		    strlen(paths->path) + 1)) == 0;
	good = good && lseek(fd, 0, SEEK_SET) == 0;
	if (!good && fd >= 0)
		close(fd);
	return good ? fd : -1;
}

static void
put_backend(const struct listener_backend *backend,
    char out[AGENT_EXEC_BACKEND_SIZE])
{
	struct bld hex;

	if (backend->steered_port != 0) {
		snprintf(out, AGENT_EXEC_BACKEND_SIZE, "s:%u",
		    backend->steered_port);
		return;
	}
	bld_init(&hex, 2 * sizeof(backend->address));
	text_hex(&hex, span_of(&backend->address, backend->address_len));
	snprintf(out, AGENT_EXEC_BACKEND_SIZE, "%u:%.*s",
	    (unsigned)backend->proxy, SPAN_FMT(bld_view(&hex)));
	bld_free(&hex);
}

void
agent_exec_make(const struct agent_plan *plan, enum agent_role role,
    struct agent_exec *ret)
{
	*ret = (struct agent_exec){ .argv = { ret->name, ret->level,
	    ret->count, ret->backend, mem_unconst(plan->dir), NULL } };
	snprintf(ret->name, sizeof(ret->name), NAME_PREFIX "%s",
	    agent_proc_name(role));
	snprintf(ret->level, sizeof(ret->level), "%d", (int)plan->log_level);
	snprintf(ret->count, sizeof(ret->count), "%zu",
	    count_of(plan, role));
	if (role == AGENT_ALPN && plan->backend != NULL)
		put_backend(plan->backend, ret->backend);
}

enum agent_role
agent_exec_role(const char *name)
{
	for (int role = AGENT_NET; role < AGENT_ROLE_COUNT; role++) {
		if (role != AGENT_NET && role != AGENT_PROBE &&
		    strncmp(name, NAME_PREFIX, strlen(NAME_PREFIX)) == 0 &&
		    strcmp(name + strlen(NAME_PREFIX),
		    agent_proc_name((enum agent_role)role)) == 0)
			return (enum agent_role)role;
	}
	return 0;
}

static bool
take_backend(struct span text, struct listener_backend *ret)
{
	struct bld raw;
	uint64_t port;
	bool ok;

	if (span_starts_with(text, SPAN_LIT("s:"))) {
		ok = text_uint(span_from(text, 2), UINT16_MAX, &port) == 0 &&
		    port > 0;
		*ret = (struct listener_backend){
			.steered_port = ok ? (uint16_t)port : 0 };
		return ok;
	}
	if (text.len < 2 || text.data[1] != ':' || text.data[0] < '0' ||
	    text.data[0] > '0' + LISTENER_PROXY_V2)
		return false;
	*ret = (struct listener_backend){
		.proxy = (enum listener_proxy)(text.data[0] - '0') };
	bld_init(&raw, sizeof(ret->address));
	ok = text_unhex(&raw, span_from(text, 2)) == 0 && raw.len > 0;
	if (ok) {
		memcpy(&ret->address, raw.data, raw.len);
		ret->address_len = (socklen_t)raw.len;
	}
	bld_free(&raw);
	return ok;
}

/* They are there to the end of the process. */
static int
take_paths(struct agent_proc *proc, struct err *err)
{
	static struct bld text;
	static struct sandbox_path *paths;
	size_t count = 0;
	int r;

	bld_init(&text, PATHS_MAX);
	r = file_slurp(proc->fds[0], "what files may write to", &text, err);
	close(proc->fds[0]);
	proc->num_fds = 0;
	if (r < 0)
		return r;
	bld_u8(&text, 0);
	for (size_t at = 0; at + 1 < text.len;
	    at += strlen((const char *)text.data + at) + 1) {
		paths = mem_realloc(paths, (count + 2) * sizeof(paths[0]));
		paths[count++] = (struct sandbox_path){
			.path = (const char *)text.data + at, .write = true };
		paths[count].path = NULL;
	}
	proc->paths = paths;
	return 0;
}

int
agent_exec_begin(struct agent_proc *proc, enum agent_role role, int argc,
    char **argv, struct listener_backend *backend, struct err *err)
{
	uint64_t level, count;
	int r;

	if (argc != AGENT_EXEC_ARGS ||
	    text_uint(span_str(argv[1]), LOG_ERROR, &level) < 0 ||
	    text_uint(span_str(argv[2]), AGENT_FDS_MAX, &count) < 0 ||
	    (argv[3][0] != '\0' && !take_backend(span_str(argv[3]), backend)))
		return err_set(err, ERR_CONFIG, NULL, "this process is started "
		    "by `signet`, not by people");
	proc->num_fds = (size_t)count;
	proc->dir = argv[4];
	if (argv[3][0] != '\0')
		proc->backend = backend;
	r = agent_proc_begin(proc, role, (enum log_level)level, err);
	return r == 0 && role == AGENT_FILES && count == 1 ?
	    take_paths(proc, err) : r;
}
