/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/proc/agent_exec.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"

#define NAME_PREFIX "signet-"

bool
agent_exec_has(enum agent_role role)
{
	return role == AGENT_LISTENER || role == AGENT_ALPN ||
	    role == AGENT_DNS;
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
	    ret->count, ret->backend, NULL } };
	snprintf(ret->name, sizeof(ret->name), NAME_PREFIX "%s",
	    agent_proc_name(role));
	snprintf(ret->level, sizeof(ret->level), "%d", (int)plan->log_level);
	snprintf(ret->count, sizeof(ret->count), "%zu",
	    role == AGENT_DNS ? 0 : plan->num_listen_fds);
	if (role == AGENT_ALPN && plan->backend != NULL)
		put_backend(plan->backend, ret->backend);
}

enum agent_role
agent_exec_role(const char *name)
{
	for (int role = AGENT_NET; role < AGENT_ROLE_COUNT; role++) {
		if (agent_exec_has((enum agent_role)role) &&
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

int
agent_exec_begin(struct agent_proc *proc, enum agent_role role, int argc,
    char **argv, struct listener_backend *backend, struct err *err)
{
	uint64_t level, count;

	if (argc != AGENT_EXEC_ARGS ||
	    text_uint(span_str(argv[1]), LOG_ERROR, &level) < 0 ||
	    text_uint(span_str(argv[2]), AGENT_FDS_MAX, &count) < 0 ||
	    (argv[3][0] != '\0' && !take_backend(span_str(argv[3]), backend)))
		return err_set(err, ERR_CONFIG, NULL, "this process is started "
		    "by `signet`, not by people");
	proc->num_fds = (size_t)count;
	if (argv[3][0] != '\0')
		proc->backend = backend;
	return agent_proc_begin(proc, role, (enum log_level)level, err);
}
