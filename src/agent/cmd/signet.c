/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signet: the agent's program: the judge, its commands, the processes that it
 * forks, and those that it executes itself as. net is a program of its own,
 * signet-net.
 */
#include <unistd.h>

#include "agent/account/account_main.h"
#include "agent/certkey/certkey_main.h"
#include "agent/cmd/cmd.h"
#include "agent/dns/dns_main.h"
#include "agent/files/files_main.h"
#include "agent/listener/listener_main.h"
#include "agent/proc/agent_exec.h"
#include "pkix/crypto.h"

static int (*const mains[AGENT_ROLE_COUNT])(struct agent_proc *proc) = {
	[AGENT_ACCOUNT] = account_main,
	[AGENT_CERTKEY] = certkey_main,
	[AGENT_FILES] = files_main,
	[AGENT_LISTENER] = listener_main,
	[AGENT_ALPN] = listener_main,
	[AGENT_DNS] = dns_main,
};

/* Those with keys have libcrypto's first use behind them when their sandbox
 * begins, as those that are forked. */
static int
begin(enum agent_role role, struct agent_proc *proc)
{
	if (role == AGENT_ACCOUNT || role == AGENT_CERTKEY ||
	    role == AGENT_FILES)
		crypto_prepare();
	return mains[role](proc);
}

static int
run_as(enum agent_role role, int argc, char **argv)
{
	struct agent_proc proc = { 0 };
	struct listener_backend backend;
	struct err err = ERR_INIT;
	int status = 1;

	if (agent_exec_begin(&proc, role, argc, argv, &backend, &err) < 0)
		log_err(LOG_ERROR, "start-failed", &err);
	else
		status = begin(role, &proc);
	agent_proc_end(&proc);
	/* Nothing of the libraries': its sandbox may not allow it. */
	_exit(status);
}

int
main(int argc, char **argv)
{
	enum agent_role role = argc > 0 ? agent_exec_role(argv[0]) : 0;

	if (role != 0)
		return run_as(role, argc, argv);
	return cmd_main(&cmd_signet, argc, argv);
}
