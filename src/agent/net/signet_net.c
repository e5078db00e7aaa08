/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signet-net: the agent's process that talks to CAs, a program of its own
 * because only it needs libcurl. `signet` starts it.
 */
#include <unistd.h>

#include "agent/net/net_main.h"
#include "base/sanitized.h"

int
main(int argc, char **argv)
{
	int status = net_main(agent_proc_log_level(argc, argv));

	/* The libraries of libcurl have nothing to tidy up that matters, and
	 * there are thirty. */
	if (!SANITIZED)
		_exit(status);
	return status;
}
