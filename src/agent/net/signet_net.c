/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signet-net: the agent's process that talks to CAs, a program of its own
 * because what strangers talk to has nothing of judge's. `signet` starts it.
 */
#include <unistd.h>

#include "agent/net/net_main.h"
#include "base/sanitized.h"

int
main(int argc, char **argv)
{
	int status = net_main(agent_proc_log_level(argc, argv));

	/* Nothing that libraries tidy up at their end matters. */
	if (!SANITIZED)
		_exit(status);
	return status;
}
